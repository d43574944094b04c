// <ui-lines data-name="lines">: the lines of a record in its form. Add, remove and the order work
// at once here; without a script the same buttons have the server draw the form anew. A line is
// known by its number in the names of its fields; their order is the one in which they stand.
import htmx from "htmx.org";
import Sortable from "sortablejs";
import { $, all, Part } from "./dom.js";
import { asking } from "./session.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

//: The number of the line that is copied: see lines.py.
const TEMPLATE = /999999/g;
const CONTROL = ".input, .select, .textarea, .switch, .check";
const FIGURES_MS = 350;

class Lines extends Part {
  begin(signal) {
    this.body = $(".lines-b", this);
    this.copied = $("template", this).innerHTML;
    this.next = Math.max(-1, ...this.lines().map((line) => Number(line.dataset.number))) + 1;
    this.addEventListener("click", (event) => this.press(event), { signal });
    this.addEventListener("keydown", (event) => this.steer(event), { signal });
    for (const kind of ["input", "change"]) {
      this.addEventListener(kind, () => this.total(), { signal });
      this.closest("form").addEventListener(kind, () => this.awaitFigures(), { signal });
    }
    for (const grip of all(".grip", this.body)) grip.hidden = false;
    this.sort = new Sortable(this.body, {
      handle: ".grip",
      animation: 140,
      ghostClass: "ghost",
      forceFallback: true,
      onEnd: () => this.changed(),
    });
    this.total();
    this.name();
  }

  end() {
    clearTimeout(this.timer);
    this.sort.destroy();
  }

  lines() {
    return [...this.body.children];
  }

  press(event) {
    const button = event.target.closest("button[name=_act]");
    if (!button) return;
    event.preventDefault();
    const [, verb] = button.value.split(".");
    const line = button.closest(".line");
    if (verb === "add") this.add();
    else if (verb === "remove") this.remove(line);
    else this.move(line, verb === "up" ? -1 : 1, button);
  }

  add() {
    const made = document.createElement("template");
    made.innerHTML = this.copied.replaceAll(TEMPLATE, String(this.next++));
    const line = made.content.firstElementChild;
    for (const grip of all(".grip", line)) grip.hidden = false;
    this.body.append(line);
    htmx.process(line);
    this.changed();
    $(CONTROL, line)?.focus();
    say(t("line_added", { count: this.lines().length }));
  }

  remove(line) {
    const lines = this.lines();
    const neighbour = lines[lines.indexOf(line) + 1] ?? lines[lines.indexOf(line) - 1];
    line.remove();
    this.changed();
    (neighbour ? $("[value*='.remove.']", neighbour) : $("[value$='.add']", this)).focus();
    say(t("line_removed", { count: this.lines().length }));
  }

  move(line, step, focused) {
    if (step < 0) line.previousElementSibling?.before(line);
    else line.nextElementSibling?.after(line);
    focused.focus();
    const lines = this.lines();
    say(t("position", { position: lines.indexOf(line) + 1, count: lines.length }));
    this.changed();
  }

  /** Up and down move a line from its grip, or from anywhere in it with Alt. */
  steer(event) {
    const line = event.target.closest(".lines-b > .line");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!line || !step || !$(".grip", line)) return;
    if (!event.altKey && !event.target.closest(".grip")) return;
    event.preventDefault();
    this.move(line, step, event.target);
  }

  changed() {
    this.name();
    this.total();
    this.awaitFigures();
    this.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** Say where each line stands now. */
  name() {
    const lines = this.lines();
    lines.forEach((line, place) => {
      const number = place + 1;
      line.setAttribute("aria-label", t("line", { number }));
      for (const [verb, word] of [["up", "line_up"], ["down", "line_down"], ["remove", "line_x"]]) {
        const label = $(`[value*='.${verb}.'] .sr`, line);
        if (label) label.textContent = t(word, { number });
      }
      const up = $("[value*='.up.']", line);
      if (up) up.disabled = place === 0;
      const down = $("[value*='.down.']", line);
      if (down) down.disabled = place === lines.length - 1;
    });
  }

  /** What a plugin works out of lines, the server says: nothing here knows its rules. */
  awaitFigures() {
    if (!this.dataset.figuresAt) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.figure(), FIGURES_MS);
  }

  async figure() {
    const body = new URLSearchParams(new FormData(this.closest("form")));
    const turn = (this.turn = (this.turn ?? 0) + 1);
    let found;
    try {
      const response = await asking(this.dataset.figuresAt, { method: "POST", body });
      found = response.ok ? await response.json() : null;
    } catch {
      return; // It is worked out once more when the form is saved.
    }
    if (!found || turn !== this.turn || !this.isConnected) return;
    for (const line of this.lines()) this.show(line, found.lines[line.dataset.number]);
    for (const [name, text] of Object.entries(found.sums)) {
      const place = $(`[data-sum-of="${name}"]`, this);
      if (place) place.textContent = text;
    }
  }

  show(line, figures) {
    if (!figures) return;
    const made = figures.map(([label, value]) => {
      const span = document.createElement("span");
      const bold = document.createElement("b");
      bold.textContent = value;
      span.append(`${label} `, bold);
      return span;
    });
    $("[data-figures]", line)?.replaceChildren(...made);
  }

  /** Show the sums of what is typed; what is stored, the server adds up. */
  total() {
    const row = $(".line-s", this);
    if (!row) return;
    row.hidden = this.lines().length < 2;
    for (const place of all("[data-total]", row)) {
      const cells = all(`[data-sum="${place.dataset.total}"] .input`, this.body);
      place.textContent = written(sum(cells.map((cell) => cell.value)), place.dataset.currency);
    }
  }
}

/** Return the exact sum of numbers that people typed; what is none counts as nothing. */
function sum(texts) {
  const numbers = texts.map(plain).filter((text) => /^[-+]?\d*\.?\d*$/.test(text) && /\d/.test(text));
  const digits = Math.max(0, ...numbers.map((text) => (text.split(".")[1] ?? "").length));
  const total = numbers.reduce((all_, text) => all_ + scaled(text, digits), 0n);
  return Number(total) / 10 ** digits;
}

function scaled(text, digits) {
  const [whole, fraction = ""] = text.replace(/^[-+]/, "").split(".");
  const value = BigInt(whole + fraction.padEnd(digits, "0") || "0");
  return text.startsWith("-") ? -value : value;
}

const language = document.documentElement.lang || "en";
const point = new Intl.NumberFormat(language).format(1.5).charAt(1);

/** Return a number that somebody typed as scripts write it: as `words.plain` does. */
function plain(text) {
  const bare = text.trim().replace(/(?<=\d)[\s\u2019'](?=\d)/g, "");
  const between = point === "," ? "." : ",";
  const grouped = new RegExp(`^[-+]?\\d{1,3}(\\${between}\\d{3})+(\\${point}\\d*)?$`);
  const joined = grouped.test(bare) ? bare.replaceAll(between, "") : bare;
  return joined.replace(point, ".");
}

function written(number, currency) {
  const style = currency ? { style: "currency", currency } : { maximumFractionDigits: 4 };
  return new Intl.NumberFormat(language, style).format(number);
}

customElements.define("ui-lines", Lines);
