// form.form: sent once at a time, kept as a draft while somebody types, shown again with what is
// wrong and the focus there, and left only on purpose. Without a script it is a form like any.
import htmx from "htmx.org";
import { $, all, on } from "./dom.js";
import { dropDraft, entriesOf, keepDraft, offerDraft, textOf } from "./drafts.js";
import { asking } from "./session.js";
import { ask } from "./ui/dialogs.js";
import { toast } from "./ui/toast.js";
import { t } from "./words.js";

const PAUSE_MS = 400;
const CONTROL = "input:not([type=hidden]), select, textarea, [contenteditable]";
//: What was in a form when it was drawn, and what goes on with it.
const states = new WeakMap();

function begin(root) {
  for (const form of all("form[data-draft]", root)) {
    if (states.has(form)) continue;
    states.set(form, { begun: textOf(entriesOf(form)), isSent: false, timer: 0 });
    offerDraft(form, (entries) => restore(form, entries));
  }
}

function isTouched(form) {
  const state = states.get(form);
  if (!state || state.isSent) return false;
  return form.dataset.touched !== undefined || textOf(entriesOf(form)) !== state.begun;
}

/** Have the server draw the form with what was typed; nothing is saved by that. */
async function restore(form, entries) {
  const body = new URLSearchParams(entries);
  body.set("_act", "restore");
  try {
    const headers = { Accept: "text/html", "HX-Request": "true" };
    const response = await asking(form.action, { method: "POST", headers, body });
    if (!response.ok) throw new Error(t("failed"));
    const page = document.createElement("template");
    page.innerHTML = await response.text();
    const drawn = $("form", page.content);
    form.replaceWith(drawn);
    htmx.process(drawn);
    document.dispatchEvent(new CustomEvent("ui:drawn"));
    begin(document);
    $(CONTROL, drawn)?.focus();
  } catch (error) {
    toast({ text: error.message, kind: "bad" });
  }
}

// -- typing -------------------------------------------------------------------------------------
function typed(form) {
  const state = states.get(form);
  if (!state) return;
  clearTimeout(state.timer);
  state.timer = setTimeout(() => keep(form), PAUSE_MS);
}

function keep(form) {
  if (!form.isConnected) return;
  if (isTouched(form)) keepDraft(form);
  else dropDraft(form);
}

on("input", "form[data-draft]", typed);
on("change", "form[data-draft]", typed);
addEventListener("pagehide", () => {
  for (const form of all("form[data-draft]")) if (isTouched(form)) keepDraft(form);
});

// -- leaving ------------------------------------------------------------------------------------
addEventListener("beforeunload", (event) => {
  if (all("form[data-draft]").some(isTouched)) event.preventDefault();
});

on("click", "[data-leave]", async (link, event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const form = link.closest("form");
  if (isTouched(form) && !(await ask(t("leave"), t("discard")))) return;
  dropDraft(form);
  states.get(form).isSent = true;
  const part = link.dataset.leave;
  if (!part || link.closest(".lines-page")) location.assign(link.href);
  else htmx.ajax("GET", part, { source: link, target: link.closest("section"), swap: "outerHTML" });
});

// -- sending ------------------------------------------------------------------------------------
const formOf = (event) => event.detail.ctx?.sourceElement?.closest?.("form.form");
const buttonsOf = (form) => all("button[type=submit]", form);

document.addEventListener("htmx:before:request", (event) => {
  const form = formOf(event);
  if (!form) return;
  for (const button of buttonsOf(form)) button.disabled = true;
  form.ariaBusy = "true";
  note(form, "");
  if (states.has(form)) keep(form);
});

document.addEventListener("htmx:finally:request", (event) => {
  const form = formOf(event);
  if (!form || states.get(form)?.isSent) return;
  for (const button of buttonsOf(form)) button.disabled = false;
  form.ariaBusy = null;
});

document.addEventListener("htmx:error", (event) => {
  const form = formOf(event);
  if (form) note(form, t("kept"));
});

/** Return the form that an answer is for: what settles a conflict saves the form that met it. */
function savedBy(event) {
  const clash = event.detail.ctx.sourceElement?.closest?.("form.clash");
  if (!clash) return formOf(event);
  return all("form[data-draft]").find((form) => form.action === clash.action);
}

document.addEventListener("htmx:after:request", (event) => {
  const form = savedBy(event);
  const { request, response } = event.detail.ctx;
  if (!form || !states.has(form) || response.status >= 300 || request.body?.has("_act")) return;
  if (request.method === "GET") return;
  states.get(form).isSent = true;
  clearTimeout(states.get(form).timer);
  dropDraft(form);
});

function note(form, text) {
  const place = $(".sent-note", form);
  if (place) place.textContent = text;
}

// A page out of the browser's memory shows the form as it was sent: it can be sent again.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of all("form.form")) {
    for (const button of buttonsOf(form)) button.disabled = false;
    form.ariaBusy = null;
    if (states.has(form)) states.get(form).isSent = false;
  }
});

// -- what is wrong --------------------------------------------------------------------------------
function enter(place) {
  const control = place?.matches?.(CONTROL) ? place : $(CONTROL, place ?? document.body);
  control?.focus();
  (place ?? control)?.scrollIntoView({ block: "center" });
}

on("click", ".problems a[href^='#']", (link, event) => {
  event.preventDefault();
  enter(document.getElementById(link.hash.slice(1)));
});

document.addEventListener("htmx:after:swap", (event) => {
  begin(document);
  if (event.detail.ctx?.response?.status !== 422) return;
  const problems = $(".form .problems");
  if (!problems || $(".ef", event.detail.ctx.target)) return;
  const wrong = $(".form [aria-invalid=true]");
  if (wrong) enter(wrong);
  else problems.focus();
});

begin(document);
