// Keeps asking which code a screen has to show: when it is renewed, twice a minute, and at once after a sleep.

const EVERY = 30_000;
const TIMEOUT = 8_000;
const LONGEST = 15_000;
// Screens of one event do not all ask in the same instant; the code before is accepted as well meanwhile.
const SPREAD = 1_500;
// Two ticks this far apart: the computer slept in between.
const SLEPT = 5_000;

/**
 * Ask `url` from now on → {ask()}. `code` is what the page came with: {url, renewsAt, expiresAt, changesAt}, moments
 * of this computer's clock or NaN. onAnswer(answer, code) gets every true answer, onTick({left, isAway, isStale}) comes
 * each second: the seconds until renewal, whether the server fails to answer, whether the code on screen is too old.
 * onGone() hears that there is nothing to ask here any more: signed out, or no such event.
 */
export function followCode(url, code, { onAnswer, onTick, onGone }) {
  let asking = null;
  let failures = 0;
  let askAt = nextAsk();
  let lastTick = Date.now();

  function nextAsk() {
    const moments = [code.renewsAt, code.changesAt, Date.now() + EVERY].filter((moment) => !Number.isNaN(moment));
    return Math.max(Date.now() + 1_000, Math.min(...moments) + Math.random() * SPREAD);
  }

  async function ask() {
    asking?.abort();
    const mine = new AbortController();
    asking = mine;
    askAt = Infinity;
    const answer = await answered(url, mine);
    if (asking !== mine) return;
    asking = null;
    if (answer === "gone") return void onGone();
    if (answer) {
      failures = 0;
      code = momentsOf(answer);
      onAnswer(answer, code);
      askAt = nextAsk();
    } else {
      failures += 1;
      askAt = Date.now() + Math.min(LONGEST, 1_000 * 2 ** (failures - 1)) * (0.75 + Math.random() / 2);
    }
    tick();
  }

  function tick() {
    const now = Date.now();
    if (now - lastTick > SLEPT) failures = 0;
    if (now - lastTick > SLEPT || now >= askAt) ask();
    lastTick = now;
    onTick({
      left: Math.max(0, Math.ceil((code.renewsAt - now) / 1_000)),
      isAway: failures > 0,
      isStale: now >= code.expiresAt,
    });
  }

  const wake = () => document.visibilityState === "visible" && ask();
  document.addEventListener("visibilitychange", wake);
  window.addEventListener("online", wake);
  window.addEventListener("pageshow", ({ persisted }) => persisted && wake());
  setInterval(tick, 1_000);
  tick();
  return { ask };
}

/** The server counts in seconds from its answer; they are turned into moments of this computer's clock. */
export function momentsOf({ url, renews_in, expires_in, changes_in }, now = Date.now()) {
  const moment = (seconds) => (seconds === null || seconds === undefined ? NaN : now + seconds * 1_000);
  return { url, renewsAt: moment(renews_in), expiresAt: moment(expires_in), changesAt: moment(changes_in) };
}

/** The answer; "gone"; or null for no connection, no word in time, an error. */
async function answered(url, controller) {
  const timer = setTimeout(() => controller.abort(), TIMEOUT);
  try {
    const headers = { Accept: "application/json" };
    const response = await fetch(url, { headers, redirect: "manual", cache: "no-store", signal: controller.signal });
    if (response.type === "opaqueredirect" || [401, 403, 404].includes(response.status)) return "gone";
    const answer = response.ok ? await response.json() : null;
    return answer?.version ? answer : null;
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
