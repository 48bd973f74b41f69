"""What a server's error means for a step of the migration: try again later, or the server will not do it.

In:       an error of a command.
Out:      whether it is a refusal, whether `CODES_MONGO__VALIDATORS=optional` accepts it, and its text for a person.
Promise:  no document that the server quotes is in the text: it may hold a code.
"""

from typing import Final

from pymongo.errors import OperationFailure

from stores.mongo.errors import NOT_ALLOWED, codes_of, details_of, name_of, wait_cause

BUSY: Final = frozenset(
    {
        24,  # LockTimeout
        46,  # LockBusy
        112,  # WriteConflict
        117,  # ConflictingOperationInProgress
        276,  # IndexBuildAborted
        314,  # ObjectIsBusy
        11_601,  # Interrupted
        12_586,  # BackgroundOperationInProgressForDatabase
        12_587,  # BackgroundOperationInProgressForNamespace
    }
)
"""Something else is at work on the same collection; the same command succeeds once it has ended."""
NO_VALIDATORS: Final = NOT_ALLOWED | {
    2,  # BadValue: an option of collMod that the server does not know
    9,  # FailedToParse: the same, from other engines
    59,  # CommandNotFound
    72,  # InvalidOptions
    115,  # CommandNotSupported
    238,  # NotImplemented: how FerretDB answers
}
"""The server takes no validators, or the user may not set them. Any other refusal is a fault to look into."""
MESSAGE_CHARS_MAX: Final = 200


def is_refusal(error: OperationFailure) -> bool:
    """Whether a retry would be refused too. False: the server is busy or has no primary at the moment."""
    return not codes_of(error) & BUSY and wait_cause(error) not in {"no_answer", "in_transition"}


def takes_no_validators(error: OperationFailure) -> bool:
    """Whether `CODES_MONGO__VALIDATORS=optional` accepts this refusal."""
    return bool(codes_of(error) & NO_VALIDATORS)


def message_of(error: OperationFailure) -> str:
    """The server's own message up to the first document in it, and its code.

    `str(error)` would add the driver's copy of the whole answer.
    """
    errmsg = str(details_of(error).get("errmsg", ""))
    text = " ".join(errmsg.partition("{")[0].split())[:MESSAGE_CHARS_MAX]
    return f"{text} (code {error.code} {name_of(error)})".strip().replace(" )", ")")
