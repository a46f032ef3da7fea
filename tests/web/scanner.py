"""A scanner that types: keys with times as close as a real one's, however busy the PC is.

A real key press bears the moment in which the device sent it. A made one bears the moment in which
the script came round to it, and a pause of the machine would tear a scan in two.
"""

from __future__ import annotations

from playwright.sync_api import Page

TYPES = """(keys) => {
  let at = performance.now();
  for (const key of keys) {
    const target = document.activeElement || document.body;
    const pressed = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
    Object.defineProperty(pressed, "timeStamp", { value: (at += 0.1) });
    const go = target.dispatchEvent(pressed);
    if (go && key.length === 1 && "value" in target) target.value += key;
  }
}"""


def type_keys(page: Page, keys: list[str]) -> None:
    """Press keys, one straight after another, wherever the cursor is."""
    page.evaluate(TYPES, keys)


def type_scan(page: Page, text: str, end: str = "Enter") -> None:
    """Type one scan with the key that ends it."""
    type_keys(page, [*text, end])
