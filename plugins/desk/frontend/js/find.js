// <ui-find>: many fields in sections, and an input that leaves those whose name holds what one
// types. Sections that hold some of them open meanwhile. In a form it finds those of the form.
import { $, all, Part } from "./dom.js";
import { say } from "./ui/toast.js";
import { t } from "./words.js";

class Find extends Part {
  begin(signal) {
    this.input = $("input[type=search]", this);
    if (!this.input) return;
    this.input.closest("label").hidden = false;
    this.input.addEventListener("input", () => this.narrow(), { signal });
    // It finds as somebody types; Enter must not save what is half filled in.
    this.input.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault(), { signal });
  }

  narrow() {
    const wanted = this.input.value.trim().toLowerCase();
    const scope = this.closest("form") ?? this;
    let count = 0;
    for (const field of all(".prop, .fld", scope)) count += this.fits(field, wanted);
    for (const section of all("details, .part", scope)) {
      const holds = Boolean($(".prop:not([hidden]), .fld:not([hidden])", section));
      section.hidden = !holds && wanted !== "";
      if (section.localName === "details") this.unfold(section, holds, wanted);
    }
    if (wanted) say(t("results", { count }));
  }

  unfold(section, holds, wanted) {
    section.dataset.was ??= String(section.open);
    section.open = wanted ? holds : section.dataset.was === "true";
    if (!wanted) delete section.dataset.was;
  }

  fits(field, wanted) {
    const name = $("dt, .label", field)?.textContent.toLowerCase() ?? "";
    field.hidden = wanted !== "" && !name.includes(wanted);
    return !field.hidden;
  }
}

customElements.define("ui-find", Find);
