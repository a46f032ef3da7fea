/* The tones of a gate. Each state has its own, told apart by rhythm and not by pitch alone, made here
   by oscillators: nothing is loaded. A browser lets a page sound only after the first touch. */

const QUIET_KEY = "hangtag-quiet";
const LEVEL = 0.28;
const TICKS_PER_S = 12;

/* Notes: start in seconds, frequency in hertz, length in seconds, waveform. */
const TUNES = {
  tick: [[0, 2100, 0.018, "square"]],
  pass: [[0, 660, 0.14, "sine"], [0.16, 990, 0.3, "sine"]],
  again: [[0, 560, 0.2, "triangle"], [0.32, 560, 0.2, "triangle"]],
  stop: [[0, 150, 0.26, "sawtooth"], [0.36, 150, 0.34, "sawtooth"]],
  unknown: [[0, 880, 0.1, "triangle"], [0.16, 620, 0.1, "triangle"], [0.32, 880, 0.16, "triangle"]],
  hold: [[0, 420, 0.7, "square", 840], [0.7, 840, 0.7, "square", 420], [1.4, 420, 0.7, "square", 840]],
  offline: [[0, 500, 0.16, "sine"], [0.2, 360, 0.34, "sine"]],
  down: [[0, 300, 0.12, "square"], [0.2, 230, 0.12, "square"], [0.4, 180, 0.3, "square"]],
};

/* How often a tune comes again while its state stays: stop until somebody has seen it, the others as
   a reminder. Milliseconds. */
const AGAIN_MS = { stop: 2600, hold: 6000, down: 60000 };

export class Tones {
  #context = null;
  #timer = null;
  #last = 0;
  #change;

  constructor(change) {
    this.#change = change;
    this.isQuiet = localStorage.getItem(QUIET_KEY) === "1";
  }

  /* locked: no touch yet; off: muted by a person; on. */
  get state() {
    if (this.isQuiet) return "off";
    return this.#context?.state === "running" ? "on" : "locked";
  }

  tell() {
    this.#change(this.state);
  }

  async wake() {
    if (!("AudioContext" in window)) return;
    this.#context ??= new AudioContext({ latencyHint: "interactive" });
    if (this.#context.state !== "running") await this.#context.resume().catch(() => {});
    this.tell();
  }

  toggle() {
    if (this.state === "locked") this.isQuiet = false;
    else this.isQuiet = !this.isQuiet;
    localStorage.setItem(QUIET_KEY, this.isQuiet ? "1" : "0");
    this.tell();
  }

  play(name) {
    if (this.isQuiet || this.#context?.state !== "running") return;
    const begin = this.#context.currentTime + 0.005;
    for (const [after, pitch, length, form, slide] of TUNES[name]) this.#note(begin + after, pitch, length, form, slide);
  }

  #note(at, pitch, length, form, slide) {
    const voice = this.#context.createOscillator();
    const gain = this.#context.createGain();
    voice.type = form;
    voice.frequency.setValueAtTime(pitch, at);
    if (slide) voice.frequency.linearRampToValueAtTime(slide, at + length);
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LEVEL, at + 0.008);
    gain.gain.setValueAtTime(LEVEL, at + Math.max(length - 0.02, 0.009));
    gain.gain.linearRampToValueAtTime(0, at + length);
    voice.connect(gain).connect(this.#context.destination);
    voice.start(at);
    voice.stop(at + length + 0.02);
  }

  /* A tick for a tag that was not there before, at most so many a second. */
  tick() {
    const now = performance.now();
    if (now - this.#last < 1000 / TICKS_PER_S) return;
    this.#last = now;
    this.play("tick");
  }

  /* A state has begun: its tune, and again while it stays. */
  begin(state) {
    this.hush();
    if (!(state in TUNES)) return;
    this.play(state);
    if (AGAIN_MS[state]) this.#timer = setInterval(() => this.play(state), AGAIN_MS[state]);
  }

  hush() {
    clearInterval(this.#timer);
    this.#timer = null;
  }
}
