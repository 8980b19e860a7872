// Buttons that copy an address. Without this script, or without a clipboard, the address itself is there to be copied.
"use strict";

document.querySelectorAll("button[data-copy]").forEach((button) => {
  const words = button.firstChild;
  const said = words.nodeValue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let done = button.dataset.copied;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // No clipboard on plain http: mark the address instead, so that one key copies it.
      window.getSelection().selectAllChildren(button.parentElement.querySelector("a"));
      done = button.dataset.marked;
    }
    words.nodeValue = done;
    setTimeout(() => { words.nodeValue = said; }, 2000);
  });
});
