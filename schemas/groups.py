"""The consumer groups' names, without `CODES_KAFKA__GROUP_PREFIX`."""

from typing import Final

WORKER_GROUP: Final = "worker"
IMPORTER_GROUP: Final = "importer"
EXPIRER_GROUP: Final = "expirer"
INVENTORY_GROUP: Final = "inventory"
