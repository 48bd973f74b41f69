"""What needs attention: forecasts, imports, stalls, missing parts; and what viewers decided about it."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from consumers.inventory.lag import Lag
from consumers.inventory.lag_trend import LagTrends
from consumers.inventory.role import Lags
from schemas.errors import BrokerUnavailable
from schemas.records import OutgoingRecord
from tests.fakes.filled_view import CHANGELOG, NOW, FilledView
from tests.fakes.web_client import GUARDED, api, bearer
from web.judgements import AttentionList, HealthReport

FAILED = {"object": "s3://codes/vip.csv", "reason": "object_changed"}


async def attention(client: TestClient[Any, Any]) -> AttentionList:
    return AttentionList.model_validate_json(await (await client.get("/api/attention")).text())


async def titles(filled: FilledView, lags: Lags | None = None) -> list[tuple[str, str]]:
    async with api(filled, lags=lags) as client:
        return [(item.level, item.title) for item in (await attention(client)).items]


def selling(filled: FilledView, campaign_id: str, total: int, a_minute: int) -> None:
    """A campaign that gives out so many codes in its last minute."""
    filled.change(campaign_id, 1, total, cause="import")
    filled.change(campaign_id, 2, total - a_minute, a_minute)


class TestForecasts:
    async def test_a_stock_that_runs_out_is_an_item_before_it_is_low(self) -> None:
        """With the end, and the rate that it is judged by."""
        filled = FilledView()
        selling(filled, "arena", 6_000, 1_000)
        async with api(filled) as client:
            [item] = (await attention(client)).items

        assert ("running out", "arena", "stock", 300.0) == (item.level, item.title, item.kind, item.due_s)
        assert "tm: 5,000 of 6,000 left, empty in 5 min at 1,000 a minute" == item.detail

    async def test_a_purged_campaign_needs_no_attention(self) -> None:
        """Its stock was running out when it was forgotten."""
        filled = FilledView()
        selling(filled, "trial", 2_000, 1_000)
        async with api(filled) as client:
            before = (await attention(client)).open
            filled.later(1)
            filled.record(CHANGELOG, None, key=b"trial")
            after = (await attention(client)).open

        assert (1, 0) == (before, after)

    async def test_the_soonest_is_first(self) -> None:
        """A stock that lasts longer than the limit is none."""
        filled = FilledView()
        selling(filled, "later", 61_000, 1_000)
        selling(filled, "soon", 2_000, 1_000)
        selling(filled, "sooner", 1_500, 1_000)
        selling(filled, "tomorrow", 10_000_000, 1_000)

        assert ["sooner", "soon", "later"] == [title for _, title in await titles(filled)]

    async def test_many_stocks_that_run_out_hide_no_other_level(self) -> None:
        """The answer is bounded, and the number of open items is not."""
        filled = FilledView()
        for number in range(150):
            selling(filled, f"sale-{number}", 2_000, 1_000)
        filled.imported("vip", "failed", **FAILED)
        async with api(filled) as client:
            found = await attention(client)

        assert (151, 101, "Import vip") == (found.open, len(found.items), found.items[-1].title)

    async def test_a_sale_that_ends_is_no_item_any_more(self) -> None:
        """Without a rate nothing runs out."""
        filled = FilledView()
        selling(filled, "arena", 6_000, 1_000)
        async with api(filled) as client:
            before = await attention(client)
            filled.later(310)
            after = await attention(client)

        assert (1, 0) == (len(before.items), len(after.items))


class TestImports:
    async def test_a_failed_import_needs_attention_until_it_is_done_again(self) -> None:
        """A later import of the same object into the same campaign resolves it."""
        filled = FilledView()
        filled.imported("vip", "failed", **FAILED)
        filled.imported("other", "completed", object="s3://codes/other.csv")
        before = await titles(filled)
        filled.imported("vip:2", "completed", object=FAILED["object"])
        async with api(filled) as client:
            found = await (await client.get("/api/imports")).json()

        assert [("failed", "Import vip")] == before
        assert [] == await titles(filled)
        assert "vip:2" == next(item["resolved_by"] for item in found["items"] if item["import_id"] == "vip")

    async def test_an_import_that_was_done_before_it_failed_is_not_resolved(self) -> None:
        """The order is that of the events."""
        filled = FilledView()
        filled.imported("first", "completed", object=FAILED["object"])
        filled.later(60)
        filled.imported("vip", "failed", **FAILED)

        assert [("failed", "Import vip")] == await titles(filled)

    async def test_an_import_without_progress_is_an_item(self) -> None:
        """It says after how many rows; a running one is none."""
        filled = FilledView()
        filled.imported("vip", "running", rows_read=27_500)
        before = await titles(filled)
        filled.later(30)

        assert ([], [("waiting", "Import vip")]) == (before, await titles(filled))

    async def test_pace_and_time_left_are_answered(self) -> None:
        """By the bytes whose rows are written."""
        filled = FilledView()
        for second in (0, 2, 4):
            filled.now = NOW + timedelta(seconds=second)
            filled.imported("vip", "running", rows_read=second * 500, bytes_read=second * 5_000, bytes_total=100_000)
        async with api(filled) as client:
            [item] = (await (await client.get("/api/imports")).json())["items"]

        assert (0.2, 500.0, 16.0) == (item["progress"], item["rows_per_s"], item["left_s"])


class TestLags:
    async def test_a_group_that_stands_still_is_an_item(self) -> None:
        """With its records, whoever has been watching."""
        assert [("stalled", "reserve.requests.v1")] == await titles(FilledView(), stalled("reserve.requests.v1"))

    async def test_an_import_that_runs_is_no_stall(self) -> None:
        """Its command's offset moves only at its end."""
        filled = FilledView()
        lags = stalled("import.commands.v1")
        before = await titles(filled, lags)
        filled.imported("vip", "running")

        assert [("stalled", "import.commands.v1")] == before
        assert [] == await titles(filled, lags)


