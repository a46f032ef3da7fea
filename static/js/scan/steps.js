/* A scan before the step is chosen: it must not wander off to another page, nor be taken for one
   that counts. The sentence says what to do. */

const notice = document.querySelector("[data-first]");

document.addEventListener("hangtag:scan", (event) => {
  event.preventDefault();
  if (!notice) return;
  notice.querySelector("[data-first-code]").textContent = event.detail.text.slice(0, 40);
  notice.hidden = false;
  notice.scrollIntoView({ block: "nearest" });
});
