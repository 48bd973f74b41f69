"""`codes worker`, `codes importer`, `codes expirer`, `codes inventory`: run one process of a role."""


def worker() -> None:
    """Process reserve, assign and release requests until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.process import run_role
    from roles.worker import worker as work

    run_role("worker", load_settings(), work, consumes=True)


def importer() -> None:
    """Process import commands: import the codes of S3 objects into campaigns, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.importer import importer as work
    from roles.process import run_role

    run_role("importer", load_settings(), work, consumes=True)


def expirer() -> None:
    """Request the release of expired reservations until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.expirer import expirer as work
    from roles.process import run_role

    run_role("expirer", load_settings(), work, consumes=False)


def inventory() -> None:
    """Count the stock of every campaign, publish stock alerts, and serve the HTTP API, until SIGTERM."""
    from ops.settings.load import load_settings
    from roles.inventory import inventory as work
    from roles.process import run_role

    run_role("inventory", load_settings(), work, consumes=True)
