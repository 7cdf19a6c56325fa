// Play, skip and speed, by button and by key; and the clock.

import { clock, make, setText } from "../elements/dom.js";
import { SPEEDS } from "./playhead.js";

const SKIP = 5; // seconds
const KEYS = "Space plays · ← → skip 5 s · Shift ← → alert before or after · Shift ↑ ↓ speed";

class PlayerBar extends HTMLElement {
  show(call, playhead) {
    this.call = call;
    this.playhead = playhead;
    const button = (text, label, act) => {
      const made = make("button", { type: "button", ariaLabel: label, title: label }, text);
      made.addEventListener("click", act);
      return made;
    };
    this.play = button("Play", "", () => playhead.toggle());
    this.play.className = "play";
    this.time = make("span", { className: "time" });
    this.speed = make("select", { ariaLabel: "Speed" }, ...SPEEDS.map((speed) => make("option", { value: speed }, `${speed}×`)));
    this.speed.addEventListener("change", () => (playhead.audio.playbackRate = Number(this.speed.value)));
    this.note = make("span", { className: "detail", role: "status" }, playhead.audio ? "" : "The sound of this call was not kept.");
    this.play.disabled = this.speed.disabled = playhead.audio === null;
    this.append(
      button("−5", "Back 5 seconds", () => playhead.skip(-SKIP)),
      this.play,
      button("+5", "Forward 5 seconds", () => playhead.skip(SKIP)),
      this.time,
      this.speed,
      this.note,
      make("span", { className: "keys" }, KEYS),
    );
    playhead.audio?.addEventListener("error", () => setText(this.note, "The sound of this call cannot be played."));
    playhead.addEventListener("change", () => this.#follow());
    this.#follow();
  }

  connectedCallback() {
    this.press = (event) => this.#key(event);
    document.addEventListener("keydown", this.press);
  }

  disconnectedCallback() {
    document.removeEventListener("keydown", this.press);
  }

  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("select, input")) return;
    if (event.key === " " && event.target.closest("button, a")) return;
    const act = (event.shiftKey ? this.#shifted() : this.#plain())[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  #plain() {
    const { playhead } = this;
    return { " ": () => playhead.toggle(), ArrowLeft: () => playhead.skip(-SKIP), ArrowRight: () => playhead.skip(SKIP) };
  }

  #shifted() {
    const { playhead, call } = this;
    const times = call.alerts.map(({ at }) => at);
    return {
      ArrowLeft: () => playhead.seek(times.findLast((at) => at < playhead.time - 0.5) ?? 0),
      ArrowRight: () => playhead.seek(times.find((at) => at > playhead.time + 0.05) ?? playhead.time),
      ArrowUp: () => playhead.faster(1),
      ArrowDown: () => playhead.faster(-1),
    };
  }

  #follow() {
    const { playing, time, speed } = this.playhead;
    setText(this.play, playing ? "Pause" : "Play");
    if (this.play.ariaLabel !== this.play.textContent) this.play.ariaLabel = this.play.title = this.play.textContent;
    setText(this.time, `${clock(time)} / ${clock(this.call.duration)}`);
    if (Number(this.speed.value) !== speed) this.speed.value = String(speed);
  }
}

customElements.define("player-bar", PlayerBar);
