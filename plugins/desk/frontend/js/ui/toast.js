// Messages in the corner, and words for screen readers alone.
import { $, on, send } from "../dom.js";
import { t } from "../words.js";

const PATHS = {
  ok: "m5 12 5 5L20 7",
  bad: "M12 9v4m0 3v.01M5 19h14a2 2 0 0 0 1.8-2.8L13.7 4a2 2 0 0 0-3.5 0L3.1 16.2A2 2 0 0 0 5 19",
  x: "M18 6 6 18M6 6l12 12",
};
const MOST = 3;

const icon = (name) =>
  `<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="${PATHS[name]}"/></svg>`;

/**
 * Show a message. `undo` is the address that takes back what was done; `kind` is "ok" or "bad".
 * It goes after a while, but not under the pointer or with the focus in it.
 */
export function toast({ text, undo, kind = "ok", ms = kind === "bad" ? 9000 : 6000 }) {
  const box = $(kind === "bad" ? "#toasts-alert" : "#toasts");
  const message = document.createElement("div");
  message.className = `toast ${kind}`;
  message.innerHTML = `${icon(kind === "bad" ? "bad" : "ok")}<span></span>
    <button type="button" data-undo hidden></button>
    <button type="button" data-dismiss>${icon("x")}</button>`;
  $("span", message).textContent = text;
  $("[data-dismiss]", message).ariaLabel = t("dismiss");
  if (undo) offerUndo($("[data-undo]", message), text, undo);
  // Anew each time: a dialog that was opened since would lie over it.
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
  box.append(message);
  while (box.children.length > MOST) box.firstElementChild.remove();
  leaveAfter(message, ms);
}

function offerUndo(button, text, address) {
  button.hidden = false;
  button.textContent = `${t("undo")} `;
  const what = document.createElement("span");
  what.className = "sr";
  what.textContent = text;
  button.append(what);
  button.addEventListener("click", () => takeBack(address));
}

// What the page before has done: it stands in this one, for browsers without scripts.
const told = $("form[data-said]");
if (told) {
  toast({ text: told.dataset.said, undo: told.dataset.undo });
  told.remove();
}

// What was taken back is drawn anew, wherever on the page it stands.
document.addEventListener("ui:undone", () => location.reload());

async function takeBack(address) {
  try {
    await send(address, {});
    // The page that is drawn anew says it.
    document.dispatchEvent(new CustomEvent("ui:undone"));
  } catch (error) {
    if (error.status === 409) ask(address);
    else toast({ text: error.message, kind: "bad" });
  }
}

/** Let the server show on a page what is in the way, and what can be taken back all the same. */
function ask(address) {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: address, hidden: true });
  document.body.append(form);
  form.submit();
}

function leaveAfter(message, ms) {
  let timer;
  const stay = () => clearTimeout(timer);
  const go = () => {
    stay();
    timer = setTimeout(() => message.remove(), ms);
  };
  message.addEventListener("pointerenter", stay);
  message.addEventListener("focusin", stay);
  message.addEventListener("pointerleave", go);
  message.addEventListener("focusout", go);
  go();
}

on("click", ".toast button", (button) => button.closest(".toast").remove());

/** Say something to screen readers alone. */
export function say(text) {
  const region = $("#live");
  region.textContent = "";
  // A region that gets the same text again says nothing, unless it was empty for a moment.
  requestAnimationFrame(() => {
    region.textContent = text;
  });
}

// The server's messages: HX-Trigger: {"ui:toast": {"text": "Saved", "undo": "/changes/7/undo"}}
document.addEventListener("ui:toast", (event) => toast(event.detail));
