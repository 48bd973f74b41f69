/* A dialog with an address of its own.
 *
 * In:      the dialog's id, the kind of address that opens it, `show(id)`, called when another thing is opened.
 * Promise: it is open exactly while the address names something of its kind, and access is given: while a token is
 *          asked for, the address stays.
 */

import { current, goBehind, onAddress } from "./address.js";
import { byId, text } from "./dom.js";

export class Opened {
  id = null;
  #dialog;
  #kind;
  #show;

  constructor(name, kind, show) {
    this.#dialog = byId(name);
    this.#kind = kind;
    this.#show = show;
    this.#dialog.addEventListener("close", () => this.#closed());
    byId(`${name}-close`).addEventListener("click", () => this.#dialog.close());
    onAddress(() => this.#route());
  }

  /* Access is given, perhaps again. */
  granted() {
    if (this.id !== null && !this.#dialog.open) this.#dialog.showModal();
  }

  #route() {
    const { kind, id } = current();
    const wanted = kind === this.#kind ? id : null;
    if (wanted === this.id) return;
    this.id = wanted;
    if (wanted === null) return this.#dialog.close();
    text(byId(`${this.#dialog.id}-title`), wanted);
    if (!this.#dialog.open && byId("access").hidden) this.#dialog.showModal();
    this.#show();
  }

  #closed() {
    if (this.id === null || !byId("access").hidden) return;
    this.id = null;
    goBehind();
  }
}
