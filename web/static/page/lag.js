/* The table of lags, with a small picture of each one's way. The words are the server's. */

import { attribute, byId, drawn, element, keyed, shown, text } from "./dom.js";
import { NONE, count, duration } from "./format.js";

const WIDTH = 72;
const HEIGHT = 20;
const SIGNS = { rising: "▲", falling: "▼", steady: "=", stalled: "!", "caught up": "✓", "nothing waits": "✓" };

export function showLag(lag) {
  const topics = lag?.topics ?? [];
  keyed(byId("lag"), topics, (one) => `${one.group} ${one.topic}`, row);
  const none = byId("lag-none");
  shown(none, lag !== null && topics.length === 0);
  text(none, lag?.known ? "No group reads yet." : "Not known: Kafka gives no answer.");
}

function row({ topic, group }) {
  const path = drawn("path", { fill: "none", "vector-effect": "non-scaling-stroke" });
  const picture = drawn("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, path);
  const [records, age] = [0, 0].map(() => element("td", { class: "number" }));
  const word = element("span", { class: "word" });
  const head = element("th", { scope: "row" }, topic, element("small", { class: "quiet" }, group));
  const node = element("tr", {}, head, records, age, element("td", { class: "trend" }, picture, word));
  const update = (one) => {
    attribute(node, "data-trend", one.trend);
    text(records, one.records === null ? NONE : count(one.records));
    text(age, one.age_s === null ? NONE : duration(one.age_s));
    attribute(path, "d", way(one.samples));
    text(word, `${SIGNS[one.trend] ?? ""} ${one.trend}`.trim());
  };
  return { node, update };
}

function way(samples) {
  const known = samples.filter((records) => records !== null);
  const most = Math.max(...known, 1);
  const step = WIDTH / Math.max(known.length - 1, 1);
  const points = known.map((one, place) => `${(place * step).toFixed(1)},${(HEIGHT - 1 - (one / most) * (HEIGHT - 2)).toFixed(1)}`);
  return points.length > 1 ? `M${points.join("L")}` : "";
}
