// The transcript of a recorded call: the line and the word that are being said are marked, and a click on any of them
// goes there. A line is cut into words only once it is needed. Lines are in chunks, of which the browser lays out only
// those that can be seen: it looks at every chunk on every frame, so there must not be thousands.

import { clock, make } from "../elements/dom.js";
import { lastUpTo } from "./search.js";

const NAMES = { agent: "Agent", customer: "Customer", mixed: "Call" };
const CHUNK = 50; // lines
const LONGEST = 60; // seconds that a turn may last, at most
const HANDS_OFF_MS = 4000; // after the reader scrolled, playback leaves the list where it is

class CallTranscript extends HTMLElement {
  show(call, playhead) {
    this.playhead = playhead;
    this.lines = call.words.filter(({ text }) => text).map((turn) => new Line(turn));
    this.list = make("div", { className: "lines", tabIndex: 0, role: "region", ariaLabel: "Transcript" }, ...chunks(this.lines));
    const none = this.lines.length ? [] : [make("p", { className: "detail" }, "No words were heard in this call.")];
    this.append(make("h2", {}, "Transcript"), ...none, this.list);
    this.list.addEventListener("click", ({ target }) => this.#clicked(target));
    this.list.addEventListener("pointerover", ({ target }) => this.#lineOf(target)?.cut());
    for (const moved of ["wheel", "touchmove", "keydown"]) {
      this.list.addEventListener(moved, () => (this.freeAt = performance.now() + HANDS_OFF_MS), { passive: true });
    }
    playhead.addEventListener("change", () => this.#follow());
    this.#follow();
  }

  #lineOf(target) {
    const row = target.closest("li");
    return row && this.lines.find((line) => line.row === row);
  }

  #clicked(target) {
    const line = this.#lineOf(target);
    if (!line || getSelection().toString()) return;
    this.playhead.seek(line.startOf(target));
  }

  #follow() {
    const { time, playing } = this.playhead;
    const current = this.#saidAt(time);
    for (const line of this.marked ?? []) if (!current.includes(line)) line.unmark();
    for (const line of current) line.mark(time);
    const first = current[0];
    if (first && first !== this.marked?.[0] && (playing || !this.list.contains(document.activeElement))) this.#reveal(first.row);
    this.marked = current;
  }

  #saidAt(time) {
    const found = [];
    for (let index = lastUpTo(this.lines, time, startOf); this.lines[index]?.turn.start > time - LONGEST; index -= 1) {
      if (time < this.lines[index].turn.end) found.unshift(this.lines[index]);
    }
    return found;
  }

  // Not scrollIntoView, which would also scroll the page.
  #reveal(row) {
    if (performance.now() < this.freeAt) return;
    const { top, bottom } = row.getBoundingClientRect();
    const box = this.list.getBoundingClientRect();
    if (top < box.top || bottom > box.bottom) this.list.scrollTop += top - box.top - box.height / 3;
  }
}

function chunks(lines) {
  const starts = Array.from({ length: Math.ceil(lines.length / CHUNK) }, (_, index) => index * CHUNK);
  return starts.map((start) => make("ol", {}, ...lines.slice(start, start + CHUNK).map(({ row }) => row)));
}

const startOf = ({ turn }) => turn.start;

class Line {
  constructor(turn) {
    this.turn = turn;
    this.text = make("span", { className: "text", dir: "auto" }, turn.text);
    this.jump = make("button", { type: "button", ariaLabel: `Go to ${clock(turn.start)}` }, clock(turn.start));
    this.row = make("li", {}, this.jump, make("b", {}, NAMES[turn.channel]), this.text);
    this.row.dataset.channel = turn.channel;
  }

  cut() {
    if (this.words) return;
    this.words = this.turn.words.map(({ text }) => make("span", {}, text));
    this.text.replaceChildren(...this.words.flatMap((word, index) => (index ? [" ", word] : [word])));
  }

  startOf(target) {
    const index = this.words?.indexOf(target) ?? -1;
    return index < 0 ? this.turn.start : this.turn.words[index].start;
  }

  mark(time) {
    this.cut();
    const said = lastUpTo(this.turn.words, time, ({ start }) => start);
    this.row.ariaCurrent = "true";
    if (said === this.said) return;
    this.words[this.said]?.classList.remove("now");
    this.words[said]?.classList.add("now");
    this.said = said;
  }

  unmark() {
    this.row.ariaCurrent = null;
    this.words[this.said]?.classList.remove("now");
    this.said = undefined;
  }
}

customElements.define("call-transcript", CallTranscript);
