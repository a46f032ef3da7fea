/* The page of the readers looks again by itself: often while something is being found out or read,
   now and then to notice what was plugged in. One request at a time; what a person is using stays. */

const PENDING_MS = 300;
const IDLE_MS = 2000;

let timer = null;
let busy = false;

const isTyping = (part) => {
  const here = document.activeElement;
  return part.contains(here) && here.matches("input:not([type=hidden]), details:not([data-stays]) > summary");
};
const isUsed = (part) => part.querySelector(":active, details[open]:not([data-stays])") !== null || isTyping(part);
const ids = (bench) => [...bench.querySelectorAll("[data-watch][id]")].map((part) => part.id).join(" ");

function lookSoon() {
  clearTimeout(timer);
  const isPending = document.querySelector("[data-bench] [data-pending]") !== null;
  timer = setTimeout(look, isPending ? PENDING_MS : IDLE_MS);
}

async function look() {
  if (busy || document.hidden) {
    lookSoon();
    return;
  }
  busy = true;
  try {
    const answer = await fetch(location.pathname, { headers: { "X-Hangtag-Refresh": "1" } });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    /* the server is away for a moment: the next look asks again */
  }
  busy = false;
  lookSoon();
}

function take(page) {
  const bench = document.querySelector("[data-bench]");
  const fresh = page.querySelector("[data-bench]");
  if (!bench || !fresh || document.querySelector(".htmx-request")) return;
  if (ids(bench) !== ids(fresh)) {
    /* Something was plugged in, pulled or placed elsewhere: the lists themselves change. */
    if (!isUsed(bench)) swap(bench, fresh);
    return;
  }
  for (const part of bench.querySelectorAll("[data-watch][id]")) {
    const newer = fresh.querySelector(`#${CSS.escape(part.id)}`);
    if (newer && newer.outerHTML !== part.outerHTML && !isUsed(part)) swap(part, newer);
  }
  const [head, newHead] = [document.querySelector("main h1"), page.querySelector("main h1")];
  if (head && newHead && head.textContent !== newHead.textContent) head.replaceWith(newHead);
}

/* Focus goes to the same button of the new part, so that a keyboard never loses its place. */
function swap(part, fresh) {
  const here = document.activeElement;
  /* What somebody has opened to look at stays open, whatever is plugged in meanwhile. */
  if (part.querySelector("details[data-stays][open]")) fresh.querySelector("details[data-stays]")?.setAttribute("open", "");
  const place = part.contains(here) ? [...part.querySelectorAll("button, a")].indexOf(here) : -1;
  part.replaceWith(fresh);
  window.htmx?.process(fresh);
  if (place >= 0) fresh.querySelectorAll("button, a")[place]?.focus({ preventScroll: true });
}

/* A form swaps the whole bench; a keyboard goes on in the row where it was. */
let row = "";
document.addEventListener("htmx:beforeRequest", (event) => {
  row = event.target.closest?.("[data-watch][id]")?.id ?? "";
});
document.addEventListener("htmx:afterSettle", () => {
  if (document.activeElement === document.body && row) {
    document.getElementById(row)?.querySelector("button:not(.unseen), a")?.focus({ preventScroll: true });
  }
  lookSoon();
});
document.addEventListener("hangtag:gate", () => document.querySelector(".at-work") && !timer && lookSoon());
document.addEventListener("visibilitychange", lookSoon);
lookSoon();
