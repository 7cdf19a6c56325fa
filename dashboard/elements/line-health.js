// State of the lines and of the machine: loudness of both voices, devices gone, lag, frames lost, previews skipped.

import { make, setData, setText } from "./dom.js";

const LINES = { agent: "Microphone", customer: "Customer's line", mixed: "Line" };
const QUIETEST = -60; // dB re full scale, an empty bar

class LineHealth extends HTMLElement {
  connectedCallback() {
    this.lines = Object.keys(LINES).map((channel) => new Line(channel));
    this.machine = make("span");
    this.append(...this.lines.map(({ element }) => element), this.machine);
  }

  draw(state) {
    this.hidden = state.call?.state !== "live";
    for (const line of this.lines) line.draw(state);
    setText(this.machine, machine(state.status));
  }
}

class Line {
  constructor(channel) {
    this.channel = channel;
    this.bar = make("span");
    this.text = make("span");
    this.element = make("span", { className: "line" }, this.text, make("span", { className: "bar", ariaHidden: "true" }, this.bar));
  }

  draw({ levels, devices, paused, connection }) {
    const [level, device] = [levels[this.channel], devices[this.channel]];
    const gone = device?.present === false;
    this.element.hidden = !level && !device;
    setData(this.element, "gone", String(gone));
    setText(this.text, LINES[this.channel] + (gone ? " disconnected" : paused ? " paused" : level?.clipped ? " too loud" : ""));
    const filled = gone || paused || connection !== "live" || !level ? 0 : Math.min(1, Math.max(0, 1 - level.dbfs / QUIETEST));
    if (this.drawn !== filled) this.bar.style.width = `${(this.drawn = filled) * 100}%`;
  }
}

function machine(status) {
  if (!status) return "";
  return [
    `Lag ${status.lag.toFixed(1)} s`,
    status.words_lag > 3 && `words ${Math.round(status.words_lag)} s behind`,
    `${status.dropped} frames lost`,
    status.shed > 0 && `${status.shed} word previews skipped`, // the final words come all the same
  ]
    .filter(Boolean)
    .join(" · ");
}

customElements.define("line-health", LineHealth);
