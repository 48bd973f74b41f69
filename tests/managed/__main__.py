"""The demo and its audit on a managed Kafka or MongoDB: `make managed`; the pipeline runs it at night.

In:       variables `CODES_*` and `AWS_*` that name the managed part and its login. What they do not name is local.
Out:      the audit's last line; exit code 0 only if nothing was lost, doubled or leaked.
Promise:  topics, groups and database have names of this run alone. They are removed at the end, however it ends.
"""

import sys
from collections.abc import Mapping

from rich.console import Console

from cli.demo.interrupts import ignored
from cli.demo.run import NOT_OURS, Outcome, local_stack, own_environment, play, process_environment, remove, roles
from cli.demo.screen import Screen
from cli.demo.summary import last_line
from cli.demo.traffic import Size
from cli.interrupts import run
from ops.settings.load import load_settings

SIZE = Size(requests=2_500, codes=6_000, seed=1)


def environment_of(own: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """The local stack's, with what is given in place of its parts; names of this run."""
    names = ("CODES_TOPICS__PREFIX", "CODES_KAFKA__GROUP_PREFIX", "CODES_MONGO__DATABASE")
    managed = {key: value for key, value in given.items() if key.startswith(NOT_OURS)}
    return {**own, **managed, **{name: own[name] for name in names}}


def demo(given: Mapping[str, str]) -> Outcome:
    """Migrate, run the roles and the traffic, audit, remove."""
    screen = Screen(Console(stderr=True))
    with screen.shown(), local_stack(screen, keep=False) as stack:
        environment = environment_of(own_environment(stack), given)
        with process_environment(environment):
            try:
                with roles(stack.folder / "logs") as crew:
                    return run(play(environment, SIZE, screen, crew, keep=True), clean_up_s=None)
            finally:
                with ignored():
                    run(remove(load_settings(environment)), clean_up_s=None)


if __name__ == "__main__":
    import os

    outcome = demo(dict(os.environ))
    print(last_line(outcome))  # noqa: T201  # the result, for who runs it
    sys.exit(0 if outcome.is_good else 1)
