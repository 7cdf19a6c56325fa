// The agent's page: one state, one follower, and elements that draw the state at most once per animation frame.
// The past of a call that the page joins is taken in first and drawn once.

import { Follower } from "./follow.js";
import { Leaving } from "./leaving.js";
import { emptyState, reduce } from "./state.js";
import { choose, isChosen, keepInAddress, whoseCalls } from "./whose.js";
import "./elements/call-status.js";
import "./elements/cue-card.js";
import "./elements/demo-sound.js";
import "./elements/line-health.js";
import "./elements/own-card.js";
import "./elements/sign-in.js";
import "./elements/transcript-card.js";
import "./elements/trend-card.js";
import "./elements/whose-calls.js";

const elements = document.querySelectorAll(
  "call-status, demo-sound, sign-in, whose-calls, cue-card, trend-card, own-card, transcript-card, line-health",
);
const call = new URLSearchParams(location.search).get("call");
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
  if (catchingUp) return;
  for (const part of leaving) part.see(state);
  if (due) return;
  due = true;
  requestAnimationFrame(draw);
};

const leaving = ["cue", "notice"].map((part) => new Leaving(part, take));
const follower = new Follower(call ? `ws/calls/${encodeURIComponent(call)}` : "ws/follow", (message) => {
  take(message);
  if (message.type === "snapshot" && !call) keepTo(message.call.agent);
});

// A page keeps to the agent of the first call that it shows, until it is told otherwise.
const keepTo = (agent) => {
  if (state.whose.agent || state.whose.anyone) return;
  follower.keepTo(agent);
  keepInAddress({ agent });
  take({ type: "kept_to", whose: { agent } });
};

const follow = (whose) => {
  take({ type: "follow", whose: { ...whose, chosen: isChosen(whose) } });
  follower.follow(whose);
};

document.addEventListener("command", ({ detail }) => follower.send({ ...detail, call: state.call.id }));
document.addEventListener("signed-in", () => follower.open());
document.addEventListener("choose", ({ detail }) => {
  choose(detail);
  follow(detail);
});
document.addEventListener("dismiss", () => take({ type: "dismissed" }));
document.addEventListener("keydown", ({ key }) => key === "Escape" && take({ type: "dismissed" }));
draw();
if (call) follower.open();
else follow(whoseCalls());
