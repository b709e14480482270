// Puts live numbers, and whether they are live, into the elements that the server rendered for them.

const language = document.documentElement.lang || "en";
// As Django writes them, so that the first update does not change how a number looks.
const number = new Intl.NumberFormat(language, { useGrouping: false });
const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });

/** Fills `[data-count="checked_in"]` and the like under `root`; `[data-when="capacity"]` is hidden while that is null. */
export function show(root, message) {
  for (const element of root.querySelectorAll("[data-count]")) {
    const value = message[element.dataset.count];
    if (value === undefined) continue;
    const text = value === null ? "" : number.format(value);
    // Only what changed: a screen reader or an animation may be watching.
    if (element.textContent !== text) element.textContent = text;
  }
  for (const element of root.querySelectorAll("[data-when]")) {
    const value = message[element.dataset.when];
    if (value !== undefined) element.hidden = value === null;
  }
}

/** Says in every `[data-live-state]` under `root` that the numbers are "live", "delayed" or, since then, "offline". */
export function showState(root, state, since) {
  for (const element of root.querySelectorAll("[data-live-state]")) {
    if (element.dataset.liveState === state) continue;
    element.dataset.liveState = state;
    for (const words of element.querySelectorAll("[data-state]")) words.hidden = words.dataset.state !== state;
    const time = element.querySelector("[data-state-since]");
    if (!time || !since) continue;
    time.dateTime = since.toISOString();
    time.textContent = clock.format(since);
  }
}
