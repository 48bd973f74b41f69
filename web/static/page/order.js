/* Which campaigns are shown, and in which order.
 *
 * In:  campaigns, what is searched for, the column and direction.
 * Out: a sorted list. Equal ones stand by name, so that an order is the same each time.
 */

const share = (one) => (one.total > 0 ? one.available / one.total : Infinity);
const collator = new Intl.Collator("en", { numeric: true });

const KEYS = {
  available: (one) => one.available,
  share,
  rate: (one) => one.empty_rate,
  empty: (one) => one.empty_in_s ?? Infinity,
};

const byName = (one, other) => collator.compare(one.campaign_id, other.campaign_id);

/* `short`: the campaigns whose stock needs attention, as the server judges it. */
export function matching(campaigns, { search, standing, short }) {
  const wanted = search.trim().toLowerCase();
  return campaigns.filter(
    (one) =>
      (standing === "all" || one.standing !== "enough" || short.has(one.campaign_id)) && (!wanted || one.campaign_id.toLowerCase().includes(wanted)),
  );
}

export function ordered(campaigns, { column, direction }) {
  const sign = direction === "descending" ? -1 : 1;
  const key = KEYS[column];
  const compare = key ? (one, other) => compared(key(one), key(other)) : byName;
  return [...campaigns].sort((one, other) => sign * compare(one, other) || byName(one, other));
}

/* Not by subtraction: infinite minus infinite is no number. */
function compared(one, other) {
  return one === other ? 0 : one < other ? -1 : 1;
}
