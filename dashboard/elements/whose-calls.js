// Whose calls the page follows: a list to choose from once there is more than one agent; until somebody has chosen, an
// offer in its place while another agent's call runs. It never switches by itself.

import { named, make, setText } from "./dom.js";

const ANYONE = "Anyone's newest call";

class WhoseCalls extends HTMLElement {
  connectedCallback() {
    this.list = make("select");
    this.list.addEventListener("change", () => this.#choose(this.choices[this.list.selectedIndex].whose));
    this.label = make("label", {}, "Following ", this.list);
    this.text = make("span", { role: "status" });
    this.other = make("button", { type: "button" }, "Follow it");
    this.other.addEventListener("click", () => this.#choose({ agent: this.offered }));
    this.stay = make("button", { type: "button" }, "Stay here");
    this.stay.addEventListener("click", () => this.#choose({ agent: this.kept }));
    this.offer = make("p", {}, this.text, make("span", { className: "ways" }, this.other, this.stay));
    this.append(this.offer, this.label);
  }

  draw({ connection, whose, running }) {
    const agents = [...new Set([whose?.agent, ...running.map(({ agent }) => agent)])].filter(Boolean);
    this.hidden = !whose || connection === "refused" || (agents.length < 2 && !whose.anyone && !whose.chosen);
    if (this.hidden) return;
    this.#list(agents.sort(), whose);
    this.kept = whose.agent;
    this.offered = whose.agent && !whose.chosen ? running.find(({ agent }) => agent !== whose.agent)?.agent : undefined;
    this.offer.hidden = !this.offered;
    this.label.hidden = !this.offer.hidden;
    setText(this.text, this.offered ? `Another call began: ${named(this.offered)}\u2019s.` : "");
  }

  #list(agents, { agent, anyone }) {
    const names = JSON.stringify(agents);
    if (this.names !== names) {
      this.names = names;
      this.choices = [...agents.map((name) => ({ name, whose: { agent: name } })), { name: ANYONE, whose: { anyone: true } }];
      this.list.replaceChildren(...this.choices.map(({ name }) => make("option", { dir: "auto" }, name)));
    }
    this.list.selectedIndex = anyone ? agents.length : agents.indexOf(agent);
  }

  #choose(whose) {
    this.dispatchEvent(new CustomEvent("choose", { bubbles: true, detail: whose }));
  }
}

customElements.define("whose-calls", WhoseCalls);
