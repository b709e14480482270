// Keeps a screen that is looked at from going to sleep, where the browser offers that.

/** Calls `onChange(true)` when the screen stays on from now on, `onChange(false)` when it no longer does. */
export function stayAwake(onChange = () => {}) {
  if (!("wakeLock" in navigator)) return;
  let isHeld = false;
  const tell = (held) => {
    isHeld = held;
    onChange(held);
  };
  const ask = async () => {
    if (isHeld || document.visibilityState !== "visible") return;
    try {
      const lock = await navigator.wakeLock.request("screen");
      lock.addEventListener("release", () => tell(false));
      tell(true);
    } catch {
      // Refused on an empty battery, without https, and by some browsers before the first touch.
    }
  };
  // A page that was put away has lost its lock.
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("pointerdown", ask);
  ask();
}
