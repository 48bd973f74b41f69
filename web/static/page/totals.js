/* All campaigns together, at a glance. */

import { element, keyed, text } from "./dom.js";
import { count, perMinute, percent } from "./format.js";

export function showTotals(list, campaigns) {
  const sum = (value) => campaigns.reduce((total, one) => total + value(one), 0);
  const total = sum((one) => one.total);
  const of = (status) => {
    const codes = sum((one) => one[status]);
    return { name: status, value: count(codes), note: total > 0 ? percent(codes, total) : "" };
  };
  const leaving = { name: "leaving", value: perMinute(sum((one) => one.rate_5m)), note: "a minute" };
  figures(list, [of("available"), of("reserved"), of("assigned"), leaving]);
}

/* Figures with names: `{ name, value, note }`. */
export function figures(list, items) {
  keyed(list, items, (one) => one.name, figure);
}

function figure({ name }) {
  const value = element("span", { class: "value" });
  const note = element("span", { class: "quiet" });
  const swatch = element("i", { class: `swatch ${name}` });
  const node = element("div", {}, element("dt", {}, swatch, name), element("dd", {}, value, " ", note));
  const update = (one) => {
    text(value, one.value);
    text(note, one.note);
  };
  return { node, update };
}
