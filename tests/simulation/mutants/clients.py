"""Defects of how the clients of Kafka and MongoDB are used. Out: `CLIENT_MUTANTS`."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.consumer.group_coordinator import GroupCoordinator

from consumers.loop import offset_answers
from producers import stopping
from tests.simulation.mutants.focus import Focus
from tests.simulation.mutants.mutant import Mutant, swapped


@contextmanager
def moved_coordinator_means_no_offset() -> Iterator[None]:
    """Aiokafka as it is: an error of a whole answer to OffsetFetch is overlooked."""
    with (
        swapped(GroupCoordinator, _send_req=offset_answers.send_as_member),
        swapped(AIOKafkaAdminClient, _send_request=offset_answers.send_as_admin),
        swapped(offset_answers, install=lambda: None),
    ):
        yield


def given_up_batches_come_back() -> AbstractContextManager[None]:
    """A batch that was given up is sent again when its request fails."""
    real = stopping.give_up_pending

    def give_up_pending(producer: Any) -> None:
        accumulator = producer._message_accumulator
        real(producer)
        del accumulator.reenqueue

    return swapped(stopping, give_up_pending=give_up_pending)


def cancelled_stop_leaves_tasks() -> AbstractContextManager[None]:
    """A producer whose stop is cancelled goes on in the background."""

    async def cut_short(_producer: Any, _stopping: Any) -> None:
        await asyncio.sleep(0)

    return swapped(stopping, cut_short=cut_short)


NO_ANSWERS: Final = ("broker_frozen", "kafka_requests_lost", "kafka_answers_lost", "terminate", "rebalance")

CLIENT_MUTANTS: Final = (
    Mutant(
        "moved coordinator means no offset",
        moved_coordinator_means_no_offset,
        focus=Focus(faults=20, kinds=("coordinator_moved", "rebalance", "kafka_errors"), setup={"workers": 2}),
    ),
    Mutant(
        "given-up batches come back",
        given_up_batches_come_back,
        seeds=(1, 7),
        focus=Focus(faults=16, kinds=NO_ANSWERS),
    ),
    Mutant(
        "cancelled stop leaves tasks",
        cancelled_stop_leaves_tasks,
        seeds=(1, 57),
        focus=Focus(faults=16, kinds=NO_ANSWERS),
    ),
)
