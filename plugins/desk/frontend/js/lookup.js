// <ui-lookup data-url="/lookup/TYPE">: a combobox that finds a record. The text is what people
// read; the hidden field of the same name holds the id, `NAME~was` the text that the id stands for.
// Without a script the server finds the record by the text.
import { Combobox } from "./combobox.js";
import { all, on } from "./dom.js";

const PAUSE_MS = 150;
let lists = 0;

class Lookup extends Combobox {
  choosable = "[role=option][data-id]";

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

  find(pause) {
    this.ask(this.dataset.url, this.input.value.trim(), pause);
  }

  found(html) {
    this.list.innerHTML = html;
    this.list.hidden = false;
    this.input.ariaExpanded = "true";
    this.mark(this.options()[0]);
  }

  close() {
    this.stop();
    this.list.hidden = true;
    this.input.ariaExpanded = "false";
    this.mark(null);
  }

  steer(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (this.list.hidden) this.find(0);
      else this.move(step);
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
    const option = this.under(event);
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
