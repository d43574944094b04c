// Editing in place. <button class="cell" data-edit="URL" data-col="FIELD" data-v="VALUE"> is a cell.
// Its editor is a copy of <template id="ed-FIELD">, a form.ef, and is there at once, so that no
// keystroke is lost; without a template the server sends one from URL/edit. Saving is a PATCH of
// URL, which answers with the cell, or with 422 and the editor with its message. Escape puts the
// cell back; Enter and leaving save; after Enter and Escape the focus is on the cell again.
import htmx from "htmx.org";
import { $, on } from "./dom.js";

//: Where Enter begins a new line, or presses what it is on.
const OWN_ENTER = "textarea, [contenteditable], button";
const CONTROL = ":is(.input, .select, .textarea, .rich, .switch, .check):not([type=hidden], [hidden])";

on("click", ".cell[data-edit]", (cell) => {
  const host = cell.parentElement;
  host.dataset.was = host.innerHTML;
  host.dataset.v = cell.dataset.v;
  const template = document.getElementById(`ed-${cell.dataset.col}`);
  if (template) openEditor(cell, host, template);
  else fetchEditor(cell, host);
});

function fetchEditor(cell, host) {
  const where = { source: cell, target: host, swap: "innerHTML" };
  // Until it is there, what is typed is for the editor, and no shortcut.
  host.dataset.waiting = "";
  const done = () => delete host.dataset.waiting;
  const address = `${cell.dataset.edit}/edit?version=${cell.dataset.version}`;
  htmx.ajax("GET", address, where).then(done, done);
}

function openEditor(cell, host, template) {
  const editor = template.content.firstElementChild.cloneNode(true);
  const control = $(CONTROL, editor);
  host.id ||= `cell${cell.dataset.edit.replaceAll("/", "-")}`;
  editor.setAttribute("hx-patch", cell.dataset.edit);
  editor.setAttribute("hx-target", `#${CSS.escape(host.id)}`);
  editor.append(versionOf(cell));
  host.replaceChildren(editor);
  control.value = cell.dataset.v;
  editor.dataset.begun = held(editor);
  htmx.process(editor);
  enter(control);
}

/** What the value was drawn from: the server does not let it undo what somebody did since. */
function versionOf(cell) {
  const hidden = document.createElement("input");
  Object.assign(hidden, { type: "hidden", name: "version", value: cell.dataset.version });
  return hidden;
}

function enter(control) {
  control?.focus();
  control?.select?.();
}

/** Return what an editor would send, to tell whether somebody has changed it. */
const held = (editor) => new URLSearchParams(new FormData(editor)).toString();

function close(editor) {
  const host = editor.parentElement;
  editor.dataset.done = "";
  host.innerHTML = host.dataset.was;
  htmx.process(host);
  return $(".cell", host);
}

document.addEventListener("htmx:after:swap", (event) => {
  const host = event.detail.ctx?.target;
  if (!host?.isConnected) return;
  const editor = $(":scope > .ef", host);
  if (editor) {
    editor.dataset.begun = held(editor);
    enter($("[aria-invalid=true]", editor) ?? $(CONTROL, editor));
  } else if (host.dataset.refocus !== undefined) {
    delete host.dataset.refocus;
    $(".cell", host)?.focus();
  }
});

on("keydown", ".ef", (editor, event) => {
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopPropagation();
    close(editor)?.focus();
  } else if (event.key === "Enter" && !event.isComposing && !event.target.closest(OWN_ENTER)) {
    event.preventDefault();
    editor.parentElement.dataset.refocus = "";
    editor.requestSubmit();
  }
});

// While it is being sent, leaving must not send it again.
on("submit", ".ef", (editor) => editor.toggleAttribute("data-done", true), true);

on("click", ".ef [data-cancel]", (button) => close(button.closest(".ef"))?.focus());

on("focusout", ".ef", (editor, event) => {
  if (editor.dataset.done !== undefined || editor.contains(event.relatedTarget)) return;
  // A dialog that was opened from within, such as a short form, comes back to it.
  if (!editor.isConnected || event.relatedTarget?.closest("dialog:not(:has(.ef))")) return;
  const isWrong = $("[aria-invalid=true]", editor);
  if (held(editor) === editor.dataset.begun && !isWrong) close(editor);
  else editor.requestSubmit();
});

on("change", ".ef select", (control) => {
  if (!control.closest("ui-lookup, .members")) control.form.requestSubmit();
});
