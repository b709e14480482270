// An event's code on a projector: renews itself for hours, and never leaves a code that is too old without a word.

import { stayAwake } from "./lib/awake.js";
import { followCode, momentsOf } from "./lib/eventcode.js";
import { offerFullScreen } from "./lib/fullscreen.js";
import { watch } from "./lib/live.js";
import { show, showState } from "./lib/numbers.js";
import { redraw } from "./lib/redraw.js";

const NOTES_FOR = 10_000;
const PART = "[data-display]";
const display = () => document.querySelector(PART);
const { event, poll, now } = display().dataset;
const sayFullScreen = offerFullScreen();
let live = null; // the last numbers and whether they are live, for a part that is drawn anew
let isDrawing = false;

/** What the page was drawn with. Its seconds count from before it was asked for: at worst a code is renewed early. */
function drawn() {
  const seconds = (text) => (text ? Number(text) : null);
  const { url, renewsIn, expiresIn, changesIn } = display().dataset;
  const said = { url, renews_in: seconds(renewsIn), expires_in: seconds(expiresIn), changes_in: seconds(changesIn) };
  return momentsOf(said, Date.now() - performance.now());
}

async function draw() {
  if (isDrawing) return;
  isDrawing = true;
  const isDone = await redraw(PART);
  isDrawing = false;
  if (!isDone) return; // The next answer tells again that it is needed.
  sayFullScreen();
  if (live?.message) show(document, live.message);
  if (live?.state) showState(document, live.state, live.since);
}

/** Swaps the picture and nothing else, so that nothing moves. */
function put(answer) {
  const part = display();
  if (answer.version !== part.dataset.version) return void draw();
  if (!answer.qr || answer.url === part.dataset.url) return;
  const svg = part.querySelector("[data-qr]");
  svg.setAttribute("viewBox", `0 0 ${answer.qr.size} ${answer.qr.size}`);
  svg.querySelector("path").setAttribute("d", answer.qr.path);
  part.dataset.url = answer.url;
}

function tick({ left, isAway, isStale }) {
  const part = display();
  const stale = part.querySelector("[data-stale]");
  if (!stale) return;
  if (stale.hidden === isStale) stale.hidden = !isStale;
  const renewal = part.querySelector("[data-renewal]");
  if (!renewal) return;
  const isWaiting = isAway || left === 0;
  renewal.querySelector("[data-renewing]").hidden = isWaiting;
  renewal.querySelector("[data-waiting]").hidden = !(isAway || isStale);
  renewal.querySelector("[data-left]").textContent = left;
  renewal.querySelector("[data-ring]").setAttribute("stroke-dashoffset", Math.max(0, 30 - left));
}

const follower = followCode(now, drawn(), { onAnswer: put, onTick: tick, onGone: () => location.reload() });

watch({
  code: event,
  url: `/ws/events/${event}/`,
  pollUrl: poll,
  onCounts(message) {
    live = { ...live, message };
    show(document, message);
  },
  // Settings changed or the code was withdrawn.
  onSettings: () => follower.ask(),
  onState(state, since) {
    live = { ...live, state, since };
    showState(document, state, since);
  },
});
stayAwake();
setTimeout(() => document.querySelector("[data-notes]")?.remove(), NOTES_FOR);
