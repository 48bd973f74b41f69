/* A dialog with an address of its own.
 *
 * In:      the dialog's id, the kind of address that opens it, `show()`, called when another thing is opened; `left()`, when
 *          it is closed.
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
  #left;

  constructor(name, kind, show, left = () => {}) {
    this.#dialog = byId(name);
    this.#kind = kind;
    this.#show = show;
    this.#left = left;
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
    if (wanted === null) {
      this.#left();
      return this.#dialog.close();
    }
    text(byId(`${this.#dialog.id}-title`), wanted);
    if (!this.#dialog.open && byId("access").hidden) this.#dialog.showModal();
    this.#show();
  }

  #closed() {
    if (this.id === null || !byId("access").hidden) return;
    this.id = null;
    this.#left();
    goBehind();
  }
}
