/* Small helps on every page: the key for the scan field, what does not fit in the menu, shutting an
   answer, taking back. Every page works without this file. */

const typing = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName));

document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !typing(event.target)) {
    const field = document.getElementById("scan");
    if (field) {
      event.preventDefault();
      field.focus();
    }
  }
  if (event.key === "Escape") {
    document.querySelectorAll("[data-shut]").forEach(shut);
  }
});

/* The answer behind an eyelet closes in place; without this file its cross is a link. */
function shut(cross) {
  const slot = document.getElementById(cross.dataset.shut);
  if (!slot) return;
  slot.replaceChildren();
  const eyelet = document.querySelector(`[aria-controls="${slot.id}"]`);
  eyelet?.setAttribute("aria-expanded", "false");
  eyelet?.focus();
}

document.addEventListener("click", (event) => {
  const cross = event.target.closest?.("[data-shut]");
  if (cross) {
    event.preventDefault();
    shut(cross);
  }
});

document.addEventListener("htmx:afterSwap", (event) => {
  const slot = event.detail.target?.id ?? "";
  document.querySelector(`[aria-controls="${slot}"]`)?.setAttribute("aria-expanded", "true");
});

/* The menu's list wraps under its own edge; what wrapped is reached by "More". */
const nav = document.querySelector("[data-nav]");
if (nav) {
  const list = nav.querySelector("ul");
  const more = nav.querySelector(".more");
  const measure = () => {
    more.hidden = false;
    more.hidden = list.scrollHeight <= list.clientHeight + 1;
  };
  measure();
  new ResizeObserver(measure).observe(nav);
  document.fonts?.ready.then(measure);
}

/* A toast stays 8 s, and as long as somebody looks at it. */
for (const toast of document.querySelectorAll("[data-toast]:not(.inline)")) {
  let timer;
  const start = () => { timer = setTimeout(() => toast.remove(), 8000); };
  const pause = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", pause);
  toast.addEventListener("focusin", pause);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusout", start);
  start();
}

/* The gate's clock moves by itself; its zone is the page's own words, so only minutes are added. */
for (const clock of document.querySelectorAll("[data-clock]")) {
  const [hours, minutes] = clock.textContent.split(":").map(Number);
  if (Number.isNaN(hours) || Number.isNaN(minutes)) continue;
  const begin = Date.now() - new Date().getSeconds() * 1000;
  setInterval(() => {
    const now = hours * 60 + minutes + Math.floor((Date.now() - begin) / 60000);
    const two = (value) => String(value).padStart(2, "0");
    clock.textContent = `${two(Math.floor(now / 60) % 24)}:${two(now % 60)}`;
  }, 1000);
}

/* While nobody believes the server's clock, this one's may help: it does if it is another machine's. */
const asking = document.querySelector("[data-clock-url]");
if (asking) {
  const tell = async () => {
    const headers = { Accept: "application/json", "X-Hangtag-Clock": String(Date.now()) };
    const answer = await fetch(asking.dataset.clockUrl, { method: "POST", headers }).catch(() => null);
    const { believed } = answer?.ok ? await answer.json() : {};
    if (believed) asking.remove();
  };
  tell();
  setInterval(tell, 15000);
}
