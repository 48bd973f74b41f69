/* One campaign's row of the table. */

import { campaignHref } from "./address.js";
import { barOf } from "./bar.js";
import { attribute, element, keyed, shown, text } from "./dom.js";
import { NONE, count, duration, perMinute, percent } from "./format.js";

export function rowOf(campaign) {
  const name = element("a", { href: campaignHref(campaign.campaign_id) }, campaign.campaign_id);
  const badge = element("span", { class: "badge" });
  const head = element("th", { scope: "row", role: "rowheader", class: "name" }, name, " ", badge);
  const bars = element("td", { role: "cell", class: "bars" });
  const [available, share, rate, empty] = ["Available", "Left", "Per minute", "Empty in"].map(figureOf);
  const node = element(
    "tr", { role: "row" }, head, bars, ...[available, share, rate, empty].map((one) => one.node),
  );
  const update = (one) => {
    attribute(node, "data-standing", one.standing);
    badged(badge, one.standing);
    keyed(bars, Object.entries(one.types), ([type]) => type, ([type]) => barView(type));
    text(available.value, count(one.available));
    text(share.value, percent(one.available, one.total));
    text(rate.value, perMinute(one.empty_rate));
    text(empty.value, emptyIn(one));
  };
  return { node, update };
}

export function badged(badge, standing) {
  shown(badge, standing !== "enough");
  text(badge, standing);
  attribute(badge, "data-standing", standing);
}

export function emptyIn({ available, empty_in_s: seconds }) {
  if (available <= 0) return "empty";
  return seconds === null ? NONE : duration(seconds);
}

function barView(type) {
  const bar = barOf(type);
  return { node: bar.node, update: ([, stock]) => bar.update(stock) };
}

function figureOf(label) {
  const value = element("span", { class: "value" });
  const node = element("td", { role: "cell", class: "number", "data-label": label }, value);
  return { node, value };
}
