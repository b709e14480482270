// The pass: the screen stays on while the code is shown, where the browser offers that, and the page says so.

import { stayAwake } from "./lib/awake.js";

const note = document.querySelector("[data-awake]");
stayAwake((isHeld) => {
  note.hidden = !isHeld;
});
