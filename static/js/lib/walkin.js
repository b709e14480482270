// Somebody without a record: while the name is typed, people on record who look like it are shown.

import { askWhileTyping } from "./desk.js";

const PAUSE = 400;
const LEAST = 3;

/** The walk-in's form on a desk; its element is replaced when the server asks back. */
export function walkIn(root, url) {
  const form = () => root.querySelector("[data-walk-in-form]");

  function wire() {
    const { guest, anyway } = form().elements;
    if (anyway) {
      // Another name is another question.
      guest.addEventListener("input", () => form().elements.anyway?.remove(), { once: true });
    }
    askWhileTyping(guest, {
      url,
      act: "likely",
      name: "guest",
      pause: PAUSE,
      isEnough: (typed) => typed.length >= LEAST,
      onAnswer: (nodes) => form().querySelector("[data-likely]").replaceChildren(...nodes),
    });
  }

  wire();
  return {
    open() {
      root.querySelector("[data-walk-in-fold]").open = true;
      form().elements.guest.focus();
    },
    /** The server asked back, or said what is wrong: the form is a new one. */
    answered() {
      wire();
      const wrong = form().querySelector("[aria-invalid=true]");
      (wrong ?? form().querySelector("[data-likely] button") ?? form().elements.guest).focus();
    },
    clear() {
      const { guest, party_size: heads, anyway } = form().elements;
      [guest.value, heads.value] = ["", "1"];
      anyway?.remove();
      form().querySelector("[data-likely]").replaceChildren();
    },
  };
}
