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

  heard(at) {
    this.#at = at;
  }

  #show() {
    const place = byId("connection");
    place.dataset.state = this.#state;
    text(place, this.#sentence());
  }

  #sentence() {
    if (this.#state === "live") return this.#at ? `Live, ${timeOfDay(this.#at)}` : "Live";
    if (this.#state === "refused") return "No access";
    if (this.#state === "connecting") return "Connecting…";
    const figures = this.#at ? `Connection lost. Numbers of ${timeOfDay(this.#at)}.` : "No connection.";
    const seconds = Math.max(0, Math.ceil((this.#retryAt - Date.now()) / SECOND_MS));
    return `${figures} ${seconds ? `Next try in ${seconds} s.` : "Trying…"}`;
  }
}
