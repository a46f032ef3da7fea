/* The first page knows the time zone better than the PC's settings do: the browser says it. */

const zone = document.querySelector("input[data-zone]");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && here && [...document.querySelectorAll("#zones option")].some((one) => one.value === here)) zone.value = here;

/* A change of language shows the same questions in it at once; what was typed stays in the form. */
const language = document.querySelector("#field-language");
language?.addEventListener("change", () => {
  const kept = {};
  for (const [name, value] of new FormData(language.form)) if (name === "name" || name === "people") kept[name] = value;
  sessionStorage.setItem("hangtag.start", JSON.stringify(kept));
  const target = new URL(location.href);
  target.searchParams.set("lang", language.value);
  location.assign(target);
});
const kept = JSON.parse(sessionStorage.getItem("hangtag.start") || "null");
if (kept) {
  sessionStorage.removeItem("hangtag.start");
  for (const [name, value] of Object.entries(kept)) {
    const field = document.querySelector(`#field-${name}`);
    if (field && !field.value) field.value = value;
  }
}
