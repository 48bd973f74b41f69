"""Rule 2: results are legal answers to their requests.

In:   evidence, decisions.
Out:  violations.

| rule | broken if |
|---|---|
| `result_wrong` | a field cannot be as it is: ids, quantity, type, codes (distinct ones), end, reason |
| `code_of_other_kind` | a code belongs to another campaign or has another type |
| `unknown_campaign_wrong` | the refusal `unknown_campaign`, although the campaign was surely known |
"""

from collections.abc import Iterator, Mapping

from tests.checking.answers import Decision
from tests.checking.evidence import Evidence
from tests.checking.legality import misfits
from tests.checking.violation import Violation


def check_results(evidence: Evidence, decisions: Mapping[str, Decision]) -> Iterator[Violation]:
    """Judge every decision by itself."""
    known_s = campaigns_known(evidence)
    for request_id, decision in decisions.items():
        wrong = misfits(decision.content, decision.body)
        if wrong:
            yield Violation("result_wrong", (request_id,), "an answer to this request", " ".join(sorted(set(wrong))))
        elif decision.is_granted:
            yield from judge_codes(evidence, request_id, decision)
        elif decision.body.get("reason") == "unknown_campaign":
            since_s = known_s.get(decision.content.campaign_id, float("inf"))
            if decision.start_s > since_s:
                yield Violation("unknown_campaign_wrong", (request_id,), "a known campaign", "unknown_campaign")


def judge_codes(evidence: Evidence, request_id: str, decision: Decision) -> Iterator[Violation]:
    """Codes are of the campaign and of the type."""
    wanted = (decision.content.campaign_id, decision.body.get("code_type"))
    for code_id in decision.code_ids:
        document = evidence.codes.get(code_id)
        if document is not None and (document["campaign_id"], document["code_type"]) != wanted:
            yield Violation("code_of_other_kind", (request_id, code_id), "campaign and type of the result", "others")


def campaigns_known(evidence: Evidence) -> dict[str, float]:
    """Since when each campaign is surely known: an import had written to it."""
    known_s: dict[str, float] = {}
    for (campaign_id, _, _), events in evidence.inventory.items():
        first_s = min(event.seen_s for event in events)
        known_s[campaign_id] = min(first_s, known_s.get(campaign_id, first_s))
    return known_s
