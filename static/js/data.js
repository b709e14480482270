// Choosing a filter or a column shows the result at once, and the address says only what was asked for.

const form = document.querySelector("[data-ask]");

form?.addEventListener("change", (event) => {
  // Several columns are chosen in one go, and a typed text may not be finished.
  const field = event.target;
  if (field.matches("select, [type=date]") || (field.list && isChosen(field))) form.requestSubmit();
});

form?.addEventListener("submit", () => {
  for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  const columns = form.querySelector("[data-usual]");
  const chosen = [...columns.querySelectorAll(":checked")].map((box) => box.value).join(" ");
  if (chosen === columns.dataset.usual) columns.disabled = true;
});

// Back in the browser's history, what was left out can be filled in again.
addEventListener("pageshow", () => {
  for (const field of form?.elements ?? []) field.disabled = false;
});

// One menu at a time, and none that stays open behind what is done next.
addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".unfold--menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".unfold--menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

function isChosen(field) {
  return field.value === "" || [...field.list.options].some((option) => option.value === field.value);
}
