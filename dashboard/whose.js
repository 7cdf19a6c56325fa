// Whose calls this page follows: what was chosen on this computer, unless the page's address says it (?agent=NAME, ?any).
// The address is kept true, so a page that is loaded again keeps to its agent.

const CHOSEN = "calmline.follow";

export function whoseCalls() {
  const asked = new URLSearchParams(location.search);
  if (asked.has("any")) return { anyone: true };
  if (asked.get("agent")) return { agent: asked.get("agent") };
  return asked.has("demo") ? {} : chosen();
}

export function isChosen({ agent, anyone }) {
  const choice = chosen();
  return Boolean(anyone || (agent && agent === choice.agent));
}

// What the agent chose by hand; {} where they never did.
function chosen() {
  try {
    const { agent, anyone } = JSON.parse(localStorage.getItem(CHOSEN)) ?? {};
    return { agent, anyone };
  } catch {
    return {}; // storage that is switched off, or was written by something else
  }
}

export function choose(whose) {
  try {
    localStorage.setItem(CHOSEN, JSON.stringify(whose));
  } catch {
    // the address still has it
  }
  keepInAddress(whose);
}

export function keepInAddress({ agent, anyone }) {
  const url = new URL(location.href);
  url.searchParams.delete("agent");
  url.searchParams.delete("any");
  if (agent) url.searchParams.set("agent", agent);
  if (anyone) url.searchParams.set("any", "");
  history.replaceState(null, "", url);
}
