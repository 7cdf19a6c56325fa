// Where the call stands, what is wrong if anything is, and the two switches: pause (stops everything), cues on or off.

import { clock, named, make, setData, setText } from "./dom.js";

class CallStatus extends HTMLElement {
  connectedCallback() {
    this.time = make("span", { className: "time" });
    this.text = make("span", { role: "status" });
    this.pause = this.#button(() => ({ type: this.state.paused ? "resume" : "pause" }));
    this.cues = this.#button(() => ({ type: "switch_cues", on: !this.state.cuesOn }));
    this.append(make("p", {}, this.time, this.text), this.pause, this.cues);
  }

  draw(state) {
    this.state = state;
    const live = state.connection === "live" && state.call?.state === "live";
    const wrong = live ? trouble(state) : "";
    setData(this, "mood", ["lost", "refused"].includes(state.connection) || wrong ? "trouble" : live && !state.paused ? "live" : "idle");
    setText(this.time, state.call ? clock(state.at) : "");
    setText(this.text, wrong || summary(state));
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

function summary({ connection, call, paused, whose }) {
  if (connection === "lost") return "Server lost, reconnecting";
  if (connection === "refused") return "Not connected";
  if (connection === "connecting") return "Connecting";
  if (!call) return whose?.agent ? `Waiting for a call of ${named(whose.agent)}` : "Waiting for a call";
  if (call.state !== "live") return call.state === "interrupted" ? "Call interrupted" : "Call ended";
  return paused ? "Paused" : `Listening, ${named(call.agent)}`;
}

function trouble({ status, notice }) {
  if (status?.feed === "lost") return "The audio line is lost";
  if (status?.feed === "stalled") return "No audio is coming";
  if (status && !status.stored) return "This call is not being stored";
  return notice?.text ?? "";
}

customElements.define("call-status", CallStatus);
