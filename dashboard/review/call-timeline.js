// The timeline of a call: click anywhere to go there. What is seen is a window that scrolls natively over a strip as long
// as the zoom asks for; only the window is painted, so three hours cost what three minutes do.

import { clock, make, setText } from "../elements/dom.js";
import { GAP, LANE, TONE, heightFor, laneTop, paintAlerts, paintOverlaps, paintTone, paintVoice, x } from "./paint.js";
import { Peaks } from "./peaks.js";

const NAMES = { agent: "Agent", customer: "Customer", mixed: "Call" };
const CLOSEST = 10; // seconds that fill the window at the highest zoom
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800]; // seconds between marks of the axis
const MARK_PX = 80;
const SNAP_PX = 9; // a click this near to an alert means the alert

class CallTimeline extends HTMLElement {
  // call: as the page holds it (see call-review.js); playhead: where we are.
  show(call, playhead) {
    this.call = call;
    this.playhead = playhead;
    this.zoom = 1;
    this.peaks = call.keptAudio ? new Peaks(call.id, call.voices.length, () => this.#paint()) : null;
    this.canvas = make("canvas");
    this.cursor = make("div", { className: "cursor" });
    this.strip = make("div", { className: "strip" }, this.canvas, this.cursor);
    this.window = make("div", { className: "window", tabIndex: 0, role: "slider", ariaLabel: "Position in the call" }, this.strip);
    Object.assign(this.window, { ariaValueMin: "0", ariaValueMax: String(Math.round(call.duration)) });
    this.axis = make("div", { className: "axis", ariaHidden: "true" });
    this.append(make("div", { className: "labels", ariaHidden: "true" }, ...this.#labels()), this.window, this.axis, this.#zoomButtons());
    this.#listen();
  }

  disconnectedCallback() {
    this.resized?.disconnect();
    this.theme?.removeEventListener("change", this.repaint);
  }

  #labels() {
    const at = (top, height, ...content) => {
      const label = make("span", {}, ...content);
      label.style.top = `${top}px`;
      label.style.height = `${height}px`;
      return label;
    };
    const tone = at(laneTop(this.call.voices.length), TONE, "Tone", make("i", {}, "heated"), make("i", {}, "calm"));
    return [...this.call.voices.map((voice, index) => at(laneTop(index), LANE, NAMES[voice])), tone];
  }

  #zoomButtons() {
    const button = (text, label, to) => {
      const made = make("button", { type: "button", ariaLabel: label }, text);
      made.addEventListener("click", () => this.#zoomTo(to()));
      return made;
    };
    return make(
      "div",
      { className: "zoom" },
      make("p", {}, ...this.#legend()),
      button("−", "Zoom out", () => this.zoom / 2),
      button("+", "Zoom in", () => this.zoom * 2),
      button("Whole call", "Show the whole call", () => 1),
    );
  }

  #legend() {
    const talkedOver = this.call.voices.length > 1 ? [make("span", { className: "over" }, "talked over")] : [];
    return [make("span", { className: "trend" }, "trend"), make("span", { className: "anger" }, "anger in the voice"), ...talkedOver];
  }

  #listen() {
    this.repaint = () => this.#paint();
    this.resized = new ResizeObserver(this.repaint);
    this.resized.observe(this.window);
    this.theme = matchMedia("(prefers-color-scheme: dark)");
    this.theme.addEventListener("change", this.repaint);
    this.window.addEventListener("scroll", this.repaint, { passive: true });
    this.window.addEventListener("click", (event) => this.playhead.seek(this.#nearest(event)));
    this.window.addEventListener("pointermove", (event) => {
      if (event.buttons === 1 && event.pointerType === "mouse") this.playhead.seek(this.#at(event));
      this.window.title = this.#alertAt(event)?.say ?? "";
    });
    this.window.addEventListener(
      "wheel",
      (event) => {
        if (!event.ctrlKey) return;
        event.preventDefault();
        this.#zoomTo(this.zoom * 2 ** (-event.deltaY / 200), this.#at(event));
      },
      { passive: false },
    );
    this.window.addEventListener("keydown", ({ key }) => {
      if (key === "+") this.#zoomTo(this.zoom * 2);
      if (key === "-") this.#zoomTo(this.zoom / 2);
      if (key === "Home") this.playhead.seek(0);
      if (key === "End") this.playhead.seek(this.call.duration);
    });
    this.playhead.addEventListener("change", () => this.#follow());
  }

  #view() {
    const width = this.window.clientWidth;
    const seconds = this.call.duration / this.zoom;
    const from = (this.window.scrollLeft / (width * this.zoom)) * this.call.duration;
    return { from, to: from + seconds, width };
  }

  #at({ clientX }) {
    const { from, to, width } = this.#view();
    return from + ((clientX - this.window.getBoundingClientRect().left) / width) * (to - from);
  }

  #alertAt(event) {
    const view = this.#view();
    const left = event.clientX - this.window.getBoundingClientRect().left;
    return this.call.alerts.find(({ at }) => Math.abs(x(view, at) - left) < SNAP_PX);
  }

  #nearest(event) {
    return this.#alertAt(event)?.at ?? this.#at(event);
  }

  // Zooms so that `seconds` stays where it is in the window.
  #zoomTo(zoom, seconds = this.playhead.time) {
    const view = this.#view();
    const left = Math.min(Math.max(0, x(view, seconds)), view.width);
    this.zoom = Math.min(Math.max(1, zoom), Math.max(1, this.call.duration / CLOSEST));
    this.strip.style.width = `${this.zoom * 100}%`;
    this.window.scrollLeft = (seconds / this.call.duration) * view.width * this.zoom - left;
    this.#paint();
  }

