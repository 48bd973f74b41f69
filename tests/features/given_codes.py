"""Steps about files: what is in them, and what an import made of them."""

from collections.abc import Sequence

from pytest_bdd import given, parsers, then, when

from tests.features.campaign import Campaign

COLUMNS = {"read": "rows_read", "new": "inserted", "already there": "duplicates", "rejected": "rejected"}


@given(parsers.re(r"a campaign with (?P<count>\d+) codes?"), converters={"count": int})
def _(campaign: Campaign, count: int) -> None:
    import_lines(campaign, ["code", *(f"CODE-{number}" for number in range(count))])


@given("a file with these lines is imported:")
@when("a file with these lines is imported:")
def _(campaign: Campaign, datatable: Sequence[Sequence[str]]) -> None:
    import_lines(campaign, [line for [line] in datatable[1:]])


@when("a file that does not exist is imported")
def _(campaign: Campaign) -> None:
    campaign.load(campaign.name("missing.csv"))


def import_lines(campaign: Campaign, lines: Sequence[str]) -> None:
    key = campaign.name("file.csv")
    campaign.service.files.put(key, "\n".join([*lines, ""]).encode())
    campaign.load(key)


@then("the import has counted:")
def _(campaign: Campaign, datatable: Sequence[Sequence[str]]) -> None:
    names, figures = datatable
    assert "completed" == campaign.imported["state"]
    assert [int(figure) for figure in figures] == [campaign.imported[COLUMNS[name]] for name in names]


@then("the import has failed")
def _(campaign: Campaign) -> None:
    assert "failed" == campaign.imported["state"]


@then(parsers.re(r"the rejected lines are (?P<first>\d+) and (?P<second>\d+)"))
def _(campaign: Campaign, first: str, second: str) -> None:
    assert ["line", first, second] == [row.partition(",")[0] for row in report(campaign)]


@then("the list of rejected lines shows no code")
def _(campaign: Campaign) -> None:
    assert not [row for row in report(campaign) if "SPRING" in row]


def report(campaign: Campaign) -> list[str]:
    return campaign.service.files.text(campaign.imported["report"]).splitlines()
