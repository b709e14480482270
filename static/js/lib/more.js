// What a kiosk does not need for its first person, fetched once the screen is in use.

import { offerCamera } from "./camera.js";
import { watchIdle } from "./idle.js";
import { watch } from "./live.js";
import { searchWhileTyping } from "./search.js";
import { play, prepare } from "./sound.js";
import { entry, field, form, hits, overlay, page, part, reset, showHits, soundWith } from "./stage.js";

/** `beat()` asks the server for news, `isBusy()` says whether an attempt is under way. → {cancelSearch(), stopCamera()} */
export function wireMore({ beat, isBusy }) {
  const data = page.dataset;
  // What was said while there was no connection is heard by asking.
  watch({ url: data.live, onSettings: beat, onEvents: beat, onState: (state) => state === "live" && beat() });
  if (!entry) return { cancelSearch() {}, stopCamera() {} };
  prepare(data.sounds);
  soundWith(play);
  watchIdle(() => form.childElementCount > 0, () => isBusy() || overlay.childElementCount || reset());
  const stopCamera = offerCamera(part("camera"), {
    panel: part("camera-panel"),
    video: part("camera-video"),
    stop: part("camera-stop"),
    problems: document.querySelectorAll("[data-camera-problem]"),
    onCode(text) {
      field.value = text;
      entry.requestSubmit();
    },
  });
  const cancelSearch = searchWhileTyping(field, data.search, showHits);
  // What was typed while this was on its way is searched now, unless it has its answer.
  if (field.value && !hits.childElementCount && !form.childElementCount && !page.inert) field.dispatchEvent(new Event("input"));
  return { cancelSearch, stopCamera };
}
