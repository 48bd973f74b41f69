/* What people did, from the audit records: a dialog for those who may act.
 *
 * Out:     `Records`; `forget()`, when access is refused.
 * Promise: the latest first, a page at a time; an answer to former filters is dropped.
 */

import { onPermissions } from "./acts.js";
import { asked } from "./api.js";
import { byId, element, shown, text } from "./dom.js";
import { plural, when } from "./format.js";

const LIMIT = 50;
const FILTERS = ["by", "action", "campaign_id", "since", "until"];

export class Records {
  #next = null;
  #query = "";
  #number = 0;
  #asking = 0;

  constructor() {
    onPermissions((given) => shown(byId("records-open"), Boolean(given?.records)));
    byId("records-open").addEventListener("click", () => this.#open());
    byId("records-close").addEventListener("click", () => byId("records").close());
    byId("records-more").addEventListener("click", () => this.#read());
    byId("records-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#begin();
    });
  }

  forget() {
    shown(byId("records-open"), false);
    this.#empty("");
    byId("records").close();
  }

  #open() {
    byId("records").showModal();
    byId("records-by").focus();
    this.#begin();
  }

  #begin() {
    this.#query = queryOf();
    this.#empty("Loading…");
    this.#read();
  }

  #empty(sentence) {
    this.#next = null;
    this.#number = 0;
    this.#asking += 1;
    byId("records-list").replaceChildren();
    text(byId("records-says"), sentence);
    shown(byId("records-more"), false);
  }

  async #read() {
    const mine = ++this.#asking;
    const place = this.#next === null ? "" : `&before=${encodeURIComponent(this.#next)}`;
    const found = await asked(`v1/actions/records?limit=${LIMIT}${this.#query}${place}`).catch((why) => why);
    if (mine !== this.#asking) return;
    if (found instanceof Error) return text(byId("records-says"), `Not shown: ${found.message}.`);
    this.#show(found);
  }

  #show({ items, next }) {
    const lines = items.map(line);
    byId("records-list").append(...lines);
    this.#number += items.length;
    this.#next = next;
    text(byId("records-says"), this.#number ? `${plural(this.#number, "action")}, the latest first.` : "No such action.");
    const isFurther = this.#number > lines.length;
    if (isFurther && lines.length) lines[0].focus(); // the button may go, and the focus with it
    shown(byId("records-more"), next !== null);
    if (isFurther && !lines.length) byId("records-close").focus();
  }
}

/* The filters that are filled in. Times are those of the reader's clock. */
function queryOf() {
  const given = FILTERS.map((name) => [name, byId(`records-${name}`).value.trim()]).filter(([, value]) => value);
  const values = given.map(([name, value]) => [name, name === "since" || name === "until" ? instant(value) : value]);
  return values.map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("");
}

const instant = (value) => new Date(value).toISOString();

function line({ at, by, action, subject, campaign_id: campaign, outcome, ended_at: ended }) {
  const name = element("strong", {}, action.replaceAll("_", " "));
  const time = element("time", { class: "quiet", datetime: at }, when(at));
  const of = campaign && campaign !== subject ? `, campaign ${campaign}` : "";
  const rest = outcome ?? (ended ? "complete" : "outcome unknown: look at it before it is repeated");
  return element(
    "li",
    { tabindex: "-1" },
    element("p", { class: "head" }, name, " ", element("span", {}, subject), " ", time),
    element("p", { class: "quiet" }, `by ${by}${of}`),
    element("p", {}, rest),
  );
}
