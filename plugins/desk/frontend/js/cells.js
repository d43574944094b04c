// Editing in place. <button class="cell" data-edit="URL" data-col="FIELD" data-v="VALUE"> is a cell.
// Its editor is a copy of <template id="ed-FIELD">, a form.ef, and is there at once, so that no
// keystroke is lost; without a template the server sends one from URL/edit. Saving is a PATCH of
// URL, which answers with the cell, or with 422 and the editor with its message. Escape puts the
// cell back; Enter and leaving save; after Enter and Escape the focus is on the cell again.
import htmx from "htmx.org";
import { $, on } from "./dom.js";

const CONTROL = ".input, .select, .textarea";

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
  htmx.ajax("GET", `${cell.dataset.edit}/edit`, where).then(done, done);
}

function openEditor(cell, host, template) {
  const editor = template.content.firstElementChild.cloneNode(true);
  const control = $(CONTROL, editor);
  host.id ||= `cell${cell.dataset.edit.replaceAll("/", "-")}`;
  editor.setAttribute("hx-patch", cell.dataset.edit);
  editor.setAttribute("hx-target", `#${CSS.escape(host.id)}`);
  host.replaceChildren(editor);
  control.value = cell.dataset.v;
  htmx.process(editor);
  enter(control);
}

function enter(control) {
  control.focus();
  control.select?.();
}

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
  const control = $(`:scope > .ef :is(${CONTROL})`, host);
  if (control) {
    enter(control);
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
  } else if (event.key === "Enter" && !event.isComposing && !event.target.matches("textarea")) {
    event.preventDefault();
    editor.parentElement.dataset.refocus = "";
    editor.requestSubmit();
  }
});

// While it is being sent, leaving must not send it again.
on("submit", ".ef", (editor) => editor.toggleAttribute("data-done", true), true);

on("focusout", ".ef", (editor, event) => {
  if (editor.dataset.done !== undefined || editor.contains(event.relatedTarget)) return;
  const isSame = $(CONTROL, editor).value === editor.parentElement.dataset.v;
  if (isSame) close(editor);
  else editor.requestSubmit();
});

on("change", ".ef select", (control) => control.form.requestSubmit());
