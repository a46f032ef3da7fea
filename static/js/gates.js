/* The list of gates follows what the stations say, at most once a second, and never under a finger. */

const PLACE = "gates";
let waiting = null;

async function refresh() {
  waiting = null;
  const place = document.getElementById(PLACE);
  if (document.hidden || place.matches(":focus-within")) {
    soon();
    return;
  }
  try {
    const answer = await fetch(location.href, { headers: { "X-Hangtag-Refresh": "1" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById(PLACE);
    if (fresh && fresh.innerHTML !== place.innerHTML) place.replaceWith(fresh);
  } catch {
    /* the next word of a station asks again */
  }
}

function soon() {
  waiting ??= setTimeout(refresh, 1000);
}

document.addEventListener("hangtag:gate", soon);
