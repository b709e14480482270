// A fresh pairing code: counts down its two minutes, and says when a screen has used it.

const box = document.querySelector("[data-code]");
const part = (name) => box.querySelector(`[data-${name}]`);
const until = Date.now() + Number(box.dataset.seconds) * 1000;
part("left-words").hidden = false;

function end(name) {
  clearInterval(clock);
  clearInterval(look);
  part(name).hidden = false;
  part("left-line").hidden = true;
  box.classList.add("code--over");
}

function tick() {
  const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
  part("left").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  if (!left) end("over");
}

async function ask() {
  try {
    const response = await fetch(box.dataset.state, { headers: { Accept: "application/json" }, cache: "no-store" });
    if (response.ok && (await response.json()).used) end("used");
  } catch {
    // Asked again in two seconds.
  }
}

const clock = setInterval(tick, 1000);
const look = setInterval(ask, 2000);
tick();
