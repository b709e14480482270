// Reading a pass by camera. Nothing is loaded before somebody asks for it.

const EVERY = 150;
const LONGEST = 30_000;

/** Wires `button`; each code read is handed to `onCode(text)`, and the camera stops. */
export function offerCamera(button, { panel, video, problems, stop, onCode }) {
  let stream = null;
  button.hidden = false;
  button.addEventListener("click", () => read().catch((problem) => explain(problem)));
  stop.addEventListener("click", end);

  function explain(problem) {
    end();
    const kind = problem.name === "NotAllowedError" ? "denied" : "missing";
    for (const each of problems) each.hidden = each.dataset.cameraProblem !== kind;
  }

  function end() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    video.srcObject = null;
    panel.hidden = true;
    button.hidden = false;
  }

  async function read() {
    for (const each of problems) each.hidden = true;
    if (!navigator.mediaDevices) throw new DOMException("needs https", "NotFoundError");
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    const { createReader } = await import("./barcode.js");
    if (!stream) return;
    button.hidden = true;
    panel.hidden = false;
    video.srcObject = stream;
    await video.play();
    await look(createReader(), stream);
  }

  async function look(detector, own) {
    const until = Date.now() + LONGEST;
    while (stream === own && Date.now() < until) {
      const [code] = await detector.detect(video).catch(() => []);
      if (code?.rawValue && stream === own) {
        end();
        onCode(code.rawValue);
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
    if (stream === own) end();
  }

  return () => {
    end();
    for (const each of problems) each.hidden = true;
  };
}
