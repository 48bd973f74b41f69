"""What must hold: holds without end, wrong refusals and missing codes are found; nothing that is not sure is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Final

import orjson
import pytest

from audit.audit import audit
from audit.history import History
from audit.report import Finding
from audit.terms import OVERDUE_MS
from producers.envelope import dead_letter_record
from schemas.base import rfc3339
from schemas.records import IncomingRecord, Rejected, UnreadableBatch
from schemas.topics import DEAD_LETTERS, RESERVE
from tests.fakes.builders import CAMPAIGN, NOW, TOPICS, milliseconds
from tests.fakes.history import CODES, a_history, as_read, saying, with_ce_id, with_records

Doctoring = Callable[[History], History]

DECIDED: Final = rfc3339(NOW + timedelta(seconds=1))
NOW_MS: Final = milliseconds(NOW)

clean = cache(a_history)


def found(history: History, kind: str) -> list[str]:
    """What was found of a kind."""
    return [finding.what for finding in audit(history).findings if finding.kind == kind]


def with_reservation(history: History, name: str, **changes: object) -> History:
    """With one reservation another."""
    reservations = [
        {**reservation, **changes} if reservation["_id"] == name else reservation
        for reservation in history.database.reservations
    ]
    assert name in {reservation["_id"] for reservation in reservations}
    return replace(history, database=replace(history.database, reservations=reservations))


class TestOverdueHolds:
    def read_after_its_end(self, by_ms: int) -> History:
        """A hold that ended, read so long afterwards."""
        held = next(reservation for reservation in clean().database.reservations if reservation["state"] == "held")
        history = with_reservation(clean(), held["_id"], expires_at=NOW)
        return replace(history, read_at_ms=NOW_MS + by_ms)

    def test_one_that_is_long_over_is_found(self) -> None:
        """With its id, and since when."""
        [what] = found(self.read_after_its_end(OVERDUE_MS + 1), "overdue")

        assert "held since its end at 2026-11-24T" in what

    def test_one_that_has_just_ended_is_the_expirers(self) -> None:
        """It needs its time."""
        assert [] == found(self.read_after_its_end(OVERDUE_MS), "overdue")


class TestBatchesThatCannotBeRead:
    def with_batch(self, *, letter: bool) -> History:
        """The records at 8 to 10 of the reserves are such a batch, with its dead letter or without."""
        batch = UnreadableBatch(8, 10, "lz4", "DecompressionError", b"batch")
        record = IncomingRecord(TOPICS.full(RESERVE), 0, 10, NOW_MS, None, batch.content, (), batch)
        history = with_records(clean(), RESERVE.name, lambda records: [*records, record])
        if not letter:
            return history
        rejected = Rejected("unprocessable", batch.detail, record)
        dead_letter = dead_letter_record(rejected, group="t-worker", at=NOW, topics=TOPICS)
        return with_records(
            history, DEAD_LETTERS.name, lambda letters: [*letters, as_read(dead_letter, len(letters))]
        )

    def test_one_with_its_letter_is_not_lost(self) -> None:
        """The letter names the first offset of the range, and the batch is read at its last one."""
        assert () == audit(self.with_batch(letter=True)).findings

    def test_one_without_a_letter_is_lost(self) -> None:
        """Like any other record that nobody answered."""
        assert 1 == len(found(self.with_batch(letter=False), "lost"))


class TestReservationsWithoutTheirCodes:
    def test_a_code_that_does_not_exist_is_found(self) -> None:
        """A hand-made deletion, a partial restore."""
        code_id = next(
            reservation for reservation in clean().database.reservations if reservation["state"] == "held"
        )["code_ids"][0]
        codes = [code for code in clean().database.codes if code.id != code_id]

        whats = found(replace(clean(), database=replace(clean().database, codes=codes)), "lost")

        assert [f"code {code_id}: reservation r-6 (held) names it, and it does not exist"] == whats

    def test_a_released_one_may_name_what_it_likes(self) -> None:
        """It binds nothing any more."""
        assert [] == found(with_reservation(clean(), "r-2", code_ids=["gone"]), "lost")


class TestAssignsThatLostToAnExpiry:
    """`r-3` was expired by the expirer; somebody asked to assign it."""

    def asked(self, at_ms: int, reason: str = "reservation_expired") -> History:
        """An assign of `r-3`, and its refusal."""
        request = {"request_id": "a-late", "campaign_id": CAMPAIGN, "fan_id": "fan-3", "reservation_id": "r-3"}
        refusal = {"request_id": "a-late", "outcome": "refused", "reason": reason, "reservation_id": "r-3"}

        def ask(records: list[IncomingRecord]) -> list[IncomingRecord]:
            more = replace(records[0], offset=77, timestamp_ms=at_ms, value=orjson.dumps(request))
            return [*records, more]

        def refuse(records: list[IncomingRecord]) -> list[IncomingRecord]:
            like = next(record for record in records if b'"a-2"' in (record.value or b""))
            return [*records, replace(with_ce_id(saying(like, **refusal), "late"), offset=77)]

        return with_records(with_records(clean(), "assign.requests.v1", ask), "results.v1", refuse)

    def ends_at_ms(self) -> int:
        """Of `r-3`."""
        [reservation] = [reservation for reservation in clean().database.reservations if reservation["_id"] == "r-3"]
        return milliseconds(reservation["expires_at"])

    @pytest.mark.parametrize("reason", ["reservation_expired", "reservation_released"])
    def test_who_asked_in_time_is_found(self, reason: str) -> None:
        """A millisecond before the end is in time."""
        whats = found(self.asked(self.ends_at_ms() - 1, reason), "wrong")

        assert [f"request a-late: asked before reservation r-3 ended, and refused as {reason}"] == whats

    def test_who_asked_too_late_is_not(self) -> None:
        """At the end it is over."""
        assert [] == found(self.asked(self.ends_at_ms()), "wrong")

    def test_nobody_is_robbed_by_a_holder_who_gave_it_up(self) -> None:
        """Only the expirer's own release takes a hold for its time."""
        by_hand = with_records(
            self.asked(self.ends_at_ms() - 1),
            "results.v1",
            lambda records: [
                saying(record, request_id="by-hand") if b'"expire:r-3:' in (record.value or b"") else record
                for record in records
            ],
        )

        assert [] == found(by_hand, "wrong")


