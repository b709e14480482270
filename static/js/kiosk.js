// The kiosk: asks the server without leaving the page, and claims nothing before the server said so.
// Here is what the first person needs; more.js brings the rest once the screen is in use.

import { newId } from "./lib/ask.js";
import { forget, kept, untilAnswered } from "./lib/attempt.js";
import { start } from "./lib/heartbeat.js";
import { catchKeys, entry, focusField, form, hideWaiting, isIdle, overlay, page, part, reset } from "./lib/stage.js";
import { show, showWaiting, stopClock, whenReset } from "./lib/stage.js";

const data = page.dataset;
const wake = new EventTarget();
let current = null; // AbortController of the attempt under way
let leaveFor = ""; // where the screen goes as soon as nobody is using it
let isLeaving = false;
let more = null; // what comes later, once it is there
let isFetchingMore = false;

async function run(attempt) {
  stopClock();
  stay();
  more?.cancelSearch();
  const mine = new AbortController();
  current = mine;
  page.setAttribute("aria-busy", "true");
  const onWait = (tries, seconds) => {
    part("connection").hidden = false;
    showWaiting(tries, seconds);
  };
  const answer = await untilAnswered(attempt, { signal: mine.signal, onWait, wake, isStale });
  if (current !== mine) return;
  current = null;
  page.removeAttribute("aria-busy");
  hideWaiting();
  if (!answer) return;
  part("connection").hidden = true;
  overlay.replaceChildren();
  if (answer.kind in show) show[answer.kind](answer.nodes);
  else location.assign(data.home);
}

/** Staff signed in or out in this browser: the page's form token is old. A reload gets a new one and resumes the attempt. */
function isStale({ status }) {
  if (status !== 403 || Date.now() - Number(sessionStorage.getItem("kiosk.reloaded")) < 60_000) return false;
  sessionStorage.setItem("kiosk.reloaded", Date.now());
  location.reload();
  return true;
}

function submit(event) {
  if (!event.target.matches("[data-ask]")) return;
  event.preventDefault();
  if (current) return;
  const values = new FormData(event.target, event.submitter);
  values.set("operation_id", newId());
  const url = event.submitter?.getAttribute("formaction") || event.target.getAttribute("action");
  run({ url, fields: [...values], event: data.event });
}

function click(event) {
  const isStartingOver = event.target.closest("[data-start-over]");
  if (!isStartingOver && !event.target.closest("[data-next]")) return;
  event.preventDefault();
  if (isStartingOver) startOver();
  reset();
}

/** The person gives up waiting. Had it gone through after all, the next try says "Already in". */
function startOver() {
  current?.abort();
  current = null;
  page.removeAttribute("aria-busy");
  hideWaiting();
  forget();
}

function wire() {
  document.addEventListener("submit", submit);
  document.addEventListener("click", click);
  document.addEventListener("pointerup", ({ target }) => {
    // Where somebody chooses a number of people, an on-screen keyboard would be in the way.
    if (!form.childElementCount && !target.closest("details")) setTimeout(() => focusField(), 0);
  });
  document.addEventListener("input", () => (isIdle() ? setTimeout(askWhetherToLeave, 1000) : stay()));
  catchKeys({
    isFree: () => !current && !form.childElementCount,
    beforeKey: () => overlay.childElementCount && reset(),
  });
  whenReset(() => {
    more?.cancelSearch();
    more?.stopCamera();
    askWhetherToLeave();
  });
  begin();
}

/** What a page starts with: an attempt that a reload interrupted, an answer it was served with, or the empty field. */
function begin() {
  const resumed = kept(data.event);
  if (resumed) run(resumed);
  else if (overlay.childElementCount) show.outcome([...overlay.children]);
  else focusField();
}

/** Camera, sounds, search while typing, the end of half-typed text, and word from the server before the next beat. */
async function fetchMore() {
  if (more || isFetchingMore) return;
  isFetchingMore = true;
  try {
    const { wireMore } = await import("./lib/more.js");
    more = wireMore({ beat, isBusy: () => Boolean(current) });
  } catch {
    // The server was away: the next beat that reaches it tries again. People are checked in without.
  }
  isFetchingMore = false;
}

/**
 * The screen follows what is open: leaves an event that closed, offers one that opened, obeys changed settings. Never while
 * somebody uses it, and only just after the server answered: a page that cannot be loaded would be the end of the kiosk.
 */
function follow({ kind, events, home, status }) {
  part("connection").hidden = Boolean(kind) || status === 403;
  if (!kind) return void isStale({ status });
  wake.dispatchEvent(new Event("now"));
  fetchMore();
  const open = Object.keys(events).sort().join(" ");
  const isChanged = (data.event ? events[data.event] : home) !== data.version;
  const isOther = open !== data.open && (!data.event || !data.open.includes(" "));
  const stays = kind === "alive" && !isOther && data.event in events;
  leaveFor = kind !== "alive" || isChanged || isOther ? (stays ? data.self : data.home) : "";
  if (!leaveFor || current || !isIdle()) return;
  isLeaving = true;
  location.assign(leaveFor);
}

function askWhetherToLeave() {
  if (leaveFor) beat();
}

/** Somebody began to type while the next page was on its way: this one stays, and nothing typed is lost. */
function stay() {
  if (isLeaving) window.stop();
  isLeaving = false;
}

if (entry) wire();
const beat = start(data.heartbeat, follow, Number(data.nextChangeIn));
performance.mark("ready"); // benchmarks/pages.py reads it
if (document.readyState === "complete") fetchMore();
else window.addEventListener("load", fetchMore, { once: true });
