import { offerCopying } from "./lib/copy.js";

// Autocomplete fields of the library are drawn without a name; they get that of the label beside them.

function nameOf(select) {
  const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
  return label ? label.textContent.replace(/:\s*$/, "").trim() : "";
}

function nameFields() {
  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    const drawn = select.nextElementSibling;
    const name = nameOf(select);
    if (!name || !drawn?.classList.contains("select2")) continue;
    for (const part of drawn.querySelectorAll(".select2-selection, .select2-selection__rendered, .select2-search__field")) {
      part.removeAttribute("aria-labelledby");
      part.setAttribute("aria-label", name);
    }
  }
}

// The library draws its fields some time after the page has loaded, and again for every row that is added.
let isWaiting = false;
new MutationObserver(() => {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    nameFields();
  });
}).observe(document.body, { childList: true, subtree: true });
nameFields();
// The search field of an open list is drawn anew each time; it belongs to the field that has the focus.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.(".select2-search__field:not([aria-label])")) {
    const open = document.querySelector(".select2-container--open .select2-selection[aria-label]");
    event.target.setAttribute("aria-label", open?.getAttribute("aria-label") ?? "");
  }
});
offerCopying();

// Columns without a name (a row's own name, its delete box) are no headers to a screen reader.
for (const head of document.querySelectorAll(".tabular thead th:empty")) {
  const cell = document.createElement("td");
  cell.className = head.className;
  head.replaceWith(cell);
}