class TestOutOfStock:
    """`r-4` wanted 100 of twelve. Here it wanted fewer."""

    def wanting(self, quantity: int) -> History:
        """As if there had been so little demand; decided a second after it was asked, as all the rest."""
        refused = with_records(
            clean(),
            "results.v1",
            lambda records: [
                saying(record, quantity=quantity, decided_at=DECIDED)
                if b'"out_of_stock"' in (record.value or b"")
                else record
                for record in records
            ],
        )
        return saying_all(refused, changed_at=DECIDED)

    def wrong(self, history: History) -> list[Finding]:
        """Refusals that are found to be wrong."""
        return [
            finding
            for finding in audit(history).findings
            if finding.kind == "wrong" and "out_of_stock" in finding.what
        ]

    def imported_before(self, history: History) -> History:
        """The import was long before the first request, and so is its event."""
        early = rfc3339(NOW - timedelta(days=1))

        def doctor(records: list[IncomingRecord]) -> list[IncomingRecord]:
            return [
                saying(record, changed_at=early) if b'"import"' in (record.value or b"") else record
                for record in records
            ]

        return with_records(history, "inventory.v1", doctor)

    def test_a_refusal_with_enough_there_all_the_time_is_found(self) -> None:
        """Whatever the order between the shards was."""
        [finding] = self.wrong(self.imported_before(self.wanting(1)))

        assert "request r-4: out_of_stock, 1 wanted, and never less than" in finding.what

    def test_a_refusal_that_can_be_right_is_not(self) -> None:
        """At some order of the shards' versions there was too little."""
        assert [] == self.wrong(self.imported_before(self.wanting(CODES)))
        assert [] == self.wrong(self.imported_before(self.wanting(100)))

    def test_nothing_is_said_if_the_codes_came_at_that_time(self) -> None:
        """An import's first event within the time: before it there was nothing."""
        assert [] == self.wrong(self.wanting(1))

    def test_nothing_is_said_if_a_version_is_missing(self) -> None:
        """It may have had less."""
        history = self.imported_before(self.wanting(1))
        gap = with_records(
            history,
            "inventory.v1",
            lambda records: [
                saying(record, version=orjson.loads(record.value or b"")["version"] + 5)
                if b"reserve.requests" in (record.value or b"")
                else record
                for record in records
            ],
        )

        assert [] == self.wrong(gap)

    def test_nothing_is_said_if_a_shard_is_not_known(self) -> None:
        """Retention has removed its events, and it has moved since: it may have counted less than nothing."""
        history = self.imported_before(self.wanting(1))
        shards = [{**shard, "version": 2} for shard in history.database.inventory]
        history = replace(history, database=replace(history.database, inventory=shards))
        without = with_records(
            history,
            "inventory.v1",
            lambda records: [record for record in records if b"reserve.requests" not in (record.value or b"")],
        )

        assert [] == self.wrong(without)


def saying_all(history: History, **changes: object) -> History:
    """With all inventory events saying so."""
    return with_records(history, "inventory.v1", lambda records: [saying(event, **changes) for event in records])
