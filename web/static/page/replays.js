/* Replays of dead letters: a button for each reason that has some. What a replay would send is counted first. */

import { actButton, confirmAct } from "./acts.js";
import { say } from "./announce.js";
import { post } from "./api.js";
import { byId, element, keyed } from "./dom.js";
import { count, plural } from "./format.js";

let place = null;

export function showReplays(dead) {
  place ??= made();
  const some = Object.entries(dead?.reasons ?? {}).filter(([, number]) => number > 0);
  keyed(place, some, ([reason]) => reason, ([reason]) => ({ node: buttonOf(reason), update: () => {} }));
}

function made() {
  const node = element("p", { class: "acts needs-replays" });
  byId("dead-latest").after(node);
  return node;
}

function buttonOf(reason) {
  const node = actButton(`Replay ${reason}`, async () => {
    node.disabled = true;
    try {
      confirmAct(replaying(reason, await replayed(reason, false)));
    } catch (why) {
      say(`Not possible: ${why.message}.`);
      confirmAct({ title: `Replay ${reason}`, lines: [`Not possible: ${why.message}.`] });
    } finally {
      node.disabled = false;
    }
  });
  return node;
}

function replaying(reason, counted) {
  const would = `${plural(counted.would_send, "record")} would be sent again, each once.`;
  const left = `${count(counted.left_out)} cannot be sent, or would be rejected again.`;
  const lines = [would, ...(counted.left_out ? [left] : [])];
  const title = `Replay dead letters: ${reason}`;
  if (counted.would_send === 0) return { title, lines };
  return { title, lines, label: "Replay them", typed: reason, run: () => sent(reason) };
}

async function sent(reason) {
  const done = await replayed(reason, true);
  return `${plural(done.sent, "record")} sent again.`;
}

async function replayed(reason, send) {
  return (await post(`v1/dead-letters/${encodeURIComponent(reason)}/replay`, { confirm: reason, send })).json();
}
