"""One image from build to production: pinned parts, one digest that is scanned, signed, verified and deployed."""

import json
import re
from typing import Any, Final

import pytest

from devstack.containers.provenance import predicate
from tests.pipeline.gitlab import jobs, pipeline
from tests.pipeline.makefile import make, would_run
from tests.places import ROOT

JOBS: Final = jobs()
DIGEST: Final = f"sha256:{'a' * 64}"
BY_DIGEST: Final = (f"DIGEST={DIGEST}", "IMAGE=an/image", "KUBE_CONTEXT=here", "SIGNER=we", "SIGNER_ISSUER=here")
PINNED: Final = f"an/image@{DIGEST}"
JOB: Final = {
    "CI_PROJECT_URL": "https://gitlab.example/shop/codes",
    "CI_COMMIT_SHA": "c" * 40,
    "CI_COMMIT_REF_NAME": "main",
    "CI_PIPELINE_SOURCE": "push",
    "CI_SERVER_URL": "https://gitlab.example",
    "CI_PIPELINE_URL": "https://gitlab.example/shop/codes/-/pipelines/1",
    "CI_PIPELINE_CREATED_AT": "2026-11-30T12:00:00Z",
}
DEPLOYING: Final = ("deploy-dev", "deploy-qa", "deploy-preprod", "canary-prod", "deploy-prod")


def images() -> set[str]:
    """Every image that a job or its services run in."""
    run = [job["image"] for job in JOBS.values()] + [
        name for job in JOBS.values() for name in job.get("services", ())
    ]
    return {image["name"] if isinstance(image, dict) else image for image in run}


@pytest.mark.parametrize("image", sorted(images()))
def test_images_are_pinned_and_name_no_registry(image: str) -> None:
    """An exact version and its digest, and no host: what a registry mirrors is the runner's business."""
    assert re.fullmatch(r"([a-z0-9-]+/)?[a-z0-9-]+:\d+\.\d+\.\d+(-[a-z]+)?@sha256:[0-9a-f]{64}", image)


def test_the_scanned_image_is_deployed() -> None:
    """One job builds; its image has the commit's own name, which no job changes."""
    builders = [name for name, job in JOBS.items() if "image" in job["script"].split()]

    assert ["build"] == builders
    assert "$CI_COMMIT_SHA" == pipeline()["variables"]["TAG"]
    assert "$CI_REGISTRY_IMAGE" == pipeline()["variables"]["IMAGE"]
    assert not [name for name, job in JOBS.items() if {"TAG", "IMAGE"} & job.get("variables", {}).keys()]
    assert ["dist/image.tar"] == JOBS["build"]["artifacts"]["paths"]
    assert all("build" in JOBS[name]["needs"] for name in ("scan", "publish"))


@pytest.mark.parametrize("name", ["scan-published", "sign", "verify", *DEPLOYING])
def test_each_step_takes_the_published_digest(name: str) -> None:
    """`publish` passes it on. No tag, which could be moved, is between a scan and a deployment."""
    assert {"dotenv": "dist/image.env"} == JOBS["publish"]["artifacts"]["reports"]
    assert "publish" in JOBS[name]["needs"]
    assert "DIGEST=/' > dist/image.env" in would_run("publish")


@pytest.mark.parametrize(
    ("target", "commands"),
    [
        ("scan-published", ["trivy image --exit-code 1", "trivy image --format cyclonedx"]),
        ("sign", ["cosign sign --yes", "--type slsaprovenance1 --predicate", "--type cyclonedx --predicate"]),
        ("verify", ["cosign verify ", "--type slsaprovenance1 --certificate", "--type cyclonedx --certificate"]),
    ],
)
def test_the_digest_is_what_is_judged(target: str, commands: list[str]) -> None:
    """Its vulnerabilities, its content, who made it and how."""
    found = would_run(target, *BY_DIGEST)

    assert len(commands) == found.count(PINNED)
    assert [] == [command for command in commands if command not in found]


@pytest.mark.parametrize("target", [*(f"deploy-{name}" for name in ("dev", "prod")), "canary"])
def test_the_digest_is_deployed(target: str) -> None:
    """It takes precedence over the tag."""
    assert f"--set image.digest={DIGEST} " in would_run(target, *BY_DIGEST)


@pytest.mark.parametrize("target", ["scan-published", "sign", "verify"])
def test_an_image_without_a_digest_is_not_judged(target: str) -> None:
    """One line says what to name."""
    found = [line for line in would_run(target).splitlines() if "name the image by its digest" in line]

    assert 1 == len(found)
    assert found[0].startswith('test -n ""')


