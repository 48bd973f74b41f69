/* How old the figures are, always in sight. */

import { say } from "./announce.js";
import { byId, text } from "./dom.js";
import { timeOfDay } from "./format.js";

const SECOND_MS = 1_000;

export class Connection {
  #state = "connecting";
  #retryAt = 0;
  #why = "";
  #at = null;
  #trouble = "";

  constructor() {
    setInterval(() => this.#show(), SECOND_MS);
  }

  told(state, more) {
    const before = this.#state;
    this.#state = state;
    this.#retryAt = more?.retryAt ?? 0;
    this.#why = more?.status ? more.message : "";
    if (state === "lost" && before === "live") say("Connection lost.");
    if (state === "live" && before === "lost") say("Connected again.");
    this.#show();
  }

  /* What the server says is wrong: being connected to it does not mean that all is well. */
  troubled(trouble) {
    this.#trouble = trouble;
    this.#show();
  }

  heard(at) {
    this.#at = at;
  }

  #show() {
    const place = byId("connection");
    place.dataset.state = this.#state === "live" && this.#trouble ? "troubled" : this.#state;
    text(place, this.#sentence());
  }

  #sentence() {
    if (this.#state === "live") {
      const live = this.#at ? `Live, ${timeOfDay(this.#at)}` : "Live, loading…";
      return this.#trouble ? `${live}. ${this.#trouble}` : live;
    }
    if (this.#state === "refused") return "No access";
    if (this.#state === "connecting") return "Connecting…";
    const figures = this.#at ? `Connection lost. Numbers of ${timeOfDay(this.#at)}.` : "No connection.";
    const seconds = Math.max(0, Math.ceil((this.#retryAt - Date.now()) / SECOND_MS));
    return `${figures} ${seconds ? `Next try in ${seconds} s.` : "Trying…"}`;
  }
}
