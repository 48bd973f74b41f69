/* What a search found: a line for each kind, with links to go on from there.
 *
 * In:  a list, the API's answer.
 * Out: the list filled; a sentence that says what each kind found. A code's value is in no answer.
 */

import { campaignHref, importHref, searchHref } from "./address.js";
import { element } from "./dom.js";
import { NONE, plural, when } from "./format.js";

const EVENTS_MAX = 50;
const REASONS = {
  not_enabled: "histories are off: set CODES_INVENTORY__HISTORY_URI",
  unavailable: "MongoDB does not answer in time",
  busy: "other searches are running; try again",
  unreadable: "a document cannot be read",
};

/* While it `isSearching`, all but the fan is there; then only the fan is added, so that a link keeps its focus. */
export function showFound(list, found) {
  const makers = found.isSearching ? [campaignsLine, importsLine, requestLine, codeLine] : [fanLine];
  const lines = makers.map((make) => make(found)).filter(Boolean);
  if (found.isSearching) list.replaceChildren(...lines);
  else list.append(...lines);
  return sentence(found);
}

function sentence(found) {
  const counts = [["campaign", found.campaigns_total], ["import", found.imports_total]];
  const answered = found.isSearching ? ["request", "code"] : ["request", "code", "fan"];
  const kinds = answered.filter((kind) => !(kind in found.unanswered));
  const all = [...counts, ...kinds.map((kind) => [kind, found[kind] ? 1 : 0])];
  const known = all.map(([kind, number]) => (number ? plural(number, kind) : `no ${kind}`)).join(", ");
  const rest = found.isSearching ? ["Searching for a fan…"] : [];
  return [`${known[0].toUpperCase()}${known.slice(1)}.`, ...notSearched(found.unanswered), ...rest].join(" ");
}

function notSearched(unanswered) {
  const kindsOf = (reason) => Object.keys(unanswered).filter((kind) => unanswered[kind] === reason).join(", ");
  return [...new Set(Object.values(unanswered))].map((reason) =>
    `Not searched: ${kindsOf(reason)} (${REASONS[reason] ?? reason}).`);
}

function campaignsLine({ campaigns, campaigns_total: total }) {
  const links = campaigns.map((id) => linkTo(campaignHref(id), id));
  return total ? line(plural(total, "campaign"), ...listed(links, total)) : null;
}

function importsLine({ imports, imports_total: total }) {
  const links = imports.map((one) =>
    element("span", {}, linkTo(importHref(one.import_id), one.import_id), ` ${one.state}`));
  return total ? line(plural(total, "import"), ...listed(links, total)) : null;
}

function requestLine({ request }) {
  if (!request) return null;
  const head = [request.operation, request.outcome, request.reason].filter(Boolean).join(", ") || "not decided";
  const letter = request.dead_letter && `dead letter: codes dead-letters show ${request.dead_letter}`;
  const fields = [...fieldsOf({ ...request, reason: null }, request.request_id), letter, request.source];
  const time = request.decided_at && timeOf(request.decided_at);
  return line(`Request ${request.request_id}`, head, " ", time ?? "", details(fields));
}

function codeLine({ code }) {
  if (!code) return null;
  const holder = code.holder ? [", fan ", linkTo(searchHref(code.holder.fan_id), code.holder.fan_id)] : [];
  const place = linkTo(campaignHref(code.campaign_id), code.campaign_id);
  const imported = [" · imported by ", linkTo(importHref(code.imported_by), code.imported_by)];
  return line(`Code ${code.code_id}`, `${code.status}, ${code.code_type}, `, place, ...holder, ...imported, eventsOf(code));
}

function fanLine({ fan }) {
  if (!fan) return null;
  const holds = fan.reservations.filter(({ state }) => state === "held").length;
  const codes = fan.reservations
    .filter(({ state }) => state === "assigned")
    .reduce((sum, reservation) => sum + reservation.code_ids.length, 0);
  const known = `${plural(codes, "code")} assigned, ${plural(holds, "hold")}, ${plural(fan.events.length, "event")}.`;
  return line(`Fan ${fan.fan_id}`, known, eventsOf(fan));
}

function eventsOf({ events, is_complete: isComplete }) {
  const shown = events.toReversed().slice(0, EVENTS_MAX).map(eventLine);
  const rest = events.length - shown.length;
  const more = [rest > 0 && `${plural(rest, "earlier event")} not shown.`, !isComplete && "There is more."];
  const list = element("ol", { class: "events", tabindex: "0", "aria-label": "Events, latest first" }, ...shown);
  const known = more.filter(Boolean).map((words) => element("p", { class: "quiet" }, words));
  return element("div", {}, list, ...known);
}

function eventLine(event) {
  const head = element("p", { class: "head" }, element("strong", {}, event.what), " ", timeOf(event.at));
  return element("li", {}, head, details(fieldsOf(event)));
}

/* The fields of an event or a request that are known, with links; not the request that the line is about. */
function fieldsOf(event, ownId = null) {
  const request = event.request_id === ownId ? null : event.request_id;
  const ownReservation = event.reservation_id === event.request_id ? null : event.reservation_id;
  const fields = [
    event.reason,
    named("campaign", event.campaign_id, campaignHref),
    named("fan", event.fan_id, searchHref),
    named("request", request, searchHref),
    named("reservation", ownReservation, searchHref),
    named("import", event.import_id, importHref),
    event.expires_at && `until ${when(event.expires_at)}`,
  ];
  return [...fields, ...event.code_ids.map((id) => named("code", id, searchHref))].filter(Boolean);
}

function named(kind, id, href) {
  return id ? element("span", {}, `${kind} `, linkTo(href(id), id)) : null;
}

function details(fields) {
  const known = fields.filter(Boolean);
  return element("p", { class: "quiet" }, ...(known.length ? joined(known) : [NONE]));
}

function joined(parts) {
  return parts.flatMap((part, place) => (place ? [", ", part] : [part]));
}

function listed(links, total) {
  const rest = total - links.length;
  return [...joined(links), rest > 0 ? `, and ${plural(rest, "other")}` : ""];
}

function line(head, ...rest) {
  return element("li", {}, element("strong", {}, head), ": ", ...rest);
}

function linkTo(href, label) {
  return element("a", { href }, label);
}

function timeOf(at) {
  return element("time", { class: "quiet", datetime: at }, when(at));
}