def stalled(topic: str) -> Lags:
    """105 records of this topic, and nobody who reads them."""
    trends, now = LagTrends(), [Lag("codes-worker", f"codes.{topic}", 0, 5, 110, 105, 22.0)]
    trends.add(now, 0)
    return Lags(now, trends.add(now, 22))


class TestHealth:
    async def test_a_missing_database_is_one_item_and_not_four(self) -> None:
        """The roles that wait for it are in the strip."""
        filled = FilledView()
        filled.beats("worker", "importer", "expirer", seconds=5)
        filled.beats("worker", "importer", "expirer", seconds=2, mongo=filled.now)
        async with api(filled) as client:
            found = await attention(client)
            health = HealthReport.model_validate_json(await (await client.get("/api/health")).text())

        assert [("gone", "MongoDB gives no answer")] == [(item.level, item.title) for item in found.items]
        states = {item.name: item.state for item in health.items}
        assert ("gone", "waiting", "ok") == (states["mongodb"], states["worker"], states["s3"])

    async def test_without_any_heartbeat_kafka_is_unreachable(self) -> None:
        """Nothing is said of the others, which may be well."""
        filled = FilledView()
        filled.beats("worker", "importer", "expirer", seconds=5)
        filled.now += timedelta(seconds=4)

        assert [("gone", "Kafka unreachable")] == await titles(filled)

    async def test_before_everything_is_read_it_loads(self) -> None:
        """No role is called gone meanwhile."""
        filled = FilledView()
        filled.view.is_loaded = False
        filled.beats(seconds=8)
        async with api(filled) as client:
            health = HealthReport.model_validate_json(await (await client.get("/api/health")).text())

        assert (True, {"unknown"}) == (health.loading, {item.state for item in health.items})

    async def test_the_end_of_a_fault_has_its_time(self) -> None:
        """`since` is when the part answered again."""
        filled = FilledView()
        filled.beats("worker", seconds=5)
        async with api(filled) as client:
            filled.beats("worker", seconds=2, mongo=filled.now)
            await attention(client)
            filled.beats("worker")
            health = HealthReport.model_validate_json(await (await client.get("/api/health")).text())

        assert filled.now == next(item.since for item in health.items if item.name == "mongodb")


