/* The latest dead letters of a reason, in a dialog.
 *
 * Promise: while it is open, it is read again when their number changes, at most every `PAUSE_MS`; an answer that is no
 *          longer wanted is dropped. It has no contents of records: the API answers none.
 */

import { say } from "./announce.js";
import { asked } from "./api.js";
import { byId, element, keyed, shown, text } from "./dom.js";
import { count, plural, when } from "./format.js";

const LIMIT = 100;
const PAUSE_MS = 3_000;

export class Letters {
  #reason = null;
  #timer = null;
  #readAt = 0;

  constructor() {
    byId("letters").addEventListener("close", () => this.#closed());
    byId("letters-close").addEventListener("click", () => byId("letters").close());
  }

  open(reason) {
    this.#reason = reason;
    text(byId("letters-title"), `Dead letters: ${reason}`);
    this.#show("Loading…", []);
    byId("letters").showModal();
    this.#read();
  }

  /* The numbers have changed. */
  changed() {
    if (this.#reason === null) return;
    const due = this.#readAt + PAUSE_MS - Date.now();
    this.#timer ??= setTimeout(() => this.#read(), Math.max(due, 0));
  }

  forget() {
    this.#show("", []);
    byId("letters").close();
  }

  #closed() {
    this.#reason = null;
    clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #read() {
    const reason = this.#reason;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#readAt = Date.now();
    const found = await asked(`dead-letters/${encodeURIComponent(reason)}?limit=${LIMIT}`).catch((why) => why);
    if (reason !== this.#reason) return;
    if (found instanceof Error) this.#show(`Nothing is shown: ${found.message}.`, []);
    else this.#show(sentence(reason, found.items.length), found.items);
  }

  #show(sentenceToShow, items) {
    text(byId("letters-says"), sentenceToShow);
    keyed(byId("letters-list"), items, (one) => one.address, itemOf);
    shown(byId("letters-list"), items.length > 0);
  }
}

function sentence(reason, number) {
  if (number < LIMIT) return number ? `${plural(number, "record")}, the latest first.` : "None is kept here any more.";
  return `The latest ${count(number)}. All of them: codes dead-letters list --reason ${reason}`;
}

function itemOf(letter) {
  const replayed = element("span", { class: "badge", "data-standing": "completed" }, "replayed");
  const time = element("time", { class: "quiet", datetime: letter.at });
  const head = element("p", { class: "head" }, element("strong", {}, letter.address), " ", replayed, " ", time);
  const node = element("li", {}, head, element("p", {}, letter.detail || "The service did not write this record."));
  node.append(element("p", { class: "quiet" }, placeOf(letter)), commandOf(letter.show), commandOf(letter.replay));
  const update = (one) => {
    shown(replayed, one.replayed);
    text(time, when(one.at));
  };
  return { node, update };
}

function placeOf({ topic, partition, offset, campaign_id: campaign, fields }) {
  const place = topic === null ? "" : `${topic}, partition ${partition}, offset ${offset}`;
  const known = [place, campaign && `campaign ${campaign}`, fields && `at fault: ${fields}`];
  return known.filter(Boolean).join("; ");
}

function commandOf(command) {
  const code = element("code", {}, command);
  const button = element("button", { type: "button", class: "plain", "aria-label": `Copy ${command}` }, "Copy");
  button.addEventListener("click", () => copy(command, code));
  return element("p", { class: "command" }, code, " ", button);
}

/* Without a secure connection a page may not write to the clipboard: then the text is selected. */
async function copy(command, code) {
  try {
    await navigator.clipboard.writeText(command);
    say("Copied.");
  } catch {
    getSelection().selectAllChildren(code);
    say("The command is selected: press the keys for copying.");
  }
}
