// The live transcript: a line a turn, in the order the turns began; a partial line is replaced by its final words.

import { clock, make, setText } from "./dom.js";

const NAMES = { agent: "You", customer: "Customer", mixed: "Call" };

class TranscriptCard extends HTMLElement {
  connectedCallback() {
    this.lines = new Map();
    this.list = make("ol", { tabIndex: 0, ariaLabel: "Transcript" });
    this.append(make("h2", {}, "Transcript"), this.list);
  }

  draw({ turns }) {
    if (this.turns !== turns) this.#clear(turns);
    const atEnd = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < 40;
    for (const turn of turns.values()) this.#line(turn);
    if (atEnd) this.list.scrollTop = this.list.scrollHeight;
  }

  #clear(turns) {
    this.turns = turns;
    this.lines.clear();
    this.list.replaceChildren();
  }

  #line(turn) {
    let line = this.lines.get(turn.key);
    if (line?.turn === turn) return;
    if (!line) {
      line = { row: make("li"), text: make("span") };
      line.row.dataset.channel = turn.channel;
      line.row.append(make("b", {}, NAMES[turn.channel]), make("time", {}, clock(turn.start)), line.text);
      this.lines.set(turn.key, line);
      this.list.append(line.row);
    }
    line.turn = turn;
    line.row.hidden = !turn.text;
    line.row.dataset.final = turn.final;
    setText(line.text, turn.text);
  }
}

customElements.define("transcript-card", TranscriptCard);
