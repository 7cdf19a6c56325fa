// The cue: one at a time, large and calm, with what to do and why. Screen readers hear it politely.

import { make, setText } from "./dom.js";

class CueCard extends HTMLElement {
  connectedCallback() {
    this.say = make("p", { className: "say" });
    this.advice = make("p", { className: "advice" });
    this.why = make("ul", { className: "why" });
    const live = make("div", { role: "status", ariaLive: "polite" }, this.say, this.advice);
    this.append(live, this.why);
  }

  draw({ cue, call, cuesOn, paused, connection }) {
    this.dataset.kind = cue ? cue.kind : "none";
    setText(this.say, cue ? cue.say : quiet({ call, cuesOn, paused, connection }));
    setText(this.advice, cue ? cue.advice : "");
    if (this.shown === cue) return;
    this.shown = cue;
    this.why.replaceChildren(...(cue?.evidence ?? []).map(({ text }) => make("li", {}, text)));
  }
}

function quiet({ call, cuesOn, paused, connection }) {
  if (connection === "lost") return "Connection lost. Trying again.";
  if (!call) return "No call is running.";
  if (call.state !== "live") return "The call has ended.";
  if (paused) return "Paused. Nothing is heard or kept.";
  return cuesOn ? "Listening. Nothing to do." : "Cues are off.";
}

customElements.define("cue-card", CueCard);
