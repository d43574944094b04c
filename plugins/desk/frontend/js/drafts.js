// What is typed into form[data-draft] is kept in this browser until it is saved, so that neither
// a crash nor a lost network takes it away: for the person who typed it, by type and record, for
// some days, and never what is secret. It is offered when the form is opened again.
import { $, all } from "./dom.js";
import { t } from "./words.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const KEPT_MS = 7 * DAY_MS;
const LONGEST = 500_000;
const PREFIX = "draft:";
//: What changes from one drawing of a form to the next, though nobody has typed.
const DRAWN = new Set(["_once", "version", "_act"]);

const owner = () => `${PREFIX}${document.documentElement.dataset.user ?? ""}:`;
const prefixOf = (form) => `${owner()}${form.dataset.draft}:`;
const keyOf = (form) => `${prefixOf(form)}${form.elements._once?.value ?? ""}`;

/** Return what a form would send, as pairs; nothing that is secret. */
export function entriesOf(form) {
  const secret = new Set(all("[data-secret], [type=password]", form).map((field) => field.name));
  return [...new FormData(form)].filter(
    ([name, value]) => typeof value === "string" && !secret.has(name),
  );
}

/** Return a text that two forms have in common if the same was typed into them. */
export function textOf(entries) {
  return JSON.stringify(entries.filter(([name]) => !DRAWN.has(name)));
}

export function keepDraft(form) {
  const text = JSON.stringify({ at: Date.now(), entries: entriesOf(form) });
  if (text.length > LONGEST) return;
  try {
    localStorage.setItem(keyOf(form), text);
  } catch {
    // Full, or forbidden by the browser: then there are no drafts.
  }
}

export function dropDraft(form) {
  try {
    localStorage.removeItem(keyOf(form));
  } catch {
    // As above.
  }
}

function stored() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch {
    return [];
  }
}

function read(key) {
  try {
    const draft = JSON.parse(localStorage.getItem(key));
    if (draft.at > Date.now() - KEPT_MS && Array.isArray(draft.entries)) return { key, ...draft };
  } catch {
    // Something else that has such a name: it goes as if it were too old.
  }
  localStorage.removeItem(key);
  return null;
}

/** Offer the newest draft of a form that differs from it; `restore` gets its pairs. */
export function offerDraft(form, restore) {
  const place = $(".draft", form);
  if (!place) return;
  const now = textOf(entriesOf(form));
  const drafts = stored().map(read).filter((draft) => draft?.key.startsWith(prefixOf(form)));
  const [draft] = drafts
    .filter((each) => textOf(each.entries) !== now)
    .sort((one, other) => other.at - one.at);
  if (!draft) return;
  place.innerHTML = `<span></span><button class="btn btn-sm" type="button"></button>
    <button class="btn btn-ghost btn-sm" type="button"></button>`;
  place.setAttribute("role", "status");
  const [yes, no] = all("button", place);
  $("span", place).textContent = t("draft", { time: timeOf(draft.at) });
  yes.textContent = t("restore");
  no.textContent = t("discard");
  yes.addEventListener("click", () => restore(draft.entries));
  no.addEventListener("click", () => {
    localStorage.removeItem(draft.key);
    place.hidden = true;
  });
  place.hidden = false;
}

function timeOf(at) {
  const isToday = new Date(at).toDateString() === new Date().toDateString();
  const form = { timeStyle: "short", ...(isToday ? {} : { dateStyle: "medium" }) };
  return new Intl.DateTimeFormat(document.documentElement.lang || "en", form).format(at);
}
