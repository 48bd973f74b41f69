"""Refusals `out_of_stock` at a moment when there surely was enough.

In:       refusals, the events of `inventory.v1`, and the shards as the database has them.
Out:      findings `wrong`, and how many refusals got no verdict.
Promise:  judged only where it is sure. The decision fell between the request's record and its answer. Each shard's
          versions are in order, whatever the clocks of its writers say, but there is no order between shards; so for
          each shard the least `available` that it can have had in that time counts, and their sum is at most what
          there was at any moment of it. If even that was enough, the refusal was wrong. A shard with a gap in its
          versions can have had less: then there is no verdict. (Within a batch of reserves or assigns stock only
          falls, so no batch hides a lower count; an import only adds, so a gap in its versions hides none either.)
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from audit.report import Finding
from audit.tables import Tables
from audit.terms import CLOCKS_APART_MS, Terms

MOMENTS_MAX: Final = 20_000
"""Moments that are judged: refusals of one batch are one. The latest are taken."""
LATER_VERSIONS_MAX: Final = 1_000
"""Versions followed that are older by their clocks than the ones before them."""

CREATE_VERSIONS: Final = """
    CREATE TABLE versions AS SELECT campaign, type, shard, version, available, changed,
    cause <> 'import' AND version > 1 + LAG(version, 1, 0) OVER (PARTITION BY campaign, type, shard ORDER BY version)
    AS after_gap FROM (
        SELECT campaign, type, shard, version, available, cause, changed FROM shard_events UNION ALL
        SELECT campaign, type, substr(id, length(campaign) + length(type) + 3), version, available, '', changed
        FROM shards)
    WHERE (campaign, type) IN (SELECT campaign, type FROM results WHERE reason = 'out_of_stock')
"""
"""Events, and the shards' documents: a shard that has long been idle has no event left."""
REFUSALS: Final = """
    FROM results r LEFT JOIN (SELECT id, MIN(ts) AS asked FROM incoming GROUP BY id) a ON a.id = r.id
    WHERE r.reason = 'out_of_stock' AND COALESCE(a.asked, r.ts) BETWEEN :since AND :until
"""
MOMENTS: Final = f"""
    SELECT r.campaign, r.type, r.decided, MIN(r.quantity), MIN(a.asked), MIN(r.id), COUNT(*) {REFUSALS}
    AND a.asked <= r.decided + :apart
    GROUP BY r.campaign, r.type, r.decided ORDER BY r.decided DESC LIMIT :most
"""
OF_SHARD: Final = "FROM versions WHERE campaign = :campaign AND type = :type AND shard = :shard"
BASE: Final = f"SELECT version {OF_SHARD} AND changed < :since ORDER BY changed DESC, version DESC LIMIT 1"
FIRST: Final = f"SELECT MIN(+version) {OF_SHARD} AND changed BETWEEN :since AND :until"
LAST: Final = f"SELECT MAX(+version) {OF_SHARD} AND changed BETWEEN :since AND :until"
"""Without the `+` SQLite would walk through all versions, to the first or last one of the time."""
PREVIOUS: Final = f"SELECT MAX(version) {OF_SHARD} AND version < :version"
NEXT: Final = f"SELECT version, changed {OF_SHARD} AND version > :version ORDER BY version LIMIT 1"
LEAST: Final = (
    f"SELECT MIN(available), MAX(after_gap AND version > :base) {OF_SHARD} AND version BETWEEN :base AND :last"
)


class Moment(NamedTuple):
    """Refusals that were decided together."""

    campaign: str
    type: str
    decided: int
    quantity: int
    """The least that was wanted."""
    asked: int
    request_id: str
    refusals: int

    @property
    def window(self) -> dict[str, int]:
        """When it was decided, by any clock."""
        return {"since": self.asked - CLOCKS_APART_MS, "until": self.decided + CLOCKS_APART_MS}


