/* What happened to a fan or a code, on demand.
 *
 * Promise: an id is in no address of the page, and is kept nowhere. What was found goes with the token. An answer that
 *          is no longer wanted is dropped.
 */

import { asked } from "./api.js";
import { byId, element, keyed, shown, text } from "./dom.js";
import { NONE, plural, when } from "./format.js";

const SHOWN_MAX = 50;

export class Past {
  #asked = 0;

  constructor() {
    byId("past-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#look(byId("past-kind").value, byId("past-id").value.trim());
    });
  }

  forget() {
    this.#asked += 1;
    byId("past-id").value = "";
    this.#show("", []);
  }

  async #look(kind, id) {
    if (!id) return;
    const number = (this.#asked += 1);
    this.#show("Searching…", []);
    const found = await asked(`v1/${kind}/${encodeURIComponent(id)}`).catch((why) => why);
    if (number !== this.#asked) return;
    if (found instanceof Error) this.#show(`Nothing is shown: ${found.message}.`, []);
    else this.#show(kind === "fans" ? aboutFan(found) : aboutCode(found), found.events.toReversed());
  }

  #show(sentence, events) {
    text(byId("past-says"), sentence);
    const keys = new Map(events.map((one, number) => [one, number]));
    keyed(byId("past-events"), [], (one) => one, lineOf);
    keyed(byId("past-events"), events.slice(0, SHOWN_MAX), (one) => keys.get(one), lineOf);
    shown(byId("past-more"), events.length > SHOWN_MAX);
    text(byId("past-more"), `${plural(events.length - SHOWN_MAX, "earlier event")} not shown.`);
  }
}

function aboutFan({ reservations, events, is_complete: isComplete }) {
  const holds = reservations.filter(({ state }) => state === "held").length;
  const codes = reservations
    .filter(({ state }) => state === "assigned")
    .reduce((sum, reservation) => sum + reservation.code_ids.length, 0);
  const known = `${plural(codes, "code")} assigned, ${plural(holds, "hold")}, ${plural(events.length, "event")}`;
  return isComplete ? `${known}.` : `${known}; there is more.`;
}

function aboutCode({ campaign_id: campaign, code_type: type, status, holder, is_complete: isComplete }) {
  const known = `${campaign}, ${type}: ${status}${holder ? `, fan ${holder.fan_id}` : ""}`;
  return isComplete ? `${known}.` : `${known}; there is more.`;
}

function lineOf(event) {
  const what = element("strong", {}, event.what);
  const time = element("time", { class: "quiet", datetime: event.at }, when(event.at));
  const node = element("li", {}, element("p", { class: "head" }, what, " ", time));
  node.append(element("p", { class: "quiet" }, detailOf(event)));
  return { node, update: () => {} };
}

function detailOf(event) {
  const parts = [
    ["", event.reason],
    ["campaign ", event.campaign_id],
    ["fan ", event.fan_id],
    ["request ", event.request_id],
    ["reservation ", event.reservation_id === event.request_id ? null : event.reservation_id],
    ["import ", event.import_id],
    ["until ", event.expires_at && when(event.expires_at)],
  ];
  const known = parts.filter(([, value]) => value).map(([name, value]) => name + value);
  return [...known, ...event.code_ids.map((id) => `code ${id}`)].join(", ") || NONE;
}
