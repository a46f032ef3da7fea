/* Scanners that type like a keyboard, on every page and whatever has the focus.

   A person leaves 60 ms and more between keys, a scanner a few. Characters that follow one another
   within 35 ms and end with Enter or Tab are a scan. The first key of a scan cannot be known from
   a person's, so it may land in a field: when the second one comes too fast, the field gets its old
   value back and everything after is swallowed. A scan is never left in a text field.

   AIM prefixes (]C1, ]d2 …) and what a scanner sends for the group separator are kept as they come:
   the server knows what they mean. A page may take the scan itself:

       document.addEventListener("hangtag:scan", (event) => { event.preventDefault(); … event.detail.text })
*/

const GAP_MS = 35;
const LEAST = 4;
const MOST = 4096;
const GS = "\u001d";

let text = "";
let last = 0;
let sure = false;
let field = null;
let before = null;

function forget() {
  text = "";
  sure = false;
  field = null;
  before = null;
}

/* Scanners send the group separator as the control character itself, as F8, or as Ctrl + ]. */
function character(event) {
  if (event.key === "F8" || (event.ctrlKey && event.key === "]")) return GS;
  if (event.ctrlKey || event.metaKey) return null;
  return event.key.length === 1 ? event.key : null;
}

function remember(target) {
  const takes = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
  field = takes && !target.readOnly && target.type !== "checkbox" ? target : null;
  before = field ? { value: field.value, start: field.selectionStart, end: field.selectionEnd } : null;
}

function restore() {
  if (!field || !before) return;
  field.value = before.value;
  try {
    field.setSelectionRange(before.start, before.end);
  } catch {
    /* number and e-mail fields have no selection */
  }
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function swallow(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}

window.addEventListener(
  "keydown",
  (event) => {
    if (event.repeat || event.isComposing || event.key === "Shift" || event.key === "AltGraph" || event.key === "Alt" || event.key === "Control") return;
    const at = event.timeStamp;
    const near = at - last <= GAP_MS;
    const ends = event.key === "Enter" || event.key === "Tab";
    if (ends) {
      if (sure && near && text.length >= LEAST) {
        swallow(event);
        deliver(text);
      }
      forget();
      return;
    }
    const one = character(event);
    if (one === null) {
      forget();
      return;
    }
    if (!near || !text) {
      forget();
      remember(event.target);
      text = one;
    } else if (text.length < MOST) {
      /* "/" moves the focus into the scan field: the second character may land where the first did not. */
      if (!sure && !field) remember(event.target);
      text += one;
      /* Two quick keys may be a person rolling two fingers; three are not. */
      if (text.length >= 3 && !sure) {
        sure = true;
        restore();
      }
    }
    last = at;
    if (sure) swallow(event);
  },
  true,
);

function deliver(scan) {
  const news = new CustomEvent("hangtag:scan", { cancelable: true, detail: { text: scan } });
  if (!document.dispatchEvent(news)) return;
  const find = document.body.dataset.findUrl;
  if (find) location.assign(`${find}?code=${encodeURIComponent(scan)}`);
}
