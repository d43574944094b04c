// Forms in popovers beside a list. [data-redraw] lets the server draw its form anew, [data-live]
// sends it by its button [data-live-by]; [data-edits] opens what its button opens; [data-move] in a li takes that up or down;
// [data-narrow="#LIST"] hides what does not hold the words. The event ui:close closes the popover.
import { $, all, on } from "./dom.js";
import { placeAgain } from "./ui/menus.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

const OPEN = ".pop:popover-open";
// Where a panel stands: in a popover, beside the matrix of a role, or in the drawer.
const place = () => $(OPEN) ?? $(".crit") ?? $(".drawer[open] #widget-form");
let focused = "";

on("change", "[data-redraw]", (control) => control.closest("form").requestSubmit());

// Where a filter is chosen for a cell of a role, it is made at once: by the button that is named.
on("change", "[data-edits]", (choice) => {
  if (choice.value !== "filter") return;
  choice.form.requestSubmit(document.getElementById(choice.dataset.edits));
});

on("keydown", ".crit", (panel, event) => {
  if (event.key === "Escape" && !event.defaultPrevented) $("#crit-x", panel).click();
});

function sendLive(control) {
  const form = control.closest("form");
  form.requestSubmit($("[data-live-by]", form));
}

on("change", "[data-live]", sendLive);

on("click", "li [data-move]", (button, event) => {
  event.preventDefault();
  const item = button.closest("li");
  const other = button.dataset.move < 0 ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (button.dataset.move < 0) other.before(item);
  else other.after(item);
  button.focus();
  const items = [...item.parentElement.children];
  say(t("position", { position: items.indexOf(item) + 1, count: items.length }));
  sendLive(button);
});

on("input", "[data-narrow]", (input) => {
  const words = input.value.trim().toLowerCase();
  const items = all("li", $(input.dataset.narrow));
  for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(words);
  say(t("results", { count: items.filter((item) => !item.hidden).length }));
});

document.addEventListener("ui:close", () => $(OPEN)?.hidePopover());

// What is typed while a form is on its way to be drawn anew goes into the new one.
const typed = new Map();
document.addEventListener("htmx:before:request", () => typed.clear());
on("input", ".panel input[id]", (input) => typed.set(input.id, input.value));

function typeAgain() {
  for (const [id, value] of typed) {
    const input = document.getElementById(id);
    if (input?.closest(".panel") && input.value !== value) input.value = value;
  }
}

// What had the focus is drawn anew: it has it again, unless something new wants it.
document.addEventListener("htmx:before:swap", () => {
  if (place()?.contains(document.activeElement)) focused = document.activeElement.id;
});

document.addEventListener("htmx:after:swap", () => {
  const open = place();
  if (!open) return;
  typeAgain();
  if ($(OPEN)) placeAgain();
  const now = document.activeElement;
  if (now !== open && open.contains(now)) return;
  const again = focused ? document.getElementById(focused) : null;
  const first = $("[autofocus], select, input:not([type=hidden]), button:not(.sr)", open);
  ($("[autofocus]", open) ?? (open.contains(again) ? again : first))?.focus();
  focused = "";
});
