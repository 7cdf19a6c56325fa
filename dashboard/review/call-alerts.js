// The alerts of a call: what was said to the agent or held back, why, and what the reviewer makes of it.

import { clock, make } from "../elements/dom.js";
import { lastUpTo } from "./search.js";
import { pathOf, put } from "./server.js";

const VERDICTS = { useful: "Useful", wrong: "Wrong", "not now": "Not now" };
const HELD_BACK = {
  stale: "it would have come too late",
  "cooling down": "the same cue had been shown shortly before",
  "budget of the call spent": "there had been enough cues for one call",
};
const LEAD = 2; // seconds that are heard before the evidence, to come into it

class CallAlerts extends HTMLElement {
  show(call, playhead) {
    this.call = call;
    this.playhead = playhead;
    const none = call.alerts.length ? [] : [make("p", { className: "detail" }, "No alert in this call.")];
    this.cards = call.alerts.map((alert) => this.#card(alert));
    this.append(make("h2", {}, "Alerts"), ...none, make("ol", { tabIndex: 0, ariaLabel: "Alerts" }, ...this.cards));
    playhead.addEventListener("change", () => this.#follow());
  }

  #card(alert) {
    const jump = make("button", { type: "button", ariaLabel: `Go to ${clock(alert.at)}` }, clock(alert.at));
    jump.addEventListener("click", () => this.playhead.seek(alert.at));
    const card = make(
      "li",
      {},
      make("p", { className: "say" }, jump, make("b", { dir: "auto" }, alert.say)),
      make("p", { className: "advice", dir: "auto" }, alert.advice),
      make("ul", { className: "why", ariaLabel: "Why" }, ...alert.evidence.map((reason) => this.#reason(reason))),
      make("p", { className: "detail" }, fate(alert.cue)),
      this.#verdict(alert),
    );
    card.dataset.kind = alert.kind;
    return card;
  }

  #reason({ text, start, end }) {
    const hear = make("button", { type: "button", title: `Hear ${clock(start)} to ${clock(end)}`, dir: "auto" }, text);
    hear.addEventListener("click", () => this.playhead.hear(Math.max(0, start - LEAD), end));
    return make("li", {}, hear);
  }

  #verdict(alert) {
    const problem = make("span", { role: "status" });
    const buttons = Object.entries(VERDICTS).map(([verdict, name]) => {
      const button = make("button", { type: "button" }, name);
      button.addEventListener("click", () => judge(verdict));
      button.dataset.verdict = verdict;
      return button;
    });
    const mark = () => {
      for (const button of buttons) button.ariaPressed = String(button.dataset.verdict === alert.verdict);
    };
    const judge = async (verdict) => {
      const before = alert.verdict;
      alert.verdict = verdict === before ? null : verdict;
      mark();
      try {
        await put(pathOf(this.call.id, "verdicts", alert.seq), alert.verdict);
        problem.textContent = "";
      } catch (error) {
        alert.verdict = before;
        mark();
        problem.textContent = `Not kept: ${error.message}`;
      }
    };
    mark();
    return make("div", { className: "verdict", role: "group", ariaLabel: "Your verdict" }, ...buttons, problem);
  }

  // The latest alert at or before the playhead is the one being looked at.
  #follow() {
    const latest = lastUpTo(this.call.alerts, this.playhead.time + 0.05, ({ at }) => at);
    if (latest === this.latest) return;
    this.latest = latest;
    this.cards.forEach((card, index) => (card.ariaCurrent = index === latest ? "true" : null));
    const card = this.cards[latest];
    if (card) card.parentElement.scrollTop = card.offsetTop - card.parentElement.offsetTop - 8;
  }
}

function fate(cue) {
  if (!cue) return "Not shown: the call was over";
  return cue.fate === "shown" ? `Shown to the agent at ${clock(cue.at)}` : `Not shown: ${HELD_BACK[cue.fate] ?? cue.fate}`;
}

customElements.define("call-alerts", CallAlerts);