class TestMarks:
    async def test_an_item_is_acknowledged_for_all(self) -> None:
        """The record has who and when; the list has it last."""
        filled, sent = FilledView(), list[OutgoingRecord]()
        filled.imported("vip", "failed", **FAILED)
        filled.imported("gala", "failed", **FAILED)
        filled.now += timedelta(seconds=1)
        async with api(filled, GUARDED, sent=sent) as client:
            asked = {"key": "import:gala:failed", "action": "acknowledge"}
            headers = bearer(supreme=True, sub="ann")
            answer = await client.post("/api/attention/marks", json=asked, headers=headers)
            found = AttentionList.model_validate_json(await answer.text())

        assert ("codes.attention.v1", b"import:gala:failed") == (sent[0].topic, sent[0].key)
        assert ["import:vip:failed", "import:gala:failed"] == [item.key for item in found.items]
        assert 1 == found.open
        mark = found.items[1].mark
        assert mark is not None
        assert ("acknowledged", "ann", None) == (mark.action, mark.by, mark.until)

    async def test_a_snooze_ends(self) -> None:
        """And can be taken back before that; another instance reads the same from the topic."""
        filled, sent = FilledView(), list[OutgoingRecord]()
        filled.imported("vip", "failed", **FAILED)
        asked = {"key": "import:vip:failed", "action": "snooze", "minutes": 30}
        async with api(filled, sent=sent) as client:
            await client.post("/api/attention/marks", json=asked)
            snoozed = await attention(client)
            filled.later(31 * 60)
            over = await attention(client)
            await client.post("/api/attention/marks", json={**asked, "action": "restore"})
        other = FilledView()
        other.imported("vip", "failed", **FAILED)
        other.record(sent[0].topic, sent[0].value, key=sent[0].key)
        async with api(other) as client:
            elsewhere = await attention(client)

        assert (0, 1, 0) == (snoozed.open, over.open, elsewhere.open)
        assert (b"import:vip:failed", None) == (sent[1].key, sent[1].value)

    async def test_a_new_state_is_not_hidden_by_an_old_mark(self) -> None:
        """More dead letters than were acknowledged, or another level of the stock."""
        filled = FilledView()
        filled.dead_letter("invalid")
        async with api(filled, sent=[]) as client:
            [item] = (await attention(client)).items
            await client.post("/api/attention/marks", json={"key": item.key, "action": "acknowledge"})
            filled.now += timedelta(seconds=1)
            filled.dead_letter("invalid")
            after = await attention(client)

        assert (1, "2 dead letters") == (after.open, after.items[0].title)

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            ('{"key": "import:none:failed", "action": "acknowledge"}', HTTPStatus.NOT_FOUND),
            ('{"key": "import:vip:failed", "action": "forget"}', HTTPStatus.BAD_REQUEST),
            ('{"key": "import:vip:failed", "action": "snooze", "minutes": 0}', HTTPStatus.BAD_REQUEST),
            ('{"key": "import:vip:failed", "action": "acknowledge", "by": "me"}', HTTPStatus.BAD_REQUEST),
            ("{", HTTPStatus.BAD_REQUEST),
            (" " * 5_000, HTTPStatus.BAD_REQUEST),
        ],
    )
    async def test_what_cannot_be_marked_is_refused(self, content: str, status: int) -> None:
        """Nothing is sent."""
        filled, sent = FilledView(), list[OutgoingRecord]()
        filled.imported("vip", "failed", **FAILED)
        headers = {"Content-Type": "application/json"}
        async with api(filled, sent=sent) as client:
            answer = await client.post("/api/attention/marks", data=content, headers=headers)

        assert (status, []) == (answer.status, sent)

    async def test_a_form_of_another_site_is_refused(self) -> None:
        """A browser sends it without asking, unless the content type is JSON."""
        filled, sent = FilledView(), list[OutgoingRecord]()
        filled.imported("vip", "failed", **FAILED)
        async with api(filled, sent=sent) as client:
            content = '{"key": "import:vip:failed", "action": "acknowledge"}'
            answer = await client.post("/api/attention/marks", data=content, headers={"Content-Type": "text/plain"})

        assert (HTTPStatus.BAD_REQUEST, []) == (answer.status, sent)

    async def test_without_kafka_nothing_is_marked(self) -> None:
        """The viewer is told so, and the item stays."""
        filled = FilledView()
        filled.imported("vip", "failed", **FAILED)

        async def refuse(_record: OutgoingRecord) -> None:
            raise BrokerUnavailable("Kafka did not take the mark: RequestTimedOutError")

        async with api(filled, send_mark=refuse) as client:
            asked = {"key": "import:vip:failed", "action": "acknowledge"}
            answer = await client.post("/api/attention/marks", json=asked)
            found = await attention(client)

        assert (HTTPStatus.SERVICE_UNAVAILABLE, 1) == (answer.status, found.open)


async def test_a_campaigns_and_an_imports_address_are_the_page(tmp_path: Any) -> None:
    """It can be sent to somebody, and needs no token; a proxy may serve the page below a path."""
    (tmp_path / "index.html").write_text('<!doctype html><script src="static/page/main.js"></script>')
    async with api(FilledView(), GUARDED, static=tmp_path) as client:
        answers = [await client.get(path) for path in ("/", "/campaigns/spring:2026", "/imports/i-1")]
        scripts = [(await answer.text()).split('"')[1] for answer in answers]
        below = await client.get("/campaigns/spring/more")

    assert ["static/page/main.js", *["../static/page/main.js"] * 2] == scripts
    assert [(200, "text/html", "no-cache")] * 3 == [
        (answer.status, answer.content_type, answer.headers["Cache-Control"]) for answer in answers
    ]
    assert 404 == below.status
