/* Imports: those that run with their progress, then the latest that ended; with a search, those that it finds. */

import { campaignHref, importHref } from "./address.js";
import { attribute, byId, element, keyed, shown, text } from "./dom.js";
import { count, duration, plural, when } from "./format.js";
import { importActs } from "./importacts.js";

const ENDED_MAX = 5;

export function showImports(imports, search) {
  const items = (imports?.items ?? []).filter((one) => isFound(one, search.trim().toLowerCase()));
  const running = items.filter((one) => one.state === "running").length;
  const some = items.slice(0, running + ENDED_MAX);
  keyed(byId("imports"), some, (one) => one.import_id, line);
  shown(byId("imports-none"), imports !== null && items.length === 0);
  text(byId("imports-none"), search.trim() ? "No import matches." : "No import over the last day.");
  const rest = items.length - some.length;
  shown(byId("imports-more"), rest > 0);
  text(byId("imports-more"), `${plural(rest, "older import")} ended over the last day.`);
}

function isFound(one, wanted) {
  return [one.import_id, one.campaign_id, one.object ?? ""].some((name) => name.toLowerCase().includes(wanted));
}

export function line(one) {
  const state = element("span", { class: "badge" });
  const name = element("a", { href: importHref(one.import_id) }, one.import_id);
  const place = element("a", { href: campaignHref(one.campaign_id) }, one.campaign_id);
  const rest = element("span");
  const campaign = element("span", { class: "quiet" }, place, rest);
  const bar = element("progress", { max: "1", "aria-label": `Progress of ${one.import_id}` });
  const share = element("span", { class: "value" });
  const figures = element("p", { class: "quiet" });
  const reason = element("p", { class: "reason" });
  const running = element("p", { class: "progress" }, bar, share);
  const node = element("li", {}, element("p", { class: "head" }, name, " ", state, " ", campaign), running, figures, reason);
  const acts = importActs();
  node.append(acts.node);
  const update = (told) => {
    acts.update(told);
    node.dataset.state = told.state;
    text(state, told.state);
    attribute(state, "data-standing", told.state);
    text(rest, `, ${told.code_type}, ${when(told.at)}`);
    shown(running, told.state === "running");
    progressed(bar, share, told);
    text(figures, figuresOf(told));
    text(reason, notesOf(told));
    shown(reason, reason.textContent !== "");
  };
  return { node, update };
}

/* Without a value the bar says that something goes on, and no more. */
function progressed(bar, share, { progress, left_s: left }) {
  attribute(bar, "value", progress === null ? null : String(progress));
  const done = progress === null ? "" : `${Math.floor(100 * progress)} %`;
  text(share, [done, left !== null && `about ${duration(left)} left`].filter(Boolean).join(", "));
}

function notesOf({ reason, report, resolved_by: later }) {
  return [reason, later && `Done by ${later}`, report && `Rejected rows: ${report}`].filter(Boolean).join(". ");
}

function figuresOf(one) {
  const others = ["duplicates", "rejected"].filter((name) => one[name] > 0);
  const parts = others.map((name) => `${count(one[name])} ${name}`);
  const pace = one.rows_per_s === null ? [] : [`${count(Math.round(one.rows_per_s))} rows a second`];
  return [`${plural(one.rows_read, "row")}`, `${count(one.inserted)} new`, ...parts, ...pace].join(" · ");
}
