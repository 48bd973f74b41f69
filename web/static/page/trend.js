/* What the lag does: one figure is no news, its way is.
 *
 * In:      the lag as it is told every few seconds.
 * Out:     for each group and topic: records, age of the oldest, samples, a word for the trend, and for how long a
 *          partition with unread records has not moved.
 * Promise: the samples of `SAMPLES_MAX` tellings at most. What is not known is null, never 0.
 */

const SAMPLES_MAX = 60;
const WORD_SAMPLES = 13; // a minute, as it is told every five seconds
const STALLED_MS = 30_000;
const STEADY_PART = 0.05;

export class Trends {
  #samples = new Map();
  #moved = new Map();

  forget() {
    this.#samples.clear();
    this.#moved.clear();
  }

  add(lag, now = Date.now()) {
    if (!lag?.known) return [];
    for (const one of lag.items) this.#note(one, now);
    return [...grouped(lag.items)].map(([key, items]) => this.#trend(key, items, now));
  }

  #note(one, now) {
    const place = `${keyOf(one)} ${one.partition}`;
    const before = this.#moved.get(place);
    const isWaiting = one.records > 0 && one.age_s > 0;
    if (!before || !isWaiting || before.committed !== one.committed) {
      this.#moved.set(place, { committed: one.committed, since: now });
    }
  }

  #trend(key, items, now) {
    const records = sum(items.map((one) => one.records));
    const ages = items.map((one) => one.age_s);
    const samples = [...(this.#samples.get(key) ?? []), records].slice(-SAMPLES_MAX);
    this.#samples.set(key, samples);
    const still = items.map((one) => now - this.#moved.get(`${keyOf(one)} ${one.partition}`).since);
    const longest = Math.max(...still);
    return {
      key,
      group: items[0].group,
      topic: items[0].topic,
      records,
      age: ages.includes(null) ? null : Math.max(...ages),
      samples,
      word: wordOf(samples.slice(-WORD_SAMPLES)),
      stalledFor: longest >= STALLED_MS ? longest / 1000 : null,
    };
  }
}

export function wordOf(samples) {
  const known = samples.filter((records) => records !== null);
  if (known.length < 2) return "not known yet";
  const [first, last] = [known[0], known.at(-1)];
  if (last === 0) return known.some((records) => records > 0) ? "caught up" : "nothing waits";
  if (Math.abs(last - first) <= STEADY_PART * Math.max(first, last)) return "steady";
  return last > first ? "rising" : "falling";
}

const keyOf = (one) => `${one.group} ${one.topic}`;
const sum = (numbers) => (numbers.includes(null) ? null : numbers.reduce((total, one) => total + one, 0));

function grouped(items) {
  const found = new Map();
  for (const one of items) found.set(keyOf(one), [...(found.get(keyOf(one)) ?? []), one]);
  return found;
}
