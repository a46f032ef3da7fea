/* The pages Safe: what a person at a new PC must not have to wait for or know. */

const LOOK_MS = 700;

/* After a restore the server opens its files anew, and does not answer meanwhile. Until another record
   answers, the link waits: nobody should meet a page of the browser that says there is nothing. */
const link = document.querySelector("[data-opens]");

async function isOpen() {
  try {
    const answer = await fetch("/api/covered", { headers: { Accept: "application/json" } });
    return !answer.ok || (await answer.json()).record !== link.dataset.opens;
  } catch {
    return false;
  }
}

let isWanted = false;

function wish(event) {
  event.preventDefault();
  isWanted = true;
}

async function unlock() {
  if (!(await isOpen())) {
    setTimeout(unlock, LOOK_MS);
    return;
  }
  link.removeEventListener("click", wish);
  link.removeAttribute("aria-disabled");
  if (isWanted) location.assign(link.href);
}

if (link) {
  link.setAttribute("aria-disabled", "true");
  link.addEventListener("click", wish);
  unlock();
}

/* A file that was chosen or typed is meant, and no longer what was found. */
const other = document.querySelector(".other-file");
other?.addEventListener("input", () => {
  for (const one of document.querySelectorAll('[name="file"]')) one.checked = false;
});
document.addEventListener("change", (event) => {
  if (event.target.name !== "file" || !other) return;
  for (const one of other.querySelectorAll("input")) one.value = "";
});
