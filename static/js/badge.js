/* A form that asks for a badge takes the next scan, wherever the cursor is, and is sent with it. */

const field = document.querySelector("#field-second, #field-badge");

document.addEventListener("hangtag:scan", (event) => {
  if (!field) return;
  event.preventDefault();
  field.value = event.detail.text;
  field.form.requestSubmit();
});

field?.focus();
