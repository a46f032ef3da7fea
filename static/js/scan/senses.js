/* What is felt beside what is heard: vibration where a device has it, and a screen that stays awake. */

/* Milliseconds on and off, told apart by rhythm like the tones. */
const RHYTHMS = {
  tick: [15],
  pass: [45],
  again: [60, 70, 60],
  stop: [220, 80, 220],
  unknown: [70, 60, 70, 60, 70],
};

/* A browser lets a page shake the device only after the first touch, and complains if asked before. */
export function feel(name) {
  if (!("vibrate" in navigator) || navigator.userActivation?.hasBeenActive === false) return;
  navigator.vibrate(RHYTHMS[name] ?? RHYTHMS.tick);
}

/* The first touch anywhere wakes the sound. Later, not at once: to open it takes longer than a scanner
   leaves between two keys. The button wakes it by itself. */
export function wakeOnTouch(tones, button) {
  for (const kind of ["pointerdown", "keydown"]) {
    const wake = (event) => {
      if (!button.contains(event.target)) setTimeout(() => tones.wake(), 300);
    };
    document.addEventListener(kind, wake, { once: true, capture: true });
  }
}

let awake = null;

async function ask() {
  if (document.visibilityState !== "visible" || !("wakeLock" in navigator) || (awake && !awake.released)) return;
  try {
    awake = await navigator.wakeLock.request("screen");
  } catch {
    /* a browser that lets the screen sleep is none of our business */
  }
}

export function stayAwake() {
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("pointerdown", ask);
  ask();
}
