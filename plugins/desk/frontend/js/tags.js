// <ui-tags data-url="/.../suggest/FIELD"><input>: tags as chips. The input keeps them as text, each
// parted from the next by a semicolon; without a script people write them so.
import { Combobox } from "./combobox.js";
import { $, all } from "./dom.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

const PAUSE_MS = 150;
let lists = 0;

class Tags extends Combobox {
  choosable = "[role=option][data-value]";

  begin(signal) {
    this.kept ??= $("input", this);
    if (!this.box) this.draw();
    this.input.addEventListener("input", () => this.find(), { signal });
    this.input.addEventListener("focus", () => this.find(), { signal });
    this.input.addEventListener("keydown", (event) => this.steer(event), { signal });
    this.input.addEventListener("blur", () => this.leave(), { signal });
    this.list.addEventListener("pointerdown", (event) => this.pick(event), { signal });
    this.box.addEventListener("click", (event) => this.press(event), { signal });
  }

  draw() {
    const label = this.kept.labels[0]?.textContent.trim() ?? this.kept.ariaLabel ?? "";
    this.box = document.createElement("div");
    this.box.className = "tags-b input";
    this.input = document.createElement("input");
    this.input.type = "text";
    this.input.autocomplete = "off";
    this.input.setAttribute("role", "combobox");
    this.input.setAttribute("aria-autocomplete", "list");
    this.input.ariaExpanded = "false";
    this.input.ariaLabel = label;
    for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
      const value = this.kept.getAttribute(name);
      if (value) this.input.setAttribute(name, value);
    }
    this.list = document.createElement("div");
    this.list.id = `tags-${++lists}`;
    this.list.className = "lookup-l";
    this.list.setAttribute("role", "listbox");
    this.list.ariaLabel = label;
    this.list.hidden = true;
    this.input.setAttribute("aria-controls", this.list.id);
    // The label leads to what can be typed into.
    this.input.id = this.kept.id;
    this.kept.removeAttribute("id");
    this.kept.type = "hidden";
    this.box.append(this.input);
    this.append(this.box, this.list);
    this.show();
  }

  tags() {
    return split(this.kept.value);
  }

  show() {
    for (const chip of all(".chip-t", this.box)) chip.remove();
    for (const tag of this.tags()) {
      const chip = document.createElement("span");
      chip.className = "tag chip-t";
      chip.textContent = tag;
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.tag = tag;
      button.ariaLabel = t("remove_tag", { tag });
      button.textContent = "×";
      chip.append(button);
      this.input.before(chip);
    }
  }

  set(tags) {
    const known = new Map(tags.map((tag) => [tag.toLowerCase(), tag]));
    this.kept.value = [...known.values()].map((tag) => tag.replace(/[\\;]/g, "\\$&")).join("; ");
    this.show();
    this.kept.dispatchEvent(new Event("input", { bubbles: true }));
  }

  add(text) {
    const found = split(text);
    if (found.length) this.set([...this.tags(), ...found]);
    this.input.value = "";
    this.close();
  }

  find() {
    if (this.dataset.url) this.ask(this.dataset.url, this.input.value.trim(), PAUSE_MS);
  }

  found(html) {
    if (document.activeElement !== this.input) return;
    this.list.innerHTML = html;
    const held = new Set(this.tags().map((tag) => tag.toLowerCase()));
    for (const option of all("[data-value]", this.list)) {
      option.hidden = held.has(option.dataset.value.toLowerCase());
    }
    this.list.hidden = !this.options().length;
    this.input.ariaExpanded = String(!this.list.hidden);
    this.mark(null);
  }

  close() {
    this.stop();
    this.list.hidden = true;
    this.input.ariaExpanded = "false";
    this.mark(null);
  }

  leave() {
    this.add(this.input.value);
  }

  steer(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && !this.list.hidden) {
      event.preventDefault();
      this.move(this.marked() || step > 0 ? step : 0);
    } else if ((event.key === "Enter" || event.key === ";" || event.key === ",") && this.input.value.trim()) {
      event.preventDefault();
      event.stopPropagation();
      this.add(this.marked()?.dataset.value ?? this.input.value);
    } else if (event.key === "Enter" && this.marked()) {
      event.preventDefault();
      event.stopPropagation();
      this.add(this.marked().dataset.value);
    } else if (event.key === "Backspace" && !this.input.value) {
      this.drop(this.tags().at(-1));
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  pick(event) {
    event.preventDefault();
    const option = this.under(event);
    if (option) this.add(option.dataset.value);
  }

  press(event) {
    const tag = event.target.closest("[data-tag]")?.dataset.tag;
    if (tag !== undefined) this.drop(tag);
    this.input.focus();
  }

  drop(tag) {
    if (tag === undefined) return;
    this.set(this.tags().filter((each) => each !== tag));
    say(t("tag_removed", { tag }));
  }
}

/** Return the tags in a text, parted by semicolons unless a backslash stands before. */
function split(text) {
  const parts = text.match(/(?:\\[\s\S]|[^;\\])+/g) ?? [];
  return parts.map((part) => part.replace(/\\([\\;])/g, "$1").trim()).filter(Boolean);
}

customElements.define("ui-tags", Tags);
