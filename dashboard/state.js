// The one state of a page, and the one function that changes it: reduce(state, message) gives the next state.
// Messages are those of the wire (docs/protocol.md) and three of the page's own: `connected`, `disconnected`, `waiting`.
// Lists are appended to in place, and a new object is made around them, so a long call costs no copying.

const TREND_SECONDS = 180;

export function emptyState() {
  return {
    connection: "connecting", // connecting | live | lost
    notice: "", // the last error, in one sentence
    call: null, // CallInfo, null while no call is running
    at: 0, // stream time of the last message, seconds
    paused: false,
    cuesOn: true,
    cue: null, // the cue on the screen
    trend: [], // {at, value, direction, confidence, evidence}, of the last minutes
    tone: null,
    dynamics: null,
    status: null,
    levels: { agent: null, customer: null, mixed: null },
    turns: new Map(), // "customer-3" -> {channel, start, text, final}, in order of appearance
  };
}

const setTurn = (state, message, final) => {
  const key = `${message.channel}-${message.turn}`;
  if (state.turns.get(key)?.final && !final) return state;
  state.turns.set(key, { key, channel: message.channel, start: message.start, text: message.text, final });
  return { ...state, turns: state.turns };
};

// What was said stays on the page until the next call begins.
const ended = (state) => ({ ...state, call: { ...state.call, state: "ended" }, cue: null });

const handlers = {
  connected: (state) => ({ ...state, connection: "live", notice: "" }),
  disconnected: (state) => ({ ...state, connection: "lost" }),
  waiting: (state) => (state.call ? ended(state) : state),
  snapshot: (state, { call, after, paused, cues_on: cuesOn }) => {
    const same = state.call?.id === call.id && after > 0;
    return { ...(same ? state : { ...emptyState(), connection: "live" }), call, paused, cuesOn };
  },
  words: (state, message) => setTurn(state, message, true),
  partial_words: (state, message) => setTurn(state, message, false),
  tone: (state, tone) => ({ ...state, tone }),
  dynamics: (state, dynamics) => ({ ...state, dynamics }),
  level: (state, level) => ({ ...state, levels: { ...state.levels, [level.channel]: level } }),
  status: (state, status) => ({ ...state, status }),
  trend: (state, point) => {
    state.trend.push(point);
    while (state.trend[0].at < point.at - TREND_SECONDS) state.trend.shift();
    return { ...state, trend: state.trend };
  },
  cue: (state, cue) => (cue.fate === "shown" ? { ...state, cue } : state),
  paused: (state) => ({ ...state, paused: true }),
  resumed: (state) => ({ ...state, paused: false }),
  cues_switched: (state, { on }) => ({ ...state, cuesOn: on, cue: on ? state.cue : null }),
  error: (state, { text }) => ({ ...state, notice: text }),
  call_ended: (state) => ended(state),
};

export function reduce(state, message) {
  const handle = handlers[message.type];
  if (!handle) return state;
  const next = handle(state, message);
  const at = Math.max(next.at, message.at ?? 0);
  const cue = next.cue && at >= next.cue.until ? null : next.cue;
  return { ...next, at, cue };
}
