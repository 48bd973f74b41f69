"""The canary: one pod behind a switch, with rights of its own, which `helm test` runs too."""

from typing import Final

from typer.main import get_command

from cli.main import app
from tests.helm.tools import container, of_kind, render

ON: Final = 'canary={"enabled": true, "campaign": "probe", "everySeconds": 30}'


def test_there_is_none_unless_it_is_wanted() -> None:
    """Its campaign must be prepared first."""
    assert "codes-canary" not in of_kind(render("prod"), "Deployment", "ServiceAccount")
    assert "codes-test-canary" not in of_kind(render("prod"), "Pod")


def test_it_runs_the_command_with_its_options() -> None:
    """Once in `helm test`, and for ever in its pod."""
    objects = render("prod", ON)
    forever = container(of_kind(objects, "Deployment")["codes-canary"])
    [once] = of_kind(objects, "Pod")["codes-test-canary"]["spec"]["containers"]
    options = {option for found in get_command(app).commands["canary"].params for option in found.opts}  # type: ignore[attr-defined]  # a group of commands

    assert ["canary", "--every-s", "30", "--campaign", "probe"] == forever["args"]
    assert ["canary", "--once", "--campaign", "probe"] == once["args"]
    assert {"--every-s", "--campaign", "--once"} <= options


def test_it_has_an_identity_and_no_database() -> None:
    """It is a sender: what it may not do, it need not be trusted with."""
    objects = render("qa", ON)
    pod = of_kind(objects, "Deployment")["codes-canary"]["spec"]["template"]["spec"]
    sources = next(volume for volume in pod["volumes"] if volume["name"] == "secrets")["projected"]["sources"]

    assert "codes-canary" == pod["serviceAccountName"]
    assert "codes-canary" in of_kind(objects, "ServiceAccount")
    assert "CODES_MONGO__URI" not in {item["path"] for source in sources for item in source["secret"]["items"]}