def test_only_what_signs_has_a_token() -> None:
    """And a signature counts only from this file on the default branch."""
    signing = {name for name, job in JOBS.items() if "id_tokens" in job}

    assert {"sign", "publish-chart"} == signing
    assert "$CI_PROJECT_URL//.gitlab-ci.yml@refs/heads/$CI_DEFAULT_BRANCH" == pipeline()["variables"]["SIGNER"]
    assert '--certificate-identity="we" --certificate-oidc-issuer="here"' in would_run("verify", *BY_DIGEST)


def test_a_version_has_the_charts_name() -> None:
    """The git tag `v1.2.3`, the image and the chart `1.2.3`: what the chart asks for by default is there."""
    text = (ROOT / "helm" / "codes" / "Chart.yaml").read_text()
    chart = dict(re.findall(r'^(version|appVersion): "?([^"\n]+)"?$', text, re.MULTILINE))
    project = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    version = chart["version"]

    assert project is not None
    assert {"version": project[1], "appVersion": project[1]} == chart
    assert f"crane tag an/image@$digest {version}" in would_run("release", "IMAGE=an/image", f"VERSION=v{version}")
    assert f"helm push dist/codes-{version}.tgz oci://an/image/charts" in would_run(
        "publish-chart", "IMAGE=an/image", f"VERSION=v{version}"
    )


def test_another_version_is_refused() -> None:
    """A release of a chart that says something else would ask for an image that is not there."""
    done = make("publish-chart", "VERSION=v9.9.9", "IMAGE=an/image", "need=true")

    assert (
        "make publish-chart: name the version of helm/codes/Chart.yaml, as in VERSION=v1.2.3"
        == done.stderr.splitlines()[0]
    )


def test_provenance_names_what_went_in() -> None:
    """The commit, the base image and the list of packages, each by its hash; the pipeline that built it."""
    made = predicate(JOB, (ROOT / "Dockerfile").read_text(), b"constraints")
    build, run = made["buildDefinition"], made["runDetails"]
    [source, base, packages] = build["resolvedDependencies"]

    assert {"gitCommit": "c" * 40} == source["digest"]
    assert base["uri"].startswith("pkg:docker/python@3.")
    assert base["digest"]["sha256"] in (ROOT / "Dockerfile").read_text()
    assert ("constraints.txt", 64) == (packages["name"], len(packages["digest"]["sha256"]))
    assert (JOB["CI_SERVER_URL"], JOB["CI_PIPELINE_URL"]) == (run["builder"]["id"], run["metadata"]["invocationId"])


@pytest.mark.parametrize("missing", JOB)
def test_no_provenance_outside_of_the_pipeline(missing: str) -> None:
    """A statement with a hole in it is not made."""
    with pytest.raises(KeyError, match=missing):
        predicate(
            {name: value for name, value in JOB.items() if name != missing}, (ROOT / "Dockerfile").read_text(), b""
        )


def test_no_provenance_of_an_unknown_base() -> None:
    """A tag says not what was built from."""
    with pytest.raises(ValueError, match="digest"):
        predicate(JOB, "ARG PYTHON_IMAGE=python:3.12-slim", b"")


def programs() -> dict[str, str]:
    """The Go programs of the pipeline, and the version of each."""
    lines = (ROOT / ".ci" / "tools.txt").read_text().splitlines()
    return dict(line.split(" ") for line in lines if not line.startswith("#"))


def test_every_tool_is_pinned_and_raised_by_the_bot() -> None:
    """An exact version, whose hash the checksum database has; the pattern of renovate.json finds every line."""
    [go, image] = json.loads((ROOT / "renovate.json").read_text())["customManagers"]
    found = re.findall(go["matchStrings"][0].replace("?<", "?P<"), (ROOT / ".ci" / "tools.txt").read_text())

    assert {"helm", "cosign", "crane", "kubeconform", "v8"} == {path.rsplit("/", 1)[-1] for path in programs()}
    assert all(re.fullmatch(r"v\d+\.\d+\.\d+", version) for version in programs().values())
    assert list(programs().values()) == [version for _, version in found]
    assert re.search(image["matchStrings"][0].replace("?<", "?P<"), (ROOT / "Makefile").read_text())


def test_one_job_builds_the_tools() -> None:
    """All others take them from it: no deployment waits for a download."""
    go: list[Any] = [name for name, job in JOBS.items() if "golang" in str(job["image"])]

    assert ["tools"] == go
    assert [] == [line for name in DEPLOYING for line in JOBS[name].get("before_script", ())]
    assert all("tools" in JOBS[name]["needs"] for name in (*DEPLOYING, "secrets", "chart", "sign", "release"))


def test_images_of_tests_are_those_of_their_jobs() -> None:
    """`make containers` uses the image in which all other tests run."""
    assert pipeline()["default"]["image"] in would_run("containers")
