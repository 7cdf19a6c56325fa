// The customer's trend over the last minutes: a word, a confidence, and a curve that leaves gaps where there is no reading.

import { make, setText } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const SPAN = 180; // seconds
const WORDS = { escalating: "Escalating", steady: "Steady", calming: "Calming", "no reading": "No reading" };

class TrendCard extends HTMLElement {
  connectedCallback() {
    this.word = make("strong");
    this.detail = make("span", { className: "detail" });
    this.curve = document.createElementNS(SVG, "path");
    const picture = document.createElementNS(SVG, "svg");
    picture.setAttribute("viewBox", `0 0 ${SPAN} 40`);
    picture.setAttribute("preserveAspectRatio", "none");
    picture.setAttribute("aria-hidden", "true");
    picture.append(this.curve);
    this.append(make("h2", {}, "Customer"), make("p", {}, this.word, " ", this.detail), picture);
  }

  draw({ trend, tone, at }) {
    const last = trend.at(-1);
    this.dataset.direction = last?.direction ?? "no reading";
    setText(this.word, WORDS[last?.direction] ?? "No reading");
    setText(this.detail, detail(last, tone));
    if (this.drawn === last) return;
    this.drawn = last;
    this.curve.setAttribute("d", path(trend, at));
  }
}

function detail(last, tone) {
  if (!last || last.direction === "no reading") return tone?.reason ?? "";
  return `${Math.round(last.confidence * 100)} % sure`;
}

function path(trend, now) {
  let pen = "M";
  return trend
    .map(({ at, value, direction }) => {
      if (direction === "no reading") {
        pen = "M";
        return "";
      }
      const step = `${pen}${(SPAN - (now - at)).toFixed(1)} ${(38 - 36 * value).toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}

customElements.define("trend-card", TrendCard);
