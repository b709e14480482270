// Buttons that copy: `data-copy` is the text, `data-copied` what the button says afterwards for a moment.

const SECONDS = 2;

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

/** Without https there is no clipboard to write to, but what is selected can be copied. */
function copyByHand(text) {
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  return isCopied;
}

/** Shows every such button, which without scripts would do nothing, and makes it work. */
export function offerCopying() {
  for (const button of document.querySelectorAll("[data-copy]")) {
    const words = button.textContent;
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      if (!(await copy(button.dataset.copy))) return;
      button.focus();
      button.textContent = button.dataset.copied;
      setTimeout(() => (button.textContent = words), SECONDS * 1000);
    });
  }
}
