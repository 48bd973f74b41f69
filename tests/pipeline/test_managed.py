"""`make managed`: the named part is a vendor's, the rest is local, and every name belongs to one run."""

from typing import Final

from tests.managed.__main__ import environment_of

LOCAL: Final = {
    "PATH": "/bin",
    "CODES_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "CODES_MONGO__URI": "mongodb://127.0.0.1",
    "CODES_TOPICS__PREFIX": "demo-1.",
    "CODES_KAFKA__GROUP_PREFIX": "demo-1-",
    "CODES_MONGO__DATABASE": "demo-1",
}


def test_what_is_named_takes_the_place_of_the_local_part() -> None:
    """With its login; the other parts stay."""
    given = {"CODES_MONGO__URI": "mongodb+srv://atlas.example", "AWS_ROLE_ARN": "arn:aws:iam::1:role/x", "HOME": "/x"}

    made = environment_of(LOCAL, given)

    assert {**LOCAL, "CODES_MONGO__URI": given["CODES_MONGO__URI"], "AWS_ROLE_ARN": given["AWS_ROLE_ARN"]} == made


def test_no_run_touches_what_is_not_its_own() -> None:
    """Topics, groups and the database that it removes are named by it, whatever the variables say."""
    given = {
        "CODES_TOPICS__PREFIX": "codes.",
        "CODES_KAFKA__GROUP_PREFIX": "codes-",
        "CODES_MONGO__DATABASE": "codes",
    }

    assert LOCAL == environment_of(LOCAL, given)
