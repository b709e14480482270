// Draws a part of this page anew without leaving it, so that a screen stays full and never shows a browser's error page.

const TIMEOUT = 8_000;

/**
 * Replaces the one element of `selector` by what the server draws now → true; false when the server was not reached.
 * Where the part is gone (signed out, no such event any more) the page is loaded as a whole and says so.
 */
export async function redraw(selector) {
  let text;
  try {
    const signal = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(location.href, { redirect: "manual", cache: "no-store", signal });
    if (response.status >= 500) return false;
    text = response.ok ? await response.text() : "";
  } catch {
    return false;
  }
  const drawn = new DOMParser().parseFromString(text, "text/html");
  const part = drawn.querySelector(selector);
  if (!part) {
    location.reload();
    return true;
  }
  document.title = drawn.title;
  document.querySelector(selector).replaceWith(document.adoptNode(part));
  return true;
}
