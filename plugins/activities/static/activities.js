// The composer is entered as it opens, and where one goes on after choosing what to write.
const first = (form) =>
  [...form.querySelectorAll("input:not([type=radio], [type=checkbox]), textarea")].find(
    (field) => field.offsetParent !== null && (field.name === "text" || field.name === "subject"),
  );

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.(".act-new[open]")) first(event.target)?.focus();
  },
  true, // the event does not bubble
);

document.addEventListener("change", (event) => {
  const { target } = event;
  // Who walks through them by arrow keys stays among them.
  if (target.matches?.(".act-new [name=kind]") && !target.matches(":focus-visible")) {
    first(target.form)?.focus();
  }
});

// Escape folds an empty composer up again.
document.addEventListener("keydown", (event) => {
  const composer = event.key === "Escape" && event.target.closest?.(".act-new[open]");
  if (!composer || [...composer.querySelectorAll("[name=text], [name=subject]")].some((f) => f.value)) return;
  composer.open = false;
  composer.querySelector("summary").focus();
});
