/* One campaign in a dialog of its own address, `campaigns/<id>`.
 *
 * Promise: it follows the live figures. Its history is asked for again at most every `HISTORY_PAUSE_MS`, never by two
 *          at once, and an answer that is no longer wanted is dropped. A campaign that the page does not have is asked
 *          for once, so that an unknown one is named as such.
 */

import { asked } from "./api.js";
import { barOf } from "./bar.js";
import { CampaignActs } from "./campaignacts.js";
import { chartOf } from "./chart.js";
import { byId, element, keyed, shown, text } from "./dom.js";
import { NONE, count, minuteOfDay, perMinute } from "./format.js";
import { Opened } from "./opened.js";
import { emptyIn } from "./row.js";
import { figures } from "./totals.js";

const HISTORY_PAUSE_MS = 2_000;
const FOREVER_S = 366 * 86_400;
const WAITING = "Waiting for the figures…";

export class Detail {
  #store;
  #opened;
  #timer = null;
  #drawnAt = 0;
  #alone = null;
  #askedFor = null;
  #isUnknown = false;
  #acts = new CampaignActs(byId("detail-content"));

  constructor(store) {
    this.#store = store;
    this.#opened = new Opened("detail", "campaigns", () => this.#begin(), () => this.#acts.about(null));
    addEventListener("resize", () => this.changed());
    for (const id of ["detail-resolution", "detail-type"]) byId(id).addEventListener("change", () => this.#history());
  }

  granted() {
    this.#opened.granted();
  }

  /* Access is refused: nothing of the campaign stays. */
  forget() {
    this.#alone = null;
    this.#askedFor = null;
    byId("detail-chart").replaceChildren();
  }

  /* The store has news. */
  changed() {
    const id = this.#opened.id;
    if (id === null) return;
    const campaign = this.#store.campaigns.get(id) ?? this.#alone;
    shown(byId("detail-none"), !campaign);
    shown(byId("detail-content"), Boolean(campaign));
    text(byId("detail-none"), this.#isUnknown ? unknown(id) : WAITING);
    if (!campaign) return this.#ask(id);
    this.#show(campaign);
    const due = this.#drawnAt + HISTORY_PAUSE_MS - Date.now();
    this.#timer ??= setTimeout(() => this.#history(), Math.max(due, 0));
  }

  #begin() {
    this.#drawnAt = 0;
    this.#isUnknown = false;
    this.forget();
    this.#acts.about(this.#opened.id);
    this.changed();
  }

  /* Once the page has its figures: before, it is not known what it lacks. */
  async #ask(id) {
    const { health } = this.#store.parts;
    if (this.#askedFor === id || !health || health.loading) return;
    this.#askedFor = id;
    const answer = await asked(`campaigns/${encodeURIComponent(id)}`).catch((why) => why);
    if (id !== this.#opened.id) return;
    this.#isUnknown = answer.status === 404;
    if (answer instanceof Error && !this.#isUnknown) this.#askedFor = null;
    if (!(answer instanceof Error)) this.#alone = answer;
    if (this.#askedFor) this.changed();
  }

  #show(campaign) {
    const rates = [
      { name: "last minute", value: perMinute(campaign.rate_1m), note: "a minute" },
      { name: "last 5 minutes", value: perMinute(campaign.rate_5m), note: "a minute" },
      { name: "empty in", value: emptyIn(campaign), note: emptyNote(campaign) },
    ];
    figures(byId("detail-figures"), [{ name: "available", value: count(campaign.available), note: "" }, ...rates]);
    keyed(byId("detail-types"), Object.entries(campaign.types), ([type]) => type, typeRow);
    const types = [["", "of all types"], ...Object.keys(campaign.types).map((type) => [type, type])];
    keyed(byId("detail-type"), types, ([value]) => value, ([value, label]) => optionOf(value, label));
  }

  async #history() {
    const id = this.#opened.id;
    clearTimeout(this.#timer);
    this.#timer = null;
    if (id === null) return;
    this.#drawnAt = Date.now();
    const query = new URLSearchParams({ resolution: byId("detail-resolution").value });
    if (byId("detail-type").value) query.set("code_type", byId("detail-type").value);
    const answer = await asked(`campaigns/${encodeURIComponent(id)}/history?${query}`).catch(() => null);
    const isWanted = id === this.#opened.id && query.get("resolution") === byId("detail-resolution").value;
    if (answer && isWanted) chartOf(byId("detail-chart"), answer, byId("detail-resolution").selectedOptions[0].text);
  }
}

function unknown(id) {
  return `There is no campaign ${id}. It may have been removed, or its first import has not begun.`;
}

/* By when, and the rate that this is judged by. */
function emptyNote(campaign) {
  if (campaign.available <= 0 || campaign.empty_in_s === null) return "";
  return [emptyAt(campaign), `by ${perMinute(campaign.empty_rate)} a minute`].filter(Boolean).join(", ");
}

function emptyAt({ available, empty_in_s: seconds }) {
  if (available <= 0 || seconds === null || seconds > FOREVER_S) return "";
  const at = new Date(Date.now() + seconds * 1000);
  return at.toDateString() === new Date().toDateString() ? `at ${minuteOfDay(at)}` : "";
}

function optionOf(value, label) {
  return { node: element("option", { value }, label), update: () => {} };
}

function typeRow([type]) {
  const bar = barOf(type);
  const cells = ["available", "reserved", "assigned"].map((status) => [status, element("td", { class: "number" })]);
  const head = element("th", { scope: "row" }, type);
  const node = element("tr", {}, head, ...cells.map(([, cell]) => cell), element("td", { class: "bars" }, bar.node));
  const update = ([, stock]) => {
    bar.update(stock);
    for (const [status, cell] of cells) text(cell, stock ? count(stock[status]) : NONE);
  };
  return { node, update };
}
