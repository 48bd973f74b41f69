"""A token that ends, and a login that is withdrawn, while a role runs."""

import asyncio
from pathlib import Path

import pytest

from ops.broker.migrate import migrate
from ops.exit_codes import Exit
from ops.settings.load import load_settings
from schemas.topics import RELEASE, RESULTS
from tests.integration.running import Role, a_neighbour, running, until
from tests.secured.broker import Doors

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]  # tokens live for seconds, several times

LIFE_S = 6.0
ENDS = 2
"""How many lives of a token the role outlives."""
END_TIMEOUT_S = 60.0


def short_lived(doors: Doors, environment: dict[str, str]) -> dict[str, str]:
    """A role whose broker ends each connection with its token."""
    doors.issuer.life_s = LIFE_S
    patient = {"CODES_KAFKA__REFUSAL_PATIENCE_S": "2", "CODES_KAFKA__SESSION_TIMEOUT_MS": "10000"}
    return {**environment, **doors.with_tokens(), **patient}


@pytest.fixture
def long_again(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test changes at the identity provider is as before afterwards."""
    for name in ("life_s", "status", "secret"):
        monkeypatch.setattr(doors.issuer, name, getattr(doors.issuer, name))


async def line_of(role: Role) -> tuple[int, list[str]]:
    """Its exit code, and the lines it wrote for people."""
    code = await asyncio.wait_for(role.process.wait(), END_TIMEOUT_S)
    return code, [line for line in role.log.read_text().splitlines() if line.startswith("codes: ")]


@pytest.mark.thorough
async def test_a_worker_outlives_its_tokens(
    doors: Doors, environment: dict[str, str], tmp_path: Path, long_again: None
) -> None:
    """The broker ends its connections with the token; every request is answered once, over new connections."""
    secured = short_lived(doors, environment)
    settings = load_settings({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": doors.open})
    await migrate(settings)
    async with a_neighbour(settings) as neighbour, running("worker", secured, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        given = len(doors.issuer.given)
        sent = 0
        while len(doors.issuer.given) < given + ENDS:
            sent += 1
            await neighbour.send(RELEASE, a_release(sent))
            await neighbour.values(RESULTS, sent, timeout_s=END_TIMEOUT_S)
        results = await neighbour.values(RESULTS, sent)

    assert [f"r-{number}" for number in range(1, sent + 1)] == [result["request_id"] for result in results]


def a_release(number: int) -> dict[str, str]:
    """Of a hold that does not exist: its answer needs no codes."""
    return {"request_id": f"r-{number}", "campaign_id": "c", "fan_id": "f", "reservation_id": "none"}


@pytest.mark.thorough
async def test_the_inventory_outlives_its_tokens(
    doors: Doors, environment: dict[str, str], tmp_path: Path, long_again: None
) -> None:
    """Faust's clients log in again like all others."""
    secured = short_lived(doors, environment)
    await migrate(load_settings({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": doors.open}))
    async with running("inventory", secured, tmp_path / "inventory.log") as inventory:
        await inventory.until_ready()
        given = len(doors.issuer.given)
        await until(lambda: len(doors.issuer.given) >= given + ENDS, "new tokens are requested", END_TIMEOUT_S)
        await inventory.until_ready()
        assert inventory.process.returncode is None


async def test_a_role_whose_login_is_withdrawn_ends_with_one_line(
    doors: Doors, environment: dict[str, str], tmp_path: Path, long_again: None
) -> None:
    """After the patience that a rotation needs; the reason is that of the token endpoint."""
    secured = short_lived(doors, environment)
    await migrate(load_settings({**environment, "CODES_KAFKA__BOOTSTRAP_SERVERS": doors.open}))
    async with running("worker", secured, tmp_path / "worker.log") as worker:
        await worker.until_ready()
        doors.issuer.secret = "another one"
        code, lines = await line_of(worker)

    assert (Exit.FAILED, 1) == (code, len(lines))
    assert "the token endpoint refuses the client credentials (invalid_client)" in lines[0]
