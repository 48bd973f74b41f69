"""Faults of S3: outages, errors, bodies that are cut."""

from collections.abc import Callable
from typing import Final

from tests.simulation.faults import Fault
from tests.simulation.reach import Kinds, Reach, named

S3_ERRORS: Final = (("InternalError", 500), ("SlowDown", 503), ("ExpiredToken", 400), ("RequestTimeout", 400))


def s3_away(reach: Reach, _fault: Fault) -> Callable[[], None]:
    """S3 refuses connections for a while."""
    reach.parts.storage.crash()
    return reach.parts.storage.restart


def s3_frozen(reach: Reach, _fault: Fault) -> Callable[[], None]:
    """S3 does not answer for a while."""
    reach.parts.storage.freeze()
    return reach.parts.storage.thaw


def s3_errors(reach: Reach, fault: Fault) -> None:
    """The next requests get an error that is S3's fault."""
    code, status = S3_ERRORS[fault.target % len(S3_ERRORS)]
    reach.parts.storage.fail(
        code, status, moment="after" if fault.number % 2 else "before", count=1 + fault.number % 4
    )


def s3_cut(reach: Reach, fault: Fault) -> None:
    """The connection is lost in the midst of the next bodies."""
    reach.parts.storage.cut(1 + fault.number % 3)


KINDS: Final[Kinds] = named(
    s3_away,
    s3_frozen,
    s3_errors,
    s3_cut,
)
