// Menus and popovers: <button data-menu="ID"> opens <div id="ID" popover role="menu" or "dialog">.
// `data-for` on the button is handed on to the popover: which record the menu is about.
import { $, all, around, on } from "../dom.js";

const GAP = 5;
const MARGIN = 8;

/** Put a popover below its button, or above it if there is no room. */
function place(popover, button) {
  const at = button.getBoundingClientRect();
  const size = popover.getBoundingClientRect();
  const isRtl = document.documentElement.dir === "rtl";
  const alignsRight = (popover.dataset.align === "end") !== isRtl;
  const x = alignsRight ? at.right - size.width : at.left;
  let y = at.bottom + GAP;
  if (y + size.height > innerHeight - MARGIN) y = Math.max(MARGIN, at.top - size.height - GAP);
  popover.style.left = `${Math.min(Math.max(MARGIN, x), innerWidth - size.width - MARGIN)}px`;
  popover.style.top = `${y}px`;
}

/** Put the popover that is open where it belongs, now that its content has another size. */
export function placeAgain() {
  const popover = $(".pop:popover-open");
  const button = popover && $(`[data-menu="${popover.id}"][aria-expanded=true]`);
  if (button) place(popover, button);
}

const itemsOf = (popover) =>
  all(".mi:not([disabled])", popover).filter((item) => item.checkVisibility());

/** Open a popover at a button, which gets the focus back when it closes. */
export function openMenu(popover, button) {
  popover.showPopover();
  place(popover, button);
  button.ariaExpanded = "true";
  popover.addEventListener("toggle", function closed(event) {
    if (event.newState !== "closed") return;
    popover.removeEventListener("toggle", closed);
    button.ariaExpanded = "false";
    const focused = document.activeElement;
    if (popover.contains(focused) || focused === document.body) {
      button.focus({ preventScroll: true });
    }
  });
  const first = $("[autofocus]", popover) ?? itemsOf(popover)[0] ?? popover;
  first.focus({ preventScroll: true });
}

on("click", "[data-menu]", (button, event) => {
  event.preventDefault();
  const popover = document.getElementById(button.dataset.menu);
  if (popover.matches(":popover-open")) {
    popover.hidePopover();
    return;
  }
  if (button.dataset.for) popover.dataset.for = button.dataset.for;
  openMenu(popover, button);
});

on("click", "[role=menu] .mi:not([data-keep])", (item) => item.closest("[popover]").hidePopover());

on("keydown", "[popover][role=menu]", (popover, event) => {
  const items = itemsOf(popover);
  const at = items.indexOf(document.activeElement);
  const ends = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 };
  if (event.key in ends) {
    event.preventDefault();
    around(items, ends[event.key])?.focus();
  } else if (/^\S$/.test(event.key)) {
    beginningWith(event.key.toLowerCase(), items, at)?.focus();
  }
});

function beginningWith(letter, items, at) {
  const begins = (item) => item.textContent.trim().toLowerCase().startsWith(letter);
  return items.slice(at + 1).find(begins) ?? items.find(begins);
}
