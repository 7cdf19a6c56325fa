// The cue: one at a time, large and calm, with what to do and why. Screen readers hear it politely.

import { draw, make, setData, setText } from "./dom.js";

const SIGNS = { none: "M5 12c2.3-4 4.7-4 7 0s4.7 4 7 0", warn: "M12 5v9M12 18.5v.5", credit: "M5.5 12.5l4.5 4.5 9-9.5" };

const REASONS = 3;
const ENDED = {
  lost: "The call has ended: its audio was lost and did not come back.",
  shutdown: "The call has ended: the server was shut down.",
  silence: "The call has ended: nobody spoke for a long time.",
  paused: "The call has ended: it was paused for a long time.",
  failed: "The call has ended: the server failed to follow it any further.",
};

class CueCard extends HTMLElement {
  connectedCallback() {
    this.sign = draw("path");
    this.say = make("p", { className: "say", dir: "auto" });
    this.advice = make("p", { className: "advice", dir: "auto" });
    this.why = make("ul", { className: "why", ariaLabel: "Why" });
    this.seen = make("button", { type: "button", title: "Escape" }, "Got it");
    this.seen.addEventListener("click", () => this.dispatchEvent(new CustomEvent("dismiss", { bubbles: true })));
    this.review = make("a", { className: "review" }, "Review this call");
    const live = make("div", { role: "status", ariaLive: "polite" }, this.say, this.advice);
    this.append(draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, this.sign), live, this.why, this.seen, this.review);
  }

  draw(state) {
    const { cue } = state;
    const kind = cue ? cue.kind : "none";
    setData(this, "kind", kind);
    setText(this.say, cue ? cue.say : quiet(state));
    setText(this.advice, cue ? cue.advice : "");
    this.#offerReview(state.call);
    if (this.shown === cue) return;
    this.shown = cue;
    this.sign.setAttribute("d", SIGNS[kind]);
    this.why.hidden = this.seen.hidden = !cue;
    this.why.replaceChildren(...weightiest(cue?.evidence ?? []).map(({ text }) => make("li", { dir: "auto" }, text)));
  }

  #offerReview(call) {
    this.review.hidden = !call || call.state === "live";
    if (call) this.review.href = `review.html?call=${encodeURIComponent(call.id)}`;
  }
}

// As many reasons as a glance can take in; the review shows them all.
function weightiest(evidence) {
  return evidence.toSorted((one, other) => Math.abs(other.value) - Math.abs(one.value)).slice(0, REASONS);
}

function quiet({ call, cuesOn, paused, connection, needsToken, reason, deleted, endReason, trend }) {
  if (connection === "refused") return needsToken ? "Sign in to follow calls." : reason || "The server turned this page away.";
  if (connection === "lost") return "Server lost. Reconnecting.";
  if (connection === "connecting") return "Connecting.";
  if (!call) return deleted ? "The call that stood here was deleted." : "No call is running.";
  if (call.state === "interrupted") return "The server stopped in the middle of this call.";
  if (call.state !== "live") return ENDED[endReason] ?? "The call has ended.";
  if (paused) return "Paused. Nothing is heard or kept.";
  if (!cuesOn) return "Cues are off.";
  // A cue that has gone does not mean that all is well: nobody is told so while the customer is still escalating.
  return trend.at(-1)?.direction === "escalating" ? "Listening." : "Listening. Nothing to do.";
}

customElements.define("cue-card", CueCard);
