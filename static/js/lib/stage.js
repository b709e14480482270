// What is on the screen: the one field with its hits, the form for somebody new, an answer, or the wait for one.

const EDITABLE = "input:not([type=hidden]), select, textarea";
const part = (name) => document.querySelector(`[data-${name}]`);
const [page, entry, field, hits, form, overlay, waiting] = ["kiosk", "entry", "field", "hits", "register", "answer", "waiting"].map(part);
let resetTimer = 0;
let countdown = 0;
let onReset = () => {};
let play = () => {};

export { entry, field, form, hits, overlay, page, part };

/** `handler` runs with every reset, before the field is offered again. */
export function whenReset(handler) {
  onReset = handler;
}

/** `sound(tone)` is played with each answer from now on. */
export function soundWith(sound) {
  play = sound;
}

export function reset() {
  stopClock();
  onReset();
  overlay.replaceChildren();
  form.replaceChildren();
  hits.replaceChildren();
  entry.reset();
  field.value = "";
  entry.hidden = false;
  entry.querySelector("details").open = false;
  page.inert = false;
  document.querySelector(".messages")?.remove();
  focusField();
}

/** Back to the field, without opening an on-screen keyboard while another field is in use. */
export function focusField() {
  if (field.offsetParent !== null && !document.activeElement?.matches(EDITABLE)) field.focus({ preventScroll: true });
}

/**
 * A wedge scanner is a fast keyboard: whatever is typed anywhere belongs into the one field, unless somebody types into
 * another one. `isFree()` says whether keys may go there now, `beforeKey()` makes room before the first one lands.
 */
export function catchKeys({ isFree, beforeKey }) {
  document.addEventListener("keydown", (event) => {
    if (event.key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    if (!isFree() || (event.target !== field && event.target.closest(EDITABLE))) return;
    beforeKey();
    if (document.activeElement !== field) field.focus();
  });
}

export function stopClock() {
  clearTimeout(resetTimer);
}

/** Nobody types, reads an answer, fills in the form, chooses how many they are, or looks into the camera. */
export function isIdle() {
  if (!entry) return true;
  const isAsking = entry.querySelector("details").open || !part("camera-panel").hidden || !waiting.hidden;
  return !overlay.childElementCount && !form.childElementCount && !field.value && !isAsking;
}

/** One way to show each kind of answer; kinds that are missing here end the page. */
export const show = {
  outcome(nodes) {
    overlay.replaceChildren(...nodes);
    // What lies behind can be neither touched nor read out.
    page.inert = true;
    const { tone, seconds } = overlay.firstElementChild.dataset;
    play(tone);
    // Not a button: a scanner that ends its line twice would press it.
    overlay.firstElementChild.focus();
    resetTimer = setTimeout(reset, Number(seconds) * 1000);
  },
  hits(nodes) {
    form.replaceChildren();
    entry.hidden = false;
    hits.replaceChildren(...nodes);
    focusField();
  },
  form(nodes) {
    entry.hidden = true;
    hits.replaceChildren();
    form.replaceChildren(...nodes);
    const wrong = form.querySelector("[aria-invalid=true]");
    (wrong ?? form.querySelector(".hit, input:not([type=hidden])"))?.focus();
  },
  slow(nodes) {
    show.hits(nodes);
  },
};

export function showHits(nodes) {
  hits.replaceChildren(...nodes);
}

/** No answer yet, `tries` times; the next question goes out in `seconds`. */
export function showWaiting(tries, seconds) {
  clearInterval(countdown);
  const left = part("retry-in");
  left.textContent = Math.ceil(seconds);
  part("attempt").textContent = tries;
  countdown = setInterval(() => {
    left.textContent = Math.max(0, Number(left.textContent) - 1);
  }, 1000);
  if (!waiting.hidden) return;
  page.inert = true;
  waiting.hidden = false;
  play("attention");
  waiting.querySelector("h2").focus();
}

export function hideWaiting() {
  clearInterval(countdown);
  waiting.hidden = true;
  page.inert = false;
}
