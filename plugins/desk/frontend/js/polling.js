// <ui-poll src="/jobs/7" seconds="2">: what stands in it is asked for again, one request after the
// other, while the page is looked at. The server answers 304 if nothing has changed, and 286 with
// what it is in the end; refused, it is not asked again. Within it nothing is said of errors, so
// it has data-quiet.
import htmx from "htmx.org";

const LAST = 286;
const REFUSED = new Set([401, 403, 404]);
const SLOWEST_MS = 60_000;

class Poll extends HTMLElement {
  connectedCallback() {
    this.gone = new AbortController();
    const { signal } = this.gone;
    this.usual = 1000 * Number(this.getAttribute("seconds") || 2);
    this.wait = this.usual;
    this.addEventListener("htmx:config:request", (event) => this.ask(event.detail.ctx), { signal });
    this.addEventListener("htmx:finally:request", (event) => this.hear(event.detail.ctx), { signal });
    document.addEventListener("visibilitychange", () => this.plan(0), { signal });
    this.plan(this.wait);
  }

  disconnectedCallback() {
    clearTimeout(this.timer);
    this.gone.abort();
  }

  plan(wait) {
    clearTimeout(this.timer);
    if (this.over || this.asking || document.hidden) return;
    this.timer = setTimeout(() => {
      this.asking = true;
      htmx.ajax("GET", this.getAttribute("src"), { source: this, target: this, swap: "innerMorph" });
    }, wait);
  }

  ask({ sourceElement, request }) {
    if (sourceElement === this && this.tag) request.headers["If-None-Match"] = this.tag;
  }

  hear({ sourceElement, response }) {
    if (sourceElement !== this) return;
    this.asking = false;
    this.over = response?.status === LAST || REFUSED.has(response?.status);
    const sound = response && response.status < 500;
    if (sound) this.tag = response.headers.get("ETag") ?? this.tag;
    this.wait = sound ? this.usual : Math.min(2 * this.wait, SLOWEST_MS);
    this.plan(this.wait);
  }
}

customElements.define("ui-poll", Poll);
