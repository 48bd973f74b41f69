"""An order system that gets codes for a fan: reserve, wait for the result, assign, wait again.

    python docs/examples/upstream.py --order 1001 --campaign spring --fan fan-7 --quantity 2

Needs only aiokafka. Set CODES_KAFKA__BOOTSTRAP_SERVERS to the address of Kafka. A second run with the same order gets
the same results, and no code moves twice. With `--cancel` the codes are released. The exit code is 1 if a request was
refused, 2 if no result came or Kafka is unavailable.
"""

import argparse
import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError

SERVERS = os.environ.get("CODES_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9092")
PREFIX = os.environ.get("CODES_TOPICS__PREFIX", "codes.")
RESULT_TIMEOUT_S = 20.0
TRIES_MAX = 3

Fields = dict[str, object]


class Desk:
    """Sends requests, and returns the result of each."""

    def __init__(self, producer: AIOKafkaProducer, results: AIOKafkaConsumer) -> None:
        self._producer = producer
        self._results = results
        self._waiting: dict[str, asyncio.Future[Fields]] = {}
        self._listening = asyncio.create_task(self._listen())

    async def ask(self, topic: str, fan_id: str, request: dict[str, object]) -> Fields:
        """Send a request and wait for its result.

        After a timeout it is unknown whether the request was decided. So send it again under the same `request_id`:
        a repeat gets the result of the first one.
        """
        request_id = str(request["request_id"])
        self._waiting[request_id] = asyncio.get_running_loop().create_future()
        for _ in range(TRIES_MAX):
            await self._producer.send_and_wait(
                PREFIX + topic,
                json.dumps(request).encode(),
                key=fan_id.encode(),  # never the campaign: all requests of a sale would be in one partition
                headers=[("traceparent", traceparent())],
            )
            with suppress(TimeoutError):
                return await asyncio.wait_for(asyncio.shield(self._waiting[request_id]), RESULT_TIMEOUT_S)
        raise TimeoutError(f"no result for {request_id}")

    async def _listen(self) -> None:
        """Read results until the consumer stops, and ignore those of other senders."""
        async for record in self._results:
            request_id = dict(record.headers)["ce_correlationid"].decode()
            waiting = self._waiting.get(request_id)
            if waiting is not None and not waiting.done():
                waiting.set_result(json.loads(record.value))


@asynccontextmanager
async def a_desk() -> AsyncIterator[Desk]:
    """Connect, and start reading results before any request is sent."""
    producer = AIOKafkaProducer(bootstrap_servers=SERVERS, enable_idempotence=True)  # which means acks="all"
    results = AIOKafkaConsumer(
        f"{PREFIX}results.v1",
        bootstrap_servers=SERVERS,
        group_id=None,  # every process sees all results, and commits nothing
        isolation_level="read_committed",
    )
    try:
        await producer.start()
        await results.start()
        await results.seek_to_end()  # waits until the end offsets are known, so that no later result is missed
        yield Desk(producer, results)
    finally:
        await results.stop()
        await producer.stop()


async def give(desk: Desk, order: argparse.Namespace) -> int:
    """Reserve codes and assign them; or release them, if the order has been cancelled."""
    who: Fields = {"campaign_id": order.campaign, "fan_id": order.fan}
    wanted: Fields = {"request_id": f"order-{order.order}.reserve", **who, "quantity": order.quantity, "ttl_s": 900}
    reserved = await desk.ask("reserve.requests.v1", order.fan, wanted)
    show(reserved)
    if reserved["outcome"] == "refused":
        return 1
    held: Fields = {**who, "reservation_id": reserved["reservation_id"]}  # the fan pays at this point
    if order.cancel:
        cancelled: Fields = {"request_id": f"order-{order.order}.release", **held, "reason": "cancelled"}
        ended = await desk.ask("release.requests.v1", order.fan, cancelled)
    else:
        ended = await desk.ask("assign.requests.v1", order.fan, {"request_id": f"order-{order.order}.assign", **held})
    show(ended)
    return 1 if ended["outcome"] == "refused" else 0


def show(result: Fields) -> None:
    """Print a result on one line. It has the codes' ids, never their values."""
    ids = " ".join(map(str, result["code_ids"])) if isinstance(result["code_ids"], list) else ""
    print(result["request_id"], result["outcome"], result["reason"] or ids)


def traceparent() -> bytes:
    """A new W3C trace context; a real program takes it from its tracing library."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01".encode()


async def main(order: argparse.Namespace) -> int:
    try:
        async with a_desk() as desk:
            return await give(desk, order)
    except (TimeoutError, KafkaError) as why:
        print(f"{SERVERS}, {PREFIX}*: {why}", file=sys.stderr)
        return 2


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Get codes for a fan.")
    parser.add_argument("--order", required=True, help="id of the order; the request ids are derived from it")
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--fan", required=True)
    parser.add_argument("--quantity", type=int, default=1)
    parser.add_argument("--cancel", action="store_true", help="release the codes instead of assigning them")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
