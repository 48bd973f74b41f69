"""The pipeline's file as GitLab reads it: `extends` followed, and which jobs a pipeline of some kind has.

In:       .gitlab-ci.yml.
Out:      `pipeline` (everything), `jobs` (by name, whole), `PIPELINES` (the kinds), `when` (how a job starts in one).
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ruamel.yaml import YAML

from tests.places import ROOT

FILE: Final = ROOT / ".gitlab-ci.yml"
KEYWORDS: Final = ("stages", "workflow", "variables", "default")

PUSH: Final = {"CI_PIPELINE_SOURCE": "push", "CI_DEFAULT_BRANCH": "main"}
PIPELINES: Final[Mapping[str, Mapping[str, str]]] = {
    "merge request": {"CI_PIPELINE_SOURCE": "merge_request_event", "CI_DEFAULT_BRANCH": "main"},
    "main": {**PUSH, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "true"},
    "unprotected main": {**PUSH, "CI_COMMIT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "false"},
    "schedule": {
        "CI_PIPELINE_SOURCE": "schedule",
        "CI_DEFAULT_BRANCH": "main",
        "CI_COMMIT_BRANCH": "main",
        "CI_COMMIT_REF_PROTECTED": "true",
    },
    "version": {**PUSH, "CI_COMMIT_TAG": "v1.2.3", "CI_COMMIT_REF_PROTECTED": "true"},
}
"""GitLab's variables in each kind of pipeline."""
NONE: Final[Sequence[Mapping[str, str]]] = (
    {**PUSH, "CI_COMMIT_BRANCH": "a-branch"},
    {**PUSH, "CI_COMMIT_TAG": "some-tag"},
)
"""A push to a branch (its merge request has the pipeline), and a tag that is no version."""
TERM: Final = re.compile(r"(\S+) (==|!=|=~) (.+)")


def pipeline() -> dict[str, Any]:
    """The file, with anchors and merges resolved."""
    found: dict[str, Any] = YAML(typ="safe").load(FILE)
    return found


def jobs() -> dict[str, dict[str, Any]]:
    """Every job, with what it extends, and the defaults that it does not override."""
    file = pipeline()
    names = [name for name in file if not name.startswith(".") and name not in KEYWORDS]
    return {name: {**file["default"], **whole(file, file[name])} for name in names}


def whole(file: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """A job on top of what it extends."""
    base = whole(file, file[job["extends"]]) if "extends" in job else {}
    return merged(base, job)


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """As `extends` merges: mappings key by key, all else replaced."""
    both = {key: merged(base[key], over[key]) for key in base.keys() & over.keys() if isinstance(over[key], dict)}
    return {**base, **over, **both}


def when(rules: Sequence[Mapping[str, str]], variables: Mapping[str, str]) -> str | None:
    """How a job with these rules starts (`on_success`, `manual`); None: it is not in the pipeline."""
    return next((rule.get("when", "on_success") for rule in rules if holds(rule["if"], variables)), None)


def holds(condition: str, variables: Mapping[str, str]) -> bool:
    """Whether a rule's `if` is true: comparisons joined by `&&`, which is all that the file uses."""
    return all(_compared(term, variables) for term in condition.split(" && "))


def _compared(term: str, variables: Mapping[str, str]) -> bool:
    found = TERM.fullmatch(term)
    assert found is not None, term
    left, sign, right = found.groups()
    value = variables.get(left.removeprefix("$"), "")
    if sign == "=~":
        return re.search(right.strip("/"), value) is not None
    if right == "null":
        return (left[1:] not in variables) is (sign == "==")
    other = variables.get(right[1:], "") if right.startswith("$") else right.strip('"')
    return (value == other) is (sign == "==")
