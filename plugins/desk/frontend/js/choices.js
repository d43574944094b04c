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

/** Mark the fields that need a value with the options that are chosen: option[data-needs]. */
function mark(form) {
  const chosen = all("option[data-needs]", form).filter((option) => option.selected);
  const needed = new Set(chosen.flatMap((option) => option.dataset.needs.split(" ")));
  for (const field of all("[data-need]", form)) {
    const isNeeded = needed.has(field.dataset.need);
    for (const sign of all("[data-mark]", field)) sign.hidden = !isNeeded;
    const fold = field.closest("details");
    if (isNeeded && fold) fold.open = true;
  }
}

/** Fit the options of the forms below an element to what is chosen in them. */
export function fitChoices(root) {
  for (const form of all("form.form", root)) fitAll(form);
}

function fitAll(form) {
  fit(form);
  mark(form);
}

on("change", "form.form", fitAll);
fitChoices(document);
for (const drawn of ["htmx:after:swap", "ui:drawn"]) {
  document.addEventListener(drawn, () => fitChoices(document));
}
