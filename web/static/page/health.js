/* The health strip: each role and part, as the server judges it. A word says the state; colour only repeats it.
 *
 * In:  the report of the live stream; null before it has come.
 * Out: one entry for each, and a sentence about the worst for the head of the page.
 */

import { say } from "./announce.js";
import { attribute, byId, element, keyed, shown, text } from "./dom.js";
import { when } from "./format.js";

const NAMES = { worker: "Workers", importer: "Importers", expirer: "Expirers", mongodb: "MongoDB", kafka: "Kafka", s3: "S3" };
const WORDS = { ok: "running", waiting: "waiting", gone: "gone", unknown: "not known" };
const ANSWERS = { ok: "answers", waiting: "waiting", gone: "gone", unknown: "not known" };
const ROLES = ["worker", "importer", "expirer"];

let known = null;

export function showHealth(report) {
  const items = report?.items ?? [];
  shown(byId("loading"), !report || report.loading);
  keyed(byId("health"), items, (one) => one.name, entry);
  shown(byId("health"), items.length > 0);
  sayChanges(items);
}

/* What is wrong, in a few words; empty if nothing is. */
export function trouble(report) {
  const bad = (report?.items ?? []).filter((one) => one.state === "gone");
  return bad.map((one) => `${NAMES[one.name]} gone`).join(", ");
}

function entry() {
  const name = element("span", { class: "name" });
  const state = element("strong", { class: "state" });
  const since = element("small");
  const node = element("li", {}, name, " ", state, " ", since);
  const update = (one) => {
    attribute(node, "data-state", one.state);
    attribute(node, "title", one.detail);
    text(name, NAMES[one.name]);
    text(state, wordOf(one));
    text(since, detailOf(one));
  };
  return { node, update };
}

function wordOf({ name, state, processes }) {
  if (state === "ok" && ROLES.includes(name)) return `${processes} running`;
  return (ROLES.includes(name) ? WORDS : ANSWERS)[state];
}

function detailOf({ state, since, detail }) {
  if (state === "ok" || state === "unknown") return since ? `since ${when(since)}` : "";
  return [detail, since && `since ${when(since)}`].filter(Boolean).join(", ");
}

function sayChanges(items) {
  const before = known;
  known = items.length ? new Map(items.map((one) => [one.name, one.state])) : null;
  if (!before) return;
  for (const one of items) {
    const was = before.get(one.name);
    if (one.state === was) continue;
    if (one.state === "gone") say(`${NAMES[one.name]} gone.`);
    if (one.state === "ok" && was === "gone") say(`${NAMES[one.name]} back.`);
  }
}
