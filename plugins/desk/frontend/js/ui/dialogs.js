// Dialogs: <button data-dialog="ID"> opens, [data-close] closes, so does a click beside it.
// dialog.drawer, dialog.confirm and dialog.asking open when a fragment lands in them; the form of
// one that asks closes it, unless there is more to ask (409). hx-confirm, and data-ask on a form,
// ask in a dialog of ours.
import htmx from "htmx.org";
import { $, on } from "../dom.js";
import { t } from "../words.js";

on("click", "[data-dialog]", (button, event) => {
  event.preventDefault();
  const dialog = document.getElementById(button.dataset.dialog);
  dialog.showModal();
  dialog.dispatchEvent(new CustomEvent("ui:open"));
});

on("click", "[data-close]", (button, event) => {
  const dialog = button.closest("dialog");
  if (!dialog) return; // a page of its own: the link leads away
  event.preventDefault();
  dialog.close();
});

on("click", "dialog", (dialog, event) => {
  if (event.target !== dialog) return;
  const box = dialog.getBoundingClientRect();
  const isInside =
    event.clientX >= box.left &&
    event.clientX <= box.right &&
    event.clientY >= box.top &&
    event.clientY <= box.bottom;
  // Enter in a form is a click without a place.
  if (!isInside && event.detail) dialog.close();
});

document.addEventListener("htmx:after:swap", (event) => {
  const target = event.detail.ctx?.target;
  // The server may name it: then it is a selector.
  const dialog = typeof target === "string" ? $(target) : target;
  if (!dialog?.matches?.("dialog.drawer, dialog.confirm, dialog.asking") || dialog.open) return;
  dialog.showModal();
  $("[autofocus]", dialog)?.focus();
});

document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (response.status !== 409) sourceElement.closest?.("dialog.asking")?.close();
});

// On phones the sidebar lies over the page: <button data-toggle="#side">.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-toggle]");
  if (!button) {
    if (!event.target.closest(".side")) $(".side.open")?.classList.remove("open");
    return;
  }
  const panel = $(button.dataset.toggle);
  const isOpen = panel.classList.toggle("open");
  button.ariaExpanded = String(isOpen);
  if (isOpen) $("a, button", panel)?.focus();
});

/** Fetch a short form into a dialog of its own and return that; it is gone once it is closed. */
export function openForm(address, label) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm short-d";
  dialog.setAttribute("aria-label", label);
  dialog.innerHTML = "<div></div>";
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  const where = { source: dialog, target: dialog.firstElementChild, swap: "outerHTML" };
  htmx.ajax("GET", address, where);
  dialog.addEventListener("htmx:after:swap", () => {
    if (!dialog.open) dialog.showModal();
    ($("[aria-invalid=true]", dialog) ?? $(".input, .select, .textarea", dialog))?.focus();
  });
  return dialog;
}

/**
 * Ask whether to go on; return a promise of the answer. `verb` is what the button says: what
 * will be done, not "OK". The focus is on Cancel.
 */
export function ask(text, verb = t("confirm")) {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm";
  dialog.innerHTML = `<form method="dialog"><p id="confirm-text"></p><footer>
    <button class="btn" value="" autofocus></button>
    <button class="btn btn-danger" value="yes"></button></footer></form>`;
  dialog.setAttribute("aria-labelledby", "confirm-text");
  $("p", dialog).textContent = text;
  $("[value='']", dialog).textContent = t("cancel");
  $("[value=yes]", dialog).textContent = verb;
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}

document.addEventListener("htmx:confirm", async (event) => {
  const { ctx, issueRequest, dropRequest } = event.detail;
  event.preventDefault();
  const isSure = await ask(ctx.confirm, ctx.sourceElement.dataset.verb);
  if (isSure) issueRequest();
  else dropRequest();
});

on("submit", "form[data-ask]", async (form, event) => {
  event.preventDefault();
  if (await ask(form.dataset.ask, form.dataset.verb)) form.submit();
});
