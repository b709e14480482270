// Keeps a page's numbers live: by a socket, by asking every few seconds while there is none, and it says which.

// The server says something every five seconds; who hears nothing for twelve has lost it without a word.
const SILENCE = 12_000;
const POLL = 5_000;
const PATIENCE = 4_000;
const LONGEST = 8_000;
const STEADY = 10_000;
// Older numbers are not shown over newer ones. Only a clock that was set back makes them this much older.
const SET_BACK = 10_000_000; // microseconds

const spread = (milliseconds) => milliseconds * (0.75 + Math.random() / 2);

/**
 * Watch one event → {stop(), refresh()}. `url` is the socket's address (a path will do); `pollUrl` answers the same message.
 * onCounts(message) gets newer and newer numbers, onSettings(message) hears that the event or its settings changed,
 * onEvents(message) (kiosks of today's events) that one of them did, onState(state, since) gets "live", "delayed" or
 * "offline" and the Date of the last true answer. There is one socket at the most, and none on a page that was left.
 */
export function watch({ code, url, pollUrl, onCounts, onSettings, onEvents, onState }) {
  const address = new URL(url ?? `/ws/events/${code}/`, location.href);
  address.protocol = address.protocol.replace("http", "ws");
  const timers = {};
  let socket = null;
  let greetedAt = 0;
  let tries = 0;
  let version = 0;
  let heard = Date.now();
  let state = "";
  let asking = null;
  let hasMissed = false;

  const later = (what, milliseconds, act) => {
    clearTimeout(timers[what]);
    timers[what] = setTimeout(act, milliseconds);
  };
  const cancel = (what) => {
    clearTimeout(timers[what]);
    timers[what] = 0;
  };

  function say(now) {
    if (now === state) return;
    state = now;
    onState?.(state, new Date(heard));
  }

  function take(message, isFirst) {
    const age = version - message.version;
    if (!isFirst && age >= 0 && age < SET_BACK) return;
    version = message.version;
    onCounts?.(message);
  }

  function connect() {
    drop();
    const mine = new WebSocket(address);
    socket = mine;
    later("silence", SILENCE, lost);
    if (!timers.poll) later("poll", PATIENCE, poll);
    mine.addEventListener("message", ({ data }) => mine === socket && listen(JSON.parse(data)));
    mine.addEventListener("close", () => mine === socket && lost());
  }

  function listen(message) {
    heard = Date.now();
    later("silence", SILENCE, lost);
    cancel("poll");
    if (message.type === "counts") greet(message);
    else if (message.type === "settings") onSettings?.(message);
    else if (message.type === "events") onEvents?.(message);
    greetedAt ||= heard;
    say(message.delayed ? "delayed" : "live");
  }

  /** The first numbers of a socket are taken whatever was shown before: the server may be another one by now. */
  function greet(message) {
    const isFirst = !greetedAt;
    take(message, isFirst);
    // What was said while there was no socket, nobody heard.
    if (isFirst && hasMissed) onSettings?.({ type: "settings", event: code, version: message.version });
    hasMissed = false;
  }

  function lost() {
    hasMissed = true;
    // A socket that is accepted and soon closed again, over and over, counts as one that fails.
    tries = greetedAt && Date.now() - greetedAt > STEADY ? 1 : tries + 1;
    drop();
    later("connect", spread(Math.min(LONGEST, 500 * 2 ** (tries - 1))), connect);
    poll();
  }

  function drop() {
    cancel("silence");
    cancel("connect");
    const old = socket;
    socket = null;
    greetedAt = 0;
    old?.close();
  }

  async function poll() {
    cancel("poll");
    if (!pollUrl) return void say("offline");
    if (asking) return;
    const mine = new AbortController();
    asking = mine;
    later("answer", PATIENCE, () => mine.abort());
    const message = await ask(pollUrl, mine.signal);
    if (asking !== mine) return; // Stopped meanwhile.
    asking = null;
    cancel("answer");
    if (message) take(message, false);
    if (greetedAt) return; // A socket was quicker.
    if (message) heard = Date.now();
    later("poll", spread(POLL), poll);
    say(message ? "delayed" : "offline");
  }

  function wake() {
    if (document.visibilityState === "hidden") return;
    if (socket && greetedAt && Date.now() - heard < SILENCE / 2) return;
    start();
  }

  /** From anew and at once, after a sleep, a lost network, a return to the page. */
  function start() {
    hasMissed = true;
    tries = 0;
    connect();
    poll();
  }

  function stop() {
    drop();
    for (const what of Object.keys(timers)) cancel(what);
    asking?.abort();
    asking = null;
  }

  const signs = [
    [document, "visibilitychange", wake],
    [window, "online", start],
    [window, "offline", lost],
    [window, "pagehide", stop],
    [window, "pageshow", ({ persisted }) => persisted && start()],
  ];
  for (const [target, sign, act] of signs) target.addEventListener(sign, act);
  connect();
  return {
    refresh: poll,
    stop() {
      for (const [target, sign, act] of signs) target.removeEventListener(sign, act);
      stop();
    },
  };
}

/** The message, or null for anything else: no connection, an error page, a sign-in page, an empty body. */
async function ask(url, signal) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" }, cache: "no-store", signal });
    const message = response.ok ? await response.json() : null;
    return message?.type === "counts" ? message : null;
  } catch {
    return null;
  }
}
