// What holds for every request of htmx: the line on top, the proof against forged requests, and
// one place for errors.
import { $, on, proof, reason } from "./dom.js";
import { asking } from "./session.js";
import { toast } from "./ui/toast.js";
import { t } from "./words.js";

//: After so long a form may be sent again: its answer may have been a download.
const AGAIN_MS = 3000;
const running = new Set();
//: Refusals that a form shows by itself, with the messages at its fields.
const SHOWN = new Set([409, 422]);

document.addEventListener("htmx:config:request", (event) => {
  const { ctx } = event.detail;
  Object.assign(ctx.request.headers, proof());
  // What a page asks for by itself must not ask anybody for his password.
  if (!ctx.sourceElement.closest?.("[data-quiet]")) ctx.fetch = asking;
});

document.addEventListener("htmx:before:request", (event) => {
  running.add(event.detail.ctx);
  drawLine();
});

document.addEventListener("htmx:finally:request", (event) => {
  running.delete(event.detail.ctx);
  drawLine();
});

function drawLine() {
  $("#loadbar")?.classList.toggle("on", running.size > 0);
}

// A page that says what went wrong never lands in the middle of another one.
document.addEventListener("htmx:before:swap", (event) => {
  const { response, sourceElement, text } = event.detail.ctx;
  const status = response?.status ?? 200;
  if (status < 400 || SHOWN.has(status)) return;
  if (sourceElement.hasAttribute(`hx-status:${status}`)) return;
  // A panel that is fetched later says in its own place why it is not there.
  if (sourceElement.matches?.(".lazy")) return;
  event.preventDefault();
  complain(sourceElement, reason(status, response.headers.get("Content-Type"), text));
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  // Without a context it is a mistake in a page, which the console shows.
  if (ctx) complain(ctx.sourceElement, navigator.onLine ? t("no_answer") : t("offline"));
});

/** Say what failed, unless nobody asked for it: [data-quiet] is on what asks by itself. */
function complain(source, text) {
  if (!source.closest?.("[data-quiet]")) toast({ text, kind: "bad" });
}

// form[data-reset] is empty again once the server has taken it.
document.addEventListener("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  if (sourceElement?.matches?.("form[data-reset]") && response.status < 300) sourceElement.reset();
});

// Ctrl+Enter sends the form that one types in.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.form) return;
  event.preventDefault();
  event.target.form.requestSubmit();
});

// A form that no htmx sends goes once all the same.
on("submit", "form:not([hx-post])", (form, event) => {
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending !== undefined) event.preventDefault();
  form.dataset.sending = "";
  setTimeout(() => delete form.dataset.sending, AGAIN_MS);
});
