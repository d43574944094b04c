// Keys: data-key="c" or data-key="g p" on whatever is to be clicked or, if it is a field, entered.
// Never while somebody types or a dialog is open; <html data-keys="off"> switches them off, as
// WCAG 2.1.4 wants.
import { $, isTyping, keysAreOn } from "../dom.js";

const CHORD = "g";
const CHORD_MS = 900;
let begun = "";
let timer;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!keysAreOn() || isTyping(event)) return;
  if (event.target.closest("[role=menu]") || $("dialog[open]")) return;
  const element = withKey(begun + event.key) ?? withKey(event.key);
  clearTimeout(timer);
  if (element) {
    event.preventDefault();
    begun = "";
    element.focus({ preventScroll: true });
    element.click();
    return;
  }
  begun = event.key === CHORD ? `${CHORD} ` : "";
  timer = setTimeout(() => {
    begun = "";
  }, CHORD_MS);
});

const withKey = (key) => $(`[data-key="${CSS.escape(key)}"]`);
