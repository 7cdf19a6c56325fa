// The agent's page: one state, one follower, and elements that draw the state at most once per animation frame.

import { Follower } from "./follow.js";
import { emptyState, reduce } from "./state.js";
import "./elements/call-status.js";
import "./elements/cue-card.js";
import "./elements/own-card.js";
import "./elements/transcript-card.js";
import "./elements/trend-card.js";

const elements = document.querySelectorAll("call-status, cue-card, trend-card, own-card, transcript-card");
let state = emptyState();
let due = false;

const draw = () => {
  due = false;
  for (const element of elements) element.draw(state);
};

const call = new URLSearchParams(location.search).get("call");
const follower = new Follower(call ? `ws/calls/${encodeURIComponent(call)}` : "ws/follow", (message) => {
  state = reduce(state, message);
  if (!due) requestAnimationFrame(draw);
  due = true;
});

document.addEventListener("command", ({ detail }) => follower.send(detail));
draw();
follower.open();
