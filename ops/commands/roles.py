"""`codes worker`, `codes importer`, `codes expirer`, `codes inventory`: one process of a role each."""


def worker() -> None:
    """Serve reserve, assign and release requests, until SIGTERM."""
    from ops.role import run_role
    from ops.roles import worker as work
    from ops.settings import load_settings

    run_role("worker", load_settings(), work, consumes=True)


def importer() -> None:
    """Serve import commands: load the codes of S3 objects into campaigns, until SIGTERM."""
    from ops.role import run_role
    from ops.roles import importer as work
    from ops.settings import load_settings

    run_role("importer", load_settings(), work, consumes=True)


def expirer() -> None:
    """Ask for the release of reservations whose time is over, until SIGTERM."""
    from ops.role import run_role
    from ops.roles import expirer as work
    from ops.settings import load_settings

    run_role("expirer", load_settings(), work, consumes=False)


def inventory() -> None:
    """Count the stock of every campaign, send alerts, and answer over HTTP, until SIGTERM."""
    from ops.inventory import inventory as work
    from ops.role import run_role
    from ops.settings import load_settings

    run_role("inventory", load_settings(), work, consumes=True)
