// One attempt to check in, kept until there is a true answer: through a lost network, a reload, a sleeping tablet.

import { ask } from "./ask.js";

const KEPT_AS = "kiosk.attempt";
const LONGEST = 10_000;
// Whoever was interrupted longer ago than this has left the screen.
const RESUMED_WITHIN = 600_000;

/** Seconds to wait after `tries` failures: doubling up to ten, each time a little different, so that kiosks spread. */
export function backOff(tries) {
  return (Math.min(LONGEST, 1000 * 2 ** (tries - 1)) * (0.75 + Math.random() / 2)) / 1000;
}

export function keep(attempt) {
  try {
    sessionStorage.setItem(KEPT_AS, JSON.stringify({ since: Date.now(), ...attempt }));
  } catch {
    // Without storage the attempt lives as long as the page.
  }
}

export function forget() {
  try {
    sessionStorage.removeItem(KEPT_AS);
  } catch {
    // Nothing was kept.
  }
}

/** The attempt that a reload interrupted, of this event; null if there is none. */
export function kept(event) {
  try {
    const attempt = JSON.parse(sessionStorage.getItem(KEPT_AS) ?? "null");
    const isOurs = attempt?.event === event && Date.now() - attempt.since < RESUMED_WITHIN;
    if (!isOurs) forget();
    return isOurs ? attempt : null;
  } catch {
    return null;
  }
}

/**
 * Send {url, fields, event} again and again until the server truly answers; resolves with that answer, or with null once
 * `signal` is aborted. `onWait(tries, seconds)` is told before each pause, `wake` is an EventTarget whose "now" ends it.
 */
export async function untilAnswered(attempt, { signal, onWait, wake, isStale }) {
  keep(attempt);
  for (let tries = 1; !signal.aborted; tries += 1) {
    const answer = await ask(attempt.url, attempt.fields);
    if (signal.aborted) break;
    if (answer.kind) {
      forget();
      return answer;
    }
    if (isStale(answer)) return null; // The page reloads itself and resumes.
    const seconds = backOff(tries);
    onWait(tries, seconds);
    await pause(seconds * 1000, signal, wake);
  }
  forget();
  return null;
}

function pause(milliseconds, signal, wake) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      wake.removeEventListener("now", done);
      resolve();
    }
    signal.addEventListener("abort", done);
    wake.addEventListener("now", done);
  });
}
