// Light or dark: the system's choice, unless a cookie says otherwise, which the server renders as
// <html data-theme="...">, so no page flashes. [data-theme-set="light", "dark", "toggle"] chooses,
// and the server keeps it for the user, if somebody is signed in.
import { $, on, send } from "../dom.js";

const YEAR = 365 * 24 * 60 * 60;
const root = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

on("click", "[data-theme-set]", (button) => {
  const now = root.dataset.theme ?? (systemIsDark.matches ? "dark" : "light");
  const opposite = now === "dark" ? "light" : "dark";
  const chosen = button.dataset.themeSet;
  root.dataset.theme = chosen === "toggle" ? opposite : chosen;
  document.cookie = `theme=${root.dataset.theme};path=/;max-age=${YEAR};samesite=lax`;
  document.dispatchEvent(new CustomEvent("ui:theme"));
  // Refused or offline: this browser has it by its cookie all the same.
  if ($(".me")) send("/account/theme", { theme: root.dataset.theme }).catch(() => {});
});
