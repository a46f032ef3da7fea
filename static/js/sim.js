/* The bench looks again by itself: when a gate speaks, when something is recorded, and every second
   while something is still to come. One request at a time; a list that somebody has open stays. */

const PAUSE_MS = 300;
const PENDING_MS = 1000;

let timer = null;
let busy = false;
let again = false;

const touched = (part) =>
  (document.activeElement?.tagName === "SELECT" && part.contains(document.activeElement)) ||
  part.querySelector(":active") !== null;

function lookSoon(wait = PAUSE_MS) {
  if (timer !== null) return;
  timer = setTimeout(look, wait);
}

async function look() {
  timer = null;
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const answer = await fetch(location.pathname, { headers: { "X-Hangtag-Refresh": "1" } });
    if (answer.ok) take(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    /* the server is away for a moment: the next event asks again */
  }
  busy = false;
  if (again || document.querySelector("[data-pending]")) lookSoon(again ? PAUSE_MS : PENDING_MS);
  again = false;
}

function take(page) {
  for (const part of document.querySelectorAll("[data-watch][id]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.outerHTML === part.outerHTML || touched(part)) continue;
    for (const list of part.querySelectorAll("select")) {
      const choice = fresh.querySelector(`[name="${list.name}"] option[value="${CSS.escape(list.value)}"]`);
      if (choice) choice.selected = true;
    }
    const hadFocus = part.contains(document.activeElement);
    part.replaceWith(fresh);
    if (hadFocus) fresh.querySelector("button, a")?.focus({ preventScroll: true });
    window.htmx?.process(fresh);
  }
}

document.addEventListener("hangtag:gate", () => lookSoon());
document.addEventListener("hangtag:event", () => lookSoon());
document.addEventListener("htmx:afterSettle", () => lookSoon());
if (document.querySelector("[data-pending]")) lookSoon(PENDING_MS);
