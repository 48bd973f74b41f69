/* The latest stock alerts, as they were sent. */

import { campaignHref } from "./address.js";
import { attribute, byId, element, keyed, shown, text } from "./dom.js";
import { count, plural, when } from "./format.js";

const SHOWN_MAX = 8;

export function showAlerts(alerts) {
  const items = [...(alerts?.items ?? [])].sort((one, other) => Date.parse(other.at) - Date.parse(one.at));
  keyed(byId("alerts"), items.slice(0, SHOWN_MAX), (one) => one.id, line);
  shown(byId("alerts-none"), alerts !== null && items.length === 0);
  shown(byId("alerts-more"), items.length > SHOWN_MAX);
  text(byId("alerts-more"), `${plural(items.length - SHOWN_MAX, "older alert")} not shown.`);
}

export function sentence(alert) {
  return `${alert.campaign_id}, ${alert.code_type}: ${alert.level}, ${count(alert.available)} of ${count(alert.total)} left`;
}

function line(alert) {
  const level = element("span", { class: "badge", "data-standing": alert.level }, alert.level);
  const name = element("a", { href: campaignHref(alert.campaign_id) }, alert.campaign_id);
  const left = `${alert.code_type}: ${count(alert.available)} of ${count(alert.total)} left`;
  const time = element("time", { class: "quiet", datetime: alert.at });
  const head = element("p", { class: "head" }, name, " ", level, " ", time);
  const node = element("li", {}, head, element("p", { class: "quiet" }, left));
  return { node, update: (one) => { text(time, when(one.at)); attribute(node, "data-level", one.level); } };
}
