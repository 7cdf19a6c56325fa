// Asks the server; what goes wrong is an Error whose message is one sentence for people.

const UNAUTHORIZED = 401;
const GONE = "The server cannot be reached. Is calmline serve running?";

async function ask(path, options) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error(GONE);
  });
  if (answer.ok) return answer;
  const { text } = await answer.json().catch(() => ({ text: `The server answered ${answer.status}.` }));
  throw Object.assign(new Error(text), { needsToken: answer.status === UNAUTHORIZED });
}

export async function read(path) {
  return (await ask(path)).json();
}

export async function readBytes(path) {
  return new Uint8Array(await (await ask(path)).arrayBuffer());
}

export async function put(path, value) {
  await ask(path, { method: "PUT", body: JSON.stringify(value) });
}

export async function remove(path) {
  await ask(path, { method: "DELETE" });
}

export function pathOf(call, ...rest) {
  return ["api/calls", encodeURIComponent(call), ...rest].join("/");
}
