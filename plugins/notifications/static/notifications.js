// The count of the bell in the bar of a phone, and the people that are offered after an @.

// -- the bell -------------------------------------------------------------------------------
document.addEventListener("htmx:after:swap", () => {
  const unread = document.querySelector(".nt-bell [data-unread]")?.dataset.unread;
  const shown = document.querySelector("[data-nt-count]");
  if (!shown || unread === undefined) return;
  shown.textContent = unread;
  shown.hidden = unread === "0";
});

// What was read here is no news up there.
document.addEventListener("htmx:after:request", (event) => {
  const source = event.detail.ctx?.sourceElement;
  if (source?.closest?.(".nt-line, #drawer")) document.querySelector(".nt-bell")?.plan?.(0);
});

// -- mentions -------------------------------------------------------------------------------
// Where one writes: text of many lines, and formatted text. The list is no part of that: it hangs
// beneath, and what is written keeps the focus.
const WHERE = "textarea:not(.code, [readonly]), ui-rich [contenteditable=true]";
const PAUSE_MS = 150;
const TYPED = /(?:^|[\s(])@([\p{L}\p{M}\p{N}.'-]{0,40}(?: [\p{L}\p{M}\p{N}.'-]{1,40})?)$/u;

let field = null;
let list = null;
let timer = 0;
let asked = 0;

function isText(element) {
  return element instanceof HTMLTextAreaElement;
}

/** Return what stands before the caret, in the field or in the piece of formatted text. */
function before(element) {
  if (isText(element)) return element.value.slice(0, element.selectionStart);
  const { anchorNode, anchorOffset } = document.getSelection();
  if (anchorNode?.nodeType !== Node.TEXT_NODE || !element.contains(anchorNode)) return "";
  return anchorNode.data.slice(0, anchorOffset);
}

function words(element) {
  return before(element).match(TYPED)?.[1];
}

/** Return which record is written about, as far as the address of the page says it. */
function about() {
  const found = location.pathname.match(/^\/records\/([a-z0-9_]+)\/(\d+)/);
  return found ? `&type=${found[1]}&id=${found[2]}` : "";
}

document.addEventListener("input", (event) => {
  const element = event.target.closest?.(WHERE);
  if (!element || event.isComposing) return;
  const typed = words(element);
  clearTimeout(timer);
  if (typed === undefined) return close();
  timer = setTimeout(() => offer(element, typed), PAUSE_MS);
});

async function offer(element, typed) {
  asked += 1;
  const mine = asked;
  const address = `/x/notifications/people?q=${encodeURIComponent(typed)}${about()}`;
  try {
    const response = await fetch(address, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const { people } = await response.json();
    if (mine === asked && document.activeElement === element) draw(element, people);
  } catch {
    // Without a network nobody is offered; what is written stays.
  }
}

function draw(element, people) {
  close();
  if (!people.length) return;
  field = element;
  list = document.createElement("ul");
  list.className = "nt-people";
  list.id = "nt-people";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", says("people"));
  people.forEach((person, place) => list.append(option(person, place)));
  (element.closest("dialog, main") ?? document.body).append(list);
  put(element);
  element.setAttribute("aria-controls", list.id);
  element.setAttribute("aria-autocomplete", "list");
  mark(list.firstElementChild);
}

function option(person, place) {
  const made = document.createElement("li");
  made.id = `nt-person-${place}`;
  made.setAttribute("role", "option");
  made.dataset.id = person.id;
  made.dataset.name = person.name;
  made.append(person.name);
  if (!person.sees) {
    const hint = document.createElement("small");
    hint.textContent = says("unseen");
    made.append(" ", hint);
  }
  return made;
}

/** Return a text in the language of the page. */
function says(name) {
  return document.querySelector(".nt-words")?.dataset[name] ?? "";
}

function put(element) {
  const box = element.getBoundingClientRect();
  const under = Math.min(box.bottom, innerHeight - list.offsetHeight - 8);
  list.style.insetBlockStart = `${Math.max(8, under)}px`;
  list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - list.offsetWidth - 8))}px`;
}

function mark(chosen) {
  for (const each of list.children) each.ariaSelected = String(each === chosen);
  field.setAttribute("aria-activedescendant", chosen.id);
  chosen.scrollIntoView({ block: "nearest" });
}

function close() {
  clearTimeout(timer);
  list?.remove();
  for (const name of ["aria-controls", "aria-autocomplete", "aria-activedescendant"]) {
    field?.removeAttribute(name);
  }
  list = null;
  field = null;
}

document.addEventListener(
  "keydown",
  (event) => {
    if (!list || event.target !== field) return;
    const now = list.querySelector("[aria-selected=true]");
    const moves = { ArrowDown: now.nextElementSibling ?? list.firstElementChild };
    moves.ArrowUp = now.previousElementSibling ?? list.lastElementChild;
    if (moves[event.key]) mark(moves[event.key]);
    else if (event.key === "Enter" || event.key === "Tab") choose(now);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  },
  true,
);

document.addEventListener("pointerdown", (event) => {
  if (!list) return;
  const chosen = event.target.closest(".nt-people [role=option]");
  if (!chosen) return close();
  event.preventDefault();
  choose(chosen);
});

document.addEventListener("focusout", (event) => {
  if (event.target === field) close();
});

function choose(chosen) {
  const element = field;
  const { id, name } = chosen.dataset;
  const length = words(element).length + 1;
  close();
  if (isText(element)) intoText(element, length, `@[${name.replace(/[[\]\n]/g, " ")}](user:${id}) `);
  else intoRich(length, id, name);
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

function intoText(element, length, text) {
  const end = element.selectionStart;
  element.setRangeText(text, end - length, end, "end");
}

function intoRich(length, id, name) {
  const selection = document.getSelection();
  const range = selection.getRangeAt(0);
  range.setStart(selection.anchorNode, selection.anchorOffset - length);
  range.deleteContents();
  const link = document.createElement("a");
  link.href = `/records/user/${id}`;
  link.textContent = `@${name}`;
  const space = document.createTextNode("\u00a0");
  range.insertNode(space);
  range.insertNode(link);
  selection.collapse(space, 1);
}
