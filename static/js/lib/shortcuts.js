// Keys that act while nobody types.

const EDITABLE = "input:not([type=hidden]), select, textarea, [contenteditable]";

/** `keys` maps a key to what it does. None fires while somebody types, holds Ctrl, Alt or Meta, or looks at a dialog. */
export function shortcuts(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.repeat) return;
    if (event.target.closest(EDITABLE) || document.querySelector("dialog[open]")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

/** Up and down choose among the elements of `list()`; the chosen one carries aria-current. `onChosen` hears of it. */
export function arrows(field, { list, onChosen }) {
  const chosen = () => list().find((each) => each.hasAttribute("aria-current"));

  function choose(element) {
    chosen()?.removeAttribute("aria-current");
    element?.setAttribute("aria-current", "true");
    element?.scrollIntoView({ block: "nearest" });
    if (element) onChosen(element);
  }

  field.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const all = list();
    if (!step || !all.length) return;
    event.preventDefault();
    const now = all.indexOf(chosen());
    choose(all[now < 0 ? (step > 0 ? 0 : all.length - 1) : (now + step + all.length) % all.length]);
  });
  return { chosen, choose };
}
