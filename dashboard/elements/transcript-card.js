// The live transcript: a line a turn, in the order the turns began; a partial line is replaced by its final words, and
// what of it may still change is paler.
// Only the turns that changed are touched. Lines are in chunks, of which the browser lays out only those that can be
// seen: it looks at every chunk on every frame, so there must not be thousands.

import { clock, make, setText } from "./dom.js";

const NAMES = { agent: "You", customer: "Customer", mixed: "Call" };
const CHUNK = 50; // lines
const NEAR_END = 40; // px

class TranscriptCard extends HTMLElement {
  connectedCallback() {
    this.lines = new Map();
    this.order = []; // the same lines, by when their turns began
    this.list = make("div", { className: "lines", tabIndex: 0, role: "region", ariaLabel: "Transcript" });
    this.empty = make("p", { className: "detail" }, "What both of you say appears here.");
    this.earlier = make("p", { className: "detail" }, "What was said earlier is in the review of this call.");
    this.append(make("h2", {}, "Transcript"), this.empty, this.earlier, this.list);
  }

  draw({ turns, changed }) {
    if (this.turns !== turns) this.#clear(turns);
    if (changed.size === 0) return;
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR_END;
    for (const key of changed) this.#line(turns.get(key));
    this.#forget();
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  #clear(turns) {
    this.turns = turns;
    this.lines.clear();
    this.order.length = 0;
    this.list.replaceChildren();
    this.empty.hidden = false;
    this.earlier.hidden = true;
  }

  // The first `confirmed` characters stay as they are; what comes after them may still change, and looks it.
  #line({ key, channel, start, text, confirmed }) {
    let line = this.lines.get(key);
    if (!line) {
      line = { key, start, row: make("li"), sure: make("span"), unsure: make("i") };
      line.row.dataset.channel = channel;
      line.row.append(make("time", {}, clock(start)), make("b", {}, NAMES[channel]), make("p", { dir: "auto" }, line.sure, line.unsure));
      this.lines.set(key, line);
      this.#place(line);
    }
    line.row.hidden = !text;
    this.empty.hidden ||= Boolean(text);
    setText(line.sure, text.slice(0, confirmed));
    setText(line.unsure, text.slice(confirmed));
  }

  // Drops the lines that the state keeps no more.
  #forget() {
    if (this.lines.size === this.turns.size) return;
    this.earlier.hidden = false;
    this.order = this.order.filter((line) => {
      const kept = this.turns.has(line.key);
      if (!kept) {
        const chunk = line.row.parentElement;
        line.row.remove();
        this.lines.delete(line.key);
        if (chunk.childElementCount === 0) chunk.remove();
      }
      return kept;
    });
  }

  // Words may come out of order: those of a short turn before those of a longer one that began earlier.
  #place(line) {
    let at = this.order.length;
    while (at > 0 && this.order[at - 1].start > line.start) at -= 1;
    if (!(this.list.lastChild?.childElementCount < CHUNK)) this.list.append(make("ol"));
    if (at === this.order.length) this.list.lastChild.append(line.row);
    else this.order[at].row.before(line.row);
    this.order.splice(at, 0, line);
  }
}

customElements.define("transcript-card", TranscriptCard);
