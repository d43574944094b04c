// <ui-board action="URL">: records in columns. `.col[data-stage]` holds a heading h2, `.count` and
// `.col-b`, and that `.tile[data-id]` with a heading h3. A move is posted as id, stage, order (its
// place), before (the id of the next one) and was (the stage that it was in); the answer is JSON:
// text (what happened) and, if wanted, sums ({stage: text} for `.sum`). A refusal puts the record
// back and says why; one that says where it is fixed opens that form, which tells of `ui:moved`.
// `.tiles-more[data-more]`, at the end of a column, stands for those that it fetches when it comes
// into sight.
//
// Pointer and touch drag; Space lifts, arrows move, Space drops, Escape cancels; and a menu with
// [data-move="STAGE"] moves without either.
import Sortable from "sortablejs";
import { $, all, along, Part, send } from "./dom.js";
import { openForm } from "./ui/dialogs.js";
import { say, toast } from "./ui/toast.js";
import { t } from "./words.js";

const DRAG = {
  animation: 140,
  delay: 160,
  delayOnTouchOnly: true,
  touchStartThreshold: 6,
  scrollSensitivity: 90,
  forceFallback: true,
  fallbackTolerance: 4,
  ghostClass: "ghost",
  dragClass: "drag",
  filter: "button, a",
  draggable: ".tile",
  preventOnFilter: false,
};

const tilesOf = (lane) => all(".tile", lane);
const placeOf = (tile) => tilesOf(tile.parentElement).indexOf(tile);

/** Put a record at a place of a column; its last child may be what fetches more. */
function insert(tile, lane, index) {
  const others = tilesOf(lane).filter((each) => each !== tile);
  if (others[index]) others[index].before(tile);
  else if (others.length) others.at(-1).after(tile);
  else lane.prepend(tile);
}

class Board extends Part {
  begin(signal) {
    this.sorts = new Map();
    this.addEventListener("keydown", (event) => this.steer(event), { signal });
    this.addEventListener("click", (event) => this.chosen(event), { signal });
    document.addEventListener("htmx:after:swap", () => this.arm(), { signal });
    this.arm();
  }

  end() {
    for (const sort of this.sorts.values()) sort.destroy();
  }

  lanes() {
    return all(".col-b", this);
  }

  /** Make the columns draggable that are not yet, and forget those that are gone. */
  arm() {
    const lanes = this.lanes();
    for (const [lane, sort] of this.sorts) {
      if (!lanes.includes(lane)) {
        sort.destroy();
        this.sorts.delete(lane);
      }
    }
    for (const lane of lanes) {
      if (!this.sorts.has(lane)) this.sorts.set(lane, new Sortable(lane, this.dragging()));
    }
    this.dropTwins();
  }

  /** A record that was moved meanwhile may be among those that are fetched later. */
  dropTwins() {
    const seen = new Set();
    for (const tile of all(".tile", this)) {
      if (seen.has(tile.dataset.id)) tile.remove();
      seen.add(tile.dataset.id);
    }
  }

  dragging() {
    const paint = (lane) => {
      for (const column of all(".col", this)) {
        column.classList.toggle("over", Boolean(lane) && column.contains(lane));
      }
    };
    return {
      ...DRAG,
      group: "board",
      onMove: (event) => paint(event.to),
      onEnd: ({ item, from, to, oldIndex, newIndex }) => {
        paint(null);
        if (from !== to || oldIndex !== newIndex) this.save(item, from, oldIndex);
      },
    };
  }

  chosen(event) {
    const item = event.target.closest("[data-move]");
    if (!item) return;
    const { for: id } = item.closest("[popover]").dataset;
    const tile = $(`.tile[data-id="${CSS.escape(id)}"]`, this);
    const lane = $(`.col[data-stage="${CSS.escape(item.dataset.move)}"] .col-b`, this);
    const from = tile.parentElement;
    const index = placeOf(tile);
    lane.prepend(tile);
    this.save(tile, from, index);
    tile.focus();
  }

