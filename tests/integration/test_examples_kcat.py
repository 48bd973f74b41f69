"""The examples with kcat, against a running worker: what a neighbouring team copies must work."""

from pathlib import Path
from shutil import which

import pytest

from schemas.topics import ASSIGNED, RESULTS
from tests.integration.kcat import LEFT_OUT
from tests.integration.neighbouring import Sale, codes_in_folder, forget_offsets, run, shell_order, shell_wallet

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def kcat() -> None:
    """These tests run only with kcat installed."""
    assert which("kcat") is not None, LEFT_OUT


async def test_an_order_gets_its_codes_once_however_often_it_asks(sale: Sale) -> None:
    """The second run has the same results. Another quantity for the same order is refused, a wrong topic reported."""
    first = await run(sale.environment, *shell_order("1", "fan-7", 2))
    again = await run(sale.environment, *shell_order("1", "fan-7", 2))
    other = await run(sale.environment, *shell_order("1", "fan-7", 1))
    astray = await run({**sale.environment, "CODES_TOPICS__PREFIX": "astray."}, *shell_order("1", "fan-7", 2))

    assert (0, "") == (first.code, first.err)
    assert first == again
    [reserved, assigned] = first.lines
    assert ["order-1.reserve", "reserved"] == reserved[:2]
    assert ["order-1.assign", "assigned", *reserved[2:]] == assigned
    assert (1, [["order-1.reserve", "refused", "request_id_reused"]]) == (other.code, other.lines)
    assert (2, "", True) == (astray.code, astray.out, "astray." in astray.err)
    assert 2 == len(await sale.assigned_codes())
    assert {b"fan-7"} == {record.key for record in await sale.neighbour.records(RESULTS, 5)}


async def test_a_wallet_keeps_each_code_once_and_prints_none(sale: Sale, tmp_path: Path) -> None:
    """Even if all events come again, as after a crash before the next offset is written."""
    await run(sale.environment, *shell_order("5", "fan-7", 2))
    await sale.neighbour.records(ASSIGNED, 2)

    first = await run(sale.environment, *shell_wallet(tmp_path))
    rest = await run(sale.environment, *shell_wallet(tmp_path))
    forget_offsets(tmp_path)
    again = await run(sale.environment, *shell_wallet(tmp_path))

    kept = codes_in_folder(tmp_path)
    assert ["fan-7", "fan-7"] == [fan for fan, _ in kept]
    assert await sale.assigned_codes() == sorted(code for _, code in kept)
    assert (2, "", 2) == (first.out.count("kept"), rest.out, again.out.count("known"))
    assert [(0, ""), (0, ""), (0, "")] == [(ended.code, ended.err) for ended in (first, rest, again)]
    assert not any(code in ended.out for _, code in kept for ended in (first, again))
    assert {0o600} == {file.stat().st_mode & 0o777 for file in (tmp_path / "codes").iterdir()}
