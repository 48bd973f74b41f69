"""Defects of what is written to MongoDB, put back one at a time. Out: `DATABASE_MUTANTS`."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, suppress
from typing import Any, Final

from bson.errors import BSONError
from pymongo.errors import PyMongoError

import handlers.requests.plan as plans
import stores.mongo.errors as store_errors
from schemas.errors import StoreRefused, StoreUnavailable
from stores.mongo import codes, transactions
from stores.mongo.collections import Readings
from stores.mongo.gathering import Gathering
from tests.simulation.mutants.focus import Focus
from tests.simulation.mutants.mutant import Mutant, swapped


def cancelled_write_aborts_at_once() -> AbstractContextManager[None]:
    """A cancellation aborts the transaction while a thread still waits to send a statement."""

    async def finish(session: Any, statements: Callable[[], Awaitable[None]]) -> None:
        try:
            await statements()
            await session.commit_transaction()
        except BaseException:
            with suppress(PyMongoError):
                if session.in_transaction:
                    await session.abort_transaction()
            raise

    return swapped(transactions, finish_transaction=finish)


def lost_commit_is_believed() -> AbstractContextManager[None]:
    """An error of the commit is taken for success."""

    async def finish(_session: Any, statements: Callable[[], Awaitable[None]]) -> None:
        await statements()
        with suppress(PyMongoError):
            await _session.commit_transaction()

    return swapped(transactions, _finish=finish)


def statements_without_transaction() -> AbstractContextManager[None]:
    """Each statement of a plan is a write of its own."""

    async def write_at_once(self: Any, plan: Any) -> None:
        with store_errors.writing():
            await self._write(plan, None)

    return swapped(codes.MongoCodeStore, _write_at_once=write_at_once)


def codes_move_in_any_status() -> AbstractContextManager[None]:
    """The write of a code is not guarded by its status."""
    return swapped(codes, code_guard=lambda _move, code_ids, _holders: {"_id": {"$in": list(code_ids)}})


def reservations_move_in_any_state() -> AbstractContextManager[None]:
    """Neither a reservation nor its codes are guarded by the state they were in."""

    async def move(
        _self: Any, collection: Any, guard: dict[str, Any], update: dict[str, Any], session: Any, _writes: Any = ()
    ) -> None:
        await collection.update_many({"_id": guard["_id"]}, {"$set": update}, session=session)

    return swapped(codes.MongoCodeStore, _move=move)


def partial_write_is_committed() -> AbstractContextManager[None]:
    """A guarded write that found less than planned is not noticed."""
    return swapped(codes, check_complete=lambda _collection, _matched, _expected: None)


def ledger_is_not_read() -> AbstractContextManager[None]:
    """Every record is taken for a new request."""

    async def entries(_self: Any, _request_ids: Any) -> Readings[Any]:
        return Readings({}, {})

    return swapped(Gathering, _entries=entries)


def redelivery_is_not_announced() -> AbstractContextManager[None]:
    """A record that is read again after a crash is taken for one that a sender repeated."""
    return swapped(plans, is_redelivery=lambda _asked, _entry: False)


def repeat_is_announced_again() -> AbstractContextManager[None]:
    """A request that a sender repeats is taken for a record that is read again."""
    return swapped(plans, is_redelivery=lambda asked, entry: asked.digest == entry.digest)


def unknown_errors_are_refusals() -> AbstractContextManager[None]:
    """A server's error that is on no list makes a dead letter of the request."""
    real = store_errors.in_our_words

    def in_our_words(why: PyMongoError | BSONError) -> Any:
        answer = real(why)
        is_unknown = isinstance(answer, StoreUnavailable) and answer.cause == "server_error"
        return StoreRefused(str(answer), "invalid") if is_unknown else answer

    return swapped(store_errors, in_our_words=in_our_words)


def refusal_of_a_commit_is_believed() -> AbstractContextManager[None]:
    """An unknown error is a refusal even when the commit reports it, which may have happened."""
    real = store_errors.stale_or_unavailable

    def stale_or_unavailable(why: PyMongoError | BSONError) -> Any:
        answer = real(why)
        is_unknown = isinstance(answer, StoreUnavailable) and answer.cause == "server_error"
        return StoreRefused(str(answer), "invalid") if is_unknown else answer

    return swapped(store_errors, stale_or_unavailable=stale_or_unavailable)


LOST: Final = ("database_answers_lost", "database_requests_lost", "election", "primary_down", "majority_lost")
ERRORS: Final = Focus(faults=40, kinds=("database_errors",), setup={"batch_size_max": 3})
CRASHES: Final = Focus(
    faults=24, kinds=("kill_at_step", "kill", "broker_down", "kafka_answers_lost"), courses=("straight", "assign")
)
LATE: Final = Focus(faults=24, kinds=("pool_delays", "rebalance", "terminate"), fault_s=6.0)
QUIET: Final = Focus(faults=0)
CROWDED: Final = Focus(faults=0, setup={"workers": 2, "partitions": 3})

DATABASE_MUTANTS: Final = (
    Mutant("cancelled write aborts at once", cancelled_write_aborts_at_once, seeds=(33, 38, 40, 77), focus=LATE),
    Mutant("lost commit is believed", lost_commit_is_believed, seeds=(3,), focus=Focus(faults=12, kinds=LOST)),
    Mutant("statements without transaction", statements_without_transaction, focus=CROWDED),
    Mutant("codes move in any status", codes_move_in_any_status, focus=CROWDED),
    Mutant("reservations move in any state", reservations_move_in_any_state, focus=CROWDED),
    Mutant("partial write is committed", partial_write_is_committed, focus=CROWDED),
    Mutant("ledger is not read", ledger_is_not_read, focus=QUIET),
    Mutant("redelivery is not announced", redelivery_is_not_announced, focus=CRASHES),
    Mutant("repeat is announced again", repeat_is_announced_again, focus=QUIET),
    Mutant("unknown errors are refusals", unknown_errors_are_refusals, seeds=(3, 7), focus=ERRORS),
    Mutant("refusal of a commit is believed", refusal_of_a_commit_is_believed, seeds=(2,), focus=ERRORS),
)
