// Who has just come: a pop-up, a tone, a mark in the feed, and a word for screen readers. The event's settings say which.

import { play } from "./sound.js";

const SHOWN = 5000;
const MARKED = 4000;
const SAY_EVERY = 5000;
const OWN = 3000;

const fill = (pattern, values) => pattern.replace(/%\((\w+)\)s/g, (_all, name) => values[name] ?? "");

/** `words` are the sentences, `total()` how many are checked in, `user` who looks at the page. */
export function tellNews(feed, { popups, said, words, user, total }) {
  let seen = newest(feed);
  let ownUntil = 0;
  let unsaid = [];
  let sayTimer = 0;
  let hideTimer = 0;

  /** Looks through a fresh feed, before it is put in place. */
  function take(fresh) {
    const lines = [...fresh.querySelectorAll("[data-line]")].filter((line) => Number(line.dataset.line) > seen);
    seen = Math.max(seen, newest(fresh));
    if (!fresh.matches("[data-news]")) return;
    const told = lines.filter((line) => isWorthTelling(line, fresh) && !isOwn(line));
    if ("highlight" in fresh.dataset) mark(lines.filter((line) => line.dataset.outcome === "checked_in"));
    if (!told.length) return;
    show(told);
    if ("sound" in fresh.dataset) play(told[0].dataset.tone);
    unsaid.push(...told);
    sayTimer ||= setTimeout(say, unsaid.length === told.length ? 400 : SAY_EVERY);
  }

  function isOwn(line) {
    return line.dataset.by === user && Date.now() < ownUntil;
  }

  function show(told) {
    const [line] = told;
    const popup = document.createElement("div");
    popup.className = `popup tone-${line.dataset.tone}`;
    const lines = [element("p", "popup__name", nameOf(line)), element("p", "", whatOf(line))];
    if (told.length > 1) lines.push(element("p", "", fill(words.more, { n: told.length - 1 })));
    const text = element("div", "popup__words");
    text.append(...lines);
    const close = element("button", "popup__close", "×");
    close.type = "button";
    close.setAttribute("aria-label", words.close);
    close.addEventListener("click", hide);
    popup.append(line.querySelector(".shape").cloneNode(true), text, close);
    popups.replaceChildren(popup);
    clearTimeout(hideTimer);
    hideTimer = setTimeout(hide, SHOWN);
  }

  function hide() {
    const was = popups.childElementCount > 0;
    popups.replaceChildren();
    return was;
  }

  /** Many arrivals become one sentence. */
  function say() {
    const [line] = unsaid;
    said.textContent =
      unsaid.length === 1
        ? fill(words.arrived, { name: nameOf(line), what: whatOf(line) })
        : fill(words.many, { n: unsaid.length, total: total() });
    unsaid = [];
    sayTimer = setTimeout(() => {
      sayTimer = 0;
      if (unsaid.length) say();
    }, SAY_EVERY);
  }

  return { take, hide, own: () => (ownUntil = Date.now() + OWN) };
}

function isWorthTelling(line, feed) {
  const { outcome } = line.dataset;
  if (outcome === "already_in") return "duplicates" in feed.dataset;
  return outcome === "checked_in" && ("popup" in feed.dataset || ("walkIn" in line.dataset && "walkIns" in feed.dataset));
}

function mark(lines) {
  for (const line of lines) {
    line.classList.add("line--new");
    setTimeout(() => line.classList.remove("line--new"), MARKED);
  }
}

function newest(feed) {
  return Math.max(0, ...[...feed.querySelectorAll("[data-line]")].map((line) => Number(line.dataset.line)));
}

const nameOf = (line) => line.querySelector("[data-name]").textContent;
const whatOf = (line) => line.querySelector("[data-headline]").textContent;

function element(tag, className, text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
