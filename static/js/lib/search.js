// Searching while a name is being typed: after a pause, never for codes, and rarely enough for the server's patience.

import { ask } from "./ask.js";

const PAUSE = 350;
const LEAST_LETTERS = 3;

/** Watches `field`; `onHits(nodes)` gets the answered part, or [] when what is typed is nothing to search for. */
export function searchWhileTyping(field, url, onHits) {
  let timer = 0;
  let asked = 0;
  field.addEventListener("input", () => {
    cancel();
    const typed = field.value.trim();
    const isName = !/\d/.test(typed) && typed.split(/\s+/).some((word) => word.length >= LEAST_LETTERS);
    if (!isName) {
      onHits([]);
      return;
    }
    const mine = asked;
    timer = setTimeout(async () => {
      const answer = await ask(url, [["entry", typed]]);
      if (mine === asked && ["hits", "slow"].includes(answer.kind)) onHits(answer.nodes);
    }, PAUSE);
  });

  /** Forget what is being searched: its answer comes too late. */
  function cancel() {
    clearTimeout(timer);
    asked += 1;
  }
  return cancel;
}
