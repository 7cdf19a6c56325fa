// The agent's page: one state, one follower, and elements that draw the state at most once per animation frame.
// The past of a call that the page joins is taken in first and drawn once.

import { Follower } from "./follow.js";
import { emptyState, reduce } from "./state.js";
import "./elements/call-status.js";
import "./elements/cue-card.js";
import "./elements/demo-sound.js";
import "./elements/line-health.js";
import "./elements/own-card.js";
import "./elements/sign-in.js";
import "./elements/transcript-card.js";
import "./elements/trend-card.js";

const elements = document.querySelectorAll(
  "call-status, demo-sound, sign-in, cue-card, trend-card, own-card, transcript-card, line-health",
);
let state = emptyState();
let due = false;

const draw = () => {
  due = false;
  for (const element of elements) element.draw(state);
  state.changed.clear();
};

const take = (message) => {
  state = reduce(state, message);
  const catchingUp = state.connection === "live" && state.seq < state.past;
  if (due || catchingUp) return;
  due = true;
  requestAnimationFrame(draw);
};

const call = new URLSearchParams(location.search).get("call");
const follower = new Follower(call ? `ws/calls/${encodeURIComponent(call)}` : "ws/follow", take);

document.addEventListener("command", ({ detail }) => follower.send(detail));
document.addEventListener("signed-in", () => follower.open());
document.addEventListener("dismiss", () => take({ type: "dismissed" }));
document.addEventListener("keydown", ({ key }) => key === "Escape" && take({ type: "dismissed" }));
draw();
follower.open();
