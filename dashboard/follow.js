// Follows calls over a websocket: hands each message on, says when the server is lost, and comes back by itself, asking
// for what came after the last event it got, so that nothing is missed and nothing comes twice. The server is never
// silent for 2 s; a connection that is may look open for minutes, and counts as lost. It does not come back where the
// server has told everything (1000) or turned it away for good (44xx, with an error before that says why).

const TOLD_ALL = 1000;
const UNAUTHORIZED = 4401;
const TURNED_AWAY = [UNAUTHORIZED, 4403, 4404];
const RETRY_MS = [250, 500, 1000, 2000];
const SILENCE_MS = 4000;
const CHECK_MS = 500;

export class Follower {
  #socket = null;
  #tries = 0;
  #heardAt = 0;
  #checking = null;
  #retry = null;
  #call = null;
  #seq = 0;

  // path: "ws/follow" to go from call to call, "ws/calls/ID" for one call.
  constructor(path, receive) {
    this.path = path;
    this.receive = receive;
    this.whose = {};
    addEventListener("online", () => this.#retry && this.open());
  }

  // Follow the calls of one agent ({ agent }), of anyone ({ anyone: true }), or those of whoever calls first ({}).
  follow(whose) {
    this.whose = whose;
    this.#call = null;
    this.open();
  }

  // The server keeps to this agent by itself; so does the next connection.
  keepTo(agent) {
    this.whose = { agent };
  }

  open() {
    this.#leave();
    const socket = new WebSocket(this.#address());
    const still = (handle) => (event) => socket === this.#socket && handle(event);
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.#checking = setInterval(() => performance.now() - this.#heardAt > SILENCE_MS && this.#lost(), CHECK_MS);
    socket.addEventListener("open", still(() => this.receive({ type: "connected" })));
    socket.addEventListener("message", still(({ data }) => this.#take(JSON.parse(data))));
    socket.addEventListener("close", still(({ code }) => this.#closed(code)));
  }

  send(command) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(command));
  }

  #address() {
    const url = new URL(this.path, document.baseURI);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.whose.agent) url.searchParams.set("agent", this.whose.agent);
    if (this.whose.anyone) url.searchParams.set("any", "");
    if (this.#call) {
      url.searchParams.set("call", this.#call);
      url.searchParams.set("after", this.#seq);
    }
    return url;
  }

  #take(message) {
    this.#heardAt = performance.now();
    this.#tries = 0;
    if (message.type === "deleted" && message.call === this.#call) this.#call = null;
    if (message.type === "snapshot") {
      this.#call = message.call.id;
      this.#seq = message.after;
    } else if (message.seq) this.#seq = message.seq;
    this.receive(message);
  }

  #closed(code) {
    if (code === TOLD_ALL) return this.#leave();
    if (!TURNED_AWAY.includes(code)) return this.#lost();
    this.#leave();
    this.receive({ type: "refused", needsToken: code === UNAUTHORIZED });
  }

  // Every page of a server that comes back would knock at the same moment: each waits a little less than it might.
  #lost() {
    this.#leave();
    this.receive({ type: "disconnected" });
    const wait = RETRY_MS[Math.min(this.#tries++, RETRY_MS.length - 1)];
    this.#retry = setTimeout(() => this.open(), wait * (0.75 + Math.random() / 4));
  }

  // Whatever this socket still brings is not heard: closing a dead connection takes a browser as long as it likes.
  #leave() {
    clearInterval(this.#checking);
    clearTimeout(this.#retry);
    const socket = this.#socket;
    this.#socket = this.#retry = null;
    socket?.close();
  }
}
