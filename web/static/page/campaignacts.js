/* Closes and reopens the campaign of the dialog, and says whether it is closed.
 *
 * Promise: an answer about another campaign than the one shown is dropped.
 */

import { actButton, confirmAct, mayAct, onPermissions } from "./acts.js";
import { asked, post } from "./api.js";
import { element, shown, text } from "./dom.js";
import { when } from "./format.js";

export class CampaignActs {
  #id = null;
  #says = element("span", { class: "quiet" });
  #close = actButton("Close the campaign", () => confirmAct(this.#closing(this.#id)));
  #reopen = actButton("Reopen the campaign", () => confirmAct(this.#reopening(this.#id)));

  constructor(parent) {
    parent.append(element("p", { class: "acts" }, this.#says, this.#close, this.#reopen));
    onPermissions(() => this.about(this.#id));
  }

  async about(id) {
    this.#id = id;
    this.#show("", null);
    if (id === null || !mayAct()) return;
    const found = await asked(`${pathOf(id)}/standing`).catch((why) => why);
    if (id !== this.#id) return;
    if (found instanceof Error) this.#show(`Open or closed: unknown, ${found.message}.`, null);
    else this.#show(sentenceOf(found), found.state);
  }

  #show(sentence, state) {
    text(this.#says, sentence);
    shown(this.#close, state === "open");
    shown(this.#reopen, state === "closed");
  }

  #closing(id) {
    return {
      title: `Close campaign ${id}?`,
      lines: [
        "From now on every reserve, every assign straight from stock and every import is refused, and fans keep these answers.",
        "Holds can still be assigned and released. The campaign can be reopened.",
      ],
      label: "Close the campaign",
      typed: id,
      run: () => this.#done(id, "close"),
    };
  }

  #reopening(id) {
    return {
      title: `Reopen campaign ${id}?`,
      lines: ["Within a second, fans get codes of this campaign again."],
      label: "Reopen the campaign",
      run: () => this.#done(id, "reopen"),
    };
  }

  async #done(id, act) {
    const answer = await (await post(`${pathOf(id)}/${act}`, { confirm: id })).json();
    if (id === this.#id) this.about(id);
    return `Done: ${answer.outcome}.`;
  }
}

const pathOf = (id) => `v1/campaigns/${encodeURIComponent(id)}`;

function sentenceOf({ state, closed_at: at, closed_by: by }) {
  if (state === "unknown") return "The database does not know this campaign.";
  return state === "closed" ? `Closed by ${by}, ${when(at)}.` : `The campaign is ${state}.`;
}
