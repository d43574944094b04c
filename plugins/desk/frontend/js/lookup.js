// <ui-lookup data-url="/lookup/TYPE">: a combobox that finds a record. The text is what people
// read; the hidden field of the same name holds the id, `NAME~was` the text that the id stands for.
// Without a script the server finds the record by the text.
import { $, all, around, on, Part } from "./dom.js";

const PAUSE_MS = 150;
let lists = 0;

class Lookup extends Part {
  begin(signal) {
    if (!this.dataset.url) return;
    [this.input, this.was, this.id_] = all("input", this);
    this.list ??= this.appendList();
    this.input.setAttribute("aria-controls", this.list.id);
    this.input.addEventListener("input", () => this.find(PAUSE_MS), { signal });
    this.input.addEventListener("focus", () => this.input.select(), { signal });
    this.input.addEventListener("keydown", (event) => this.steer(event), { signal });
    this.input.addEventListener("blur", () => this.close(), { signal });
    this.list.addEventListener("pointerdown", (event) => this.pick(event), { signal });
  }

  end() {
    clearTimeout(this.timer);
    this.searching?.abort();
  }

  appendList() {
    const list = document.createElement("div");
    list.id = `lookup-${++lists}`;
    list.className = "lookup-l";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", this.input.getAttribute("aria-label") ?? "");
    list.hidden = true;
    this.append(list);
    return list;
  }

  options() {
    return all("[role=option][data-id]", this.list);
  }

  marked() {
    return $("[role=option][aria-selected=true]", this.list);
  }

  mark(option) {
    for (const other of this.options()) other.ariaSelected = "false";
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.ariaSelected = "true";
    this.input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  find(pause) {
    clearTimeout(this.timer);
    this.searching?.abort();
    this.timer = setTimeout(() => this.search(), pause);
  }

  async search() {
    this.searching = new AbortController();
    const { signal } = this.searching;
    try {
      const address = `${this.dataset.url}?q=${encodeURIComponent(this.input.value.trim())}`;
      const response = await fetch(address, { signal });
      if (!response.ok) return;
      const found = await response.text();
      if (signal.aborted) return;
      this.list.innerHTML = found;
      this.open();
      this.mark(this.options()[0]);
    } catch {
      // A newer search took over, or there is no network: the text is what will be sent.
    }
  }

  open() {
    this.list.hidden = false;
    this.input.ariaExpanded = "true";
  }

  close() {
    clearTimeout(this.timer);
    this.searching?.abort();
    this.list.hidden = true;
    this.input.ariaExpanded = "false";
    this.mark(null);
  }

  steer(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (this.list.hidden) this.find(0);
      else this.mark(around(this.options(), this.options().indexOf(this.marked()) + step));
    } else if (event.key === "Enter" && !this.list.hidden && this.marked()) {
      event.preventDefault();
      event.stopPropagation();
      this.take(this.marked());
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  pick(event) {
    event.preventDefault(); // the focus stays where it is
    const option = event.target.closest("[role=option][data-id]");
    if (option) this.take(option);
  }

  take(option) {
    this.input.value = this.was.value = option.dataset.label;
    this.id_.value = option.dataset.id;
    this.close();
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

customElements.define("ui-lookup", Lookup);

// Options that go with some values of another choice alone: the others can't be chosen meanwhile.
function fit(form) {
  for (const select of all("select[data-by]", form)) {
    const held = form.elements[select.dataset.by]?.value ?? "";
    for (const option of all("option[data-when]", select)) {
      option.disabled = !option.dataset.when.split(" ").includes(held) && !option.selected;
    }
  }
}

on("change", "form", fit);
for (const form of all("form.form")) fit(form);
