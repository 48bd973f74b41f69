"""Which deployment a rules file watches: one release in one namespace, with the replicas that should be there.

In:       a rules file as it is generated, for the release `codes` in the namespace `codes`.
Out:      the same rules for another deployment. The chart does the same (`helm/codes/templates/monitoring.yaml`).
Promise:  no rule of one deployment sees a series of another one: a live `dev` never hides a dead `prod`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NAMESPACE: Final = "codes"
RELEASE: Final = "codes"
REPLICAS: Final[Mapping[str, int]] = {"worker": 1, "importer": 1, "expirer": 1, "inventory": 1, "canary": 0}
"""Of each role, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Scope:
    """One deployment."""

    namespace: str = NAMESPACE
    release: str = RELEASE
    replicas: Mapping[str, int] = field(default_factory=dict)
    """By role; a role that is left out has its number of `REPLICAS`, and 0 means that it is not deployed."""

    def of(self, rules: str) -> str:
        """The rules of this deployment."""
        rules = rules.replace(matchers(NAMESPACE, RELEASE), matchers(self.namespace, self.release))
        rules = rules.replace(labels(NAMESPACE, RELEASE), labels(self.namespace, self.release))
        for role, default in REPLICAS.items():
            rules = rules.replace(expected(role, default), expected(role, self.replicas.get(role, default)))
        return rules


def matchers(namespace: str, release: str) -> str:
    """As they begin each selector."""
    return f'namespace="{namespace}", release="{release}"'


def labels(namespace: str, release: str) -> str:
    """As they begin the labels of each rule: an expression about absence has none of its own."""
    return f'namespace: "{namespace}"\n          release: "{release}"'


def expected(role: str, replicas: int) -> str:
    """A series with the number of replicas that a role should have."""
    return f'label_replace(vector({replicas}), "role", "{role}", "", "")'
