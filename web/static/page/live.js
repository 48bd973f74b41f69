/* The live connection: opened, kept, opened again.
 *
 * In:      `take(event)` for each event, `tell(state, more)` for each change of state.
 * Out:     states `connecting`, `live`, `lost` (with `retryAt`), `refused` (with the refusal).
 * Promise: waits between tries grow to `WAIT_MS_MAX`; a connection that says nothing for `SILENCE_MS` is lost.
 *          A refused access is not tried again before `resume()`.
 */

import { ask } from "./api.js";
import { eventsOf } from "./sse.js";

const WAIT_MS_MIN = 500;
const WAIT_MS_MAX = 15_000;
const SILENCE_MS = 40_000; // heartbeats come every 15 s

export class Live {
  #take;
  #tell;
  #lastId = null;
  #failures = 0;
  #isAsked = false;
  #wake = () => {};
  #abort = () => {};

  constructor({ take, tell }) {
    this.#take = take;
    this.#tell = tell;
    addEventListener("online", () => this.#wake());
  }

  /* Try now, with whatever token there is now, and from the beginning: what was shown may be forgotten. */
  resume() {
    this.#lastId = null;
    this.#failures = 0;
    this.#isAsked = true;
    this.#abort();
    this.#wake();
  }

  async run() {
    for (;;) {
      this.#isAsked = false;
      const refusal = await this.#once();
      if (this.#isAsked) continue;
      if (refusal?.isAccess) {
        this.#tell("refused", refusal);
        await this.#pause(null);
      } else {
        const wait = backoff(this.#failures++);
        this.#tell("lost", { retryAt: Date.now() + wait, why: refusal?.message });
        await this.#pause(wait);
      }
    }
  }

  async #once() {
    const controller = new AbortController();
    this.#abort = () => controller.abort();
    let silence = setTimeout(this.#abort, SILENCE_MS);
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(this.#abort, SILENCE_MS);
    };
    try {
      await this.#read(controller.signal, heard);
      return null;
    } catch (why) {
      return why;
    } finally {
      clearTimeout(silence);
    }
  }

  async #read(signal, heard) {
    const headers = this.#lastId ? { "Last-Event-ID": this.#lastId } : {};
    const response = await ask("stream", { headers, signal });
    this.#tell("live");
    for await (const { event, id, data } of eventsOf(response)) {
      heard();
      this.#failures = 0;
      if (event) this.#take(event, JSON.parse(data), processOf(id));
      this.#lastId = id ?? this.#lastId;
      this.#tell("live");
    }
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = ms === null ? null : setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

export function backoff(failures) {
  const most = Math.min(WAIT_MS_MIN * 2 ** failures, WAIT_MS_MAX);
  return most / 2 + Math.random() * (most / 2);
}

function processOf(id) {
  return id?.slice(0, id.lastIndexOf("-")) ?? null;
}
