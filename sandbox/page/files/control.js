// Speaks to the control API: acts, looks, and hears of every change.

/** What the sandbox refuses, in its words. */
export class Refused extends Error {}

async function answer(response) {
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Refused(body?.error ?? `${response.status}`);
  return body;
}

/** Look at something, for example `look("messages", {channel})`. */
export async function look(what, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return answer(await fetch(`/control/${what}?${new URLSearchParams(given)}`));
}

/** Do something, for example `act("command", {user, channel, name})`. */
export async function act(what, body) {
  const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  return answer(await fetch(`/control/${what}`, sent));
}

const LOOK = 3600; // milliseconds between two looks where nothing is heard: the bot has three seconds
const waiting = new Map();

/** Wait until the bot has answered an interaction, or cannot any more; what came of it. */
export async function outcome(id) {
  for (;;) {
    const told = new Promise((resolve) => waiting.set(id, resolve));
    const seen = await look(`interactions/${id}`);
    if (seen.acknowledged !== null || seen.failed) {
      waiting.delete(id);
      return seen;
    }
    await Promise.race([told, new Promise((resolve) => setTimeout(resolve, LOOK))]);
  }
}

/** Hear of every change: `changed[kind]` gets what is known of it, `began` is called whenever the line is up (again). */
export function listen({ changed, began, lost }) {
  const source = new EventSource("/control/events");
  source.addEventListener("open", began);
  source.addEventListener("error", () => {
    lost();
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => listen({ changed, began, lost }), 1000);
  });
  source.addEventListener("interaction", (event) => waiting.get(JSON.parse(event.data).id)?.());
  for (const [kind, call] of Object.entries(changed)) {
    source.addEventListener(kind, (event) => call(JSON.parse(event.data)));
  }
}
