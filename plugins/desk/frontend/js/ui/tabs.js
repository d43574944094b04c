// Panels of one page: <div role="tablist"><button role="tab" aria-controls="PANEL">.
// Tabs that are pages of their own are links with aria-current, and need no script.
import { all, along, around, on } from "../dom.js";

on("click", "[role=tab]", (chosen) => {
  for (const tab of all("[role=tab]", chosen.closest("[role=tablist]"))) {
    const isChosen = tab === chosen;
    tab.ariaSelected = String(isChosen);
    tab.tabIndex = isChosen ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute("aria-controls"));
    if (panel) panel.hidden = !isChosen;
  }
});

on("keydown", "[role=tablist]", (list, event) => {
  const step = along(event.key);
  if (!step) return;
  const tabs = all("[role=tab]", list);
  const next = around(tabs, tabs.indexOf(event.target) + step);
  next?.focus();
  next?.click();
});
