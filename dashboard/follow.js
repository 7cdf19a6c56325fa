// Follows a call over a websocket: hands each message on, says when the line is lost, and comes back by itself,
// asking for what came after the last event it got, so that nothing is missed and nothing comes twice. It does not come
// back where the server has told everything (1000) or turned it away for good (44xx, with an error before that says why).

const TOLD_ALL = 1000;
const UNAUTHORIZED = 4401;
const TURNED_AWAY = [UNAUTHORIZED, 4403, 4404];
const RETRY_MS = [250, 500, 1000, 2000, 4000];

export class Follower {
  #socket = null;
  #tries = 0;
  #call = null;
  #seq = 0;

  // path: "ws/follow" for whatever call is the newest, "ws/calls/ID" for one call.
  constructor(path, receive) {
    this.path = path;
    this.receive = receive;
  }

  open() {
    const url = new URL(this.path, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.#call) {
      url.searchParams.set("call", this.#call);
      url.searchParams.set("after", this.#seq);
    }
    this.#socket = new WebSocket(url);
    this.#socket.addEventListener("open", () => {
      this.#tries = 0;
      this.receive({ type: "connected" });
    });
    this.#socket.addEventListener("message", ({ data }) => this.#take(JSON.parse(data)));
    this.#socket.addEventListener("close", ({ code }) => {
      if (code === TOLD_ALL) return;
      if (TURNED_AWAY.includes(code)) return this.receive({ type: "refused", needsToken: code === UNAUTHORIZED });
      this.receive({ type: "disconnected" });
      setTimeout(() => this.open(), RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)]);
    });
  }

  send(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  #take(message) {
    if (message.type === "snapshot") {
      this.#call = message.call.id;
      this.#seq = message.after;
    } else if (message.seq) this.#seq = message.seq;
    this.receive(message);
  }
}
