// One event, live: numbers by socket, parts read again, and the desk.

import { askWhileTyping, runDesk } from "./lib/desk.js";
import { watch } from "./lib/live.js";
import { tellNews } from "./lib/news.js";
import { show, showState } from "./lib/numbers.js";
import { keepParts } from "./lib/parts.js";
import { arrows, shortcuts } from "./lib/shortcuts.js";
import { play, prepare } from "./lib/sound.js";
import { walkIn } from "./lib/walkin.js";

const root = document.querySelector("[data-dashboard]");
const find = (name) => root.querySelector(`[data-${name}]`);
const data = root.dataset;
const words = find("words").dataset;
const [slot, entry, said] = ["answer", "entry", "said"].map(find);
const hint = slot.querySelector(".desk__hint") ?? document.createElement("p");
const newcomer = walkIn(root, data.self);
const canType = matchMedia("(pointer: fine)");
let forgetSearch = () => {};
let version = 0;

prepare(data.sounds);
const feed = () => root.querySelector("[data-part=feed]");
const news = tellNews(feed(), {
  popups: find("popups"),
  said,
  words,
  user: data.user,
  total: () => root.querySelector("[data-count=checked_in]").textContent,
});
const parts = keepParts(root, data.parts, {
  onFresh: (part) => part.dataset.part === "feed" && news.take(part),
  onSignedOut: () => desk.signedOut(),
});

watch({
  code: data.event,
  pollUrl: data.poll,
  onCounts(message) {
    show(root, message);
    version = message.version;
    parts.want(version);
  },
  onSettings(message) {
    document.dispatchEvent(new Event("event-changed"));
    parts.want(message.version ?? version);
  },
  onState: (state, since) => showState(root, state, since),
});

// --- The desk -------------------------------------------------------------------------------------

const hits = () => [...slot.querySelectorAll("[data-hit]")];
const { chosen, choose } = arrows(entry, { list: hits, onChosen: (hit) => (said.textContent = hit.querySelector(".hit__name").textContent) });

function clear() {
  forgetSearch();
  slot.replaceChildren(hint);
}

function focusEntry() {
  if (canType.matches) entry.focus({ preventScroll: true });
}

const desk = runDesk(root, {
  slot,
  words,
  onAct() {
    forgetSearch();
    news.own();
  },
  onDone({ kind, nodes }) {
    if (kind === "hits") chooseTheOnlyOne();
    if (kind === "walk_in") return void newcomer.answered();
    if (kind !== "outcome") return;
    const result = slot.querySelector(".result");
    if (feed().matches("[data-sound]")) play(result.dataset.tone);
    entry.value = "";
    root.querySelector("#desk-heads").value = "";
    if (result.dataset.tone === "welcome") newcomer.clear();
    slot.scrollIntoView({ block: "nearest" });
    if (nodes.length) focusEntry();
    parts.want(version);
  },
});

function chooseTheOnlyOne() {
  const found = hits();
  if (found.length === 1) choose(found[0]);
}

// What was found for other letters is not what Enter means.
entry.addEventListener("input", () => choose(null));
entry.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && chosen()) {
    event.preventDefault();
    chosen().querySelector("form").requestSubmit(chosen().querySelector("[value=check_in]"));
  }
});

if ("search" in entry.dataset) {
  forgetSearch = askWhileTyping(entry, {
    url: data.self,
    act: "search",
    name: "entry",
    pause: 250,
    isEnough: (typed) => !/\d/.test(typed) && typed.split(/\s+/).some((word) => word.length >= 3),
    onAnswer(nodes) {
      slot.replaceChildren(...(nodes.length ? nodes : [hint]));
      chooseTheOnlyOne();
    },
  });
}

// --- Keys -----------------------------------------------------------------------------------------

const help = find("help");
const openHelp = find("open-help");
openHelp.hidden = false;
openHelp.addEventListener("click", () => help.showModal());

shortcuts({
  "/": () => entry.focus(),
  "?": () => help.showModal(),
  u: () => document.getElementById("take-back").requestSubmit(),
  w: newcomer.open,
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]") || news.hide()) return;
  if (document.activeElement === entry && entry.value) entry.value = "";
  clear();
});
