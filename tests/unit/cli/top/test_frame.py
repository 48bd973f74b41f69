"""The screen of `codes top`: its content, at each size and with each set of signs."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from rich.console import Console

from cli.top.api import Figures
from cli.top.frame import Frame
from web.judgements import AttentionList, HealthReport
from web.models import AlertList, CampaignPage, DeadLetterCounts, ImportList, LagList, TopicLag

AT = "2026-11-24T12:00:00.000Z"
NARROW = (80, 24)
PACE = {"rows_per_s": 1_250.4, "left_s": 75.0, "object": "s3://bucket/key", "resolved_by": None}
NAMES = ("worker", "importer", "expirer", "mongodb", "kafka", "s3")
WIDE = (140, 50)


def typed(available: int, reserved: int = 0, assigned: int = 0, **more: Any) -> dict[str, Any]:
    total = available + reserved + assigned
    stock = {"available": available, "reserved": reserved, "assigned": assigned, "total": total, "standing": "enough"}
    return {**stock, "rate_1m": 0.0, "rate_5m": 0.0, "empty_rate": 0.0, "empty_in_s": None, **more}


def campaign(name: str, **types: dict[str, Any]) -> dict[str, Any]:
    """Only the types of a campaign are shown."""
    return {**typed(1), "campaign_id": name, "types": types, "changed_at": AT}


def an_import(name: str, state: str = "running", **more: Any) -> dict[str, Any]:
    identity = {"import_id": name, "campaign_id": "spring", "code_type": "tm", "state": state, "at": AT}
    figures = {"rows_read": 500, "inserted": 480, "duplicates": 15, "rejected": 5, "bytes_read": 1, "bytes_total": 2}
    figures |= {"duplicates_in_file": 10, "duplicates_in_campaign": 5}
    return {**identity, **figures, "progress": 0.5, **PACE, "reason": None, "report": None, **more}


def an_alert(level: str) -> dict[str, Any]:
    fields = {"campaign_id": "spring", "code_type": "tm", "available": 4, "total": 100, "threshold": 10, "at": AT}
    return {**fields, "id": level, "level": level}


def figures(
    campaigns: list[dict[str, Any]],
    total: int | None = None,
    *,
    imports: list[dict[str, Any]] | None = None,
    alerts: list[dict[str, Any]] | None = None,
    reasons: dict[str, int] | None = None,
    lag: list[TopicLag] | None = None,
    states: dict[str, str] | None = None,
    attention: list[dict[str, Any]] | None = None,
) -> Figures:
    matching = len(campaigns) if total is None else total
    page = {"items": campaigns, "total": matching, "offset": 0, "limit": 500}
    dead = {"hours": 24, "reasons": reasons or {}, "total": sum((reasons or {}).values()), "latest_at": AT}
    return Figures(
        at=datetime(2026, 11, 24, 12, tzinfo=UTC),
        campaigns=CampaignPage.model_validate(page),
        imports=ImportList.model_validate({"items": imports or [], "running": len(imports or [])}),
        lag=LagList(known=True, items=[], topics=lag or []),
        health=health(states or {}),
        attention=AttentionList.model_validate_json(
            orjson.dumps({"items": attention or [], "open": len(attention or [])})
        ),
        alerts=AlertList.model_validate({"items": alerts or []}),
        dead_letters=DeadLetterCounts.model_validate(dead),
    )


def health(states: dict[str, str], *, loading: bool = False) -> HealthReport:
    """Everything is well but for these states."""
    items = [
        {
            "name": name,
            "state": states.get(name, "ok"),
            "since": AT,
            "processes": 1,
            "detail": "as the server says it",
        }
        for name in NAMES
    ]
    return HealthReport.model_validate({"loading": loading, "items": items})


def an_item(level: str, title: str, **more: Any) -> dict[str, Any]:
    return {"key": f"{level} {title}", "kind": "stock", "level": level, "title": title, "detail": "why", **more}


SPRING = campaign(
    "spring",
    external=typed(0, 0, 50, standing="exhausted"),
    tm=typed(500_000, 250_000, 250_000, rate_1m=2.0, rate_5m=1.5, empty_in_s=7_500.0, standing="low"),
)
RISING = {"group": "codes-worker", "topic": "reserve.requests.v1", "records": 1_234, "age_s": 75.0}
LAGS = [TopicLag(**RISING, trend="rising", stalled_s=None, samples=[1_000, 1_234])]


def lines(data: Figures, size: tuple[int, int] = NARROW, **more: Any) -> list[str]:
    """The lines that a terminal of this size shows."""
    file = io.StringIO()
    console = Console(file=file, width=size[0], height=size[1], force_terminal=True, color_system=None)
    console.print(Frame(data, "http://here", **more))
    return [line.rstrip() for line in file.getvalue().splitlines()]


def one_with(word: str, shown: list[str]) -> list[str]:
    """The words of the only line that contains `word`."""
    [found] = [line for line in shown if word in line]
    return found.split()


class TestCampaigns:
    def test_each_type_has_a_line_with_bar_counts_rates_and_an_end(self) -> None:
        """Rates are per minute; the name is on the first line only."""
        shown = lines(figures([SPRING]))

        assert ["!!", "spring", "external", "░" * 8, "0", "0", "50", "0", "0", "-"] == one_with("external", shown)
        assert ["!", "tm", "████▒▒░░", *("500.0K", "250.0K", "250.0K"), *("120", "90.0", "2h05m")] == one_with(
            "2h05m", shown
        )

    def test_a_wide_terminal_shows_counts_in_full(self) -> None:
        """Its bars are longer, too."""
        found = one_with("2h05m", lines(figures([SPRING]), WIDE))

        assert "500,000" in found
        assert 24 == len(found[2])

    def test_a_small_part_is_visible(self) -> None:
        """One code of a million has a cell of the bar."""
        nearly_full = campaign("c", tm=typed(1_000_000, 1, 0))

        assert "███████▒" in one_with("tm", lines(figures([nearly_full])))

    @pytest.mark.parametrize("size", [NARROW, WIDE, (80, 12), (60, 6)])
    def test_five_hundred_campaigns_fit_and_the_rest_is_counted(self, size: tuple[int, int]) -> None:
        """No line is too long, none is pushed off the screen, and nothing is left out silently."""
        many = [campaign(f"campaign-{n:03}", tm=typed(n)) for n in range(500)]
        shown = lines(figures(many, 700, imports=[an_import(f"i{n}") for n in range(20)], lag=LAGS), size)

        whole = sum("campaign-" in line for line in shown)
        counted = [line for line in shown if line in {f"and {700 - whole} more campaigns", "campaigns: 700"}]
        assert len(shown) < size[1]
        assert max(map(len, shown)) <= size[0]
        assert 1 == len(counted)

    def test_a_pipe_gets_all_of_it(self) -> None:
        """Without a height nothing is cut."""
        many = [campaign(f"campaign-{n:03}", tm=typed(n)) for n in range(500)]

        assert 500 == sum("campaign-" in line for line in lines(figures(many), is_cut=False))


class TestHealth:
    def test_all_is_well_on_one_line(self) -> None:
        """Each role and part is named."""
        assert "worker ok  importer ok  expirer ok  mongodb ok  kafka ok  s3 ok" == lines(figures([]))[1]

    def test_what_is_not_well_is_in_capitals_with_its_time(self) -> None:
        """What nobody can say is a question mark; a narrow terminal gets more lines."""
        states = {"worker": "waiting", "mongodb": "gone", "s3": "unknown"}
        shown = lines(figures([], states=states))

        assert "worker WAITING since 12:00:00  importer ok  expirer ok" == shown[1]
        assert "mongodb GONE since 12:00:00  kafka ok  s3 ?" == shown[2]

    def test_an_inventory_that_has_just_started_says_so(self) -> None:
        """Its figures may lack what it has not read yet."""
        shown = lines(replace(figures([]), health=health({}, loading=True)))

        assert shown[1].startswith("LOADING: ")


class TestAttention:
    def test_items_come_in_the_order_of_the_server(self) -> None:
        """With their reasons; those that somebody acknowledged are only counted."""
        mark = {"key": "low b", "action": "acknowledged", "by": "ann", "until": None, "at": AT}
        items = [an_item("running out", "arena", since=AT), an_item("low", "b", mark=mark)]
        shown = lines(figures([], attention=items))

        assert ["running", "out", "arena", "why,", "since", "12:00:00"] == one_with("running out", shown)
        assert not [line for line in shown if line.startswith("low ")]

    def test_nothing_is_said_too(self) -> None:
        """An empty list looks like a list that was not loaded."""
        assert "needs attention: nothing" in lines(figures([]))


class TestTheOtherSections:
    def test_running_imports_are_shown_with_their_progress(self) -> None:
        """With the time left and the rows a second; imports that have ended are not."""
        found = figures([], imports=[an_import("i1"), an_import("i0", "completed")])
        shown, wide = lines(found), lines(found, WIDE)

        pace = ["50", "%", "1", "min", "1,250", "500"]
        assert ["i1", "spring", "████░░░░", *pace, "5"] == one_with("i1", shown)
        assert [*pace, "480", "15", "5"] == one_with("i1", wide)[3:]
        assert not [line for line in shown if "i0" in line]

    def test_if_none_runs_the_latest_end_is_shown(self) -> None:
        """It is shown with its reason."""
        over = an_import("i0", "failed", reason="not_found")

        assert "imports: none is running; i0 failed (not_found) at 12:00:00, 480 codes inserted" in lines(
            figures([], imports=[over])
        )

    def test_lag_has_records_age_and_trend(self) -> None:
        """One line per topic and group."""
        shown = one_with("1,234", lines(figures([], lag=LAGS)))

        assert ["reserve.requests.v1", "codes-worker", "1,234", "1", "min", "rising"] == shown

    def test_alerts_and_dead_letters_are_shown(self) -> None:
        """The latest alert first, the commonest reason first."""
        found = figures([], alerts=[an_alert("recovered"), an_alert("low")], reasons={"not_json": 1, "invalid": 3})
        shown = lines(found)

        assert ["low", "spring", "tm", "4", "100", "10", "12:00:00"] == one_with("low  ", shown[:-1])
        assert "dead letters in 24 hours: invalid 3, not_json 1; the latest at 12:00:00" in shown

    def test_an_unknown_lag_is_not_nothing(self) -> None:
        """The line says that the broker does not answer."""
        found = replace(figures([]), lag=LagList(known=False, items=[]))

        assert "lag: not known, Kafka gives no answer" in lines(found)


def test_old_figures_are_marked() -> None:
    """They stay, marked with their age and the reason."""
    shown = lines(figures([SPRING]), stale_s=12.0, problem="nobody answers")

    assert "STALE for 12 s: nobody answers" == shown[1]
    assert [] != one_with("external", shown)


def test_the_reason_is_shown_in_full() -> None:
    """It is wrapped if one line is too short, and the screen still fits."""
    many = [campaign(f"campaign-{n:03}", tm=typed(n)) for n in range(500)]
    shown = lines(figures(many), stale_s=12.0, problem="nobody answers " * 8 + "start it")

    assert shown[2].endswith("start it")
    assert len(shown) < NARROW[1]


def test_without_block_signs_letters_do() -> None:
    """A terminal without block characters gets ASCII only."""
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    Console(file=file, width=80, height=24, color_system=None).print(Frame(figures([SPRING]), "http://here"))
    file.flush()

    assert b"####==.." in raw.getvalue()
    assert b"# available  = reserved  . assigned" in raw.getvalue()


def test_names_are_not_markup() -> None:
    """No text of the API can colour the screen or move its cursor."""
    odd = LAGS[0].model_copy(update={"group": "g[red]1\x1b[2J"})
    shown = lines(figures([], lag=[odd]), WIDE)

    assert [] != one_with("g[red]1", shown)
    assert "\x1b" not in "".join(shown)
