// The customer's trend over the last minutes: a word, how sure it is, and a curve that leaves gaps where there is no
// reading. The curve is drawn from right (now) to left, in seconds, and its height is 0 (calm) to 1 (escalated).

import { draw, make, percent, setData, setText } from "./dom.js";

const SPAN = 180; // seconds
const HEIGHT = 60;
const MARGIN = 2;
const WORDS = { escalating: "Escalating", steady: "Steady", calming: "Calming", "no reading": "No reading" };
const ARROWS = {
  escalating: "M5 18L18 6M9 6h9v9",
  steady: "M4 12h15M13 6l6 6-6 6",
  calming: "M5 6l13 12M9 18h9V9",
  "no reading": "M5 12h3M11 12h3M17 12h3",
};

class TrendCard extends HTMLElement {
  connectedCallback() {
    this.arrow = draw("path");
    this.word = make("strong");
    this.detail = make("span", { className: "detail" });
    this.curve = draw("path", { class: "curve" });
    const middle = draw("path", { class: "middle", d: `M0 ${HEIGHT / 2}H${SPAN}` });
    const size = { viewBox: `0 0 ${SPAN} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    this.append(
      make("h2", {}, "Customer"),
      make("p", {}, draw("svg", { class: "arrow", viewBox: "0 0 24 24", "aria-hidden": "true" }, this.arrow), this.word, this.detail),
      make("div", { className: "chart", ariaHidden: "true" }, make("i", {}, "heated"), make("i", {}, "calm"), draw("svg", size, middle, this.curve)),
      make("div", { className: "axis", ariaHidden: "true" }, make("span", {}, "3 min ago"), make("span", {}, "now")),
    );
  }

  draw({ trend, tone, call }) {
    const last = trend.at(-1);
    const direction = last?.direction ?? "no reading";
    setText(this.word, WORDS[direction]);
    setText(this.detail, detail(last, tone, call));
    if (this.drawn === last && this.dataset.direction) return;
    this.drawn = last;
    setData(this, "direction", direction);
    this.arrow.setAttribute("d", ARROWS[direction]);
    this.curve.setAttribute("d", path(trend));
  }
}

function detail(last, tone, call) {
  if (!last) return call ? "not enough speech yet" : "";
  if (last.direction === "no reading") return tone?.reason ?? "not enough speech yet";
  return `${percent(last.confidence)} sure`;
}

function path(trend) {
  const now = trend.at(-1)?.at;
  let pen = "M";
  return trend
    .map(({ at, value, direction }) => {
      if (direction === "no reading") {
        pen = "M";
        return "";
      }
      const y = HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value;
      const step = `${pen}${(SPAN - (now - at)).toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}

customElements.define("trend-card", TrendCard);
