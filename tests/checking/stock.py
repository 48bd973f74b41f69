"""Rule 2, of `out_of_stock`: the stock can have been short at some moment between the request and its answer.

In:       evidence, decisions, imports.
Out:      violations.
Promise:  judged only where it is sure. A code counts as available from the moment that an import with it has surely
          ended until a request that takes it may have been decided, and again once its release was seen. If even so
          there were always enough, the refusal was wrong.

| rule | broken if |
|---|---|
| `out_of_stock_with_stock` | there were always enough codes |
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from tests.checking.answers import Decision
from tests.checking.evidence import Evidence
from tests.checking.uploads import Upload
from tests.checking.violation import Violation

Kind = tuple[str, str]
"""Campaign and code type."""
Steps = list[tuple[float, int]]
"""When the surely available codes become more or fewer."""


def check_stock(
    evidence: Evidence, decisions: Mapping[str, Decision], uploads: Mapping[str, Upload]
) -> Iterator[Violation]:
    """Judge all refusals `out_of_stock`."""
    refused: defaultdict[Kind, list[Decision]] = defaultdict(list)
    for decision in decisions.values():
        if decision.body.get("reason") == "out_of_stock" and decision.content.reservation_id is None:
            refused[decision.content.campaign_id, decision.content.code_type or ""].append(decision)
    if not refused:
        return
    steps = steps_of(evidence, decisions, uploads)
    for kind, decisions_of_kind in refused.items():
        stock = Stock(steps[kind])
        for decision in decisions_of_kind:
            least, wanted = stock.least(decision.start_s, decision.end_s), decision.content.quantity or 0
            if least >= wanted:
                found = f"out_of_stock, never less than {least} available"
                yield Violation("out_of_stock_with_stock", (decision.content.request_id,), f"{wanted} codes", found)


def steps_of(
    evidence: Evidence, decisions: Mapping[str, Decision], uploads: Mapping[str, Upload]
) -> Mapping[Kind, Steps]:
    """All changes of what is surely available."""
    steps: defaultdict[Kind, Steps] = defaultdict(list)
    for kind, at_s in since_when(evidence, uploads):
        steps[kind].append((at_s, 1))
    for decision in decisions.values():
        if decision.is_granted:
            kind = (decision.content.campaign_id, str(decision.body.get("code_type")))
            count = len(decision.code_ids)
            if decision.content.reservation_id is None:
                steps[kind].append((decision.start_s, -count))
            elif decision.content.operation == "release":
                steps[kind].append((decision.end_s, count))
    return steps


def since_when(evidence: Evidence, uploads: Mapping[str, Upload]) -> Iterator[tuple[Kind, float]]:
    """Of each code, since when it is surely there: the first import with it has ended.

    A code of which no file is known counts once all imports of its campaign have ended.
    """
    last_s: dict[str, float] = {}
    first_s: dict[tuple[str, str], float] = {}
    for upload in sorted(uploads.values(), key=lambda upload: upload.ended_s):
        campaign_id = upload.command.campaign_id
        last_s[campaign_id] = upload.ended_s
        for code in upload.codes:
            first_s.setdefault((campaign_id, code), upload.ended_s)
    for document in evidence.codes.values():
        campaign_id = document["campaign_id"]
        known_s = first_s.get((campaign_id, document["code"]), last_s.get(campaign_id, 0.0))
        yield (campaign_id, document["code_type"]), known_s


class Stock:
    """What is surely available of one kind at each moment."""

    def __init__(self, steps: Steps) -> None:
        # Of changes at one moment those that take come first: the order is not known, and the least counts.
        in_order = sorted(steps)
        self._times = [at_s for at_s, _ in in_order]
        self._rows: list[Sequence[int]] = [[0, *accumulate(change for _, change in in_order)]]
        """Row n: the least of 2^n counts from each on."""

    def least(self, since_s: float, until_s: float) -> int:
        """The least count from one moment to another, both included."""
        first, end = bisect_left(self._times, since_s), bisect_right(self._times, until_s) + 1
        level = (end - first).bit_length() - 1
        while len(self._rows) <= level:
            last, width = self._rows[-1], 1 << (len(self._rows) - 1)
            self._rows.append(list(map(min, last, last[width:])))
        row = self._rows[level]
        return min(row[first], row[end - (1 << level)])
