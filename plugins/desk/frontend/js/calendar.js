// <ui-calendar action="URL" data-moves>: records on days. [data-day] holds the events of a day,
// .ev each, and in it a link with the record in data-id, the first day in data-first, the time in
// data-time. In a week with hours, .wk-d are the days, .ce the events in them, and .wk says in
// minutes from when until when they are drawn.
//
// Pointer drag, Alt with arrows, and a menu (#m-move, a form with day and time) move an event. The
// move is posted as id, day and time; a refusal puts it back and says why. What was moved is drawn
// anew by the server. A click on an empty place follows the link that makes a record there.
import htmx from "htmx.org";
import { $, all, along, Part, send } from "./dom.js";
import { say, toast } from "./ui/toast.js";
import { t } from "./words.js";

const EVENT = "a[data-id]";
const STEP = 15; // minutes
const CLICK_STEP = 30;
const FAR_PX = 5;
const PAUSE_MS = 600;
const DAY_MS = 86_400_000;

const instant = (day) => Date.parse(`${day}T00:00Z`);
const shift = (day, count) => new Date(instant(day) + count * DAY_MS).toISOString().slice(0, 10);
const between = (day, other) => Math.round((instant(other) - instant(day)) / DAY_MS);
const pad = (number) => String(number).padStart(2, "0");
const clock = (minutes) => `${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
const minutesOf = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));

const boxOf = (item) => item.closest(".ev");
const isTimed = (item) => boxOf(item).matches(".ce");
const lengthOf = (item) => Number(boxOf(item).dataset.mins);

/** Return a day, or a day and a time, as the page's language writes it. */
function spoken(day, time) {
  const at = new Date(`${day}T${time ?? "00:00"}Z`);
  const form = { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" };
  if (time) Object.assign(form, { hour: "numeric", minute: "2-digit" });
  return new Intl.DateTimeFormat(document.documentElement.lang, form).format(at);
}

/** Return the selector of the places that hold events as this one. */
function placesOf(item) {
  if (isTimed(item)) return ".wk-d";
  return item.closest(".wk-a") ? ".wk-a" : ".md";
}

class Calendar extends Part {
  begin(signal) {
    const own = { signal };
    this.addEventListener("click", (event) => this.make(event), own);
    document.addEventListener("close", (event) => this.closed(event), { signal, capture: true });
    document.addEventListener("htmx:after:request", (event) => this.noteChange(event), own);
    if (!this.hasAttribute("data-moves")) return;
    this.addEventListener("pointerdown", (event) => this.press(event), own);
    this.addEventListener("keydown", (event) => this.steer(event), own);
    this.addEventListener("click", (event) => this.fill(event), own);
    this.addEventListener("submit", (event) => this.chosen(event), own);
  }

  end() {
    clearTimeout(this.timer);
  }

  hours() {
    const { from, until } = $(".wk", this)?.dataset ?? {};
    return { from: Number(from), span: Number(until) - Number(from) };
  }

  /** Return the place of a day that holds events as this one, if it is shown. */
  placeOf(day, event) {
    return $(`${placesOf(event)}[data-day="${day}"]`, this);
  }

  // -- by pointer
  press(event) {
    const item = event.target.closest(EVENT);
    if (!item || event.button || event.pointerType === "touch" || item.matches(".ae")) return;
    const drag = new Drag(this, item, event);
    const leaving = new AbortController();
    const { signal } = leaving;
    const stop = () => {
      leaving.abort();
      drag.clear();
    };
    addEventListener("pointermove", (move) => drag.move(move), { signal });
    addEventListener("pointerup", () => {
      stop();
      if (drag.isOn) this.swallowClick();
      if (drag.to) this.put(item, drag.to.day, drag.to.time);
    }, { signal });
    addEventListener("pointercancel", stop, { signal });
    addEventListener("keydown", (key) => key.key === "Escape" && stop(), { signal, capture: true });
  }

  /** Keep the click that ends a drag from opening what was dragged. */
  swallowClick() {
    const swallow = (event) => {
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => removeEventListener("click", swallow, { capture: true }), 0);
  }

  // -- by keyboard
  steer(event) {
    const item = event.target.closest(EVENT);
    if (!item || !event.altKey || !event.key.startsWith("Arrow")) return;
    event.preventDefault();
    const held = this.pending?.item === item ? this.pending : this.hold(item);
    const vertical = { ArrowDown: 1, ArrowUp: -1 }[event.key] ?? 0;
    let { day, time } = held;
    if (vertical && isTimed(item)) {
      const { from, span } = this.hours();
      const latest = from + span - lengthOf(item);
      time = clock(Math.min(Math.max(minutesOf(time) + vertical * STEP, from), latest));
    } else {
      day = shift(day, along(event.key) + vertical * (item.closest(".mo") ? 7 : 1));
    }
    Object.assign(held, { day, time });
    this.show(item, day, time);
    item.focus();
    say(spoken(day, isTimed(item) ? time : undefined));
    clearTimeout(this.timer);
    // Who moves far presses often: one change, not one a press.
    this.timer = setTimeout(() => {
      this.pending = null;
      this.save(item, held);
    }, PAUSE_MS);
  }

  /** Note where an event is, so that it can be put back. */
  hold(item) {
    const place = item.closest("[data-day]");
    const box = boxOf(item);
    this.pending = {
      item,
      from: place.dataset.day,
      day: place.dataset.day,
      time: item.dataset.time,
      put: { parent: place, next: box.nextSibling, y: box.style.getPropertyValue("--y") },
    };
    return this.pending;
  }

  /** Draw an event at another place, as far as that is shown. */
  show(item, day, time) {
    const place = this.placeOf(day, item);
    const box = boxOf(item);
    if (place && box.parentElement !== place) {
      place.insertBefore(box, $(":scope > .md-more, :scope > .md-new", place));
    }
    if (isTimed(item) && time) {
      const { from, span } = this.hours();
      box.style.setProperty("--y", ((minutesOf(time) - from) / span) * 100);
    }
  }

  put(item, day, time) {
    const held = this.hold(item);
    this.pending = null;
    if (held.day === day && held.time === time) return;
    Object.assign(held, { day, time });
    this.show(item, day, time);
    this.save(item, held);
  }

  // -- by menu
  fill(event) {
    const button = event.target.closest("[data-menu=m-move]");
    if (!button) return;
    const item = $(EVENT, button.closest(".ev"));
    const form = $("#m-move form", this);
    form.elements.day.value = item.dataset.first;
    if (form.elements.time) form.elements.time.value = item.dataset.time ?? "09:00";
    this.chosenItem = item;
  }

  chosen(event) {
    const form = event.target.closest("#m-move form");
    if (!form) return;
    event.preventDefault();
    form.closest("[popover]").hidePopover();
    const held = this.hold(this.chosenItem);
    this.pending = null;
    Object.assign(held, { from: held.item.dataset.first, day: form.elements.day.value });
    if (form.elements.time) held.time = form.elements.time.value;
    this.save(held.item, held);
  }

  // -- saving
  async save(item, held) {
    const { id, first } = item.dataset;
    // What is dragged may be a later day of a longer event.
    const values = { id, was: first, day: shift(first, between(held.from, held.day)) };
    if (held.time) values.time = held.time;
    try {
      const { text, undo } = await send(this.getAttribute("action"), values);
      toast({ text, undo });
      await this.refresh();
      this.focusOn(id);
    } catch (error) {
      this.putBack(item, held.put);
      toast({ text: t("put_back", { reason: error.message }), kind: "bad" });
    }
  }

  putBack(item, { parent, next, y }) {
    const box = boxOf(item);
    parent.insertBefore(box, next?.parentElement === parent ? next : null);
    if (y) box.style.setProperty("--y", y);
    item.focus();
  }

  focusOn(id) {
    const found = all(`${EVENT}[data-id="${CSS.escape(id)}"]`, document.getElementById("cal"));
    found.find((item) => item.checkVisibility())?.focus();
  }

  refresh() {
    return htmx.ajax("GET", location.href, { source: this, target: "#cal", swap: "outerMorph" });
  }

  // -- what else changes it
  noteChange(event) {
    const { request, response } = event.detail.ctx;
    if (request?.method !== "GET" && response?.status < 300) this.stale = true;
  }

  closed(event) {
    if (event.target.id !== "drawer" || !this.stale) return;
    this.stale = false;
    this.refresh();
  }

  make(event) {
    if (event.target.closest("a, button, form")) return;
    const column = event.target.closest(".wk-d[data-new]");
    if (column) {
      const { from, span } = this.hours();
      const box = column.getBoundingClientRect();
      const at = from + ((event.clientY - box.top) / box.height) * span;
      const time = clock(Math.floor(at / CLICK_STEP) * CLICK_STEP);
      location.assign(column.dataset.new.replace(/T\d\d%3A\d\d$/, `T${encodeURIComponent(time)}`));
    } else {
      $(".md-new", event.target.closest(".md, .wk-a") ?? undefined)?.click();
    }
  }
}

/** An event under the pointer: where it would land, and what shows that. */
class Drag {
  constructor(calendar, item, { clientX, clientY, pointerId }) {
    Object.assign(this, { calendar, item, pointerId, isOn: false, to: null });
    this.x = clientX;
    this.y = clientY;
    this.box = boxOf(item);
    this.offset = clientY - this.box.getBoundingClientRect().top;
  }

  move(event) {
    if (!this.isOn && Math.hypot(event.clientX - this.x, event.clientY - this.y) < FAR_PX) return;
    if (!this.isOn) this.lift();
    this.ghost.style.translate = `${event.clientX - this.x}px ${event.clientY - this.y}px`;
    const wanted = placesOf(this.item);
    const place = document
      .elementsFromPoint(event.clientX, event.clientY)
      .map((element) => element.closest(wanted))
      .find((element) => element && this.calendar.contains(element));
    this.paint(place);
    this.to = place ? { day: place.dataset.day, time: this.timeIn(place, event) } : null;
  }

  lift() {
    this.isOn = true;
    const { left, top, width, height } = this.box.getBoundingClientRect();
    this.ghost = this.box.cloneNode(true);
    for (const element of all("[id]", this.ghost)) element.removeAttribute("id");
    this.ghost.classList.add("ghost-ev");
    this.ghost.inert = true;
    Object.assign(this.ghost.style, {
      insetInlineStart: "auto",
      left: `${left}px`,
      top: `${top}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    this.calendar.append(this.ghost);
    this.box.classList.add("drag");
  }

  paint(place) {
    for (const each of all(".over", this.calendar)) each.classList.remove("over");
    place?.classList.add("over");
  }

  timeIn(place, event) {
    if (!isTimed(this.item)) return this.item.dataset.time;
    const { from, span } = this.calendar.hours();
    const box = place.getBoundingClientRect();
    const raw = from + ((event.clientY - this.offset - box.top) / box.height) * span;
    const snapped = Math.round(raw / STEP) * STEP;
    return clock(Math.min(Math.max(snapped, from), from + span - lengthOf(this.item)));
  }

  clear() {
    this.paint(null);
    this.ghost?.remove();
    this.box.classList.remove("drag");
  }
}

customElements.define("ui-calendar", Calendar);
