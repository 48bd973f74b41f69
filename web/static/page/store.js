/* All that is known here.
 *
 * In:      events of the live stream.
 * Out:     campaigns by id, and the other parts as they were last told. `take` says whether another process speaks.
 * Promise: after an event of another process nothing of the former one is left.
 */

export class Store {
  campaigns = new Map();
  total = 0;
  parts = { imports: null, alerts: null, "dead-letters": null, health: null, attention: null, lag: null };
  at = null;
  #process = null;

  forget() {
    this.campaigns.clear();
    this.total = 0;
    for (const name of Object.keys(this.parts)) this.parts[name] = null;
  }

  take(event, content, process) {
    const isOther = process !== this.#process;
    if (isOther) this.forget();
    this.#process = process;
    this.at = new Date();
    if (event === "campaigns") this.#takeCampaigns(content);
    else if (event in this.parts) this.parts[event] = content;
    return isOther;
  }

  /* Whether the stream named only some of the campaigns that changed. */
  isPartial(content) {
    return this.campaigns.size < this.total || content.items.length >= content.limit;
  }

  addPage(page) {
    this.#takeCampaigns(page);
  }

  #takeCampaigns({ items, total }) {
    this.total = total;
    for (const one of items) this.campaigns.set(one.campaign_id, one);
  }
}
