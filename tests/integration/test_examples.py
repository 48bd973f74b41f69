"""The examples in Python, against a running worker: what a neighbouring team copies must work."""

from pathlib import Path

import pytest

from schemas.topics import ASSIGNED, RESULTS
from tests.integration.neighbouring import Sale, codes_in_file, python_order, python_wallet, run

pytestmark = pytest.mark.integration


async def test_an_order_gets_its_codes_once_however_often_it_asks(sale: Sale) -> None:
    """The second run has the same results, and no code moves again. All records have the fan's key and a trace."""
    first = await run(sale.environment, *python_order("1", "fan-7", 2))
    again = await run(sale.environment, *python_order("1", "fan-7", 2))

    assert (0, "") == (first.code, first.err)
    assert first == again
    [reserved, assigned] = first.lines
    assert ["order-1.reserve", "reserved"] == reserved[:2]
    assert ["order-1.assign", "assigned", *reserved[2:]] == assigned
    assert 2 == len(await sale.assigned_codes())
    results = await sale.neighbour.records(RESULTS, 4)
    assert [b"fan-7"] * 4 == [record.key for record in results]
    assert all("traceparent" in dict(record.headers) for record in results)


async def test_a_cancelled_order_puts_its_codes_back_and_a_refusal_is_shown(sale: Sale) -> None:
    """Nothing is assigned; after a refused reserve the assign is not sent."""
    cancelled = await run(sale.environment, *python_order("2", "fan-7", 2, "--cancel"))
    refused = await run(sale.environment, *python_order("3", "fan-7", 99))

    assert (0, [["order-2.reserve", "reserved"], ["order-2.release", "released"]]) == (
        cancelled.code,
        [line[:2] for line in cancelled.lines],
    )
    assert (1, [["order-3.reserve", "refused", "out_of_stock"]]) == (refused.code, refused.lines)
    assert [] == await sale.assigned_codes()


async def test_an_unavailable_kafka_is_reported_in_words() -> None:
    """The address that was tried, exit code 2, no traceback."""
    ended = await run({"CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"}, *python_order("4", "fan-7", 1))

    assert (2, "") == (ended.code, ended.out)
    assert "127.0.0.1:1" in ended.err
    assert "Traceback" not in ended.err


async def test_a_wallet_keeps_each_code_once_and_prints_none(sale: Sale, tmp_path: Path) -> None:
    """Even if all events come again, as after a crash before the commit."""
    wallet, prefix = tmp_path / "wallet.db", sale.environment["CODES_TOPICS__PREFIX"]
    await run(sale.environment, *python_order("5", "fan-7", 2))
    await run(sale.environment, *python_order("6", "fan-8", 1))
    await sale.neighbour.records(ASSIGNED, 3)

    first = await run(sale.environment, *python_wallet(wallet, f"{prefix}wallet"))
    rest = await run(sale.environment, *python_wallet(wallet, f"{prefix}wallet"))
    again = await run(sale.environment, *python_wallet(wallet, f"{prefix}other"))

    kept = codes_in_file(wallet)
    assert ["fan-7", "fan-7", "fan-8"] == [fan for fan, _ in kept]
    assert await sale.assigned_codes() == sorted(code for _, code in kept)
    assert (3, 0, 3) == (first.err.count("kept"), rest.err.count("fan="), again.err.count("known"))
    assert [0, 0, 0] == [ended.code for ended in (first, rest, again)]
    assert not any(code in ended.out + ended.err for _, code in kept for ended in (first, again))
    assert 0o600 == wallet.stat().st_mode & 0o777
