// <ui-sortable action="URL"><ul>: things in an order of one's own, li[data-id] with a button.grip
// each. The grip is dragged, or moves by arrow keys; the ids are posted as `ids`, and a refusal
// puts the order back. What was saved is told by the event `sorted`. Without an action the list is
// part of a form, which hears of a change.
import Sortable from "sortablejs";
import { $, all, Part, send } from "./dom.js";
import { say, toast } from "./ui/toast.js";
import { t } from "./words.js";

const PAUSE_MS = 600;

class SortableList extends Part {
  begin(signal) {
    this.list = $("ul, ol", this);
    this.remember();
    this.sort = new Sortable(this.list, {
      handle: ".grip",
      animation: 140,
      ghostClass: "ghost",
      forceFallback: true,
      onStart: () => this.remember(),
      onEnd: () => this.save(),
    });
    this.addEventListener("keydown", (event) => this.steer(event), { signal });
  }

  /** Keep the order that a refusal brings back: a swap may have drawn the list anew. */
  remember() {
    this.saved = [...this.list.children];
  }

  end() {
    clearTimeout(this.timer);
    this.sort.destroy();
  }

  steer(event) {
    const grip = event.target.closest(".grip");
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!grip || !step) return;
    event.preventDefault();
    if (!this.timer) this.remember();
    const item = grip.closest("li");
    if (step < 0) item.previousElementSibling?.before(item);
    else item.nextElementSibling?.after(item);
    grip.focus();
    const items = [...this.list.children];
    say(t("position", { position: items.indexOf(item) + 1, count: items.length }));
    // Who moves far presses often: one request, not one a press.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE_MS);
  }

  async save() {
    this.timer = null;
    if (!this.hasAttribute("action")) {
      this.dispatchEvent(new Event("change", { bubbles: true }));
      return;
    }
    const ids = all("[data-id]", this.list).map((item) => item.dataset.id);
    try {
      const { text } = await send(this.getAttribute("action"), { ids: ids.join(",") });
      this.saved = [...this.list.children];
      if (text) toast({ text });
      this.dispatchEvent(new CustomEvent("sorted", { bubbles: true }));
    } catch (error) {
      this.list.replaceChildren(...this.saved);
      toast({ text: t("put_back", { reason: error.message }), kind: "bad" });
    }
  }
}

customElements.define("ui-sortable", SortableList);
