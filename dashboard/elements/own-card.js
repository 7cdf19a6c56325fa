// The agent's own side: behaviour only (share of the talk, pace against their usual), never how the agent feels.

import { make, percent, setText } from "./dom.js";

class OwnCard extends HTMLElement {
  connectedCallback() {
    this.share = make("strong");
    this.bar = make("span");
    this.pace = make("strong");
    this.usual = make("span", { className: "detail" });
    const row = (name, ...values) => make("div", {}, make("dt", {}, name), make("dd", {}, ...values));
    this.append(
      make("h2", {}, "You"),
      make(
        "dl",
        {},
        row("Share of the talk", this.share, make("span", { className: "bar", ariaHidden: "true" }, this.bar)),
        row("Pace", this.pace, this.usual),
      ),
    );
  }

  draw({ dynamics, pace }) {
    const spoken = dynamics && dynamics.agent_talk + dynamics.customer_talk > 0;
    setText(this.share, spoken ? percent(dynamics.agent_share) : "–");
    setText(this.pace, pace ? `${Math.round(pace.now)}` : "–");
    setText(this.usual, pace ? `words a minute${usually(pace)}` : "after 15 s of your speech");
    const share = spoken ? dynamics.agent_share : 0;
    if (this.drawn !== share) this.bar.style.width = `${(this.drawn = share) * 100}%`;
  }
}

function usually({ usual }) {
  return usual ? `, usually ${Math.round(usual)}` : "";
}

customElements.define("own-card", OwnCard);
