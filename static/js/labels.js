/* Labels: opens the print dialog, says whether the test page was read right, and puts a scanned
   ticket into its field. Without this file the browser's own menu prints, and codes are typed. */

const button = document.querySelector("[data-print]");
if (button) {
  button.hidden = false;
  document.querySelector("[data-by-menu]")?.remove();
  button.addEventListener("click", () => window.print());
}

/* Once, when somebody pressed "print" on the page before: a page that is opened again stays quiet. */
if (location.hash === "#print") {
  history.replaceState(history.state, "", location.pathname + location.search);
  const ready = document.fonts?.ready ?? Promise.resolve();
  ready.then(() => requestAnimationFrame(() => window.print()));
}

const test = document.getElementById("read-back");
const first = document.querySelector("#again input[name=first]");

/* Whoever says which is the last one means as far as that one. */
document.getElementById("last")?.addEventListener("input", (event) => {
  const range = event.target.form.querySelector("input[name=reach][value=range]");
  if (event.target.value) range.checked = true;
});

document.addEventListener("hangtag:scan", (event) => {
  const text = event.detail.text;
  if (test) {
    event.preventDefault();
    const isRight = text.replace(/^\][A-Za-z]\d/, "") === test.dataset.expects;
    test.querySelector("input[name=read]").value = text;
    test.querySelector("[data-right]").hidden = !isRight;
    test.querySelector("[data-wrong]").hidden = isRight;
  } else if (first) {
    event.preventDefault();
    const last = document.getElementById("last");
    const isRange = document.querySelector("#again input[value=range]").checked;
    const field = isRange && first.value ? last : first;
    field.value = text;
    field.focus();
  }
});
