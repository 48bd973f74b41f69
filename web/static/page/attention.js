/* What somebody should look at, worst first; so few of each kind that no kind hides another.
 *
 * In:  campaigns, imports, dead letters, and what `trend.js` makes of the lag.
 * Out: cards. Each says its level in words; colour only repeats it.
 */

import { byId, element, keyed, shown, text } from "./dom.js";
import { count, duration, plural } from "./format.js";
import { emptyIn, hashOf } from "./row.js";

const STOCKS_MAX = 6;
const FAILED_MAX = 3;

export function concerns({ campaigns, parts, trends }) {
  const stocks = campaigns.flatMap(shortOf).sort((one, other) => one.rank - other.rank || one.empty - other.empty);
  const imports = failed(parts.imports);
  const others = [...stalled(trends), ...unknownLag(parts.lag), ...deadLetters(parts["dead-letters"])];
  const cards = [...stocks.slice(0, STOCKS_MAX), ...imports.slice(0, FAILED_MAX), ...others];
  return {
    cards: cards.sort((one, other) => one.rank - other.rank),
    moreStocks: Math.max(stocks.length - STOCKS_MAX, 0),
    moreImports: Math.max(imports.length - FAILED_MAX, 0),
  };
}

export function showConcerns(found, onlyShort) {
  keyed(byId("attention"), found.cards, (one) => one.key, card);
  shown(byId("attention"), found.cards.length > 0);
  shown(byId("attention-none"), found.cards.length === 0);
  showRest(found, onlyShort);
}

function showRest({ moreStocks, moreImports }, onlyShort) {
  const line = byId("attention-more");
  if (!line.firstElementChild) {
    const button = element("button", { type: "button", class: "plain" }, "Show these campaigns");
    button.addEventListener("click", onlyShort);
    line.append(element("span"), " ", button);
  }
  const stocks = moreStocks && plural(moreStocks, "more low or exhausted stock");
  const imports = moreImports && plural(moreImports, "more failed import");
  shown(line, Boolean(stocks || imports));
  shown(line.lastElementChild, Boolean(stocks));
  text(line.firstElementChild, `And ${[stocks, imports].filter(Boolean).join(", ")}.`);
}

function shortOf(campaign) {
  return Object.entries(campaign.types)
    .filter(([, stock]) => stock.standing !== "enough")
    .map(([type, stock]) => ({
      key: `stock ${campaign.campaign_id} ${type}`,
      rank: stock.standing === "exhausted" ? 0 : 2,
      level: stock.standing,
      empty: stock.empty_in_s ?? Infinity,
      title: campaign.campaign_id,
      href: hashOf(campaign.campaign_id),
      detail: stockDetail(type, stock),
    }));
}

function stockDetail(type, stock) {
  const left = `${type}: ${count(stock.available)} of ${count(stock.total)} left`;
  return stock.empty_in_s === null || stock.available <= 0 ? left : `${left}, empty in ${emptyIn(stock)}`;
}

function stalled(trends) {
  return trends
    .filter((one) => one.stalledFor !== null)
    .map((one) => ({
      key: `lag ${one.key}`,
      rank: 1,
      level: "stalled",
      title: one.topic,
      href: "#lag-title",
      detail: `${one.group} has not moved for ${duration(one.stalledFor)}; ${plural(one.records, "record")} ${one.records === 1 ? "waits" : "wait"}`,
    }));
}

function unknownLag(lag) {
  if (!lag || lag.known) return [];
  const detail = "The broker does not answer, so nobody knows how far the groups are behind.";
  return [{ key: "lag", rank: 1, level: "unknown", title: "Lag", href: "#lag-title", detail }];
}

function failed(imports) {
  return (imports?.items ?? [])
    .filter((one) => one.state === "failed")
    .map((one) => ({
      key: `import ${one.import_id}`,
      rank: 3,
      level: "failed",
      title: `Import ${one.import_id}`,
      href: "#imports-title",
      detail: `${one.campaign_id}: ${one.reason ?? "no reason was given"}`,
    }));
}

function deadLetters(dead) {
  if (!dead?.total) return [];
  const reasons = Object.entries(dead.reasons).filter(([, records]) => records > 0);
  const detail = reasons.map(([reason, records]) => `${count(records)} ${reason}`).join(", ");
  const title = plural(dead.total, "dead letter");
  return [{ key: "dead", rank: 4, level: "rejected", title, href: "#dead-title", detail: `${detail}, in ${dead.hours} h` }];
}

function card(concern) {
  const level = element("span", { class: "level" });
  const title = element("a", { href: concern.href });
  const detail = element("p");
  const node = element("li", {}, level, title, detail);
  const update = (one) => {
    node.dataset.rank = one.rank < 2 ? "grave" : "warning";
    text(level, one.level);
    text(title, one.title);
    text(detail, one.detail);
  };
  return { node, update };
}
