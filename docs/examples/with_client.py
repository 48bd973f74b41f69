"""The same order system with the package `codes_client`, and a reader of the codes that were assigned.

    python docs/examples/with_client.py --order 1001 --campaign spring --fan fan-7 --quantity 2

Needs the package in interfaces/client. Set CODES_KAFKA__BOOTSTRAP_SERVERS to the address of Kafka. A second run with
the same order gets the same results, and no code moves twice. The exit code is 1 if a request was refused, 2 if no
result came or Kafka is unavailable.
"""

import argparse
import asyncio
import os
import sys

from codes_client import Assigned, AssignedReader, CodesClient, CodesClientError, MemoryStore, Refused, Reserved

SERVERS = os.environ.get("CODES_KAFKA__BOOTSTRAP_SERVERS", "127.0.0.1:9092")
PREFIX = os.environ.get("CODES_TOPICS__PREFIX", "codes.")
EVENTS_TIMEOUT_S = 20.0


async def give(client: CodesClient, order: argparse.Namespace) -> Assigned | Refused:
    """Reserve codes and assign them. The request ids are derived from the order: a restart repeats the requests."""
    name = f"order-{order.order}"
    held = await client.reserve(
        order.campaign, order.fan, count=order.quantity, ttl_s=900, request_id=f"{name}.reserve"
    )
    show(held)
    if isinstance(held, Refused):
        return held
    # the fan pays at this point
    return await client.assign(
        order.campaign, order.fan, reservation=held.reservation_id, request_id=f"{name}.assign"
    )


async def receive(given: Assigned, group: str) -> None:
    """Wait for the events of these codes, as the program would that sends codes to fans."""
    missing = set(given.code_ids)
    async with (
        AssignedReader(SERVERS, prefix=PREFIX, group=group, store=MemoryStore()) as events,
        asyncio.timeout(EVENTS_TIMEOUT_S),
    ):
        async for event in events:
            missing.discard(event.code_id)  # `event.code.get_secret_value()` is the code: never log it
            if not missing:
                print("received", *sorted(given.code_ids))
                return


def show(result: Reserved | Assigned | Refused) -> None:
    """Print a result on one line."""
    detail = [result.reason] if isinstance(result, Refused) else result.code_ids
    print(result.request_id, result.outcome, *detail)


async def main(order: argparse.Namespace) -> int:
    try:
        async with CodesClient(SERVERS, prefix=PREFIX) as client:
            given = await give(client, order)
        if isinstance(given, Refused):
            return 1
        show(given)
        await receive(given, order.group)
    except (CodesClientError, TimeoutError) as why:
        print(f"{SERVERS}, {PREFIX}*: {why}", file=sys.stderr)
        return 2
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Get codes for a fan.")
    parser.add_argument("--order", required=True, help="id of the order; the request ids are derived from it")
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--fan", required=True)
    parser.add_argument("--quantity", type=int, default=1)
    parser.add_argument("--group", default="shop", help="consumer group; `codes-` is the service's own prefix")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
