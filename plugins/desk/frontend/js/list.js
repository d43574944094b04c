// <ui-list>: the rows of a list. Selection ([data-row] in each row, [data-all] for all of them,
// shift for a range), a cursor (j, k, x) and arrow keys between cells. What is chosen stands in
// the page: .bulk shows it and sends [name=ids]; [data-clear] empties it.
import { $, all, along, keysAreOn, Part } from "./dom.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

const STOPS = ".cell, .name";
const BUSY = "input, textarea, select, [role=menu], dialog, [contenteditable]";

class List extends Part {
  begin(signal) {
    this.selected ??= new Set();
    this.addEventListener("change", (event) => this.changed(event), { signal });
    this.addEventListener("click", (event) => this.clicked(event), { signal });
    this.addEventListener("keydown", (event) => this.walk(event), { signal });
    document.addEventListener("keydown", (event) => this.cursor(event), { signal });
    document.addEventListener("htmx:after:swap", () => this.restore(), { signal });
  }

  boxes() {
    return all("[data-row]", this);
  }

  changed(event) {
    if (event.target.matches("[data-all]")) {
      for (const box of this.boxes()) box.checked = event.target.checked;
      this.show();
    } else if (event.target.matches("[data-row]")) {
      this.show();
    }
  }

  clicked(event) {
    const box = event.target.closest("[data-row]");
    if (box) {
      if (event.shiftKey) this.checkUpTo(box);
      this.last = box;
      this.show();
    }
    if (event.target.closest("[data-clear]")) {
      for (const each of this.boxes()) each.checked = false;
      this.show();
      $(STOPS, this)?.focus();
    }
  }

  /** Check or clear all from the box that was clicked last to this one. */
  checkUpTo(box) {
    const boxes = this.boxes();
    const ends = [boxes.indexOf(this.last), boxes.indexOf(box)].sort((a, b) => a - b);
    if (ends[0] < 0) return;
    for (const each of boxes.slice(ends[0], ends[1] + 1)) each.checked = box.checked;
  }

  /** Check again what was selected before a swap, as far as it is still there. */
  restore() {
    for (const box of this.boxes()) box.checked = this.selected.has(box.value);
    this.show();
  }

  /** Draw what the boxes say. */
  show() {
    const boxes = this.boxes();
    const before = this.selected.size;
    this.selected = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
    const count = this.selected.size;
    for (const box of boxes) box.closest("tr").classList.toggle("sel", box.checked);
    this.classList.toggle("has-sel", count > 0);
    const whole = $("[data-all]", this);
    if (whole) {
      whole.checked = count > 0 && count === boxes.length;
      whole.indeterminate = count > 0 && count < boxes.length;
    }
    this.showActions(count);
    if (count !== before) say(count ? t("selection", { count }) : t("selection_cleared"));
  }

  showActions(count) {
    const actions = $(".bulk", this);
    if (!actions) return;
    actions.hidden = !count;
    $("b", actions).textContent = t("selected", { count });
    $("[name=ids]", actions).value = [...this.selected].join(",");
  }

  /** j and k move a cursor over the rows, x selects the row under it. */
  cursor(event) {
    if (!/^[jkx]$/.test(event.key) || event.defaultPrevented || !keysAreOn()) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest(BUSY) && !event.target.matches("[data-row]")) return;
    const rows = all("tbody tr", this);
    const at = rows.findIndex((row) => row.classList.contains("cur"));
    if (event.key === "x") {
      this.toggle(rows[at]);
      return;
    }
    const step = event.key === "j" ? 1 : -1;
    const next = rows[Math.max(0, Math.min(rows.length - 1, at + step))];
    rows[at]?.classList.remove("cur");
    next?.classList.add("cur");
    if (next) $(STOPS, next)?.focus();
  }

  toggle(row) {
    const box = row && $("[data-row]", row);
    if (!box) return;
    box.checked = !box.checked;
    this.last = box;
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
    const column = cell.cellIndex;
    const beside = row.children[column + along(key)];
    const above = row.previousElementSibling?.children[column];
    const below = row.nextElementSibling?.children[column];
    const target = { ArrowUp: above, ArrowDown: below, ArrowLeft: beside, ArrowRight: beside }[key];
    return target ? $(STOPS, target) : null;
  }
}

customElements.define("ui-list", List);
