// What plugins may use: window.ui, beside window.htmx.
import { esc, send } from "../dom.js";
import { ask } from "./dialogs.js";
import { openMenu } from "./menus.js";
import "./shortcuts.js";
import "./tabs.js";
import "./theme.js";
import { say, toast } from "./toast.js";

export const ui = { ask, esc, openMenu, say, send, toast };
window.ui = ui;
