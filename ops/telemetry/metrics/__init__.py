"""Every metric of the service, with the facts that move it, and what to do when it moves.

In:       the facts of `schemas.observation`, by the rules in each declaration.
Out:      `SPECS`: what the registry (`ops/telemetry/registry.py`), docs/metrics.md and the alert rules are made from.
Promise:  labels come from closed sets, topics, partitions and a capped number of campaigns: never a code, fan or
          request. Units are seconds, records, rows, codes. What is not known has no series.
"""

from typing import Any, Final

from ops.telemetry.metric_spec import Spec
from ops.telemetry.metrics import batches, expiry, imports, partitions, process, requests

SPECS: Final[tuple[Spec[Any], ...]] = tuple(
    found
    for module in (requests, batches, partitions, expiry, imports, process)
    for found in vars(module).values()
    if isinstance(found, Spec)
)
"""All of them, in the order of docs/metrics.md."""
