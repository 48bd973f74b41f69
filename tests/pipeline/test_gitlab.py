"""GitLab's file is valid, and its jobs do what the documents say: no way to production bypasses a check."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from tests.pipeline.gitlab import FILE, NONE, PIPELINES, jobs, pipeline, when
from tests.pipeline.makefile import targets
from tests.places import ROOT

JOBS: Final = jobs()
CHECKS: Final = ("lint", "types", "imports", "docs", "security", "licenses", "secrets", "advisories")
LOCAL: Final = ("unit", "property", "contract", "integration", "thorough", "features", "browser", "alerts", "chart")
TESTS: Final = (*LOCAL, "containers", "replicas")
IMAGES: Final = ("sbom", "build", "scan", "package", "kubeconform")
"""What a change is made of, and what is known of it."""
PUBLISHED: Final = ("publish", "scan-published", "sign", "verify")
MANAGED: Final = {"atlas": "ATLAS_URI", "msk": "MSK_BOOTSTRAP_SERVERS", "confluent": "CONFLUENT_BOOTSTRAP_SERVERS"}
"""Jobs on a vendor's service, and the variable without which each is left out."""
ENVIRONMENTS: Final = ("dev", "qa", "preprod", "prod")
STEPS: Final = ("deploy", "smoke", "rollback")
NIGHTLY: Final = ("bench", "chaos", "long", *MANAGED, "scan-prod")
RELEASING: Final = ("check-schemas", "release", "publish-chart", "publish-schemas")
NAMED: Final = (*CHECKS, *TESTS, *IMAGES, *NIGHTLY, *PUBLISHED, *RELEASING, "tools", "partial-prod", "smoke-partial")
CHECKER: Final = (
    *(sys.executable, "-m", "check_jsonschema", "--output-format=json"),
    *("--builtin-schema=vendor.gitlab-ci", "--data-transform=gitlab-ci"),
)
RUNNERS_FAULTS: Final = {"runner_system_failure", "scheduler_failure", "api_failure", "data_integrity_failure"}


def faulty(*files: Path) -> set[str]:
    """Those in which GitLab's own schema finds a fault."""
    done = subprocess.run(  # noqa: S603  # the packages' own program
        [*CHECKER, *map(str, files)], capture_output=True, text=True, check=False
    )
    return {error["filename"] for error in json.loads(done.stdout)["errors"]}


def needed(name: str, *, is_optional: bool | None = None) -> list[str]:
    """The jobs that a job waits for; all, or only those that a pipeline may lack (`is_optional`), or must have."""
    needs = [need if isinstance(need, dict) else {"job": need} for need in JOBS[name]["needs"]]
    return [need["job"] for need in needs if is_optional in {None, need.get("optional", False)}]


def before(name: str) -> set[str]:
    """All jobs that have succeeded when this one starts."""
    return {job for need in needed(name) for job in {need, *before(need)}}


def started(name: str, kind: str, **variables: str) -> str | None:
    """How a job starts in a pipeline of this kind, with these variables of the project."""
    return when(JOBS[name]["rules"], {**PIPELINES[kind], **variables})


def test_gitlabs_schema_finds_no_fault(tmp_path: Path) -> None:
    """GitLab takes the file. That the schema looks is seen by a misspelt way to start, which it finds."""
    misspelt = tmp_path / FILE.name
    misspelt.write_text(FILE.read_text().replace("when: manual", "when: by_hand"))

    assert {str(misspelt)} == faulty(FILE, misspelt)


def test_every_step_is_there() -> None:
    """No job is missing, and none is there that the tests do not know."""
    at = [f"{step}-{name}" for step in STEPS for name in ENVIRONMENTS]

    assert sorted(["setup", *NAMED, *at]) == sorted(JOBS)


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_a_target(name: str) -> None:
    """It runs make and nothing else, with targets that `make help` lists: a laptop does the same."""
    make, *asked = JOBS[name]["script"].split()

    assert "make" == make
    assert asked
    assert set(asked) <= set(targets())


@pytest.mark.parametrize("name", JOBS)
def test_a_job_is_in_the_documents(name: str) -> None:
    """docs/pipeline.md says what each one guards."""
    assert f"| `{name}` |" in (ROOT / "docs" / "pipeline.md").read_text()


def test_jobs_wait_for_jobs_that_exist_and_never_in_a_circle() -> None:
    """The graph has an order, and no job waits for one of a later stage."""
    stages: Sequence[str] = pipeline()["stages"]
    order = list(TopologicalSorter({name: needed(name) for name in JOBS}).static_order())

    assert sorted(JOBS) == sorted(order)
    for name in JOBS:
        for need in needed(name):
            assert stages.index(JOBS[need]["stage"]) <= stages.index(JOBS[name]["stage"])


@pytest.mark.parametrize("kind", PIPELINES)
def test_what_a_job_waits_for_is_in_its_pipeline(kind: str) -> None:
    """GitLab refuses a pipeline in which a job needs one that the rules leave out."""
    present = {name for name in JOBS if started(name, kind)}

    assert when(pipeline()["workflow"]["rules"], PIPELINES[kind])
    assert present
    for name in present:
        assert set(needed(name, is_optional=False)) <= present, name


