// The settings panel: saves without leaving the page. What the server did not confirm is not said to be saved.

const TIMEOUT = 10_000;

/** The panel as the server answers it to a POST of `form`, or as it is there now; null when that was no true answer. */
async function answerTo(form, method) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT);
  try {
    const response = await fetch(form.action, {
      method,
      body: method === "POST" ? new URLSearchParams(new FormData(form)) : undefined,
      headers: { "X-Requested-With": "settings" },
      redirect: "manual",
      cache: "no-store",
      signal: stop.signal,
    });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const answer = page.querySelector("[data-settings]");
    const kind = response.headers.get("X-Settings");
    return kind && answer ? Object.assign(answer, { isSaved: kind === "saved" }) : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

const regionOf = (form) => form.querySelector("[data-settings-said]");

/** The region stays the same element, so that screen readers hear what is put into it. */
function take(form, answer) {
  const said = regionOf(form);
  const words = [...regionOf(answer).childNodes];
  regionOf(answer).replaceWith(said);
  form.replaceChildren(...answer.childNodes);
  said.replaceChildren(...words);
}

async function save(form) {
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  regionOf(form).replaceChildren();
  const answer = await answerTo(form, "POST");
  form.removeAttribute("aria-busy");
  if (answer) take(form, answer);
  else regionOf(form).replaceChildren(form.querySelector("[data-settings-failed]").content.cloneNode(true));
  // What was not saved yet is still being changed.
  if (answer) untouched = answer.isSaved ? typed(form) : "";
  const wrong = form.querySelector("[aria-invalid=true]");
  (wrong ?? form.querySelector("[type=submit]")).focus({ preventScroll: true });
  wrong?.closest(".field").scrollIntoView({ block: "center" });
}

/** Somebody else saved: what nobody is changing here follows. What is being changed is sorted out when it is saved. */
async function follow(form) {
  if (typed(form) !== untouched || form.hasAttribute("aria-busy")) return;
  const answer = await answerTo(form, "GET");
  if (!answer || typed(form) !== untouched || form.hasAttribute("aria-busy") || typed(answer) === untouched) return;
  take(form, answer);
  untouched = typed(form);
}

function typed(form) {
  const fields = new FormData(form);
  fields.delete("csrfmiddlewaretoken");
  return new URLSearchParams(fields).toString();
}

const form = document.querySelector("[data-settings]");
let untouched = form && typed(form);
if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(form);
  });
  document.addEventListener("event-changed", () => follow(form));
}
