// The desk: acts go out without leaving the page, and only what the server said is shown as done.

import { csrfToken, newId } from "./ask.js";

const PATIENCE = 6000;
const AGAIN_AFTER = 800;

/** The answer to `fields` (pairs) → {kind, nodes, status}; kind "" when there was none that could be believed. */
export async function send(url, fields, patience = PATIENCE) {
  try {
    const answer = await fetch(url, {
      method: "POST",
      body: new URLSearchParams(fields),
      headers: { "X-Requested-With": "dashboard", "X-CSRFToken": csrfToken() },
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(patience),
    });
    if (answer.type === "opaqueredirect") return { kind: "signed-out", nodes: [], status: 0 };
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return { kind: answer.headers.get("X-Dashboard") ?? "", nodes: [...page.body.children], status: answer.status };
  } catch {
    return { kind: "", nodes: [], status: 0 };
  }
}

/**
 * Wires every [data-desk-form] under `root`. `onAct()` runs before an act goes out, `onDone(answer)` after its answer was
 * put into the slot or, for a walk-in's question, in the place of its form.
 */
export function runDesk(root, { slot, words, onAct, onDone }) {
  let isBusy = false;

  async function run(url, fields) {
    if (isBusy) return;
    isBusy = true;
    slot.setAttribute("aria-busy", "true");
    onAct();
    let answer = await send(url, fields);
    if (!answer.kind) {
      // Perhaps the answer alone got lost. The same operation again is answered again, and done once.
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
      answer = await send(url, fields);
    }
    isBusy = false;
    slot.removeAttribute("aria-busy");
    if (!answer.kind || answer.kind === "signed-out") explain(answer.kind, url, fields);
    else if (answer.kind === "walk_in") root.querySelector("[data-walk-in-form]").replaceWith(...answer.nodes);
    else slot.replaceChildren(...answer.nodes);
    onDone(answer);
  }

  function explain(kind, url, fields) {
    const message = document.createElement("p");
    message.className = "message tone-stop";
    message.setAttribute("role", "alert");
    message.textContent = kind ? words.signedOut : words.noAnswer;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button button--quiet";
    again.textContent = words.again;
    again.addEventListener("click", () => (kind ? location.reload() : run(url, fields)));
    slot.replaceChildren(message, again);
  }

  root.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-desk-form]")) return;
    event.preventDefault();
    const values = new FormData(form, event.submitter);
    values.set("operation_id", newId());
    // A hit comes with as many as were chosen beside the field.
    const heads = root.querySelector("#desk-heads")?.value;
    if (heads && form.closest("[data-answer]") && !values.get("party_size")) values.set("party_size", heads);
    // Enter in a field presses the form's first button; a form without a chosen act checks in.
    if (!values.get("act")) values.set("act", "check_in");
    run(form.getAttribute("action"), [...values]);
  });
  return { signedOut: () => isBusy || explain("signed-out") };
}

/** Asks `url` while `field` is typed into; `onAnswer(nodes)` gets the answer to what stands there, or [] for too little. */
export function askWhileTyping(field, { url, act, name, pause, isEnough, onAnswer }) {
  let timer = 0;
  let asked = 0;
  field.addEventListener("input", () => {
    forget();
    const typed = field.value.trim();
    if (!isEnough(typed)) return void onAnswer([]);
    const mine = asked;
    timer = setTimeout(async () => {
      const answer = await send(url, [["act", act], [name, typed]]);
      if (mine === asked && answer.kind && answer.kind !== "signed-out") onAnswer(answer.nodes);
    }, pause);
  });

  /** What is being asked comes too late. */
  function forget() {
    clearTimeout(timer);
    asked += 1;
  }
  return forget;
}
