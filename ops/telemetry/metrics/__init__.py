"""Every metric of the service, with the facts that move it, and what to do when it moves.

In:       the facts of `schemas.observation`, by the rules in each declaration.
Out:      `SPECS`: what the registry (`ops/telemetry/registry.py`), docs/metrics.md and the alert rules are made from.
Promise:  labels come from closed sets, topics, partitions and a capped number of campaigns: never a code, fan or
          request. Units are seconds, records, rows, codes. What is not known has no series.
"""

from typing import Any, Final

from ops.telemetry.metric_spec import Spec
from ops.telemetry.metrics import answers, batches, canary, expiry, imports, partitions, process, requests, webhooks

SPECS: Final[tuple[Spec[Any], ...]] = tuple(
    found
    for module in (requests, answers, batches, partitions, expiry, imports, process, webhooks, canary)
    for found in vars(module).values()
    if isinstance(found, Spec)
)
"""All of them, in the order of docs/metrics.md."""
_OF_CANARY: Final = frozenset(spec.name for spec in vars(canary).values() if isinstance(spec, Spec))
ROLE_SPECS: Final = tuple(spec for spec in SPECS if spec.name not in _OF_CANARY)
"""Those of a role's process."""
CANARY_SPECS: Final = (*(spec for spec in SPECS if spec.name in _OF_CANARY), process.BUILD)
"""Those of the canary's."""