  // Moves the cursor; while it plays the window turns the page when the cursor leaves it.
  #follow() {
    const { time, playing } = this.playhead;
    const share = time / this.call.duration;
    const strip = this.window.clientWidth * this.zoom;
    this.cursor.style.transform = `translateX(${share * strip}px)`;
    if (playing) this.#keepInView(share * strip);
    const whole = String(Math.floor(time));
    if (this.window.ariaValueNow !== whole) Object.assign(this.window, { ariaValueNow: whole, ariaValueText: clock(time) });
  }

  #keepInView(left) {
    const { scrollLeft, clientWidth } = this.window;
    if (left < scrollLeft || left > scrollLeft + clientWidth) this.window.scrollLeft = left - clientWidth * 0.1;
  }

  #paint() {
    const view = this.#view();
    if (view.width === 0 || this.call.duration === 0) return;
    const { voices, turns, overlaps, curves, alerts } = this.call;
    const height = heightFor(voices.length);
    const pen = this.#pen(view.width, height);
    const colors = this.#colors();
    const columns = Math.floor(view.width / 2);
    voices.forEach((voice, index) => {
      const peaks = this.peaks?.columns(index, view.from, view.to, columns);
      if (peaks) this.dataset.waveform = "drawn";
      paintVoice(pen, view, laneTop(index), voice === "agent" ? colors.agent : colors.calm, turns[voice], peaks);
    });
    if (voices.length > 1) paintOverlaps(pen, view, laneTop(1) - GAP + 2, colors.warn, overlaps);
    paintTone(pen, view, laneTop(voices.length), colors, curves);
    paintAlerts(pen, view, height, colors, alerts);
    this.#markAxis(view);
    this.#follow();
  }

  #pen(width, height) {
    const scale = devicePixelRatio;
    if (this.canvas.width !== Math.round(width * scale) || this.canvas.height !== Math.round(height * scale)) {
      Object.assign(this.canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
      Object.assign(this.canvas.style, { width: `${width}px`, height: `${height}px` });
    }
    const pen = this.canvas.getContext("2d");
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    pen.clearRect(0, 0, width, height);
    return pen;
  }

  // A canvas knows no light-dark(): the browser's own computed colours of the five probes do.
  #colors() {
    this.probes ??= Object.fromEntries(
      ["agent", "calm", "warn", "line", "quiet"].map((name) => [name, this.appendChild(make("i", { className: `probe ${name}` }))]),
    );
    return Object.fromEntries(Object.entries(this.probes).map(([name, probe]) => [name, getComputedStyle(probe).color]));
  }

  #markAxis({ from, to, width }) {
    const step = STEPS.find((seconds) => (seconds / (to - from)) * width >= MARK_PX) ?? 3600;
    const marks = [];
    for (let at = Math.ceil(from / step) * step; at <= to; at += step) marks.push(at);
    while (this.axis.children.length > marks.length) this.axis.lastChild.remove();
    while (this.axis.children.length < marks.length) this.axis.append(make("span"));
    marks.forEach((at, index) => {
      setText(this.axis.children[index], clock(at));
      this.axis.children[index].style.left = `${x({ from, to, width }, at)}px`;
    });
  }
}

customElements.define("call-timeline", CallTimeline);
