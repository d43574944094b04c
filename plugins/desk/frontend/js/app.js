// Everything that a page of the desk needs. No framework: htmx for what the server draws, elements
// of our own and listeners on the document for the rest. Nothing here or in a page is a text that
// runs as code, so the content security policy can forbid that.
import htmx from "htmx.org";
import { on } from "./dom.js";
import "./requests.js";
import "./ui/index.js";
import "./palette.js";
import "./list.js";
import "./cells.js";
import "./find.js";
import "./board.js";
import "./calendar.js";
import "./sortable.js";
import "./panels.js";
import "./polling.js";

function refuse() {
  throw new Error("Attributes don't run code here: no hx-on, no js: values, no [filters].");
}

window.htmx = htmx;
htmx.config.defaultSwap = "outerMorph";
// Or it gives new elements the attributes of old ones of the same id for a moment, and takes back
// what elements of ours have made of theirs meanwhile.
htmx.config.defaultSettleDelay = 0;
// Back and Forward show a page, not a part of one put into another.
htmx.config.history = "reload";
htmx.registerExtension("no-code", { init: (api) => api.initSecurity(null, refuse, refuse) });
// Chromium (156) crashes when a morph moves things by moveBefore while one of them has the focus.
delete Element.prototype.moveBefore;
// Who goes back again before this runs has the next address, and nobody has drawn its page.
const [arrival] = performance.getEntriesByType("navigation");
const page = (address) => address.split("#")[0];
if (history.state?.htmx && arrival && page(arrival.name) !== page(location.href)) location.reload();
// By itself it would begin a moment later, and miss what is typed or clicked until then.
htmx.initialize();

const root = document.documentElement;

function drawConnection() {
  root.classList.toggle("is-offline", !navigator.onLine);
}
addEventListener("online", drawConnection);
addEventListener("offline", drawConnection);
drawConnection();

// Forms bring their own scripts, wherever one stands: in the page, or in what lands in it.
const FORMS = "form.form, .ef, ui-lookup";

let formsCame = null;

/** What is typed before they have come counts as typed. */
function typedEarly(event) {
  const form = event.target.closest("form[data-draft]");
  if (form) form.dataset.touched = "";
}

function forms() {
  if (formsCame || !document.querySelector(FORMS)) return;
  document.addEventListener("input", typedEarly);
  formsCame = import("./forming.js");
  formsCame.then(() => document.removeEventListener("input", typedEarly));
}
document.addEventListener("htmx:after:swap", forms);
forms();

// So does a chart, which is the heaviest of all.
function charts() {
  if (document.querySelector("ui-chart:not(:defined)")) import("./charts.js");
}
document.addEventListener("htmx:after:swap", charts);
charts();

// What is heavy loads where it is used: <link rel="modulepreload" data-mod href="...">.
for (const link of document.querySelectorAll("link[data-mod]")) import(link.href);

if (root.dataset.sw) navigator.serviceWorker?.register(root.dataset.sw);

// In a list of things with an inspector beside it: the one that is open.
on("click", "[data-pick]", (link) => {
  for (const item of link.closest("ul").children) {
    item.classList.toggle("on", item.contains(link));
  }
});
