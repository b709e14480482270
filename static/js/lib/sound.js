// The tones of the outcomes. Browsers allow sound after the first touch or key; until then it stays quiet.

const tones = new Map();

/** Fetch the tones after the first gesture, so that the page itself stays light. `folder` is "" when sound is off. */
export function prepare(folder) {
  if (!folder) return;
  const load = () => {
    for (const tone of ["welcome", "attention", "stop", "undone"]) {
      const audio = new Audio(`${folder}${tone}.wav`);
      audio.preload = "auto";
      tones.set(tone, audio);
    }
  };
  for (const gesture of ["pointerdown", "keydown"]) {
    document.addEventListener(gesture, () => tones.size || load(), { once: true });
  }
}

export function play(tone) {
  const audio = tones.get(tone);
  if (!audio) return;
  audio.currentTime = 0;
  audio.play().catch(() => {}); // A muted or busy device must not spoil the answer.
}
