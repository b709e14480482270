import { redraw } from "./lib/redraw.js";

// A file on its way in: its size is looked at before it is sent, and the work on it is watched.

const PAUSE = 1_000;

const upload = document.querySelector("[data-upload]");
const file = upload?.querySelector("input[type=file]");

file?.addEventListener("change", () => {
  const isTooLarge = file.files.length > 0 && file.files[0].size > Number(file.dataset.max);
  file.setCustomValidity(isTooLarge ? file.dataset.tooLarge : "");
  file.reportValidity();
});

upload?.addEventListener("submit", (event) => {
  if (!file.checkValidity()) {
    event.preventDefault();
    file.reportValidity();
    return;
  }
  const button = upload.querySelector("[data-busy]");
  button.textContent = button.dataset.busy;
  // After the form has been put together, so that a second tap sends nothing again.
  setTimeout(() => { button.disabled = true; });
});
// The browser shows a page from its memory as it was left.
addEventListener("pageshow", (event) => event.persisted && location.reload());

async function follow() {
  while (document.querySelector("[data-progress]")) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    if (!document.hidden) await redraw("[data-progress]");
  }
}
follow();
