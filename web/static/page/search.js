/* The one search: campaigns and imports while somebody types, everything else by its id on Enter.
 *
 * In:      the box, the address `?q=`; `typed(text)` is called when the text changes.
 * Promise: what was searched for on Enter is in the address, so it can be shared, and is searched for again after a
 *          sign-in. An answer that is no longer wanted is dropped. What was found goes with the token.
 */

import { current, forgetSearch, go, onAddress, ROOT, searchHref } from "./address.js";
import { asked } from "./api.js";
import { byId, shown, text } from "./dom.js";
import { showFound } from "./found.js";

export class Search {
  #typed;
  #wanted = null;
  #shown = null;
  #asked = 0;
  #isGranted = false;

  constructor(typed) {
    this.#typed = typed;
    byId("search").addEventListener("input", ({ target }) => this.#type(target.value));
    byId("looking").addEventListener("submit", (event) => {
      event.preventDefault();
      const q = byId("search").value.trim();
      this.#shown = null;
      go(q ? searchHref(q) : ROOT.href);
    });
    onAddress(() => this.#route());
  }

  /* Access is given, perhaps again. */
  granted() {
    this.#isGranted = true;
    this.#look();
  }

  /* Access is refused: nothing that was found stays, but what was searched for. */
  refused() {
    this.#isGranted = false;
    this.#clear();
  }

  /* The token is forgotten: the next person at this screen finds no id here. */
  forget() {
    this.#wanted = null;
    this.#clear();
    this.#fill("");
    forgetSearch();
  }

  #type(value) {
    this.#typed(value);
    if (value === "" && current().q !== null) go(ROOT.href);
  }

  #route() {
    const { kind, q } = current();
    if (kind !== null) return; // what was found stays behind a campaign or an import
    if (q !== this.#wanted) this.#fill(q ?? "");
    this.#wanted = q;
    if (q === null) this.#clear();
    else this.#look();
  }

  #fill(value) {
    if (byId("search").value === value) return;
    byId("search").value = value;
    this.#typed(value);
  }

  async #look() {
    const q = this.#wanted;
    if (q === null || q === this.#shown || !this.#isGranted) return;
    this.#clear();
    this.#shown = q;
    const number = this.#asked;
    this.#say(q, "Searching…");
    for await (const found of looked(q)) {
      if (number !== this.#asked) return;
      const words = found instanceof Error ? `Nothing is shown: ${found.message}.` : showFound(byId("results"), found);
      text(byId("results-says"), words);
    }
  }

  #say(q, sentence) {
    shown(byId("found-panel"), true);
    text(byId("results-title"), `Found for “${q}”`);
    text(byId("results-says"), sentence);
  }

  #clear() {
    this.#asked += 1;
    this.#shown = null;
    shown(byId("found-panel"), false);
    for (const id of ["results-title", "results-says"]) text(byId(id), "");
    byId("results").replaceChildren();
  }
}

/* What is found at once, and then the fan: that takes seconds where there are many. */
async function* looked(q) {
  const ask = (fan) => asked(`search?${new URLSearchParams({ q, fan })}`).catch((why) => why);
  const first = await ask("without");
  yield first instanceof Error ? first : { ...first, isSearching: true };
  if (first instanceof Error) return;
  const last = await ask("only");
  if (last instanceof Error) yield last;
  else yield { ...first, fan: last.fan, unanswered: { ...first.unanswered, ...last.unanswered } };
}
