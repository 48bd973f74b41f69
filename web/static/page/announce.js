/* What a screen reader says by itself: new alerts, the connection lost and back. Nothing else, and not at once.
 *
 * Promise: what comes within `PAUSE_MS` is said together; alerts that were there when the page came are not said.
 */

import { byId } from "./dom.js";
import { plural } from "./format.js";
import { sentence } from "./alerts.js";

const PAUSE_MS = 1_500;
const SENTENCES_MAX = 3;

let waiting = [];
let timer = null;
let known = null;

export function say(sentenceToSay) {
  waiting.push(sentenceToSay);
  timer ??= setTimeout(speak, PAUSE_MS);
}

export function sayNewAlerts(alerts) {
  if (!alerts) return;
  const before = known;
  known = new Set(alerts.items.map((one) => one.id));
  if (before) alerts.items.filter((one) => !before.has(one.id)).forEach((one) => say(`Alert. ${sentence(one)}.`));
}

export function forgetAlerts() {
  known = null;
}

function speak() {
  const some = waiting.slice(0, SENTENCES_MAX);
  const rest = waiting.length - some.length;
  byId("announcer").textContent = [...some, ...(rest ? [`And ${plural(rest, "more message")}.`] : [])].join(" ");
  waiting = [];
  timer = null;
}
