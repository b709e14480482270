// Pairing by hand and behind the lock: keys to tap where there is no keyboard, and back to check-in when staff walk away.

const code = document.querySelector("input.pairing-code");
code?.addEventListener("input", () => {
  const start = code.selectionStart;
  code.value = code.value.toUpperCase();
  code.setSelectionRange(start, start);
});

const pin = document.querySelector("[data-pin]");
if (pin) {
  const field = pin.querySelector("input[name=pin]");
  const pad = pin.querySelector("[data-pad]");
  pad.hidden = false;
  pad.addEventListener("click", (event) => {
    const digit = event.target.dataset.digit;
    if (digit === undefined) return;
    field.value = digit === "clear" ? "" : (field.value + digit).slice(0, 8);
  });
}

const back = document.querySelector("[data-return]")?.dataset.return;
if (back) {
  let timer = 0;
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(() => location.assign(back), 60_000);
  };
  for (const sign of ["keydown", "pointerdown"]) document.addEventListener(sign, again);
  again();
}
