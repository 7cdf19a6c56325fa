// One recorded call: its parts, and the playhead that they share.

import { clock, named, make, percent, setText } from "../elements/dom.js";
import { Playhead } from "./playhead.js";
import { lastUpTo } from "./search.js";
import { pathOf, read, remove } from "./server.js";
import "./call-alerts.js";
import "./call-timeline.js";
import "./call-transcript.js";
import "./player-bar.js";

const VOICES = { "agent-customer": ["agent", "customer"], "customer-agent": ["customer", "agent"], mixed: ["mixed"] };
const TICK = 0.5; // seconds between points of the trend
const WHEN = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

class CallReview extends HTMLElement {
  // Raises what the server says if the call cannot be had.
  async load(id) {
    const [result, { verdicts }] = await Promise.all([read(pathOf(id)), read(pathOf(id, "verdicts"))]);
    const call = gather(result, verdicts);
    document.title = `${call.name} · Calmline`;
    const audio = call.keptAudio ? make("audio", { src: pathOf(id, "audio"), preload: "auto" }) : null;
    const playhead = new Playhead(audio, call.duration);
    const parts = ["call-timeline", "player-bar", "call-transcript", "call-alerts"].map((name) => make(name));
    for (const part of parts) part.show(call, playhead);
    const [timeline, player, transcript, alerts] = parts;
    this.append(heading(call), timeline, reading(call, playhead), player, transcript, alerts, ...(audio ? [audio] : []));
  }

  disconnectedCallback() {
    this.querySelector("audio")?.pause();
  }
}

// What the parts draw: the server's result, by time and by voice.
function gather({ call, turns, words, tone, trend, detections, cues, overlaps, dynamics, notes, errors }, verdicts) {
  const voices = VOICES[call.layout];
  return {
    id: call.id,
    name: call.title ?? call.id,
    info: call,
    duration: call.duration,
    keptAudio: call.keep_audio && call.state !== "live",
    voices,
    turns: Object.fromEntries(voices.map((voice) => [voice, turns.filter(({ channel }) => channel === voice)])),
    words: words.toSorted((one, other) => one.start - other.start),
    overlaps: overlaps.filter(({ starter }) => starter === "agent"),
    dynamics,
    trend,
    curves: {
      trend: trend.map(({ at, value, direction }) => ({ at, value: direction === "no reading" ? null : value })),
      escalations: escalations(trend),
      anger: tone.map(({ at, anger }) => ({ at, value: anger })),
    },
    alerts: detections.map((alert) => ({
      ...alert,
      verdict: verdicts[alert.seq] ?? null,
      cue: cues.find(({ rule, detected_at: at }) => rule === alert.rule && at === alert.at),
    })),
    told: [...notes, ...errors].map(({ text }) => text),
  };
}

// The stretches {start, end} in which the customer was escalating.
function escalations(trend) {
  const found = [];
  for (const { at, direction } of trend) {
    if (direction !== "escalating") continue;
    const last = found.at(-1);
    if (last && at - last.end <= TICK) last.end = at;
    else found.push({ start: at - TICK, end: at });
  }
  return found;
}

function heading({ name, info, duration, dynamics, overlaps, told }) {
  const facts = [WHEN.format(new Date(info.started_at)), named(info.agent), clock(duration)];
  if (info.layout === "mixed") facts.push("one channel: the voices cannot be told apart");
  else if (dynamics) facts.push(`agent spoke ${percent(dynamics.agent_share)}`, talkOvers(overlaps.length));
  const live = info.state === "live" ? [make("p", { className: "told" }, "This call is still running. Load the page again when it is over.")] : [];
  const broken = info.state === "interrupted" ? [make("p", { className: "told" }, "The server stopped in the middle of this call.")] : [];
  const said = told.map((text) => make("p", { className: "told", dir: "auto" }, text));
  return make(
    "section",
    { className: "heading" },
    make("h2", { title: name }, make("bdi", {}, name)),
    make("p", { className: "detail" }, facts.join(" · ")),
    ...(info.state === "live" ? live : [deletion(info.id, name)]),
    ...broken,
    ...said,
  );
}

// Forgets the call for good, with its words, its sound and its verdicts.
function deletion(id, name) {
  const button = make("button", { type: "button" }, "Delete this call");
  button.addEventListener("click", async () => {
    if (!confirm(`Delete "${named(name)}" for good, with its words, its sound and its verdicts?`)) return;
    try {
      await remove(pathOf(id));
      location.assign("review.html");
    } catch (error) {
      button.textContent = `Not deleted: ${error.message}`;
    }
  });
  return button;
}

function talkOvers(count) {
  return count === 0 ? "never talked over the customer" : count === 1 ? "talked over the customer once" : `talked over the customer ${count} times`;
}

// The customer's trend where the playhead is, with its reasons.
function reading({ trend }, playhead) {
  const word = make("b", {}, "Customer: no reading");
  const why = make("span");
  let shown;
  const follow = () => {
    const now = trend[lastUpTo(trend, playhead.time + TICK, ({ at }) => at)];
    if (now === shown) return;
    shown = now;
    const known = now && now.direction !== "no reading";
    setText(word, known ? `Customer ${now.direction}` : "Customer: no reading");
    setText(why, known ? `${percent(now.confidence)} sure: ${reasons(now).join(", ")}` : "");
  };
  playhead.addEventListener("change", follow);
  follow();
  return make("p", { className: "reading" }, word, why);
}

// The weightiest first.
function reasons({ evidence }) {
  return evidence.toSorted((one, other) => Math.abs(other.value) - Math.abs(one.value)).map(({ text }) => text);
}

customElements.define("call-review", CallReview);
