// Controls that are more than one input when there are scripts. Each keeps its value in the input
// that it is drawn around, so that a form sends the same with and without them.
//   <ui-rich><textarea>: formatted text      <ui-colour><input>: a picker beside the code
import { $, all, on, Part } from "./dom.js";
import { t } from "./words.js";

const TOOLS = [
  ["bold", "B", "bold"],
  ["italic", "I", "italic"],
  ["insertUnorderedList", "•", "bullets"],
  ["insertOrderedList", "1.", "numbers"],
  ["removeFormat", "⌫", "plain"],
];

class RichText extends Part {
  begin(signal) {
    this.area = $("textarea", this);
    if (!$("[contenteditable]", this)) this.draw();
    this.text.addEventListener("input", () => this.keep(), { signal });
    this.text.addEventListener("paste", (event) => this.paste(event), { signal });
    this.addEventListener("click", (event) => this.press(event), { signal });
    this.tools.addEventListener("keydown", (event) => this.steer(event), { signal });
  }

  draw() {
    this.tools = document.createElement("div");
    this.tools.className = "rich-t";
    this.tools.setAttribute("role", "toolbar");
    this.tools.setAttribute("aria-label", t("format"));
    for (const [command, sign, word] of TOOLS) {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.command = command;
      button.title = button.ariaLabel = t(word);
      button.tabIndex = this.tools.children.length ? -1 : 0;
      button.textContent = sign;
      this.tools.append(button);
    }
    this.text = document.createElement("div");
    this.text.className = "textarea prose rich";
    this.text.contentEditable = "true";
    this.text.setAttribute("role", "textbox");
    this.text.setAttribute("aria-multiline", "true");
    this.text.setAttribute("aria-label", this.area.labels[0]?.textContent.trim() ?? this.area.ariaLabel ?? "");
    for (const name of ["aria-describedby", "aria-invalid", "aria-required"]) {
      const value = this.area.getAttribute(name);
      if (value) this.text.setAttribute(name, value);
    }
    // The server has made it safe; what came back with a problem has not been there yet.
    this.text.append(safe(this.area.value));
    for (const label of this.area.labels) {
      label.addEventListener("click", () => this.text.focus());
    }
    const isWritten = document.activeElement === this.area;
    this.area.hidden = true;
    this.append(this.tools, this.text);
    if (isWritten) this.goOn();
  }

  /** Let whoever was writing before the scripts had come go on behind what is there. */
  goOn() {
    const last = this.text.lastChild;
    // A space at the end has no width, and would be lost.
    if (last?.nodeType === Node.TEXT_NODE) last.data = last.data.replace(/ $/, "\u00a0");
    this.text.focus();
    const selection = getSelection();
    selection.selectAllChildren(this.text);
    selection.collapseToEnd();
  }

  keep() {
    const isEmpty = !this.text.textContent.trim() && !$("img, hr", this.text);
    this.area.value = isEmpty ? "" : this.text.innerHTML;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  press(event) {
    const button = event.target.closest("[data-command]");
    if (!button) return;
    this.text.focus();
    document.execCommand(button.dataset.command);
    this.keep();
  }

  paste(event) {
    event.preventDefault();
    const html = event.clipboardData.getData("text/html");
    const made = document.createElement("div");
    if (html) made.append(safe(html));
    else made.textContent = event.clipboardData.getData("text/plain");
    document.execCommand("insertHTML", false, made.innerHTML.replaceAll("\n", html ? " " : "<br>"));
  }

  steer(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const buttons = all("button", this.tools);
    const next = buttons[buttons.indexOf(event.target) + step];
    if (!next) return;
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  }
}

const KEPT = new Set(
  "A B BLOCKQUOTE BR CODE DIV EM H1 H2 H3 H4 HR I LI OL P PRE S SPAN STRONG U UL".split(" "),
);

/** Return the nodes of HTML without anything that runs, loads or looks like another part. */
function safe(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const element of all("script, style, template, iframe, object, svg, math", body)) {
    element.remove();
  }
  for (const element of all("*", body)) {
    const href = element.tagName === "A" ? element.getAttribute("href") : null;
    for (const { name } of [...element.attributes]) element.removeAttribute(name);
    if (href && /^(https?:|mailto:|tel:)/i.test(href)) element.setAttribute("href", href);
    if (!KEPT.has(element.tagName)) element.replaceWith(...element.childNodes);
  }
  const made = document.createDocumentFragment();
  made.append(...body.childNodes);
  return made;
}

class Colour extends Part {
  begin(signal) {
    const code = $("input.input", this);
    const picker = $("[type=color]", this) ?? document.createElement("input");
    picker.type = "color";
    picker.tabIndex = -1;
    picker.ariaLabel = t("pick_colour");
    this.prepend(picker);
    const draw = () => {
      if (/^#[0-9a-f]{6}$/i.test(code.value)) picker.value = code.value;
    };
    draw();
    code.addEventListener("input", draw, { signal });
    picker.addEventListener(
      "input",
      (event) => {
        event.stopPropagation();
        code.value = picker.value;
        code.dispatchEvent(new Event("input", { bubbles: true }));
      },
      { signal },
    );
  }
}

customElements.define("ui-rich", RichText);
customElements.define("ui-colour", Colour);

// What is hidden can be seen while it is typed.
on("click", "[data-peek]", (button) => {
  const field = $("input", button.parentElement);
  const isShown = field.type === "text";
  field.type = isShown ? "password" : "text";
  button.ariaPressed = String(!isShown);
});
