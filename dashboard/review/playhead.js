// Where in the call we are. All parts of the page move it and follow it; it is the sound's own clock where there is sound.
// It tells "change" whenever the time, the speed or playing changed, at most once per animation frame while it plays.

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 2];

export class Playhead extends EventTarget {
  #time = 0;
  #until = Infinity;

  // audio: an <audio> element, or null for a call whose sound was not kept; duration: seconds.
  constructor(audio, duration) {
    super();
    this.audio = audio;
    this.duration = duration;
    for (const event of ["play", "pause", "ratechange", "seeked", "ended"]) audio?.addEventListener(event, () => this.#tell());
    audio?.addEventListener("play", () => this.#run());
  }

  get time() {
    return this.#time;
  }

  get playing() {
    return this.audio !== null && !this.audio.paused;
  }

  get speed() {
    return this.audio?.playbackRate ?? 1;
  }

  seek(seconds) {
    this.#time = Math.min(Math.max(0, seconds), this.duration);
    this.#until = Infinity;
    if (this.audio) this.audio.currentTime = this.#time;
    this.#tell();
  }

  skip(seconds) {
    this.seek(this.#time + seconds);
  }

  // Plays from `start`; a reviewer who wants to hear one moment says where it ends.
  hear(start, until = Infinity) {
    this.seek(start);
    this.#until = until;
    if (!this.playing) this.toggle();
  }

  toggle() {
    if (!this.audio) return;
    if (this.playing) return this.audio.pause();
    if (this.#time >= this.duration) this.seek(0);
    this.audio.play().catch(() => this.#tell()); // a broken file says so by its "error" event
  }

  faster(steps) {
    const next = SPEEDS[SPEEDS.indexOf(this.speed) + steps];
    if (this.audio && next) this.audio.playbackRate = next;
  }

  #run() {
    if (!this.playing) return;
    this.#time = Math.min(this.audio.currentTime, this.duration);
    if (this.#time >= this.#until) {
      this.#until = Infinity;
      this.audio.pause();
    }
    this.#tell();
    requestAnimationFrame(() => this.#run());
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
