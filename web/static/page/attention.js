/* What somebody should look at, as the server judges it, most urgent first; so few of each kind that none hides another.
 *
 * In:  the list of the live stream.
 * Out: cards with their level in words, each with buttons to acknowledge or snooze it; those that were, below.
 */

import { campaignHref } from "./address.js";
import { say } from "./announce.js";
import { tell } from "./api.js";
import { byId, element, keyed, shown, text } from "./dom.js";
import { plural, when } from "./format.js";

const MOST = { stock: 6, import: 3 };
const GRAVE = ["gone", "stalled", "exhausted", "waiting"];
const SNOOZE_MINUTES = 60;
const PLACES = { health: "#health", lag: "#lag-title", import: "#imports-title", "dead-letters": "#dead-title" };

export function showAttention(attention, onlyShort) {
  const open = (attention?.items ?? []).filter((one) => !one.mark);
  const marked = (attention?.items ?? []).filter((one) => one.mark);
  const cards = fewOfEach(open);
  keyed(byId("attention"), cards, (one) => one.key, card);
  shown(byId("attention"), cards.length > 0);
  shown(byId("attention-none"), attention !== null && open.length === 0);
  showRest(open, cards, onlyShort);
  keyed(byId("marked"), marked, (one) => one.key, markedLine);
  shown(byId("attention-marked"), marked.length > 0);
  text(byId("marked-count"), `${plural(marked.length, "item")} acknowledged or snoozed`);
}

function fewOfEach(items) {
  const seen = {};
  return items.filter(({ kind }) => {
    seen[kind] = (seen[kind] ?? 0) + 1;
    return seen[kind] <= (MOST[kind] ?? Infinity);
  });
}

function showRest(open, cards, onlyShort) {
  const line = byId("attention-more");
  if (!line.firstElementChild) {
    const button = element("button", { type: "button", class: "plain" }, "Show these campaigns");
    button.addEventListener("click", onlyShort);
    line.append(element("span"), " ", button);
  }
  const rest = (kind) => open.filter((one) => one.kind === kind).length - cards.filter((one) => one.kind === kind).length;
  const stocks = rest("stock") && plural(rest("stock"), "more stock that is short", "more stocks that are short");
  const imports = rest("import") && plural(rest("import"), "more import");
  shown(line, Boolean(stocks || imports));
  shown(line.lastElementChild, Boolean(stocks));
  text(line.firstElementChild, `And ${[stocks, imports].filter(Boolean).join(", ")}.`);
}

function card(concern) {
  const level = element("span", { class: "level" });
  const title = element("a", { href: placeOf(concern) });
  const detail = element("p");
  const actions = [
    button("Acknowledge", concern, { action: "acknowledge" }),
    button("Snooze 1 h", concern, { action: "snooze", minutes: SNOOZE_MINUTES }),
  ];
  const node = element("li", {}, level, title, detail, element("p", { class: "actions" }, ...actions));
  const update = (one) => {
    node.dataset.rank = GRAVE.includes(one.level) ? "grave" : "warning";
    text(level, one.level);
    text(title, one.title);
    text(detail, [one.detail, one.since && `since ${when(one.since)}`].filter(Boolean).join(", "));
  };
  return { node, update };
}

function placeOf({ kind, campaign_id: id }) {
  return kind === "stock" ? campaignHref(id) : PLACES[kind];
}

function markedLine(concern) {
  const what = element("span");
  const who = element("small", { class: "quiet" });
  const node = element("li", {}, what, " ", who, " ", button("Restore", concern, { action: "restore" }));
  const update = ({ level, title, mark }) => {
    text(what, `${level}: ${title}`);
    const until = mark.until ? ` until ${when(mark.until)}` : "";
    text(who, `${mark.action}${until} by ${mark.by}, ${when(mark.at)}`);
  };
  return { node, update };
}

function button(label, { key, title }, decision) {
  const node = element("button", { type: "button", class: "plain", "aria-label": `${label}: ${title}` }, label);
  node.addEventListener("click", async () => {
    node.disabled = true;
    try {
      await tell("attention/marks", { key, ...decision });
    } catch (why) {
      say(`Not possible: ${why.message}.`);
      node.disabled = false;
    }
  });
  return node;
}