class StockRefusals:
    """Lives for one audit."""

    def __init__(self, tables: Tables, terms: Terms) -> None:
        """Creates a table of all versions."""
        self._tables = tables
        self._terms = terms
        self._shards: dict[tuple[str, str], Sequence[str]] = {}
        self.judged = 0
        """Refusals with a verdict."""
        tables.connection.execute(CREATE_VERSIONS)
        tables.create_index("versions(campaign, type, shard, changed, version)")
        tables.create_index("versions(campaign, type, shard, version, available, after_gap, changed)")

    @property
    def unjudged(self) -> int:
        """Refusals without a verdict, once all findings were taken."""
        return self._tables.scalar(f"SELECT COUNT(*) {REFUSALS}", **self._asked_for()) - self.judged

    def findings(self) -> Iterator[Finding]:
        """One for each moment."""
        limits = {"apart": CLOCKS_APART_MS, "most": MOMENTS_MAX}
        for row in list(self._tables.rows(MOMENTS, **self._asked_for(), **limits)):
            moment = Moment(*row)
            least = self._least_available(moment)
            self.judged += 0 if least is None else moment.refusals
            if least is not None and least >= moment.quantity:
                available = f"{moment.quantity} wanted, and never less than {least} available"
                more = f" (and {moment.refusals - 1} more)" if moment.refusals > 1 else ""
                yield Finding("wrong", f"request {moment.request_id}{more}: out_of_stock, {available}")

    def _asked_for(self) -> dict[str, int]:
        return {"since": self._terms.since_ms, "until": self._terms.until_ms}

    def _least_available(self, moment: Moment) -> int | None:
        """The sum over the shards; None if it is not sure."""
        total = 0
        for shard in self._shards_of(moment.campaign, moment.type):
            least = self._least_of_shard({"campaign": moment.campaign, "type": moment.type, "shard": shard}, moment)
            if least is None:
                return None
            total += least
        return total

    def _least_of_shard(self, shard: Mapping[str, str], moment: Moment) -> int | None:
        """The least that one shard can have had; None if a version is missing that can have had less."""
        base = self._base(shard, moment)
        if not base and self._next(shard, 0)[0] != 1:
            return None
        last = self._last(shard, base, moment)
        if not last:
            return None if last is None else 0
        least, has_gap = next(self._tables.rows(LEAST, **shard, base=base, last=last))
        if has_gap:
            return None
        return int(least) if base else min(0, least)

    def _base(self, shard: Mapping[str, str], moment: Moment) -> int:
        """The last version before the moment; 0 if there was none, or if none is known."""
        base = self._tables.scalar(BASE, **shard, since=moment.window["since"])
        first = self._tables.scalar(FIRST, **shard, **moment.window)
        if 0 < first < base:  # a clock went back: the base was written later than it says
            return self._tables.scalar(PREVIOUS, **shard, version=first)
        return base

    def _last(self, shard: Mapping[str, str], base: int, moment: Moment) -> int | None:
        """The last version that was true at the moment; 0 if there was none.

        A new writer's clock may be behind its predecessor's: then versions follow that seem to be older.
        """
        last = max(base, self._tables.scalar(LAST, **shard, **moment.window))
        for _ in range(LATER_VERSIONS_MAX):
            version, changed = self._next(shard, last)
            if not version or changed > moment.window["until"]:
                return last
            last = version
        return None

    def _next(self, shard: Mapping[str, str], version: int) -> tuple[int, int]:
        """The version after this one, and when it was written; zeros if there is none."""
        row = next(self._tables.rows(NEXT, **shard, version=version), (0, 0))
        return int(row[0]), int(row[1])

    def _shards_of(self, campaign: str, code_type: str) -> Sequence[str]:
        known = self._shards.get((campaign, code_type))
        if known is None:
            query = "SELECT DISTINCT shard FROM versions WHERE campaign = :campaign AND type = :type"
            rows = self._tables.rows(query, campaign=campaign, type=code_type)
            known = self._shards[campaign, code_type] = [shard for (shard,) in rows]
        return known
