// The list of exports draws itself anew while something in it is being made.

import { redraw } from "./lib/redraw.js";

const SOON = 1_500;
const LATER = 15_000;
let pause = SOON;

function plan() {
  if (document.querySelector("[data-under-way]")) setTimeout(look, pause);
}

async function look() {
  if (document.visibilityState !== "hidden") {
    const key = document.activeElement?.dataset.key;
    await redraw("[data-runs]");
    // Whoever was on a button still is.
    if (key) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    // What waits for its next try in half an hour need not be asked for every second.
    pause = Math.min(pause * 1.25, LATER);
  }
  plan();
}

document.addEventListener("visibilitychange", () => (pause = SOON));
plan();
