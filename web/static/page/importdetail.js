/* One import in a dialog of its own address, `imports/<id>`. */

import { byId, keyed, shown, text } from "./dom.js";
import { line } from "./imports.js";
import { Opened } from "./opened.js";

export class ImportDetail {
  #store;
  #opened;

  constructor(store) {
    this.#store = store;
    this.#opened = new Opened("import", "imports", () => this.changed());
  }

  granted() {
    this.#opened.granted();
  }

  /* The store has news. */
  changed() {
    const id = this.#opened.id;
    if (id === null) return;
    const { imports, health } = this.#store.parts;
    const found = (imports?.items ?? []).filter((one) => one.import_id === id);
    keyed(byId("import-content"), found, (one) => one.import_id, line);
    shown(byId("import-none"), found.length === 0);
    text(byId("import-none"), imports && health && !health.loading ? unknown(id) : "Waiting for the figures…");
  }
}

function unknown(id) {
  return `There is no import ${id} over the last day. An older one: codes imports show ${id}`;
}
