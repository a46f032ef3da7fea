/* The board hears what gates say of themselves, which is no entry of the ledger: when one of them
   changes, its strip and the list of what needs somebody are fetched anew, at most once a second. */

const shown = new Map();
let waiting = null;

const free = (part) => !part.matches(":hover, :focus-within");

async function refresh() {
  waiting = null;
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { "X-Hangtag-Refresh": "1" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of ["gates", "needs", "answers"]) {
      const part = document.getElementById(id);
      const fresh = page.getElementById(id);
      if (part && fresh && free(part) && part.outerHTML !== fresh.outerHTML) {
        part.replaceWith(fresh);
        window.htmx?.process(fresh);
      }
    }
  } catch {
    /* the next word of a gate asks again */
  }
}

document.addEventListener("hangtag:gate", (event) => {
  const gate = event.detail;
  const words = JSON.stringify([gate.state, gate.reader, gate.count, gate.expected, gate.waiting]);
  if (shown.get(gate.station) === words) return;
  shown.set(gate.station, words);
  waiting ??= setTimeout(refresh, 1000);
});
