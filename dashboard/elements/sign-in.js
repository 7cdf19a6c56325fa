// Asks for the server's token where it wants one. The server answers with a cookie, so the token is not kept here.

import { make, setText } from "./dom.js";

class SignIn extends HTMLElement {
  connectedCallback() {
    this.hidden = true;
    const token = make("input", { type: "password", autocomplete: "current-password", required: true });
    this.problem = make("p", { role: "alert" });
    const form = make(
      "form",
      {},
      make("label", {}, "Token of this server ", token),
      make("button", { type: "submit" }, "Sign in"),
      this.problem,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send(token.value);
    });
    this.append(form);
  }

  draw(state) {
    this.hidden = !(state.connection === "refused" && state.needsToken);
  }

  async #send(token) {
    try {
      const answer = await fetch("api/login", { method: "POST", body: token });
      setText(this.problem, answer.ok ? "" : (await answer.json()).text);
      if (answer.ok) this.dispatchEvent(new CustomEvent("signed-in", { bubbles: true }));
    } catch {
      setText(this.problem, "The server cannot be reached.");
    }
  }
}

customElements.define("sign-in", SignIn);
