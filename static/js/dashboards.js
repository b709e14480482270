// The overview of events: each one whose check-in is open keeps its numbers live.

import { watch } from "./lib/live.js";
import { show, showState } from "./lib/numbers.js";

// A browser allows a page only so many sockets, and a person so many numbers.
const MOST = 12;
const RANK = ["live", "delayed", "offline"];
const states = new Map();

for (const card of [...document.querySelectorAll("[data-watch]")].slice(0, MOST)) {
  watch({
    code: card.dataset.watch,
    pollUrl: card.dataset.poll,
    onCounts: (message) => show(card, message),
    onState(state, since) {
      states.set(card, state);
      // The page is as live as the least live of its events.
      const worst = Math.max(...[...states.values()].map((each) => RANK.indexOf(each)));
      showState(document, RANK[worst], since);
    },
  });
}