@pytest.mark.parametrize("variables", NONE)
def test_a_change_has_one_pipeline(variables: Mapping[str, str]) -> None:
    """A pushed branch and a tag that is no version have none: the merge request's would be the second."""
    assert when(pipeline()["workflow"]["rules"], variables) is None


def test_a_merge_request_is_checked_and_goes_nowhere() -> None:
    """Every check and test, image and scan; nothing is published or deployed."""
    present = {name for name in JOBS if started(name, "merge request")}

    assert {"setup", "tools", *CHECKS, *TESTS, *IMAGES} == present


def test_nights_are_for_what_takes_long() -> None:
    """Chaos and figures; and what was sound yesterday is looked at with today's knowledge."""
    present = {name for name in JOBS if started(name, "schedule")}
    again = {"security", "secrets", "advisories", "containers", "replicas", "sbom", "build", "scan"}

    assert {"setup", "tools", "chaos", "long", "bench", *again} == present


@pytest.mark.parametrize(("name", "variable"), [*MANAGED.items(), ("scan-prod", "SCAN_DEPLOYED")])
def test_what_is_not_ours_is_asked_at_night_where_it_is_named(name: str, variable: str) -> None:
    """Without the variable there is no job that could fail; in other pipelines there is none in any case."""
    given = {variable: "something"}

    assert [None, "on_success"] == [started(name, "schedule"), started(name, "schedule", **given)]
    assert {None} == {started(name, kind, **given) for kind in PIPELINES if kind != "schedule"}


def test_schemas_are_compared_before_a_release_and_published_after_it() -> None:
    """Only where a variable names a registry: without it, the release waits for nobody."""
    jobs_of_schemas, named = ("check-schemas", "publish-schemas"), {"REGISTRY_URL": "https://registry"}

    assert {None} == {started(name, kind) for name in jobs_of_schemas for kind in PIPELINES}
    assert {"on_success"} == {started(name, "version", **named) for name in jobs_of_schemas}
    assert ["check-schemas"] == needed("release", is_optional=True)
    assert "release" in needed("publish-schemas")


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_nothing_is_deployed_unchecked(name: str) -> None:
    """Before a deployment, every check and test passed, and the one image was built, scanned and published."""
    assert {*CHECKS, *TESTS, *IMAGES, *PUBLISHED} <= before(f"deploy-{name}")


def test_environments_follow_each_other() -> None:
    """The next one is deployed when the one before has answered the smoke test."""
    for earlier, later in pairwise(("deploy-dev", "deploy-qa", "deploy-preprod", "partial-prod")):
        smoke = earlier.replace("deploy", "smoke")
        assert ["tools", earlier] == needed(smoke)
        assert smoke in needed(later)


def test_production_begins_with_a_partial_roll_out() -> None:
    """The whole roll-out follows 15 minutes after the partial roll-out's smoke test, unless stopped."""
    assert ["tools", "partial-prod"] == needed("smoke-partial")
    assert "smoke-partial" in needed("deploy-prod")
    assert "delayed" == started("deploy-prod", "main")


@pytest.mark.parametrize("name", [*(f"smoke-{name}" for name in ENVIRONMENTS), "smoke-partial"])
def test_a_failed_smoke_test_is_rolled_back(name: str) -> None:
    """By the same job; nothing waits for a person."""
    assert "make gate" == JOBS[name]["script"]


def test_production_is_by_hand_and_protected() -> None:
    """It is started by hand, on protected branches only; a rollback has the same protection."""
    assert {"manual"} == {started(name, "main") for name in ("partial-prod", "rollback-prod")}
    for name in ("partial-prod", "deploy-prod", "rollback-prod"):
        assert {None} == {started(name, kind) for kind in PIPELINES if kind != "main"}


@pytest.mark.parametrize(
    ("job_name", "name"),
    [
        *((f"{step}-{name}", name) for step in STEPS for name in ENVIRONMENTS),
        *(("partial-prod", "prod"), ("smoke-partial", "prod")),
    ],
)
def test_an_environment_has_one_deployment_at_a_time(job_name: str, name: str) -> None:
    """One at a time, never cut off half-way, and the environment that the job's name says."""
    job: dict[str, Any] = JOBS[job_name]

    assert name == job["resource_group"]
    assert name == job["environment"]["name"]
    assert name == job["variables"]["ENVIRONMENT"]
    assert not job["interruptible"]


@pytest.mark.parametrize("name", TESTS)
def test_test_reports_are_kept(name: str) -> None:
    """This includes the reports of a failed job."""
    artifacts = JOBS[name]["artifacts"]

    assert "always" == artifacts["when"]
    assert "reports/*.xml" == artifacts["reports"]["junit"]
    assert "--junitxml=reports/$CI_JOB_NAME.xml" in JOBS[name]["variables"]["PYTEST_ADDOPTS"]


def test_only_a_runners_faults_are_tried_again() -> None:
    """A flaky test fails its job, and is not retried."""
    assert all(set(job["retry"]["when"]) <= RUNNERS_FAULTS for job in JOBS.values())
