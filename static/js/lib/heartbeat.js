// A sign of life every thirty seconds, and at once when the screen wakes: is this still a kiosk, and of which event?

import { ask } from "./ask.js";

const EVERY = 30_000;
// Past the very moment, and not every kiosk at the same time.
const after = (seconds) => seconds * 1000 + 200 + Math.random() * 300;

/**
 * Calls `onNews({kind, events, home, status})` after each beat; kind "" means that the server was not reached. `nextChangeIn` is
 * in how many seconds an event opens or closes, as the page knows it; NaN when none does. → beat(): ask now.
 */
export function start(url, onNews, nextChangeIn) {
  let timer = 0;
  let isBeating = false;
  let isAskedAgain = false;

  async function beat() {
    // Whatever is being answered just now may be older than the reason to ask.
    if (isBeating) {
      isAskedAgain = true;
      return;
    }
    isBeating = true;
    clearTimeout(timer);
    const answer = await ask(url);
    isBeating = false;
    const news = answer.kind === "alive" ? JSON.parse(answer.text) : {};
    onNews({ kind: answer.kind, status: answer.status, events: news.events ?? {}, home: news.home });
    // Sooner while the server is away, so that the banner does not outlive its cause.
    if (isAskedAgain) beat();
    else plan(answer.kind ? EVERY : EVERY / 6, news.next_change_in);
    isAskedAgain = false;
  }

  function plan(pause, seconds) {
    clearTimeout(timer);
    timer = setTimeout(beat, Number.isFinite(seconds) ? Math.min(pause, after(seconds)) : pause);
  }

  plan(EVERY, nextChangeIn);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && beat());
  window.addEventListener("online", beat);
  window.addEventListener("offline", beat);
  window.addEventListener("pageshow", (event) => event.persisted && beat());
  return beat;
}
