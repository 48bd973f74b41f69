/* Dead letters by reason; a reason without any is there too, as 0. */

import { byId, element, keyed, shown, text } from "./dom.js";
import { count, when } from "./format.js";

export function showDeadLetters(dead) {
  const reasons = Object.entries(dead?.reasons ?? {}).sort(([one, few], [other, many]) => many - few || (one < other ? -1 : 1));
  keyed(byId("dead"), reasons, ([reason]) => reason, row);
  text(byId("dead-hours"), dead ? `over ${dead.hours} hours` : "");
  shown(byId("dead-latest"), Boolean(dead?.latest_at));
  if (dead?.latest_at) text(byId("dead-latest"), `The latest at ${when(dead.latest_at)}.`);
}

function row([reason]) {
  const records = element("td", { class: "number" });
  const node = element("tr", {}, element("th", { scope: "row" }, reason), records);
  const update = ([, number]) => {
    node.dataset.some = String(number > 0);
    text(records, count(number));
  };
  return { node, update };
}
