"""The consumer groups' names, without `CODES_KAFKA__GROUP_PREFIX`."""

from typing import Final

WORKER_GROUP: Final = "worker"
IMPORTER_GROUP: Final = "importer"
EXPIRER_GROUP: Final = "expirer"
INVENTORY_GROUP: Final = "inventory"
WEBHOOKS: Final = "webhooks"
"""The beginning of the groups that deliver stock alerts, one for each receiver."""
REPLAYS: Final = "dead-letters"
"""No group reads with this name: the transactional id of replays begins with it."""
