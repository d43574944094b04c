// <ui-palette src="/search">: the command palette, a combobox with a list in a modal dialog.
// Commands come with the page as [role=option] with data-href or data-click (what to click);
// records come from `src?q=` as options in groups.
import { Combobox } from "./combobox.js";
import { $, all } from "./dom.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

const PAUSE_MS = 120;
const SHORTEST = 2;

class Palette extends Combobox {
  begin(signal) {
    this.dialog = $("dialog", this);
    this.input = $("input", this);
    this.list = $("[role=listbox]", this);
    this.commands ??= this.list.innerHTML;
    document.addEventListener("keydown", (event) => this.toggle(event), { signal });
    this.dialog.addEventListener("ui:open", () => this.reset(), { signal });
    this.dialog.addEventListener("close", () => this.stop(), { signal });
    this.dialog.addEventListener("keydown", (event) => this.steer(event), { signal });
    this.input.addEventListener("input", () => this.find(), { signal });
    this.list.addEventListener("click", (event) => this.choose(event), { signal });
    this.list.addEventListener("pointermove", (event) => this.hover(event), { signal });
  }

  toggle(event) {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (this.dialog.open) {
      this.dialog.close();
      return;
    }
    this.dialog.showModal();
    this.reset();
  }

  reset() {
    this.input.value = "";
    this.list.innerHTML = this.commands;
    this.mark(this.options()[0]);
    this.input.focus();
  }

  hover(event) {
    const option = this.under(event);
    if (option) this.mark(option, { scroll: false });
  }

  steer(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.move(step);
    } else if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.marked()?.click();
    }
  }

  choose(event) {
    const option = this.under(event);
    if (!option) return;
    this.dialog.close();
    if (option.dataset.href) location.assign(option.dataset.href);
    else if (option.dataset.click) $(option.dataset.click)?.click();
  }

  find() {
    const words = this.input.value.trim();
    this.list.innerHTML = this.commands;
    this.narrow(words.toLowerCase());
    this.mark(this.options()[0]);
    if (words.length < SHORTEST) this.stop();
    else this.ask(this.getAttribute("src"), words, PAUSE_MS);
  }

  narrow(words) {
    for (const option of all("[role=option]", this.list)) {
      option.hidden = Boolean(words) && !option.textContent.toLowerCase().includes(words);
    }
    for (const group of all("[role=group]", this.list)) {
      group.hidden = !$("[role=option]:not([hidden])", group);
    }
  }

  found(html) {
    this.list.insertAdjacentHTML("afterbegin", html);
    this.mark(this.options()[0]);
    say(t("results", { count: this.options().length }));
  }
}

customElements.define("ui-palette", Palette);
