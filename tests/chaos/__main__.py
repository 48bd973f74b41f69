"""`python -m tests.chaos`: a storm on a stack of its own."""

import asyncio
import sys
import time
from pathlib import Path
from typing import Final

import devstack
from devstack.folder import layout_of
from devstack.joining import Sizes
from tests.chaos.options import Options, parsed
from tests.chaos.outcome import Outcome
from tests.chaos.storm import storm
from tests.integration.own_broker import take_known_jars

ENTRY: Final = "chaos"


def main() -> int:
    """Run a storm; 1 if anything is wrong."""
    options = parsed()
    folder = options.folder or layout_of(None).root / ENTRY / f"{time.strftime('%Y%m%d-%H%M%S')}-{options.seed}"
    report(f"chaos: seed={options.seed}, logs and schedule in {folder}")
    try:
        outcome = on_own_stack(options, folder)
    except devstack.StackError as error:
        sys.exit(str(error))
    for line in outcome.lines():
        print(line)
    return 1 if outcome.violations else 0


def on_own_stack(options: Options, folder: Path) -> Outcome:
    """Start a stack in the folder, and stop it at the end. Its data stays if there is a violation."""
    place = folder / "stack"
    place.mkdir(parents=True)
    take_known_jars(place)
    is_good = False
    try:
        stack = devstack.up(place, report, **sizes_of(options))
        outcome = asyncio.run(storm(options, stack, folder))
        is_good = not outcome.violations
        return outcome
    finally:
        devstack.down(place, wipe=is_good)


def sizes_of(options: Options) -> Sizes:
    return {
        "brokers": options.brokers,
        "database_nodes": options.database_nodes,
        "database_shards": options.database_shards,
    }


def report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
