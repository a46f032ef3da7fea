/* The page of a code: a scan explains itself whatever has the focus, and copies leave by a button.
   Without this file the field, its button and the selectable texts do the same. */

const GS = /\u001d/g;
const ask = document.getElementById("code-ask");
const field = document.getElementById("field-code");
const next = document.querySelector("[data-next]");

if (ask && field) {
  next.closest("label").hidden = !field.value.trim();
  document.addEventListener("hangtag:scan", (event) => {
    event.preventDefault();
    const first = field.value.split("\n").find((line) => line.trim());
    const scan = event.detail.text.replace(GS, "<GS>");
    field.value = next.checked && first ? `${first}\n${scan}` : scan;
    ask.requestSubmit();
  });
  /* Enter sends, as in a field of one line; with Shift it begins the second code. */
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      ask.requestSubmit();
    }
  });
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.includes("\u001d")) {
      event.preventDefault();
      field.setRangeText(text.replace(GS, "<GS>"), field.selectionStart, field.selectionEnd, "end");
    }
  });
}

for (const button of document.querySelectorAll("[data-copy-text]")) {
  const text = document.getElementById(button.dataset.copyText);
  if (!text) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.querySelector("span").textContent = button.dataset.done;
    } catch {
      getSelection().selectAllChildren(text);
    }
  });
}
