// Every [data-full-screen] button on the page, now or later, where the browser can fill the screen.

function say() {
  for (const button of document.querySelectorAll("[data-full-screen]")) {
    button.hidden = !document.fullscreenEnabled;
    button.querySelector("[data-when-window]").hidden = Boolean(document.fullscreenElement);
    button.querySelector("[data-when-full]").hidden = !document.fullscreenElement;
  }
}

/** → a function to call when buttons were put onto the page anew. */
export function offerFullScreen() {
  document.addEventListener("fullscreenchange", say);
  document.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-full-screen]")) return;
    const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    done.catch(() => {});
  });
  say();
  return say;
}
