// <ui-lookup data-url="/lookup/TYPE">: a combobox that finds a record. The text is what people
// read; the hidden field of the same name holds the id, `NAME~was` the text that the id stands for.
// A select in it chooses the type first, where there are several. [data-make] in the list opens a
// short form in a dialog, and what is made there is chosen. Without a script the server finds the
// record by the text.
import { Combobox } from "./combobox.js";
import { $ } from "./dom.js";
import { openForm } from "./ui/dialogs.js";

const PAUSE_MS = 150;
let lists = 0;

class Lookup extends Combobox {
  choosable = "[role=option]:is([data-id], [data-make])";

  begin(signal) {
    if (!this.dataset.url) return;
    this.input = $("[role=combobox]", this);
    [this.was, this.id_] = this.querySelectorAll("input[type=hidden]");
    this.kind = $("select", this);
    this.list ??= this.appendList();
    this.input.setAttribute("aria-controls", this.list.id);
    this.input.addEventListener("input", () => this.find(PAUSE_MS), { signal });
    this.input.addEventListener("focus", () => this.input.select(), { signal });
    this.input.addEventListener("click", () => this.list.hidden && this.find(0), { signal });
    this.input.addEventListener("keydown", (event) => this.steer(event), { signal });
    this.input.addEventListener("blur", () => this.close(), { signal });
    this.list.addEventListener("pointerdown", (event) => this.pick(event), { signal });
    this.kind?.addEventListener("change", () => this.turn(), { signal });
    // What somebody typed before the script was here is looked for, too.
    if (document.activeElement === this.input && this.input.value !== this.was.value) this.find(0);
  }

  appendList() {
    const list = document.createElement("div");
    list.id = `lookup-${++lists}`;
    list.className = "lookup-l";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", this.label());
    list.hidden = true;
    this.append(list);
    return list;
  }

  label() {
    return this.input.getAttribute("aria-label") ?? this.input.labels[0]?.textContent.trim() ?? "";
  }

  /** Another type was chosen: what stands there is no record of it. */
  turn() {
    this.dataset.url = `/lookup/${this.kind.value}`;
    this.hold("", "");
  }

  find(pause) {
    this.ask(this.dataset.url, this.input.value.trim(), pause, "&make=1");
  }

  found(html) {
    if (document.activeElement !== this.input) return;
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
    const { label, id, make } = option.dataset;
    this.close();
    if (make) openShort(make, this.input.value.trim(), this);
    else this.hold(id, label);
  }

  /** Hold a record: its id, and what it is called. */
  hold(id, label) {
    this.input.value = this.was.value = label;
    this.id_.value = id;
    this.input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

customElements.define("ui-lookup", Lookup);

/** Open the short form of a type in a dialog; what it makes is what `lookup` holds. */
function openShort(address, text, lookup) {
  const dialog = openForm(`${address}?q=${encodeURIComponent(text)}`, lookup.label());
  dialog.addEventListener("ui:made", (event) => {
    lookup.hold(event.detail.id, event.detail.label);
    dialog.close();
  });
  dialog.addEventListener("close", () => lookup.input.focus());
}
