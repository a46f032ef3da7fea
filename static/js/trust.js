// Asks whether this phone trusts the house, and goes on as soon as it does.
// The key of a device stands behind the # of the address: it is sent over the safe door only,
// or over the plain one once somebody has chosen to go on without camera.

const page = document.querySelector(".trust");
const safe = page.dataset.safe;
const key = /^#(htg_device_[a-z2-7]{39})$/.exec(location.hash)?.[1] ?? "";
const one = (name) => page.querySelector(`[data-${name}]`);
const way = key ? `${safe}/k/${key}` : `${safe}/scan`;

async function trusts() {
  try {
    // An answer that may not be read is answer enough: the line was made.
    await fetch(`${safe}/trust/here`, { mode: "no-cors", cache: "no-store", credentials: "omit" });
    return true;
  } catch {
    return false;
  }
}

function trusted() {
  one("state").hidden = false;
  one("steps").hidden = true;
  one("onward").href = way;
  if (key) location.replace(way);
}

async function ask(wasAsked) {
  one("not-yet").hidden = true;
  if (await trusts()) trusted();
  else if (wasAsked) one("not-yet").hidden = false;
}

one("no-script").hidden = true;
one("try").hidden = false;
one("try").addEventListener("click", () => ask(true));
if (key) {
  one("plain").hidden = false;
  one("plain").href = `/k/${key}`;
  one("no-key").hidden = true;
}
// Whoever comes back from the settings need not press anything.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) ask(false);
});
ask(false);
