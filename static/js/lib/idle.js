// Half-typed text of somebody who walked away goes after a while.

const IDLE = 45_000;
const IDLE_IN_FORM = 120_000;

/** Calls `onIdle` when nobody has touched or typed for 45 seconds, or two minutes while `isInForm()`. */
export function watchIdle(isInForm, onIdle) {
  let timer = 0;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(onIdle, isInForm() ? IDLE_IN_FORM : IDLE);
  };
  for (const sign of ["keydown", "pointerdown", "input"]) document.addEventListener(sign, again);
  again(); // Somebody may have begun before this module was there.
}
