/* The form for a token: shown when the API refuses, gone when it answers.
 *
 * Promise: a token is kept in this tab's session storage only, and leaves it only in a header to this very host.
 */

import { token } from "./api.js";
import { byId, shown, text } from "./dom.js";

const HEADS = { 401: "A token is needed", 403: "This token gives no access" };

export class Access {
  constructor({ given, forgotten }) {
    byId("access-form").addEventListener("submit", (event) => {
      event.preventDefault();
      token.keep(byId("token").value.trim());
      given();
    });
    byId("forget").addEventListener("click", () => {
      token.forget();
      forgotten();
    });
  }

  refused({ status, message }) {
    const hadToken = token.get() !== null;
    this.#show(true);
    text(byId("access-title"), HEADS[status]);
    text(byId("access-why"), hadToken ? `The server said: ${message}.` : "This inventory is shown to those with a token.");
    if (status === 401) token.forget();
    byId("token").value = "";
    byId("token").focus();
  }

  granted() {
    if (!byId("access").hidden) byId("token").value = "";
    this.#show(false);
  }

  #show(isNeeded) {
    shown(byId("access"), isNeeded);
    shown(byId("main"), !isNeeded);
    shown(byId("forget"), token.get() !== null);
    if (isNeeded) for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  }
}
