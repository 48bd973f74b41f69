"""A worker that requires tokens, on a real Kafka and a real database."""

from pathlib import Path

import pytest

from schemas.topics import DEAD_LETTERS, RESERVE, RESULTS
from tests.fakes.tokens import KEY, OTHER_KEY, by_key, jwks
from tests.integration.commanding import Codes
from tests.integration.conftest import PutCodes
from tests.integration.requesting import headers_of, reserve
from tests.integration.running import Neighbour, running

pytestmark = pytest.mark.integration


def bearer(token: str) -> list[tuple[str, bytes]]:
    return [("authorization", f"Bearer {token}".encode())]


def for_campaign(name: str) -> str:
    """A token for one campaign."""
    return by_key(kid="a", supreme=None, campaigns=[name])


async def test_only_requests_with_a_token_are_decided(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """For all campaigns or for this one; the others are dead letters, and no token is in any output or log."""
    keys, good, bad = tmp_path / "keys", by_key(kid="a"), by_key(OTHER_KEY, kid="a")
    keys.write_bytes(jwks(a=KEY))
    required = {"CODES_REQUESTS__REQUIRE_JWT": "true", "CODES_REQUESTS__JWT_KEYS_FILE": str(keys)}
    codes = Codes({**environment, "CODES_REQUESTS__TOKEN": good})
    await stocked("sale", 10)
    async with running("worker", {**environment, **required}, tmp_path / "worker.log") as worker:
        await neighbour.send(RESERVE, reserve("all"), headers=bearer(good))
        await neighbour.send(
            RESERVE, reserve("one"), headers=bearer(by_key(kid="a", supreme=None, campaigns=["sale"]))
        )
        await neighbour.send(
            RESERVE, reserve("other"), headers=bearer(by_key(kid="a", supreme=None, campaigns=["b"]))
        )
        await neighbour.send(RESERVE, reserve("forged"), headers=bearer(bad))
        await neighbour.send(RESERVE, reserve("none"))
        letters = await neighbour.records(DEAD_LETTERS, 3)
        published = await codes("publish", "reserve", "--campaign", "sale", "--fan", "f", "--wait", "--json")
        replayed = await codes("dead-letters", "replay", "--reason", "unauthorized", "--send", "--json")
        results = await neighbour.values(RESULTS, 9, settle_s=0.5)
        log = worker.log.read_text()

    outcomes = [(result["request_id"], result["outcome"]) for result in results]
    refused = {(name, "refused") for name in ("other", "forged", "none")}
    assert refused | {("all", "reserved"), ("one", "reserved")} <= set(outcomes)
    assert {b"unauthorized"} == {headers_of(letter)["dlq-reason"] for letter in letters}
    assert not [letter for letter in letters if "authorization" in headers_of(letter)]
    assert ("reserved", 3) == (published.json["outcome"], replayed.json["sent"])
    assert {(name, "reserved") for name in ("other", "forged", "none")} <= set(outcomes)
    assert [] == [token for token in (good, bad) if token in log]


async def test_a_worker_without_keys_does_not_start(
    environment: dict[str, str], neighbour: Neighbour, stocked: PutCodes, tmp_path: Path
) -> None:
    """It names the variable; keys that go later make requests wait (see the unit tests)."""
    required = {"CODES_REQUESTS__REQUIRE_JWT": "true", "CODES_REQUESTS__JWT_KEYS_FILE": str(tmp_path / "none")}
    async with running("worker", {**environment, **required}, tmp_path / "worker.log") as worker:
        code = await worker.ended()

    assert 2 == code
    assert "CODES_REQUESTS__JWT_KEYS_FILE" in worker.log.read_text()
