"""Errors of the S3 client, translated.

In:   any error of the client.
Out:  ImportFailed with a reason of the table, or ObjectStoreUnavailable, which is retried.

| reason | what S3 said |
|---|---|
| `no_such_object` | there is no such key or version, or it was deleted |
| `no_such_bucket` | there is no such bucket |
| `access_denied` | the credentials may not read it (S3 says so of missing keys too, where listing is forbidden) |
| `object_changed` | it is not the object any more that the import began with |
| `object_archived` | it is in an archive and must be restored first |
| `object_refused` | anything else that will not change by trying again |

`bucket_not_allowed` and `bad_key` are `stores.s3.objects`' own: S3 is not asked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from schemas.errors import ImportFailed, ObjectStoreUnavailable

REASONS: Final = {
    "NoSuchKey": "no_such_object",
    "NoSuchVersion": "no_such_object",
    "NoSuchBucket": "no_such_bucket",
    "PreconditionFailed": "object_changed",
    "InvalidObjectState": "object_archived",
}
REASONS_BY_STATUS: Final = {
    403: "access_denied",
    404: "no_such_object",
    405: "no_such_object",  # the version is a delete marker
    412: "object_changed",
    416: "object_changed",  # it is shorter than it was
}
UNAVAILABLE: Final = frozenset(
    {
        "ExpiredToken",  # the chain of credentials fetches new ones
        "InternalError",
        "OperationAborted",
        "RequestTimeTooSkewed",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
SERVER_ERROR: Final = 500
TOO_MANY_REQUESTS: Final = 429


@contextmanager
def translated() -> Iterator[None]:
    """Raise an error of the client as one of ours."""
    try:
        yield
    except ClientError as why:
        raise failure_of(why) from None
    except ParamValidationError:
        raise ImportFailed("object_refused") from None
    except (BotoCoreError, aiohttp.ClientError, OSError) as why:
        raise ObjectStoreUnavailable(type(why).__name__) from None


def failure_of(why: ClientError) -> ImportFailed | ObjectStoreUnavailable:
    """Which of our errors an answer of S3 is."""
    code, status = code_of(why), status_of(why)
    if code in UNAVAILABLE or status >= SERVER_ERROR or status == TOO_MANY_REQUESTS:
        return ObjectStoreUnavailable(f"{code} ({status})")
    return ImportFailed(REASONS.get(code) or REASONS_BY_STATUS.get(status, "object_refused"))


def code_of(why: ClientError) -> str:
    """S3's own word for it; an answer to HEAD has none, only the status as text."""
    return why.response.get("Error", {}).get("Code", "")


def status_of(why: ClientError) -> int:
    """The HTTP status."""
    return why.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
