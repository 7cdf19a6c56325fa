// The calls that were kept, the newest first, page by page.

import { clock, make, short } from "../elements/dom.js";
import { read } from "./server.js";

const STATES = { live: "Live now", interrupted: "Interrupted" };
const LONGEST = 100; // characters of a title that are listed
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

class CallList extends HTMLElement {
  connectedCallback() {
    this.refresh = () => document.visibilityState === "visible" && this.#reload();
    document.addEventListener("visibilitychange", this.refresh);
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.refresh);
  }

  add({ calls, next }) {
    if (!this.rows) this.#build();
    this.rows.append(...calls.map(row));
    this.next = next;
    this.more.hidden = next === null;
    this.table.hidden = this.rows.children.length === 0;
    this.empty.hidden = !this.table.hidden;
  }

  #build() {
    this.rows = make("tbody");
    const head = ["Call", "When", "Agent", "Length", "Alerts"].map((name) => make("th", { scope: "col" }, name));
    this.table = make("table", {}, make("thead", {}, make("tr", {}, ...head)), this.rows);
    this.empty = make(
      "p",
      { className: "message" },
      "No call was kept yet. A call on the agent's page appears here, and so does what you analyse: ",
      make("code", {}, "calmline analyze FILE --keep-audio"),
    );
    this.more = make("button", { type: "button" }, "Older calls");
    this.more.addEventListener("click", () => this.#older());
    this.append(make("h2", { className: "hidden" }, "List of calls"), this.empty, this.table, this.more);
  }

  async #older() {
    try {
      this.add(await read(`api/calls?before=${encodeURIComponent(this.next)}`));
    } catch (error) {
      this.more.textContent = `${error.message} Try again`;
    }
  }

  async #reload() {
    const newest = await read("api/calls").catch(() => null);
    if (!newest) return;
    this.rows.replaceChildren();
    this.add(newest);
  }
}

function row({ id, title, agent, started_at: started, duration, alerts, state }) {
  const link = make("a", { href: `review.html?call=${encodeURIComponent(id)}` }, make("bdi", { title: title ?? id }, short(title ?? id, LONGEST)));
  const note = STATES[state] ? [make("span", { className: `state ${state}` }, STATES[state])] : [];
  const cell = (label, ...content) => {
    const made = make("td", {}, ...content);
    made.dataset.label = label;
    return made;
  };
  return make(
    "tr",
    {},
    cell("Call", link, ...note),
    cell("When", make("time", { dateTime: started }, WHEN.format(new Date(started)))),
    cell("Agent", make("bdi", { title: agent }, short(agent))),
    cell("Length", state === "live" ? "–" : clock(duration)),
    cell("Alerts", String(alerts)),
  );
}

customElements.define("call-list", CallList);
