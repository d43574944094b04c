// A session that has ended: whoever asks the server by `asking` signs in again in a dialog, and
// what was asked is asked again, so that nobody loses what he was about to save.
import { t } from "./words.js";

const UNAUTHORISED = 401;
const DOOR = "/sign-in";
const CODE_DOOR = "/sign-in/code";
let door;

const $ = (selector, root) => root.querySelector(selector);

/** Fetch like `fetch`; after an answer that nobody is signed in, sign in and fetch again. */
export async function asking(address, request) {
  const response = await fetch(address, request);
  if (response.status !== UNAUTHORISED) return response;
  // Several requests that end up here wait for one dialog.
  door ??= signIn().finally(() => {
    door = undefined;
  });
  if (!(await door)) return response;
  // The signal may have run out of time meanwhile.
  return fetch(address, { ...request, signal: undefined });
}

/** Ask for address and password in a dialog; return a promise of whether that went well. */
function signIn() {
  const dialog = document.createElement("dialog");
  dialog.className = "confirm door-d";
  dialog.setAttribute("aria-labelledby", "door-h");
  dialog.innerHTML = `<form class="stack"><h2 id="door-h"></h2><p class="door-t"></p>
    <p class="refused" role="alert" hidden></p>
    <div><label class="label" for="door-e"></label><input class="input" id="door-e" name="email"
      type="email" autocomplete="username" maxlength="254" required autofocus></div>
    <div><label class="label" for="door-p"></label><input class="input" id="door-p" name="password"
      type="password" autocomplete="current-password" maxlength="1000" required></div>
    <div hidden><label class="label" for="door-c"></label><input class="input mono" id="door-c"
      name="code" autocomplete="one-time-code" autocapitalize="none" maxlength="100"></div>
    <footer><button class="btn" type="button" data-close></button>
      <button class="btn btn-primary" type="submit"></button></footer></form>`;
  $("h2", dialog).textContent = t("session_over");
  $(".door-t", dialog).textContent = t("session_kept");
  $("[for=door-e]", dialog).textContent = t("email");
  $("[for=door-p]", dialog).textContent = t("password");
  $("[for=door-c]", dialog).textContent = t("code");
  $("[data-close]", dialog).textContent = t("cancel");
  $("[type=submit]", dialog).textContent = t("sign_in");
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    let isIn = false;
    $("form", dialog).addEventListener("submit", async (event) => {
      event.preventDefault();
      isIn = await enter(dialog);
      if (isIn) dialog.close();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(isIn);
    });
  });
}

/** Send the form of the dialog; say what is wrong with it. Somebody else gets a page of his own. */
async function enter(dialog) {
  const form = $("form", dialog);
  const button = $("[type=submit]", form);
  button.disabled = true;
  try {
    const headers = { Accept: "text/html", "HX-Request": "true" };
    const body = new URLSearchParams(new FormData(form));
    const { ticket } = form.dataset;
    if (ticket) body.set("ticket", ticket);
    const response = await fetch(ticket ? CODE_DOOR : DOOR, { method: "POST", headers, body });
    if (response.headers.get("Relatum-Ticket")) {
      askCode(form, response.headers.get("Relatum-Ticket"));
      return false;
    }
    // An empty one: it took too long, so the password comes first again.
    if (response.headers.has("Relatum-Ticket")) askPassword(form);
    if (response.ok) {
      const { user } = document.documentElement.dataset;
      const who = response.headers.get("Relatum-User");
      // What one person has typed is not sent in the name of another.
      if (!who || !user || who === user) return true;
      location.reload();
      return false;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    complain(form, page.body.textContent.trim() || t("failed"));
  } catch {
    complain(form, navigator.onLine ? t("no_answer") : t("offline"));
  } finally {
    button.disabled = false;
  }
  return false;
}

/** Go on to the second step: the password was right, and a code has to follow. */
function askCode(form, ticket) {
  form.dataset.ticket = ticket;
  for (const name of ["email", "password"]) $(`[name=${name}]`, form).readOnly = true;
  $(".refused", form).hidden = true;
  const code = $("[name=code]", form);
  code.required = true;
  code.parentElement.hidden = false;
  code.focus();
}

function askPassword(form) {
  delete form.dataset.ticket;
  for (const name of ["email", "password"]) $(`[name=${name}]`, form).readOnly = false;
  const code = $("[name=code]", form);
  code.required = false;
  code.value = "";
  code.parentElement.hidden = true;
}

function complain(form, text) {
  const place = $(".refused", form);
  place.textContent = text;
  place.hidden = false;
  $(form.dataset.ticket ? "[name=code]" : "[name=password]", form).select();
}
