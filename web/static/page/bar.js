/* One stacked bar: codes of one type by status. Its figures stand beside it, so colour says nothing alone. */

import { attribute, element, text } from "./dom.js";
import { count, short } from "./format.js";

const STATUSES = ["available", "reserved", "assigned"];

export function barOf(type) {
  const parts = STATUSES.map((status) => element("span", { class: `part ${status}` }));
  const track = element("span", { class: "track" }, ...parts);
  const figures = element("span", { class: "figures", "aria-hidden": "true" });
  const name = element("span", { class: "type", "aria-hidden": "true" }, type);
  const node = element("div", { class: "bar", role: "img" }, name, track, figures);
  return { node, update: (stock) => update(node, type, stock, parts, figures) };
}

function update(node, type, stock, parts, figures) {
  STATUSES.forEach((status, place) => {
    const codes = Math.max(stock[status], 0);
    parts[place].style.flexGrow = String(codes);
    parts[place].hidden = codes === 0;
  });
  attribute(node, "aria-label", `${type}: ${STATUSES.map((status) => `${count(stock[status])} ${status}`).join(", ")}`);
  text(figures, STATUSES.map((status) => short(stock[status])).join(" · "));
}
