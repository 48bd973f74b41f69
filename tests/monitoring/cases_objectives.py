"""Cases of the alerts on the service level. Out: `CASES`."""

from typing import Final

from tests.monitoring.case import Case, Fires

WORKER: Final = 'namespace="prod", release="codes", job="worker", instance="a"'
DEV: Final = 'namespace="dev", release="codes", job="worker", instance="d"'
SUCCESS: Final = "codes_canary_last_success_timestamp_seconds"
AN_HOUR, SEVEN_HOURS = "70m", "440m"


def answers(
    in_a_minute: float, missed: str, *, minutes: int = 80, at: str = WORKER, operation: str = "reserve"
) -> dict[str, str]:
    """Answers at this speed, and those that missed the objective, in promtool's notation."""
    place = f'{at}, operation="{operation}"'
    return {
        f'codes_answer_seconds_count{{{place}, outcome="reserved"}}': f"0+{in_a_minute}x{minutes}",
        f"codes_objective_misses_total{{{place}}}": missed,
        f"codes_objective_answers_ratio{{{at}}}": f"0.999x{minutes}",
    }


CASES: Final = (
    Case(
        "CodesErrorBudgetBurns",
        "a page and a ticket when two answers in a hundred are late for an hour",
        answers(1_000, "0+20x450"),
        AN_HOUR,
        (
            Fires("page", {}, "2% of the answers miss the objective."),
            Fires("ticket", {}, "2% of the answers miss the objective."),
        ),
    ),
    Case(
        "CodesErrorBudgetBurns",
        "a page for 1 % of misses after some hours",
        answers(1_000, "0+10x450", minutes=450),
        SEVEN_HOURS,
        (
            Fires("page", {}, "1% of the answers miss the objective."),
            Fires("ticket", {}, "1% of the answers miss the objective."),
        ),
    ),
    Case(
        "CodesErrorBudgetBurns",
        "a ticket for two in a thousand: the budget would last for half its period",
        answers(1_000, "0+2x450", minutes=450),
        SEVEN_HOURS,
        (Fires("ticket", {}, "0.2% of the answers miss the objective."),),
    ),
    Case(
        "CodesErrorBudgetBurns",
        "none while the objective is met",
        answers(1_000, "0+0.5x450", minutes=450),
        SEVEN_HOURS,
    ),
    Case(
        "CodesErrorBudgetBurns",
        "no page for what is over: the short window knows",
        answers(1_000, "0+50x20 1000x60"),
        AN_HOUR,
        (Fires("ticket", {}, "1.471% of the answers miss the objective."),),
    ),
    Case("CodesErrorBudgetBurns", "none for one late answer of a quiet night", answers(0.1, "0x30 1x50"), AN_HOUR),
    Case(
        "CodesErrorBudgetBurns",
        "none for releases of the expirer, which nobody waits for",
        answers(1_000, "0+900x450", operation="expire") | answers(1_000, "0x450"),
        AN_HOUR,
    ),
    Case(
        "CodesErrorBudgetBurns",
        "a page for prod beside a dev that answers fifty times as many in time",
        answers(1_000, "0+20x450") | answers(50_000, "0x450", at=DEV),
        AN_HOUR,
        (
            Fires("page", {}, "2% of the answers miss the objective."),
            Fires("ticket", {}, "2% of the answers miss the objective."),
        ),
    ),
    Case(
        "CodesErrorBudgetBurns",
        "none for late answers of dev",
        answers(1_000, "0x450") | answers(1_000, "0+500x450", at=DEV),
        AN_HOUR,
    ),
    Case(
        "CodesCanaryFails",
        "a page when its last success is minutes old, whatever dev's canary has",
        {f"{SUCCESS}{{{WORKER}}}": "0+60x5 300x20", f"{SUCCESS}{{{DEV}}}": "0+60x30"},
        "15m",
        (Fires("page", {}, "The canary has not had its answers for 10m 0s."),),
    ),
    Case(
        "CodesCanaryFails",
        "a page when it has never had one",
        {f"{SUCCESS}{{{WORKER}}}": "0x20"},
        "15m",
        (Fires("page", {}, "The canary has not had its answers for 15m 0s."),),
    ),
    Case("CodesCanaryFails", "none while its rounds succeed", {f"{SUCCESS}{{{WORKER}}}": "0+60x30"}, "20m"),
    Case("CodesCanaryFails", "none for a round that failed", {f"{SUCCESS}{{{WORKER}}}": "0+60x5 300 420+60x9"}, "9m"),
)
