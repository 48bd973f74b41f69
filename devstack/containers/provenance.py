"""How an image was built, as SLSA's provenance of version 1; `make sign` has it signed with the pipeline's identity.

In:       GitLab's variables of the job, the Dockerfile, constraints.txt.
Out:      the predicate as JSON on standard output.
Promise:  the standard library is enough. A variable that is missing ends the program, and nothing is attested.
"""

import hashlib
import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[2]
BASE: Final = re.compile(
    r"^ARG PYTHON_IMAGE=(?P<name>[^:@\s]+):(?P<tag>[^@\s]+)@sha256:(?P<digest>[0-9a-f]{64})$", re.MULTILINE
)


def predicate(variables: Mapping[str, str], dockerfile: str, constraints: bytes) -> dict[str, Any]:
    """What was built, from what, by whom.

    Raises:
        KeyError: this is no job of the pipeline.
        ValueError: the Dockerfile names no base by its digest.
    """
    project, commit = variables["CI_PROJECT_URL"], variables["CI_COMMIT_SHA"]
    base = BASE.search(dockerfile)
    if base is None:
        raise ValueError("the Dockerfile names no base image by its digest")
    return {
        "buildDefinition": {
            "buildType": f"{project}/-/blob/{commit}/docs/pipeline.md",
            "externalParameters": {
                "source": project,
                "ref": variables["CI_COMMIT_REF_NAME"],
                "targets": "image archive",
            },
            "internalParameters": {"trigger": variables["CI_PIPELINE_SOURCE"]},
            "resolvedDependencies": [
                {"uri": f"git+{project}@{variables['CI_COMMIT_REF_NAME']}", "digest": {"gitCommit": commit}},
                {"uri": f"pkg:docker/{base['name']}@{base['tag']}", "digest": {"sha256": base["digest"]}},
                {"name": "constraints.txt", "digest": {"sha256": hashlib.sha256(constraints).hexdigest()}},
            ],
        },
        "runDetails": {
            "builder": {"id": variables["CI_SERVER_URL"]},
            "metadata": {
                "invocationId": variables["CI_PIPELINE_URL"],
                "startedOn": variables["CI_PIPELINE_CREATED_AT"],
            },
        },
    }


if __name__ == "__main__":
    dockerfile, constraints = (ROOT / "Dockerfile").read_text(), (ROOT / "constraints.txt").read_bytes()
    json.dump(predicate(os.environ, dockerfile, constraints), sys.stdout, indent=2)
