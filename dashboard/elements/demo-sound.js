// The sound of the demo call, in step with what the page shows: only where the page's address names that call (?demo=ID),
// and only while it is the one being followed. Browsers want a click before they let a page sound, so there is a button.

import { make, setText } from "./dom.js";

const DRIFT = 0.4; // seconds that the sound may be off
const CALL = new URLSearchParams(location.search).get("demo");

class DemoSound extends HTMLElement {
  connectedCallback() {
    this.hidden = true;
    if (!CALL) return;
    this.wanted = true;
    this.audio = make("audio", { src: "demo/billing_call.opus", preload: "auto" });
    this.button = make("button", { type: "button" });
    this.button.addEventListener("click", () => this.#switch());
    this.append(this.audio, this.button);
  }

  // During a pause the caller talks on unheard. After one, stream time no longer tells where the recording is, so the
  // sound runs on by itself, and is not begun anew.
  draw(state) {
    if (!CALL) return;
    this.state = state;
    const on = state.connection === "live" && state.call?.id === CALL && state.call.state === "live";
    this.hidden = !on || (state.pausedOnce && this.audio.paused);
    this.audio.muted = state.paused;
    if (!on) this.audio.pause();
    else if (!state.pausedOnce) this.#keepUp(state.at);
    setText(this.button, this.wanted && !this.audio.paused ? "Turn the sound off" : "Turn the sound on");
  }

  #keepUp(at) {
    if (Math.abs(this.audio.currentTime - at) > DRIFT) this.audio.currentTime = at;
    if (!this.wanted || !this.audio.paused || this.audio.ended || this.starting) return;
    this.starting = true;
    this.audio
      .play()
      .catch(() => (this.wanted = false)) // not before a click
      .finally(() => (this.starting = false));
  }

  #switch() {
    this.wanted = this.audio.paused;
    if (!this.wanted) this.audio.pause();
    this.draw(this.state);
  }
}

customElements.define("demo-sound", DemoSound);
