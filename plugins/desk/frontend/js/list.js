// <ui-list>: the rows of a list. Selection ([data-row] in each row, [data-card] in its card on a
// phone, [data-all] for all of them,
// shift for a range), a cursor (j, k, x, shift and x for a range) and arrow keys between cells.
// form.bulk has what can be done with the selection; [data-clear] and Escape empty it. A heading
// with [data-add] that is clicked with shift sorts by it as well.
import htmx from "htmx.org";
import { $, all, along, isTyping, keysAreOn, Part } from "./dom.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

const STOPS = ".cell, .name";
const BUSY = "input, textarea, select, [role=menu], dialog, [popover], [contenteditable]";

class List extends Part {
  begin(signal) {
    this.selected ??= new Set();
    this.addEventListener("change", (event) => this.changed(event), { signal });
    this.addEventListener("click", (event) => this.clicked(event), { signal });
    this.addEventListener("click", (event) => this.sortToo(event), { signal, capture: true });
    this.addEventListener("keydown", (event) => this.walk(event), { signal });
    this.addEventListener("focusin", (event) => this.follow(event), { signal });
    document.addEventListener("keydown", (event) => this.cursor(event), { signal });
    document.addEventListener("htmx:after:swap", (event) => this.swapped(event), { signal });
    this.restore();
  }

  boxes() {
    return all("[data-row]", this);
  }

  /** Return the box of the row that a card shows once more. */
  rowOf(card) {
    return this.boxes().find((box) => box.value === card.value);
  }

  rows() {
    return all("tbody tr", this);
  }

  changed(event) {
    if (event.target.matches("[data-all]")) {
      for (const box of this.boxes()) box.checked = event.target.checked;
      this.show();
    } else if (event.target.matches("[data-row]")) {
      this.show();
    } else if (event.target.matches("[data-card]")) {
      this.rowOf(event.target).checked = event.target.checked;
      this.show();
    }
  }

  clicked(event) {
    const box = event.target.closest("[data-row]");
    if (box) {
      if (event.shiftKey) this.checkUpTo(box);
      this.last = box.value;
      this.show();
    }
    if (event.target.closest("[data-clear]")) this.clear();
  }

  clear() {
    for (const each of this.boxes()) each.checked = false;
    this.show();
    (this.current() ?? this).querySelector(STOPS)?.focus();
  }

  sortToo(event) {
    const heading = event.target.closest("[data-add]");
    if (!heading || !event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    const where = { source: heading, target: "#lv", swap: "outerMorph" };
    htmx.ajax("GET", heading.dataset.add, where);
  }

  /** Check or clear all from the box that was clicked last to this one. */
  checkUpTo(box) {
    const boxes = this.boxes();
    const from = boxes.findIndex((each) => each.value === this.last);
    const ends = [from, boxes.indexOf(box)].sort((a, b) => a - b);
    if (ends[0] < 0) return;
    for (const each of boxes.slice(ends[0], ends[1] + 1)) each.checked = box.checked;
  }

  swapped(event) {
    this.restore();
    if (event.detail.ctx?.target !== this) return;
    const ask = $("#ask");
    if (!ask?.open) return;
    // What was deleted has gone: the row that took its place goes on.
    ask.close();
    const rows = this.rows();
    const next = rows[Math.min(this.place ?? 0, rows.length - 1)];
    (next ?? this).querySelector(STOPS)?.focus();
  }

  /** Check again what was selected before a swap, as far as it is still there. */
  restore() {
    for (const box of this.boxes()) box.checked = this.selected.has(box.value);
    this.show();
    this.mark(this.current());
  }

  /** Draw what the boxes say. */
  show() {
    const boxes = this.boxes();
    const before = this.selected.size;
    const chosen = boxes.filter((box) => box.checked);
    this.selected = new Set(chosen.map((box) => box.value));
    const count = chosen.length;
    if (count) this.place = boxes.indexOf(chosen[0]);
    for (const box of boxes) box.closest("tr").classList.toggle("sel", box.checked);
    for (const card of all("[data-card]", this)) card.checked = this.selected.has(card.value);
    this.classList.toggle("has-sel", count > 0);
    const whole = $("[data-all]", this);
    if (whole) {
      whole.checked = count > 0 && count === boxes.length;
      whole.indeterminate = count > 0 && count < boxes.length;
    }
    const told = $(".bulk b", this);
    if (told) told.textContent = t("selected", { count });
    if (count !== before) say(count ? t("selection", { count }) : t("selection_cleared"));
  }

  current() {
    return this.at ? document.getElementById(this.at) : null;
  }

  mark(row) {
    for (const each of all("tr.cur", this)) if (each !== row) each.classList.remove("cur");
    row?.classList.add("cur");
  }

  /** The cursor is where the focus is. */
  follow(event) {
    const row = event.target.closest("tbody tr");
    if (!row) return;
    this.at = row.id;
    this.mark(row);
  }

  /** j and k move a cursor over the rows, x selects the row under it. */
  cursor(event) {
    if (!/^([jkxX]|Escape)$/.test(event.key) || event.defaultPrevented || !keysAreOn()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (event.target.closest(BUSY) && !event.target.matches("[data-row], [data-all]")) return;
    if ($("dialog[open], .pop:popover-open")) return;
    const rows = this.rows();
    const at = rows.indexOf(this.current());
    if (event.key === "Escape") {
      if (this.selected.size) this.clear();
    } else if (event.key === "x" || event.key === "X") {
      this.toggle(rows[at], event.shiftKey);
    } else {
      const next = rows[Math.max(0, Math.min(rows.length - 1, at + (event.key === "j" ? 1 : -1)))];
      if (next) $(STOPS, next)?.focus();
    }
  }

  toggle(row, upTo) {
    const box = row && $("[data-row]", row);
    if (!box) return;
    box.checked = upTo || !box.checked;
    if (upTo) this.checkUpTo(box);
    this.last = box.value;
    this.show();
  }

  /** Arrow keys move between cells as in a sheet; F2 edits. */
  walk(event) {
    const stop = event.target.closest(STOPS);
    if (!stop) return;
    const next = this.neighbour(stop, event.key);
    if (next) {
      event.preventDefault();
      next.focus();
    } else if (event.key === "F2" && stop.matches(".cell")) {
      event.preventDefault();
      stop.click();
    }
  }

  neighbour(stop, key) {
    const cell = stop.closest("td, th");
    const row = cell?.parentElement;
    if (!row) return null;
    const above = { ArrowUp: row.previousElementSibling, ArrowDown: row.nextElementSibling }[key];
    if (above) return $(STOPS, above.children[cell.cellIndex]);
    // What can't be changed is passed over.
    const cells = [...row.children];
    for (let at = cell.cellIndex + along(key); along(key) && cells[at]; at += along(key)) {
      const found = $(STOPS, cells[at]);
      if (found) return found;
    }
    return null;
  }
}

customElements.define("ui-list", List);
