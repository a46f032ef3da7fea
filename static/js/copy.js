/* A button that copies the words of a field. Where the browser forbids it, the words are selected,
   so that the person's own copy key takes them. Without this file the button is not there. */

for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  if (!field) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.querySelector("span").textContent = button.dataset.done;
    } catch {
      field.focus();
    }
  });
}
