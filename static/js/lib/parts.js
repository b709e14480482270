// The parts of a page that change as people come: read again when there is news, and put in place without disturbing anybody.

const EVERY = 1000; // at most this often
const QUIET = 15_000; // and at least this often: what has no news of its own, such as a device that went silent
const PATIENCE = 8000;
const STILL = 4000; // a pointer that has not moved for so long is not about to press anything

/**
 * `url` answers the parts, each marked data-part; `onFresh(fresh)` sees every one before it is put in place. Parts that could
 * not be read twice in a row say so ([data-stale]). want(version) asks for parts at least as new as a live message.
 */
export function keepParts(root, url, { onFresh, onSignedOut }) {
  const texts = new Map();
  const waiting = new Map();
  let wanted = 0;
  let timer = 0;
  let readAt = 0;
  let isReading = false;
  let movedAt = 0;
  let failures = 0;

  function want(version = 0) {
    wanted = Math.max(wanted, version);
    if (!isReading) plan(Math.max(0, readAt + EVERY - Date.now()));
  }

  function plan(milliseconds) {
    clearTimeout(timer);
    timer = setTimeout(read, milliseconds);
  }

  async function read() {
    if (document.visibilityState === "hidden") return; // Whoever comes back gets fresh ones.
    const asked = wanted;
    isReading = true;
    readAt = Date.now();
    const fresh = await fetchParts(`${url}?version=${asked}`);
    isReading = false;
    failures = fresh?.length ? 0 : failures + 1;
    for (const mark of root.querySelectorAll("[data-stale]")) mark.hidden = failures < 2;
    if (!fresh) return void onSignedOut();
    for (const part of fresh) take(part);
    if (fresh.length && wanted > asked) plan(EVERY);
    else plan(fresh.length ? QUIET : QUIET / 5);
  }

  function take(part) {
    const name = part.dataset.part;
    const text = part.outerHTML;
    if (texts.get(name) === text) return;
    texts.set(name, text);
    onFresh(part);
    waiting.set(name, part);
    place(name);
  }

  function place(name) {
    const fresh = waiting.get(name);
    const current = root.querySelector(`[data-part="${name}"]`);
    if (!fresh || !current) return;
    const isHeld = isPointedAt(current);
    const mark = current.querySelector("[data-paused]");
    if (mark) mark.hidden = !isHeld;
    if (isHeld) return void setTimeout(place, EVERY, name);
    waiting.delete(name);
    put(current, fresh);
  }

  /** Nothing moves under a pointer that is about to press. */
  function isPointedAt(part) {
    return part.matches("[data-part=feed]:hover") && Date.now() - movedAt < STILL && matchMedia("(hover: hover)").matches;
  }

  root.addEventListener("pointermove", () => (movedAt = Date.now()));
  // Whoever presses something there has pointed enough.
  root.addEventListener("submit", () => (movedAt = 0), true);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && want());
  plan(QUIET);
  return { want };
}

/** The parts; none when they could not be had, null when nobody is signed in any more. */
async function fetchParts(url) {
  try {
    const answer = await fetch(url, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
    if (answer.type === "opaqueredirect") return null;
    if (answer.headers.get("X-Dashboard") !== "parts") return [];
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return [...page.querySelectorAll("[data-part]")];
  } catch {
    return [];
  }
}

/** The fresh part in the place of the current one: what was open, scrolled to or focused stays so. */
function put(current, fresh) {
  const focused = current.contains(document.activeElement) ? document.activeElement : null;
  const tops = [...current.querySelectorAll("[tabindex]")].map((element) => element.scrollTop);
  for (const details of fresh.querySelectorAll("details[data-key]")) {
    details.open = keyed(current, details.dataset.key)?.open ?? details.open;
  }
  current.replaceWith(fresh);
  const scrolled = fresh.querySelectorAll("[tabindex]");
  scrolled.forEach((element, number) => (element.scrollTop = tops[number] ?? 0));
  if (!focused) return;
  const again = focused.dataset.key && keyed(fresh, focused.dataset.key);
  const summary = focused.matches("summary") && keyed(fresh, focused.parentElement.dataset.key)?.querySelector("summary");
  (again || summary || scrolled[0])?.focus({ preventScroll: true });
}

function keyed(root, key) {
  return root.querySelector(`[data-key="${CSS.escape(key)}"]`);
}
