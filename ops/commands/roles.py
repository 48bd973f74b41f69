"""`codes worker`, `codes expirer`: one process of a role, until SIGTERM."""

from ops.role import run_role
from ops.settings import load_settings


def worker() -> None:
    """Serve reserve, assign and release requests."""
    from ops.roles import worker as work

    run_role("worker", load_settings(), work, consumes=True)


def expirer() -> None:
    """Ask for the release of reservations whose time is over."""
    from ops.roles import expirer as work

    run_role("expirer", load_settings(), work, consumes=False)
