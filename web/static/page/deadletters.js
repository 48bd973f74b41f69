/* Dead letters by reason; a reason without any is there too, as 0. A number opens the list of the latest ones.
 *
 * In: the counts of the live stream; `open(reason)`.
 */

import { attribute, byId, element, keyed, shown, text } from "./dom.js";
import { count, plural, when } from "./format.js";

export function showDeadLetters(dead, open) {
  const reasons = Object.entries(dead?.reasons ?? {}).sort(([one, few], [other, many]) => many - few || (one < other ? -1 : 1));
  keyed(byId("dead"), reasons, ([reason]) => reason, ([reason]) => row(reason, open));
  text(byId("dead-hours"), dead ? `over ${dead.hours} hours` : "");
  shown(byId("dead-latest"), Boolean(dead?.latest_at));
  if (dead?.latest_at) text(byId("dead-latest"), `The latest at ${when(dead.latest_at)}.`);
}

function row(reason, open) {
  const button = element("button", { type: "button", class: "plain records" });
  button.addEventListener("click", () => open(reason));
  const records = element("td", { class: "number" }, "0");
  const node = element("tr", {}, element("th", { scope: "row" }, reason), records);
  const update = ([, number]) => {
    node.dataset.some = String(number > 0);
    const hasButton = records.firstElementChild === button;
    if (hasButton !== number > 0) records.replaceChildren(number > 0 ? button : "0");
    text(button, count(number));
    attribute(button, "aria-label", `${plural(number, "dead letter")}, ${reason}: show the latest`);
  };
  return { node, update };
}
