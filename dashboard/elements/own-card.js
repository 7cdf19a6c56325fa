// The agent's own side: behaviour only (share of the talk, who speaks), never how the agent feels.

import { make, setText } from "./dom.js";

class OwnCard extends HTMLElement {
  connectedCallback() {
    this.share = make("strong");
    this.meter = make("meter", { min: 0, max: 1, value: 0.5, ariaLabel: "Your share of the talk" });
    this.append(make("h2", {}, "You"), make("p", {}, this.share), this.meter);
  }

  draw({ dynamics }) {
    setText(this.share, dynamics ? `${Math.round(dynamics.agent_share * 100)} % of the talk` : "Not yet known");
    this.meter.value = dynamics?.agent_share ?? 0.5;
  }
}

customElements.define("own-card", OwnCard);
