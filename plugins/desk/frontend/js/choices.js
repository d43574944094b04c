// Options that go with some values of another choice alone: select[data-by] and fieldset[data-by]
// name it, option[data-when] and label[data-when] the values. The others can't be chosen meanwhile;
// without a script the server refuses them.
import { all, on } from "./dom.js";

function fit(form) {
  for (const group of all("[data-by]", form)) {
    const held = form.elements[group.dataset.by]?.value ?? "";
    let isLost = false;
    for (const option of all("[data-when]", group)) {
      const isPossible = option.dataset.when.split(" ").includes(held);
      const box = option.matches("option") ? option : option.control;
      option.hidden = box.disabled = !isPossible;
      isLost ||= !isPossible && (box.selected || box.checked);
      if (!isPossible && box.checked) box.checked = false;
    }
    if (isLost && group.matches("select")) group.value = "";
  }
}

/** Fit the options of the forms below an element to what is chosen in them. */
export function fitChoices(root) {
  for (const form of all("form.form", root)) fit(form);
}

on("change", "form.form", fit);
fitChoices(document);
for (const drawn of ["htmx:after:swap", "ui:drawn"]) {
  document.addEventListener(drawn, () => fitChoices(document));
}
