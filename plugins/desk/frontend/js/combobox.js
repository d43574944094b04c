// What lookups and the palette share: an input, and a list of options of which one is marked; the
// server finds them while somebody types. Whoever extends it has `input` and `list`, and takes in
// `found(html)`.
import { $, all, around, Part } from "./dom.js";
import { asking } from "./session.js";

export class Combobox extends Part {
  choosable = "[role=option]";

  end() {
    this.stop();
  }

  options() {
    return all(this.choosable, this.list).filter((option) => !option.hidden);
  }

  marked() {
    return $("[role=option][aria-selected=true]", this.list);
  }

  mark(option, { scroll = true } = {}) {
    for (const other of all("[aria-selected=true]", this.list)) other.ariaSelected = "false";
    if (!option) {
      this.input.removeAttribute("aria-activedescendant");
      return;
    }
    option.ariaSelected = "true";
    this.input.setAttribute("aria-activedescendant", option.id);
    if (scroll) option.scrollIntoView({ block: "nearest" });
  }

  move(step) {
    const options = this.options();
    this.mark(around(options, options.indexOf(this.marked()) + step));
  }

  /** Return the option that an event comes from. */
  under(event) {
    return event.target.closest(this.choosable);
  }

  stop() {
    clearTimeout(this.timer);
    this.searching?.abort();
  }

  /** Ask the server for what matches some words, unless somebody types on within the pause. */
  ask(address, words, pause, more = "") {
    this.stop();
    const asked = `${address}?q=${encodeURIComponent(words)}${more}`;
    this.timer = setTimeout(() => this.search(asked), pause);
  }

  async search(address) {
    this.searching = new AbortController();
    const { signal } = this.searching;
    try {
      const headers = { "HX-Request": "true" };
      const response = await asking(address, { signal, headers });
      if (!response.ok) return;
      const html = await response.text();
      if (!signal.aborted) this.found(html);
    } catch {
      // A newer search took over, or there is no network: what is there stays.
    }
  }
}
