// The waveform at any zoom: peaks come from the server in three levels of bins and are fetched when first looked at.

import { pathOf, readBytes } from "./server.js";

const BIN_SECONDS = [0.02, 0.16, 1.28]; // as the server has them

export class Peaks {
  #levels = [];

  // channels: how many voices the recording has; arrived: called when more can be drawn than before.
  constructor(call, channels, arrived) {
    this.call = call;
    this.channels = channels;
    this.arrived = arrived;
  }

  // The peak (0..1) of each of `columns` columns between two times, or null while none of it is here.
  columns(channel, from, to, columns) {
    const wide = (to - from) / columns;
    const fitting = Math.max(0, BIN_SECONDS.findLastIndex((seconds) => seconds <= wide));
    const level = this.#levels[fitting] ?? this.#levels.find((bytes) => bytes);
    if (!this.#levels[fitting]) this.#fetch(fitting);
    return level ? pick(level, this.channels, channel, from, wide, columns) : null;
  }

  async #fetch(level) {
    if (level in this.#levels) return;
    this.#levels[level] = null;
    const bytes = await readBytes(pathOf(this.call, `peaks?level=${level}`)).catch(() => null);
    if (!bytes) return;
    bytes.seconds = BIN_SECONDS[level];
    this.#levels[level] = bytes;
    this.arrived();
  }
}

function pick(bytes, channels, channel, from, wide, columns) {
  const bins = bytes.length / channels;
  const picked = new Float32Array(columns);
  for (let column = 0; column < columns; column += 1) {
    const first = Math.floor((from + column * wide) / bytes.seconds);
    const last = Math.min(bins, Math.max(first + 1, Math.floor((from + (column + 1) * wide) / bytes.seconds)));
    let most = 0;
    for (let bin = first; bin < last; bin += 1) most = Math.max(most, bytes[bin * channels + channel]);
    picked[column] = most / 255;
  }
  return picked;
}
