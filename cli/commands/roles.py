"""`codes worker`, `codes importer`, `codes expirer`, `codes inventory`: run one process of a role.

Promise:  a role without the address of a part says on standard error which address it uses instead.
"""

from typing import Final

from cli.commands.printing import complain

PARTS: Final = {
    "worker": ("CODES_KAFKA__", "CODES_MONGO__"),
    "importer": ("CODES_KAFKA__", "CODES_MONGO__"),
    "expirer": ("CODES_KAFKA__", "CODES_MONGO__"),
    "inventory": ("CODES_KAFKA__",),
}
"""The prefixes of the variables that each role needs; without them it looks for the part on this machine."""


def worker() -> None:
    """Process reserve, assign and release requests until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.process import run_role
    from roles.worker import worker as work

    _note_defaults("worker")
    run_role("worker", load_settings(), work, consumes=True)


def importer() -> None:
    """Process import commands: import the codes of S3 objects into campaigns, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.importer import importer as work
    from roles.process import run_role

    _note_defaults("importer")
    run_role("importer", load_settings(), work, consumes=True)


def expirer() -> None:
    """Request the release of expired reservations until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.expirer import expirer as work
    from roles.process import run_role

    _note_defaults("expirer")
    run_role("expirer", load_settings(), work, consumes=False)


def inventory() -> None:
    """Count the stock of every campaign, publish stock alerts, and serve the HTTP API, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.inventory import inventory as work
    from roles.process import run_role

    _note_defaults("inventory")
    run_role("inventory", load_settings(), work, consumes=True)


def _note_defaults(role: str) -> None:
    """The role would only wait for a part that is elsewhere, and its log would not say why."""
    import os

    from cli.exits import no_variable

    for line in filter(None, (no_variable(prefix, os.environ) for prefix in PARTS[role])):
        complain(line)
