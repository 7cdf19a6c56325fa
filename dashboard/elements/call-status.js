// How the call and the machine do, and the two switches: pause (stops everything) and cues on or off.

import { clock, make, setText } from "./dom.js";

class CallStatus extends HTMLElement {
  connectedCallback() {
    this.text = make("span", { role: "status" });
    this.pause = this.#button(() => ({ type: this.state.paused ? "resume" : "pause" }));
    this.cues = this.#button(() => ({ type: "switch_cues", on: !this.state.cuesOn }));
    this.append(this.text, this.pause, this.cues);
  }

  draw(state) {
    this.state = state;
    const live = state.connection === "live" && state.call?.state === "live";
    setText(this.text, summary(state));
    this.pause.hidden = this.cues.hidden = !live;
    setText(this.pause, state.paused ? "Resume" : "Pause");
    setText(this.cues, state.cuesOn ? "Switch cues off" : "Switch cues on");
  }

  #button(command) {
    const button = make("button", { type: "button" });
    button.addEventListener("click", () => {
      this.dispatchEvent(new CustomEvent("command", { bubbles: true, detail: command() }));
    });
    return button;
  }
}

function summary({ connection, call, at, status, paused, notice }) {
  if (connection !== "live") return connection === "lost" ? "Connection lost, trying again" : "Connecting";
  if (!call) return "Waiting for a call";
  if (call.state !== "live") return `Call ended after ${clock(at)}`;
  if (notice) return notice;
  if (paused) return `Paused at ${clock(at)}`;
  return [clock(at), ...trouble(status)].join(" · ");
}

function trouble(status) {
  if (!status) return [];
  return [
    status.feed === "stalled" && "no audio is coming",
    status.feed === "lost" && "the audio line is lost",
    status.words_lag > 3 && `words ${Math.round(status.words_lag)} s behind`,
    status.shed > 0 && `${status.shed} partial lines left out`,
    status.dropped > 0 && `${status.dropped} frames lost`,
    !status.stored && "not being stored",
  ].filter(Boolean);
}

customElements.define("call-status", CallStatus);
