/* The table of campaigns: search, sort, and as many rows as were asked for.
 *
 * In:      all campaigns, again after each change.
 * Promise: rows are changed, not made anew. While a row has the focus or the mouse, no row changes its place.
 */

import { attribute, byId, element, keyed, shown, text } from "./dom.js";
import { count, plural } from "./format.js";
import { matching, ordered } from "./order.js";
import { rowOf } from "./row.js";

const STEP = 25;
const COLUMNS = [
  ["name", "Campaign", "ascending"],
  [null, "Codes by type"],
  ["available", "Available", "ascending"],
  ["share", "Left", "ascending"],
  ["rate", "Per minute", "descending"],
  ["empty", "Empty in", "ascending"],
];

export class Campaigns {
  #all = [];
  #limit = STEP;
  #wanted = { search: "", standing: "all", short: new Set() };
  #sorted = { column: "empty", direction: "ascending" };
  #places = [];
  #held = false;
  #isShown = false;

  constructor() {
    byId("columns").append(...COLUMNS.map((one) => this.#head(...one)));
    byId("finding").addEventListener("submit", (event) => event.preventDefault());
    byId("standing").addEventListener("change", (event) => this.#want({ standing: event.target.value }));
    byId("more").addEventListener("click", ({ target }) => this.#more(target.dataset.show));
    for (const name of ["pointerleave", "focusout"]) {
      byId("rows").addEventListener(name, () => requestAnimationFrame(() => this.#held && this.#render()));
    }
    this.#mark();
  }

  /* What is searched for has changed. */
  find(search) {
    this.#want({ search });
  }

  show(campaigns) {
    this.#isShown = true;
    this.#all = campaigns;
    this.#render();
  }

  /* Which campaigns need attention; drawn with the next change, or at once if only these are shown. */
  setShort(ids) {
    this.#wanted.short = ids;
    if (this.#wanted.standing !== "all") this.#render();
  }

  onlyShort() {
    byId("standing").value = "short";
    this.#want({ standing: "short" });
    byId("campaigns").focus();
  }

  #want(more) {
    this.#wanted = { ...this.#wanted, ...more };
    this.#limit = STEP;
    if (this.#isShown) this.#render({ mayMove: true });
  }

  #more(which) {
    const before = byId("rows").childElementCount;
    this.#limit = which === "all" ? Infinity : this.#limit + STEP;
    this.#render();
    byId("rows").children[before]?.querySelector("a").focus();
  }

  #head(column, label, first) {
    if (!column) return element("th", { scope: "col", role: "columnheader", class: "bars" }, label);
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => this.#sort(column, first));
    const kind = column === "name" ? "name" : "number";
    return element("th", { scope: "col", role: "columnheader", class: kind, "data-column": column }, button);
  }

  #sort(column, first) {
    const turned = this.#sorted.direction === "ascending" ? "descending" : "ascending";
    this.#sorted = { column, direction: column === this.#sorted.column ? turned : first };
    this.#mark();
    this.#render({ mayMove: true });
  }

  #mark() {
    for (const head of byId("columns").querySelectorAll("[data-column]")) {
      const isSorted = head.dataset.column === this.#sorted.column;
      attribute(head, "aria-sort", isSorted ? this.#sorted.direction : null);
    }
  }

  #render({ mayMove = false } = {}) {
    const wanted = ordered(matching(this.#all, this.#wanted), this.#sorted);
    const found = mayMove ? wanted : this.#inPlace(wanted);
    const some = found.slice(0, this.#limit);
    this.#places = some.map((one) => one.campaign_id);
    keyed(byId("rows"), some, (one) => one.campaign_id, rowOf);
    this.#say(found.length, some.length);
  }

  /* Held rows keep their places; what is new comes behind them. */
  #inPlace(found) {
    this.#held = byId("rows").matches(":focus-within") || isPointedAt(byId("rows"));
    if (!this.#held) return found;
    const places = new Map(this.#places.map((id, place) => [id, place]));
    const placeOf = (one) => places.get(one.campaign_id) ?? Infinity;
    return found
      .map((one, rank) => ({ one, rank, place: placeOf(one) }))
      .sort((one, other) => (one.place === other.place ? one.rank - other.rank : one.place - other.place))
      .map(({ one }) => one);
  }

  #say(found, visible) {
    const all = this.#all.length;
    text(byId("found"), found === all ? plural(all, "campaign") : `${count(found)} of ${plural(all, "campaign")}`);
    shown(byId("campaigns-none"), found === 0);
    const why = all ? "No campaign matches." : "No campaign yet. One appears here with its first import.";
    text(byId("campaigns-none"), why);
    shown(byId("more"), visible < found);
    const [some, rest] = byId("more").children;
    text(some, `Show ${count(Math.min(STEP, found - visible))} more`);
    text(rest, `Show all ${count(found)}`);
  }
}

/* A finger leaves no pointer behind, though browsers keep `:hover` after a tap. */
function isPointedAt(node) {
  return matchMedia("(hover: hover)").matches && node.matches(":hover");
}
