"""A refusal by S3 fails an import with the reason that helps; a passing error is retried."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import devstack
from tests.conftest import fresh_environment
from tests.fakes.s3 import ETAG, Answers, Asked, ScriptedS3, serving_s3
from tests.integration.import_bench import Found, importing
from tests.integration.importing import counts

pytestmark = pytest.mark.integration

BODY: Final = "\n".join(f"SPRING-{number}" for number in range(300)).encode()
LIMITS: Final = {
    "CODES_IMPORTER__RANGE_BYTES": "1024",
    "CODES_WORKER__BACKOFF_MAX_MS": "100",
}
REFUSED: Final[Mapping[str, tuple[Answers, str]]] = {
    "no-right": (Answers(403, "AccessDenied"), "access_denied"),
    "no-right-to-read": (Answers(403, "AccessDenied", ("GET",)), "access_denied"),
    "unknown-credentials": (Answers(403, "InvalidAccessKeyId"), "access_denied"),
    "wrong-signature": (Answers(403, "SignatureDoesNotMatch"), "access_denied"),
    "missing": (Answers(404, "NoSuchKey"), "no_such_object"),
    "deleted-meanwhile": (Answers(404, "NoSuchKey", ("GET",)), "no_such_object"),
    "deleted-version": (Answers(405, "MethodNotAllowed"), "no_such_object"),
    "no-bucket": (Answers(404, "NoSuchBucket"), "no_such_bucket"),
    "replaced": (Answers(412, "PreconditionFailed", ("GET",)), "object_changed"),
    "shortened": (Answers(416, "InvalidRange", ("GET",)), "object_changed"),
    "archived": (Answers(403, "InvalidObjectState", ("GET",)), "object_archived"),
    "ranges-unknown": (Answers(200, "", ("GET",)), "object_refused"),
    "encrypted-with-a-key-of-the-senders": (Answers(400, "InvalidRequest"), "object_refused"),
}
PASSING: Final[Mapping[str, Answers]] = {
    "overloaded": Answers(503, "SlowDown", times=3),
    "broken": Answers(500, "InternalError", times=3),
    "too-many-requests": Answers(429, "TooManyRequestsException", times=3),
    "token-expired": Answers(400, "ExpiredToken", ("GET",), times=3),
    "gateway": Answers(502, "", times=3),
}


class Imported(NamedTuple):
    """What became of all imports, and what was asked for."""

    found: Mapping[str, Found]
    s3: ScriptedS3


@pytest.fixture(scope="module")
def outcome(stack: devstack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Imported:
    """One importer, and an S3 that answers each key in its own way."""
    answers = {**{key: answer for key, (answer, _) in REFUSED.items()}, **PASSING}
    log = tmp_path_factory.mktemp("refusals") / "importer.log"
    return asyncio.run(imported(fresh_environment(stack), log, ScriptedS3(answers, BODY)))


async def imported(environment: Mapping[str, str], log: Path, s3: ScriptedS3) -> Imported:
    """Ask for every key, and for one that is answered well."""
    async with (
        serving_s3(s3) as address,
        importing(environment, log, **LIMITS, CODES_S3__ENDPOINT_URL=address) as bench,
    ):
        for key in (*s3.answers, "well"):
            await bench.ask(key)
        return Imported(await bench.found(len(s3.answers) + 1, timeout_s=60), s3)


@pytest.mark.parametrize("key", REFUSED)
def test_what_is_refused_fails_with_a_reason(key: str, outcome: Imported) -> None:
    """No row is read, and no code is there."""
    event, codes, _ = outcome.found[key]

    assert ("failed", REFUSED[key][1], {}, {}) == (event["state"], event["reason"], counts(event), codes)


@pytest.mark.parametrize("key", PASSING)
def test_a_passing_error_is_retried(key: str, outcome: Imported) -> None:
    """The importer retries until S3 answers; the import ends as without the error."""
    event, codes, _ = outcome.found[key]

    assert ("completed", {"rows_read": 300, "inserted": 300}) == (event["state"], counts(event))
    assert 300 == len(codes)
    assert 3 == outcome.s3.errors[key]


def test_each_byte_is_asked_for_once(outcome: Imported) -> None:
    """A look, then range after range of that very object, none larger than the setting."""
    ranges = [f"bytes={at}-{min(at + 1024, len(BODY)) - 1}" for at in range(0, len(BODY), 1024)]
    expected = [Asked("HEAD", "well", "", ""), *(Asked("GET", "well", wanted, ETAG) for wanted in ranges)]

    assert expected == [asked for asked in outcome.s3.asked if asked.key == "well"]
