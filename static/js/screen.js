// An event's numbers for everybody.

import { stayAwake } from "./lib/awake.js";
import { offerFullScreen } from "./lib/fullscreen.js";
import { watch } from "./lib/live.js";
import { show, showState } from "./lib/numbers.js";
import { redraw } from "./lib/redraw.js";

const PART = "[data-screen]";
const { event, poll } = document.querySelector(PART).dataset;
const sayFullScreen = offerFullScreen();
let state = [];

watch({
  code: event,
  url: `/ws/events/${event}/`,
  pollUrl: poll,
  onCounts: (message) => show(document, message),
  // Name, time or place may have changed.
  async onSettings() {
    if (!(await redraw(PART))) return;
    sayFullScreen();
    showState(document, ...state);
  },
  onState(...now) {
    state = now;
    showState(document, ...state);
  },
});
stayAwake();
