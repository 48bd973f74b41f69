"""One reservation's life: made at one moment, ended at another, and all answers that name it explained by these two.

In:   the decisions about one reservation.
Out:  violations.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.checking.answers import Decision
from tests.checking.instants import instant_of
from tests.checking.legality import reasons_of
from tests.checking.violation import Violation

REASONS: Final = {
    "reservation_assigned": "assigned",
    "reservation_released": "released",
    "reservation_expired": "expired",
}


ALWAYS_POSSIBLE: Final = ("reservation_not_found", "unknown_campaign", "request_id_reused")
"""Reasons that can be true of any reservation, before it is made or whatever becomes of it."""


@dataclass(slots=True)
class Life:
    """All decisions about one reservation."""

    reservation_id: str = ""
    opened: Decision | None = None
    closed: list[Decision] = field(default_factory=list)
    refused: list[Decision] = field(default_factory=list)

    @property
    def state(self) -> str:
        """Its state after all."""
        if self.opened is None:
            return "none"
        if self.opened.content.operation == "assign":
            return "assigned"
        return end_of(self.closed[0]) if self.closed else "held"

    @property
    def ends_ms(self) -> int | None:
        """When its time is over; None: never."""
        return None if self.opened is None else instant_of(self.opened.body.get("expires_at"))

    @property
    def ended_by_sender(self) -> bool:
        """Whether its sender released it as expired, which is allowed at any time."""
        return any(end_of(close) == "expired" and not is_expirers(close) for close in self.closed)


def lives_of(decisions: Mapping[str, Decision]) -> Mapping[str, Life]:
    """The decisions about each reservation, by its id."""
    lives: defaultdict[str, Life] = defaultdict(Life)
    for decision in decisions.values():
        life = lives[decision.reservation_id]
        if decision.content.reservation_id is None:
            life.opened = decision if decision.is_granted else None
        elif decision.is_granted:
            life.closed.append(decision)
        else:
            life.refused.append(decision)
    for reservation_id, life in lives.items():
        life.reservation_id = reservation_id
    return lives


def end_of(close: Decision) -> str:
    """The state to which a granted request takes a reservation."""
    if close.content.operation == "assign":
        return "assigned"
    return "expired" if close.content.reason == "expired" else "released"


def is_expirers(decision: Decision) -> bool:
    """Whether the expirer asked."""
    return decision.content.request_id.startswith("expire:")


def may_be_over(decision: Decision, ends_ms: int | None) -> bool:
    """Whether some record of the request is not older than the end. Which one was decided is not known."""
    return ends_ms is not None and any(request.record.timestamp_ms >= ends_ms for request in decision.asked)


def may_be_in_time(decision: Decision, ends_ms: int | None) -> bool:
    """Whether some record of the request is older than the end."""
    return ends_ms is None or any(request.record.timestamp_ms < ends_ms for request in decision.asked)


def is_lost_in_time(life: Life, refused: Decision) -> bool:
    """Whether an assign was refused as expired although it was sent in time: rule 6 judges that, and nothing else."""
    is_expired = refused.content.operation == "assign" and refused.body.get("reason") == "reservation_expired"
    has_end = life.ends_ms is not None
    return is_expired and has_end and not life.ended_by_sender and not may_be_over(refused, life.ends_ms)


@dataclass(slots=True)
class Moment:
    """When something happened, as far as it is known: not before `since_s`, not after `until_s`."""

    since_s: float
    until_s: float
    because: list[str] = field(default_factory=list)
    """Requests that bound it."""

    def not_before(self, at_s: float, request_id: str) -> None:
        """Somebody saw that it had not happened."""
        if at_s > self.since_s:
            self.since_s = at_s
            self.because.append(request_id)

    def not_after(self, at_s: float, request_id: str) -> None:
        """Somebody saw that it had happened."""
        if at_s < self.until_s:
            self.until_s = at_s
            self.because.append(request_id)


def judge_life(life: Life) -> Iterator[Violation]:
    """Judge each answer by itself, then look for moments that explain all of them."""
    wrong = list(judge_closes(life))
    wrong += judge_reasons(life)
    yield from wrong
    if not wrong and life.opened is not None and len(life.closed) <= 1:
        yield from judge_moments(life, life.opened)


def judge_closes(life: Life) -> Iterator[Violation]:
    """What ends a reservation is about its fan and its codes."""
    for close in life.closed:
        ids = (close.content.request_id, life.reservation_id)
        if life.opened is None:
            yield Violation("close_wrong", ids, "a reservation", "none was made")
            continue
        names = ("campaign_id", "fan_id", "code_type")
        wrong = [name for name in names if close.body.get(name) != life.opened.body.get(name)]
        if sorted(close.code_ids) != sorted(life.opened.code_ids):
            wrong.append("code_ids")
        if wrong:
            yield Violation("close_wrong", ids, "the reservation's fields", " ".join(wrong))


def judge_reasons(life: Life) -> Iterator[Violation]:
    """Each refusal has a reason that is true of this reservation at some moment."""
    for refused in life.refused:
        reason = str(refused.body.get("reason"))
        if not is_possible(life, refused, reason):
            yield Violation(
                "refusal_wrong", (refused.content.request_id, life.reservation_id), "another answer", reason
            )


def is_possible(life: Life, refused: Decision, reason: str) -> bool:
    """Whether this reason can be true at all; at which moment is judged later."""
    if reason in ALWAYS_POSSIBLE or reason not in reasons_of(refused.content):
        return True  # rule 2 judges whether the operation knows the reason
    opened, content = life.opened, refused.content
    if opened is None or opened.content.campaign_id != content.campaign_id:
        return False
    is_stranger = content.fan_id not in (None, opened.content.fan_id)
    if is_stranger or reason == "not_the_holder":
        return is_stranger and reason == "not_the_holder"
    if reason == "invalid_request":
        return life.ends_ms is not None and may_be_in_time(refused, life.ends_ms)
    if reason == "reservation_expired" and content.reason != "expired" and may_be_over(refused, life.ends_ms):
        return True
    return life.state == REASONS.get(reason) or is_lost_in_time(life, refused)


def judge_moments(life: Life, opened: Decision) -> Iterator[Violation]:
    """There are moments at which it was made and ended, the second not before the first."""
    made = Moment(opened.start_s, opened.end_s, [opened.content.request_id])
    ended = Moment(float("-inf"), float("inf"))
    if life.closed:
        ended = Moment(life.closed[0].start_s, life.closed[0].end_s, [life.closed[0].content.request_id])
    elif life.state == "assigned":
        ended = made
    for refused in life.refused:
        if refused.content.campaign_id == opened.content.campaign_id:
            bound(life, refused, made, ended)
    is_explained = made.since_s <= made.until_s and ended.since_s <= ended.until_s and made.since_s <= ended.until_s
    if not is_explained:
        requests = dict.fromkeys([*made.because, *ended.because])
        yield Violation("refusal_wrong", (life.reservation_id, *requests), "moments that explain all", "none")


def bound(life: Life, refused: Decision, made: Moment, ended: Moment) -> None:
    """What a refusal says of the two moments."""
    reason, request_id = str(refused.body.get("reason")), refused.content.request_id
    if reason == "reservation_not_found":
        made.not_before(refused.start_s, request_id)
        return
    if reason in ALWAYS_POSSIBLE:
        return
    made.not_after(refused.end_s, request_id)
    if is_lost_in_time(life, refused):
        return
    is_by_time = reason == "reservation_expired" and may_be_over(refused, life.ends_ms)
    if REASONS.get(reason) == life.state and not is_by_time:
        ended.not_after(refused.end_s, request_id)
    elif reason == "invalid_request" or (is_by_time and life.state in ("assigned", "released")):
        ended.not_before(refused.start_s, request_id)
