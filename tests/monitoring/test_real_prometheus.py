"""A real Prometheus that scrapes the running roles has an answer to every query, and judges every rule."""

import asyncio
from typing import Final

import pytest

import devstack
from cli.commands.monitoring import ALERTS_FILE, files
from ops.monitoring.alert import RUNBOOKS
from ops.monitoring.panel import Query
from ops.monitoring.rules import ALERTS, RECORDS
from ops.monitoring.scope import Scope
from tests.conftest import fresh_environment
from tests.monitoring.prometheus import NAMESPACE, RELEASE
from tests.monitoring.scene import CREW, Seen, queries, watch

pytestmark = pytest.mark.integration

NONE_HERE: Final = {
    "codes_canary": "no canary runs",
    "codes_rebalance_seconds": "no process of a group comes or goes",
    "codes_reply_topic_unusable": "no reply topic is allowed",
    "codes_webhook": "no receiver of webhooks is set",
}
"""Series that exist only once there was one, and why there is none here."""


@pytest.fixture(scope="module")
def seen(stack: devstack.Stack, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """Roles, traffic and Prometheus, once for all tests here."""
    folder = tmp_path_factory.mktemp("prometheus")
    rules = folder / ALERTS_FILE
    rules.write_text(files(RUNBOOKS, Scope(NAMESPACE, RELEASE))[ALERTS_FILE])
    return asyncio.run(watch(fresh_environment(stack), rules, folder))


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.expr)
def test_each_query_of_the_dashboard_has_an_answer(query: Query, seen: Seen) -> None:
    """A number at least; none only where the panel says what that means, and there is none here."""
    numbers = [series["value"][1] for series in seen.answers[query.expr] if series["value"][1] != "NaN"]

    if any(metric in query.expr for metric in NONE_HERE):
        assert ("", []) != (query.none_means, numbers)
    else:
        assert [] != numbers


def test_each_rule_is_judged_without_an_error(seen: Seen) -> None:
    """On series as the roles really report them."""
    assert sorted([alert.name for alert in ALERTS] + [record.name for record in RECORDS]) == sorted(
        rule["name"] for rule in seen.rules
    )
    assert [] == [(rule["name"], rule["lastError"]) for rule in seen.rules if rule["health"] != "ok"]


def test_what_happened_is_alarmed_and_nothing_else(seen: Seen) -> None:
    """A dead letter and a failed import; the roles are well."""
    firing = {rule["name"] for rule in seen.rules if rule.get("state") == "firing"}

    assert {"CodesDeadLetters", "CodesImportsFailed"} == firing


def test_the_page_has_a_campaigns_week_from_it(seen: Seen) -> None:
    """The counts of all statuses, as the inventory exports them."""
    counts = seen.week[-1].counts

    assert (100, 1) == (counts.total, counts.assigned)


def test_the_variables_offer_what_there_is(seen: Seen) -> None:
    """So that a reader can pick."""
    assert ([NAMESPACE], [RELEASE]) == (seen.values["namespace"], seen.values["release"])
    assert {*CREW} == {*seen.values["job"]}
    assert len(CREW) == len(seen.values["instance"])
    assert ["sale"] == seen.values["campaign"]
