// The one state of a page, and the one function that changes it: reduce(state, message) gives the next state.
// Messages are those of the wire (docs/protocol.md) and some of the page's own: connected, disconnected, refused; follow
// and kept_to, which say whose calls the page follows; dismissed, and time_over for what was on the screen long enough.
// Collections are changed in place, and a new object is made around them, so a long call costs no copying.

const TREND_SECONDS = 180;
const NOTICE_SECONDS = 20;
const TURNS = 400; // that are kept: about half an hour of talk; the review has them all

export function emptyState() {
  return {
    connection: "connecting", // connecting | live | lost | refused
    needsToken: false, // why it was refused
    reason: "", // why it was refused, in one sentence
    whose: null, // {agent, anyone, chosen}: whose calls are followed, and whether that was chosen by hand; null: one call only
    running: [], // CallInfo of all calls that run on the server, the newest first
    call: null, // CallInfo, null while there was none yet
    endReason: "", // why it ended, as the wire says it
    deleted: false, // the call that was shown was deleted
    seq: 0, // number of the last event
    past: 0, // events up to this number were there before the page joined
    at: 0, // stream time of the last message, seconds
    notice: null, // {text, until}: the last error or note, in one sentence
    paused: false,
    pausedOnce: false, // now or before
    cuesOn: true,
    cue: null, // the cue on the screen
    trend: [], // {at, value, direction, confidence, evidence}, of the last minutes
    tone: null,
    pace: null,
    dynamics: null,
    status: null,
    levels: {}, // by channel
    devices: {}, // by channel
    turns: new Map(), // "customer-3" -> {key, channel, start, text, final, confirmed}, the latest, in order of appearance
    changed: new Set(), // keys of the turns that were not drawn since
  };
}

const setTurn = (state, { channel, turn, start, text, confirmed = 0 }, final) => {
  const key = `${channel}-${turn}`;
  if (state.turns.get(key)?.final && !final) return state;
  state.turns.set(key, { key, channel, start, text, final, confirmed: final ? text.length : confirmed });
  state.changed.add(key);
  if (state.turns.size > TURNS) {
    const [oldest] = state.turns.keys();
    state.turns.delete(oldest);
    state.changed.delete(oldest);
  }
  return state;
};

// Nothing of a call, and what is known besides.
const fresh = ({ whose, running }, connection) => ({ ...emptyState(), whose, running, connection });

// Points come twice: at once, and again once their words are there.
const place = (points, point) => {
  let end = points.length;
  while (end > 0 && points[end - 1].at > point.at) end -= 1;
  const known = end > 0 && points[end - 1].at === point.at;
  points.splice(known ? end - 1 : end, known ? 1 : 0, point);
};

// What was said stays on the page until the next call begins.
const ended = (state, { reason } = {}) => ({ ...state, call: { ...state.call, state: "ended" }, endReason: reason ?? "", cue: null });

const noticed = (state, text) => ({ ...state, notice: { text, until: state.at + NOTICE_SECONDS } });

const handlers = {
  connected: (state) => ({ ...state, connection: "live" }),
  disconnected: (state) => ({ ...state, connection: "lost" }),
  refused: (state, { needsToken }) => ({
    ...(needsToken ? { ...state, connection: "refused" } : fresh(state, "refused")), // a call that is gone is not shown any more
    needsToken,
    reason: state.notice?.text ?? "",
  }),
  follow: (state, { whose }) => ({ ...fresh(state, "connecting"), whose }),
  kept_to: (state, { whose }) => ({ ...state, whose }),
  running: (state, { calls }) => ({ ...state, running: calls }),
  waiting: (state) => (state.call?.state === "live" ? ended(state) : state),
  deleted: (state, { call }) => (state.call?.id === call ? { ...fresh(state, "live"), deleted: true } : state),
  dismissed: (state) => ({ ...state, cue: null }),
  time_over: (state, { part }) => ({ ...state, [part]: null }),
  snapshot: (state, { call, after, seq, paused, cues_on: cuesOn }) => {
    const same = state.call?.id === call.id && after > 0;
    return { ...(same ? state : fresh(state, "live")), call, past: seq, paused, cuesOn };
  },
  words: (state, message) => setTurn(state, message, true),
  partial_words: (state, message) => setTurn(state, message, false),
  tone: (state, tone) => ({ ...state, tone }),
  pace: (state, pace) => ({ ...state, pace }),
  dynamics: (state, dynamics) => ({ ...state, dynamics }),
  level: (state, level) => ({ ...state, levels: { ...state.levels, [level.channel]: level } }),
  device_changed: (state, device) => ({ ...state, devices: { ...state.devices, [device.channel]: device } }),
  status: (state, status) => ({ ...state, status }),
  live_trend: (state, point) => handlers.trend(state, point),
  trend: (state, point) => {
    place(state.trend, point);
    while (state.trend[0].at < state.trend.at(-1).at - TREND_SECONDS) state.trend.shift();
    return state;
  },
  cue: (state, cue) => (cue.fate === "shown" && state.call?.state === "live" ? { ...state, cue } : state),
  paused: (state) => ({ ...state, paused: true, pausedOnce: true, cue: null }),
  resumed: (state) => ({ ...state, paused: false }),
  cues_switched: (state, { on }) => ({ ...state, cuesOn: on, cue: on ? state.cue : null }),
  error: (state, { text }) => noticed(state, text),
  noted: (state, { text }) => noticed(state, text),
  call_ended: ended,
};

export function reduce(state, message) {
  const handle = handlers[message.type];
  const next = handle ? handle(state, message) : state;
  const at = Math.max(next.at, message.at ?? 0);
  const seq = Math.max(next.seq, message.seq && message.type !== "snapshot" ? message.seq : 0);
  return {
    ...next,
    at,
    seq,
    cue: next.cue && at >= next.cue.until ? null : next.cue,
    notice: next.notice && at >= next.notice.until ? null : next.notice,
  };
}
