// Paints the timeline on a canvas: a lane a voice (turns, waveform, talk-overs), the tone lane, the alerts through all.
// A view is {from, to, width}: seconds and CSS pixels. Nothing here keeps state.

export const TOP = 24; // px above the lanes, where alerts have their heads
export const LANE = 60;
export const GAP = 8;
export const TONE = 84;
const LONGEST_STEP = 2; // seconds between readings that belong together
const FINEST = 0.5; // px between points of a curve that are worth drawing
const CONTRAST = 1.5; // peaks come as their square root, which shows the noise of a line too well

export function heightFor(voices) {
  return TOP + voices * (LANE + GAP) + TONE;
}

export function laneTop(index) {
  return TOP + index * (LANE + GAP);
}

export function x(view, seconds) {
  return ((seconds - view.from) / (view.to - view.from)) * view.width;
}

const visible = (view, start, end) => end >= view.from && start <= view.to;

export function paintVoice(pen, view, top, color, turns, peaks) {
  pen.fillStyle = color;
  for (const { start, end } of turns) {
    if (!visible(view, start, end)) continue;
    pen.globalAlpha = peaks ? 0.16 : 0.55;
    pen.beginPath();
    pen.roundRect(x(view, start), top, Math.max(1, x(view, end) - x(view, start)), LANE, 4);
    pen.fill();
  }
  pen.globalAlpha = 1;
  if (!peaks) return;
  const loudest = Math.max(0.05, ...peaks);
  const middle = top + LANE / 2;
  for (let column = 0; column < peaks.length; column += 1) {
    const half = Math.max(0.5, ((peaks[column] / loudest) ** CONTRAST * (LANE - 6)) / 2);
    pen.fillRect((column * view.width) / peaks.length, middle - half, 1, 2 * half);
  }
}

export function paintOverlaps(pen, view, top, color, overlaps) {
  pen.fillStyle = color;
  for (const { start, end } of overlaps) {
    if (visible(view, start, end)) pen.fillRect(x(view, start), top, Math.max(2, x(view, end) - x(view, start)), GAP - 4);
  }
}

// A curve of {at, value}, 0 at the bottom to 1 at the top; a null value or LONGEST_STEP without any leaves a gap.
function paintCurve(pen, view, top, color, points, width) {
  pen.strokeStyle = color;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.beginPath();
  let last = -Infinity;
  let drawn = -Infinity;
  for (const { at, value } of points) {
    if (value === null || at < view.from - LONGEST_STEP || at > view.to + LONGEST_STEP) continue;
    const goesOn = at - last <= LONGEST_STEP;
    const left = x(view, at);
    last = at;
    if (goesOn && left - drawn < FINEST) continue;
    const y = top + 3 + (TONE - 6) * (1 - value);
    if (goesOn) pen.lineTo(left, y);
    else pen.moveTo(left, y);
    drawn = left;
  }
  pen.stroke();
}

export function paintTone(pen, view, top, colors, { trend, anger, escalations }) {
  pen.fillStyle = colors.warn;
  pen.globalAlpha = 0.14;
  for (const { start, end } of escalations) {
    if (visible(view, start, end)) pen.fillRect(x(view, start), top, x(view, end) - x(view, start), TONE);
  }
  pen.globalAlpha = 1;
  pen.strokeStyle = colors.line;
  pen.lineWidth = 1;
  pen.strokeRect(-1, top + 0.5, view.width + 2, TONE - 1);
  paintCurve(pen, view, top, colors.quiet, anger, 1);
  paintCurve(pen, view, top, colors.calm, trend, 2.5);
}

export function paintAlerts(pen, view, bottom, colors, alerts) {
  for (const { at, kind } of alerts) {
    if (!visible(view, at, at)) continue;
    const color = kind === "credit" ? colors.calm : colors.warn;
    const left = x(view, at);
    pen.strokeStyle = pen.fillStyle = color;
    pen.lineWidth = 1.5;
    pen.setLineDash([3, 3]);
    pen.beginPath();
    pen.moveTo(left, TOP - 4);
    pen.lineTo(left, bottom);
    pen.stroke();
    pen.setLineDash([]);
    pen.beginPath();
    pen.arc(left, TOP / 2 - 1, 7, 0, 2 * Math.PI);
    pen.fill();
  }
}
