// Takes a cue or a notice off the screen when it has had its time by the clock: stream time, by which it leaves
// otherwise, stands still while the line stalls or is lost.

export class Leaving {
  #shown = null;
  #timer = null;

  // part: the field of the state, which holds null or something with `until`, in seconds of stream time.
  constructor(part, take) {
    this.part = part;
    this.take = take;
  }

  // To be told of every new state.
  see(state) {
    const now = state[this.part];
    if (now === this.#shown) return;
    this.#shown = now;
    clearTimeout(this.#timer);
    if (now) this.#timer = setTimeout(() => this.take({ type: "time_over", part: this.part }), (now.until - state.at) * 1000);
  }
}
