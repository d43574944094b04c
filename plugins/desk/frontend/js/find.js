// <ui-find>: many fields in sections, and an input that leaves those whose name holds what one
// types. Sections that hold some of them open meanwhile.
import { $, all, Part } from "./dom.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

class Find extends Part {
  begin(signal) {
    this.input = $("input[type=search]", this);
    if (!this.input) return;
    this.input.closest("label").hidden = false;
    this.input.addEventListener("input", () => this.narrow(), { signal });
  }

  narrow() {
    const wanted = this.input.value.trim().toLowerCase();
    let count = 0;
    for (const section of all("details", this)) {
      section.dataset.was ??= String(section.open);
      const found = all(".prop", section).filter((prop) => this.fits(prop, wanted));
      count += found.length;
      section.hidden = found.length === 0;
      section.open = wanted ? found.length > 0 : section.dataset.was === "true";
      if (!wanted) delete section.dataset.was;
    }
    if (wanted) say(t("results", { count }));
  }

  fits(prop, wanted) {
    const name = $("dt", prop).textContent.toLowerCase();
    prop.hidden = wanted !== "" && !name.includes(wanted);
    return !prop.hidden;
  }
}

customElements.define("ui-find", Find);
