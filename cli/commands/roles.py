"""`codes worker`, `codes importer`, `codes expirer`, `codes inventory`: one process of a role each."""


def worker() -> None:
    """Serve reserve, assign and release requests, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.process import run_role
    from roles.worker import worker as work

    run_role("worker", load_settings(), work, consumes=True)


def importer() -> None:
    """Serve import commands: load the codes of S3 objects into campaigns, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.importer import importer as work
    from roles.process import run_role

    run_role("importer", load_settings(), work, consumes=True)


def expirer() -> None:
    """Ask for the release of reservations whose time is over, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.expirer import expirer as work
    from roles.process import run_role

    run_role("expirer", load_settings(), work, consumes=False)


def inventory() -> None:
    """Count the stock of every campaign, send alerts, and answer over HTTP, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.inventory import inventory as work
    from roles.process import run_role

    run_role("inventory", load_settings(), work, consumes=True)