  async save(tile, from, index) {
    this.count();
    const values = {
      id: tile.dataset.id,
      stage: tile.closest(".col").dataset.stage,
      order: placeOf(tile),
      before: tile.nextElementSibling?.dataset.id ?? "",
      was: from.closest(".col").dataset.stage,
    };
    try {
      const { text, undo, sums } = await send(this.getAttribute("action"), values);
      this.showSums(sums ?? {});
      if (text) toast({ text, undo });
    } catch (error) {
      if (error.fix) this.fix(error.fix, tile, from, index);
      else this.putBack(tile, from, index, t("put_back", { reason: error.message }));
    }
  }

  putBack(tile, from, index, text) {
    insert(tile, from, index);
    this.count();
    if (text) toast({ text, kind: "bad" });
  }

  /** Ask for what the option needs; the record stays where it was if nobody gives that. */
  fix(address, tile, from, index) {
    const dialog = openForm(address, $("h3", tile).textContent.trim());
    let isMoved = false;
    dialog.addEventListener("ui:moved", () => {
      isMoved = true;
      dialog.close();
      this.sumUp();
    });
    dialog.addEventListener("close", () => {
      if (!isMoved) this.putBack(tile, from, index);
      tile.focus();
    });
  }

  count() {
    for (const column of all(".col", this)) {
      const beyond = Number($(".tiles-more", column)?.dataset.more ?? 0); // not fetched yet
      $(".count", column).textContent = all(".tile", column).length + beyond;
    }
  }

  /** Show the sums that the board has by now. */
  async sumUp() {
    const response = await fetch(location.href);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const sums = all(".col", page).map((column) => [
      column.dataset.stage,
      $(".sum", column)?.textContent,
    ]);
    if (response.ok) this.showSums(Object.fromEntries(sums));
  }

  showSums(sums) {
    for (const column of all(".col", this)) {
      const sum = $(".sum", column);
      if (sum && column.dataset.stage in sums) sum.textContent = sums[column.dataset.stage];
    }
  }

  // -- by keyboard
  steer(event) {
    const tile = event.target;
    if (!tile.matches(".tile")) return;
    const isLifted = tile.classList.contains("lift");
    if (event.key === " ") {
      event.preventDefault();
      if (isLifted) this.drop(tile);
      else this.lift(tile);
    } else if (event.key === "Escape" && isLifted) {
      this.cancel(tile);
    } else if (event.key.startsWith("Arrow")) {
      event.preventDefault();
      if (isLifted) this.shift(tile, event.key);
      else this.beside(tile, event.key)?.focus();
    }
  }

  lift(tile) {
    this.from = tile.parentElement;
    this.index = placeOf(tile);
    tile.classList.add("lift");
    const name = $("h3", tile).textContent.trim();
    say(t("lifted", { name, place: this.where(tile) }));
  }

  drop(tile) {
    tile.classList.remove("lift");
    if (this.from !== tile.parentElement || this.index !== placeOf(tile)) {
      this.save(tile, this.from, this.index);
    }
  }

  cancel(tile) {
    tile.classList.remove("lift");
    tile.remove();
    insert(tile, this.from, this.index);
    tile.focus();
    say(t("cancelled"));
  }

  shift(tile, key) {
    if (key === "ArrowDown") this.beside(tile, key)?.after(tile);
    if (key === "ArrowUp") tile.previousElementSibling?.before(tile);
    this.laneBeside(tile, key)?.prepend(tile);
    tile.focus();
    say(this.where(tile));
  }

  laneBeside(tile, key) {
    const lanes = this.lanes();
    const step = along(key);
    return step ? lanes[lanes.indexOf(tile.parentElement) + step] : undefined;
  }

  beside(tile, key) {
    const tiles = tilesOf(tile.parentElement);
    if (key === "ArrowDown") return tiles[tiles.indexOf(tile) + 1];
    if (key === "ArrowUp") return tiles[tiles.indexOf(tile) - 1];
    const lane = this.laneBeside(tile, key);
    return lane && tilesOf(lane)[0];
  }

  where(tile) {
    const column = $("h2", tile.closest(".col")).textContent.trim();
    const count = tilesOf(tile.parentElement).length;
    return t("place", { column, position: placeOf(tile) + 1, count });
  }
}

customElements.define("ui-board", Board);
