// One question to the server and its answer. Only what carries the header X-Kiosk is an answer; all else claims nothing.

export const TIMEOUT = 4000;

/** A version 4 UUID, also where crypto.randomUUID is missing (pages without https). */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

export function csrfToken() {
  return document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

/**
 * POST `fields` (pairs of name and value) → {kind, nodes, status, response}.
 * kind is "" when there was no true answer: no connection, no word within four seconds, an error page, a sign-in page,
 * an empty body. `nodes` are the elements of the answered part.
 */
export async function ask(url, fields = [], timeout = TIMEOUT) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), timeout);
  try {
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "X-Requested-With": "kiosk", "X-CSRFToken": csrfToken() },
      redirect: "manual",
      cache: "no-store",
      signal: stop.signal,
    });
    const text = await response.text();
    const kind = response.headers.get("X-Kiosk") ?? "";
    const nodes = [...new DOMParser().parseFromString(text, "text/html").body.children];
    const isWhole = kind !== "outcome" || nodes.some((node) => node.matches("[data-outcome]"));
    return { kind: isWhole ? kind : "", nodes, status: response.status, text };
  } catch {
    return { kind: "", nodes: [], status: 0, text: "" };
  } finally {
    clearTimeout(timer);
  }
}
