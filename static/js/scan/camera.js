/* The camera as a scanner. The browser's own detector where it knows our codes, else a reader that
   came with these pages and works in a thread of its own. A code that stays in view counts once. */

const HELD_MS = 2000;
const PAUSE_MS = 90;
const WIDTH_MAX = 1280;
/* The part of the picture that counts, as shares of its width and height: what is drawn as a frame. */
const FRAME = { x: 0.8, y: 0.7 };
const NATIVE = ["qr_code", "code_128"];
const FORMATS = ["qr_code", "code_128", "ean_13", "ean_8", "upc_a", "data_matrix", "code_39", "itf"];

async function nativeDetector() {
  if (!("BarcodeDetector" in window)) return null;
  try {
    const known = await window.BarcodeDetector.getSupportedFormats();
    if (!NATIVE.every((one) => known.includes(one))) return null;
    const detector = new window.BarcodeDetector({ formats: FORMATS.filter((one) => known.includes(one)) });
    return {
      read: async (video) => {
        const scale = [video.videoWidth, video.videoHeight];
        return (await detector.detect(video)).map(({ rawValue, boundingBox: box }) => ({
          text: rawValue,
          x: (box.x + box.width / 2) / scale[0],
          y: (box.y + box.height / 2) / scale[1],
        }));
      },
      end: () => {},
    };
  } catch {
    return null;
  }
}

/* The reader in its thread: one picture goes, one answer comes. */
function ownDetector({ thread, reader, wasm }) {
  const worker = new Worker(thread);
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });
  let answer = null;
  worker.onmessage = (event) => answer?.done(event.data.found);
  worker.onerror = (event) => answer?.fail(new Error(event.message || "reader"));
  worker.postMessage({ reader, wasm });
  return {
    read: (video) => {
      const share = Math.min(1, WIDTH_MAX / video.videoWidth);
      canvas.width = Math.round(video.videoWidth * share);
      canvas.height = Math.round(video.videoHeight * share);
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
      return new Promise((done, fail) => {
        answer = { done, fail };
        worker.postMessage({ pixels: data.buffer, width, height }, [data.buffer]);
      });
    },
    end: () => worker.terminate(),
  };
}

/* Of several codes in view the one nearest to the middle: a sheet of tickets is not one scan of all. */
export function chosen(found) {
  const inside = found.filter(({ x, y }) => Math.abs(x - 0.5) <= FRAME.x / 2 && Math.abs(y - 0.5) <= FRAME.y / 2);
  const away = ({ x, y }) => (x - 0.5) ** 2 + (y - 0.5) ** 2;
  return inside.sort((one, other) => away(one) - away(other))[0] ?? null;
}

export class Camera {
  #place;
  #files;
  #heard;
  #trouble;
  #stream = null;
  #detector = null;
  #seen = new Map();
  #run = 0;

  /* heard(text) takes a code; trouble(name) says why there is no picture. */
  constructor(place, files, heard, trouble) {
    this.#place = place;
    this.#files = files;
    this.#heard = heard;
    this.#trouble = trouble;
    this.#torch().addEventListener("click", () => this.#light());
    document.addEventListener("visibilitychange", () => {
      if (this.isOpen) this.#begin(!document.hidden);
    });
  }

  get isOpen() {
    return !this.#place.hidden;
  }

  #torch() {
    return this.#place.querySelector("[data-torch]");
  }

  async open() {
    if (!navigator.mediaDevices?.getUserMedia) {
      this.#trouble(window.isSecureContext ? "no camera" : "no camera http");
      return false;
    }
    this.#place.hidden = false;
    await this.#begin(true);
    return this.isOpen;
  }

  close() {
    this.#place.hidden = true;
    this.#begin(false);
  }

  async #begin(isWanted) {
    this.#run += 1;
    const run = this.#run;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#detector?.end();
    this.#detector = null;
    if (!isWanted) return;
    try {
      const video = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (run !== this.#run) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      this.#stream = stream;
      const screen = this.#place.querySelector("video");
      screen.srcObject = stream;
      await screen.play();
      const [track] = stream.getVideoTracks();
      this.#torch().hidden = !track.getCapabilities?.().torch;
      this.#detector = (await nativeDetector()) ?? ownDetector(this.#files);
      this.#look(run, screen);
    } catch (error) {
      if (run !== this.#run) return;
      this.close();
      this.#trouble({ NotAllowedError: "camera refused", NotReadableError: "camera taken" }[error.name] ?? "no camera");
    }
  }

  async #look(run, screen) {
    while (run === this.#run) {
      if (screen.readyState >= 2 && screen.videoWidth) {
        try {
          const found = await this.#detector.read(screen);
          if (run === this.#run) this.#take(chosen(found));
        } catch {
          if (run === this.#run) this.#place.dataset.trouble = "reader";
        }
      }
      await new Promise((go) => setTimeout(go, PAUSE_MS));
    }
  }

  #take(code) {
    const now = performance.now();
    for (const [text, at] of this.#seen) if (now - at > HELD_MS) this.#seen.delete(text);
    if (!code?.text) return;
    const isNew = !this.#seen.has(code.text);
    this.#seen.set(code.text, now);
    if (isNew) this.#heard(code.text);
  }

  async #light() {
    const [track] = this.#stream?.getVideoTracks() ?? [];
    const button = this.#torch();
    const isOn = button.getAttribute("aria-pressed") !== "true";
    await track?.applyConstraints({ advanced: [{ torch: isOn }] }).catch(() => {});
    button.setAttribute("aria-pressed", String(isOn));
  }
}
