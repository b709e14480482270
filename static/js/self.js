// Self check-in: asks again by itself when the network is bad, and says "checked in" only when the server said so.

const TIMEOUT = 8000;
const MOST_TRIES = 7;
const LONGEST_PAUSE = 8000;

const main = document.getElementById("main");
const words = JSON.parse(document.getElementById("self-words").textContent);
let isAsking = false;

/** One try → {nodes} when the server truly answered, {isRefused} when it will not answer this form, null without an answer. */
async function ask(url, fields) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT);
  try {
    const response = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "X-Requested-With": "self" },
      redirect: "manual",
      cache: "no-store",
      signal: stop.signal,
    });
    const text = await response.text();
    const kind = response.headers.get("X-Self");
    if (!kind) return response.status === 403 ? { isRefused: true } : null;
    const nodes = [...new DOMParser().parseFromString(text, "text/html").body.children];
    const isWhole = nodes.some((node) => node.matches(kind === "outcome" ? "[data-answer]" : "[data-self-form]"));
    return isWhole ? { nodes } : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

/** Until the server answers or patience ends. The same fields each time: the server knows that it is the same attempt. */
async function untilAnswered(url, fields, onWait) {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const answer = await ask(url, fields);
    if (answer) return answer;
    if (tries === MOST_TRIES) break;
    onWait();
    await pause(Math.min(LONGEST_PAUSE, 1000 * 2 ** (tries - 1)) * (0.75 + Math.random() / 2));
  }
  return null;
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    }
    window.addEventListener("online", done);
  });
}

function say(form, text) {
  const state = form.querySelector("[data-state]");
  state.textContent = text;
  state.hidden = !text;
}

function setBusy(form, button, isBusy) {
  isAsking = isBusy;
  if (isBusy) button?.setAttribute("aria-busy", "true");
  else button?.removeAttribute("aria-busy");
  for (const field of form.querySelectorAll("input[name=entry]")) field.readOnly = isBusy;
}

async function send(form, button) {
  const fields = [...new FormData(form, button)];
  setBusy(form, button, true);
  say(form, words.asking);
  const answer = await untilAnswered(form.getAttribute("action"), fields, () => say(form, words.waiting));
  setBusy(form, button, false);
  if (answer?.nodes) show(answer.nodes);
  else say(form, answer ? words.refused : words.gaveUp);
}

function show(nodes) {
  main.replaceChildren(...nodes);
  window.scrollTo(0, 0);
  const answer = main.querySelector("[data-answer]");
  (answer ?? main.querySelector("[aria-invalid=true]"))?.focus({ preventScroll: Boolean(answer) });
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-self-form]") || event.submitter?.matches("[data-plain]")) return;
  event.preventDefault();
  if (!isAsking) send(form, event.submitter);
});

document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-try-again]")) return;
  event.preventDefault();
  main.querySelector("[data-answer]").remove();
  const field = main.querySelector("input[name=entry]");
  field.focus();
  field.select();
});

performance.mark("ready"); // benchmarks/pages.py reads it
