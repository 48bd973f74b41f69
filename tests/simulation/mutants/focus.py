"""A narrower choice of histories, in which a defect shows soon: shorter, and with the faults that bring it out.

In:       the plan of a seed.
Out:      `Focus.narrowed`: a plan that another seed could have.
Promise:  the narrowed plan of a seed is always the same one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final

from tests.simulation.faults import Fault, random_fault
from tests.simulation.plan import Course, Fan, Plan, Upload

FAULT_SPAN_S: Final = (0.5, 12.0)


@dataclass(frozen=True, slots=True)
class Focus:
    """What a plan is narrowed to."""

    fans: int = 40
    pace: float = 0.35
    """Fans and uploads come so much sooner."""
    faults: int | None = None
    """How many; None: those of the plan."""
    kinds: Sequence[str] = ()
    """Which faults; none: those of the plan."""
    fault_s: float | None = None
    """How long each of these lasts; None: as usual."""
    rows: int | None = None
    """Of each upload; None: those of the plan."""
    courses: Sequence[Course] = ()
    """What fans do; none: what they do in the plan."""
    setup: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the setup. Without `views` there are none: most defects show as well without them."""

    def narrowed(self, plan: Plan) -> Plan:
        """The plan, narrowed."""
        random = Random(f"focus {plan.seed}")
        return replace(
            plan,
            setup=replace(plan.setup, **{"views": 0, **self.setup}),
            fans=[self._fan(random, fan) for fan in plan.fans[: self.fans]],
            uploads=[self._upload(upload) for upload in plan.uploads],
            noise=[replace(noise, at_s=noise.at_s * self.pace) for noise in plan.noise],
            faults=self._faults(random, plan),
        )

    def _fan(self, random: Random, fan: Fan) -> Fan:
        course = random.choice(self.courses) if self.courses else fan.course
        again = [after_s * self.pace for after_s in fan.resend_after_s]
        return replace(fan, at_s=fan.at_s * self.pace, course=course, resend_after_s=again)

    def _upload(self, upload: Upload) -> Upload:
        rows = upload.rows if self.rows is None else self.rows
        return replace(upload, at_s=upload.at_s * self.pace, rows=rows)

    def _faults(self, random: Random, plan: Plan) -> Sequence[Fault]:
        if not self.kinds:
            return [replace(fault, at_s=fault.at_s * self.pace) for fault in plan.faults[: self.faults]]
        count = len(plan.faults) if self.faults is None else self.faults
        return sorted((self._fault(random) for _ in range(count)), key=lambda fault: fault.at_s)

    def _fault(self, random: Random) -> Fault:
        fault = random_fault(random, random.choice(self.kinds))
        seconds = fault.seconds if self.fault_s is None else self.fault_s
        return replace(fault, at_s=random.uniform(*FAULT_SPAN_S), seconds=seconds)
