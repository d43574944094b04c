// What every other module uses: finding elements, listening for all of them at once, sending.
import { asking } from "./session.js";
import { t } from "./words.js";

/** Return the first element below `root` that matches. */
export const $ = (selector, root = document) => root.querySelector(selector);

/** Return all elements below `root` that match, as an array. */
export const all = (selector, root = document) => [...root.querySelectorAll(selector)];

/** Return a text that is safe inside HTML. */
export const esc = (text) =>
  String(text).replace(
    /[&<>"']/g,
    (mark) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[mark],
  );

/**
 * Call `listener(element, event)` for events on or inside elements that match, also on those
 * that are swapped in later.
 */
export function on(type, selector, listener, options) {
  document.addEventListener(
    type,
    (event) => {
      const element = event.target.closest?.(selector);
      if (element) listener(element, event);
    },
    options,
  );
}

/** Return the item at an index that may lie before the first or behind the last one. */
export const around = (list, index) => list[(index + list.length) % list.length];

/** Return how far a key goes along the line of text: 1, -1, or 0 for any other key. */
export function along(key) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0;
  return document.documentElement.dir === "rtl" ? -step : step;
}

/** Tell whether somebody is typing where an event comes from, so that keys are letters. */
export const isTyping = (event) =>
  Boolean(event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]"));

/**
 * Tell whether keys without Ctrl or Alt may do something: people can switch them off, and while
 * an editor is on its way they are meant for that.
 */
export const keysAreOn = () =>
  document.documentElement.dataset.keys !== "off" && !$("[data-waiting]");

/**
 * An element of ours. `begin(signal)` sets it up each time it comes into the page (swaps move
 * elements); listeners that get the signal go when the element does.
 */
export class Part extends HTMLElement {
  connectedCallback() {
    this.leaving = new AbortController();
    const { signal } = this.leaving;
    // A swap puts an element into the page first, and into that what it holds.
    if (this.firstChild) this.start(signal);
    else queueMicrotask(() => signal.aborted || this.start(signal));
  }

  start(signal) {
    this.begun = true;
    this.begin(signal);
  }

  disconnectedCallback() {
    this.leaving.abort();
    if (this.begun) this.end();
    this.begun = false;
  }

  end() {}
}

/** Return the headers that the server wants with everything that writes. */
export function proof() {
  const token = $("meta[name=csrf]");
  return token ? { "X-CSRF-Token": token.content } : {};
}

/** Return in words why the server refused. */
export function reason(status, type, text) {
  if (type?.includes("json")) {
    try {
      const problem = JSON.parse(text);
      if (problem.detail || problem.title) return problem.detail || problem.title;
    } catch {
      // Cut off or no JSON after all: the status says enough.
    }
  }
  if (type?.startsWith("text/plain") && text) return text;
  if (status === 401) return t("signed_out");
  if (status === 403 || status === 404) return t("not_allowed");
  return t("failed");
}

/** Post a form to the server and return its JSON; an error carries the reason for people, its status and where it is fixed. */
export async function send(url, values) {
  const headers = { ...proof(), Accept: "application/json" };
  const request = { method: "POST", headers, body: new URLSearchParams(values) };
  let response;
  try {
    response = await asking(url, request);
  } catch {
    throw new Error(navigator.onLine ? t("no_answer") : t("offline"));
  }
  const type = response.headers.get("Content-Type");
  const text = await response.text();
  if (!response.ok) {
    const error = new Error(reason(response.status, type, text));
    throw Object.assign(error, { status: response.status, fix: response.headers.get("X-Fix") });
  }
  return type?.includes("json") ? JSON.parse(text) : {};
}
