"""The table of rights: who needs what, from the settings.

In:       the settings: names of topics, groups, the database and the buckets.
Out:      `access_table`, one `Access` per role and neighbour.
Promise:  the inventory has no right in MongoDB, except for the histories, which a user who only reads can serve; only
          importers have a right in S3.
"""

from collections.abc import Mapping
from typing import Final

from ops.access.grants import Access, AwsGrant, MongoAction, MongoGrant
from ops.access.kafka_grants import kafka_grants
from ops.settings.load import Settings
from stores.mongo.specs import collections

FIND: Final[tuple[MongoAction, ...]] = ("find",)
WRITTEN: Final[tuple[MongoAction, ...]] = ("find", "insert", "update")

WHO: Final[Mapping[str, str]] = {
    "worker": "`codes worker`",
    "importer": "`codes importer`",
    "expirer": "`codes expirer`",
    "inventory": "`codes inventory`",
    "migrate": "`codes migrate`, also with `--check`",
    "sender": "a program that sends requests and reads results; `codes publish`",
    "uploader": "a program that sends import commands; `codes imports retry`",
    "reader": "a program that sends codes to fans: it sees their values",
    "audit": "`codes audit`, `codes show`, `codes tail`, `codes imports dry-run`: it sees the values of codes",
    "reconcile": "`codes reconcile`, also with `--repair` and `--retell`",
    "canceller": "`codes imports cancel`",
    "history": "the login of `codes inventory` in `CODES_INVENTORY__HISTORY_URI`, for histories of fans and codes",
    "eraser": "`codes fans export`, `codes fans erase`: it sees the values of codes",
}
MONGO: Final[Mapping[str, Mapping[str, tuple[MongoAction, ...]]]] = {
    "worker": {
        "codes": ("find", "update"),
        "reservations": WRITTEN,
        "requests": ("find", "insert"),
        "inventory": WRITTEN,
        "owners": WRITTEN,
    },
    "importer": {
        "imports": WRITTEN,
        "campaigns": ("find", "insert"),
        "codes": ("find", "insert"),
        "inventory": WRITTEN,
        "rejects": ("find", "insert", "remove"),
        "cancellations": FIND,
        "owners": WRITTEN,
    },
    "expirer": {"reservations": FIND},
    "uploader": {"imports": FIND, "cancellations": FIND},
    "canceller": {"imports": FIND, "cancellations": WRITTEN},
    "eraser": {
        "codes": FIND,
        "reservations": ("find", "update"),
        "requests": ("find", "update"),
        "audit_records": WRITTEN,
    },
    "history": {"codes": FIND, "reservations": FIND, "requests": FIND, "imports": FIND},
}
MONGO_ROLES: Final[Mapping[str, tuple[str, ...]]] = {"migrate": ("readWrite", "dbAdmin")}
READS_ALL: Final = frozenset({"audit", "reconcile"})
REPAIRED: Final[Mapping[str, tuple[MongoAction, ...]]] = {"codes": ("find", "update"), "inventory": WRITTEN}
"""Marks of codes, and counts."""
KMS_ACTIONS: Final = ("kms:GenerateDataKey", "kms:Decrypt")


def access_table(settings: Settings) -> list[Access]:
    """Everybody, in the order of `WHO`."""
    kafka = kafka_grants(settings)
    return [
        Access(
            name=name,
            user=settings.kafka.group_prefix + name,
            what=what,
            kafka=tuple(kafka.get(name, ())),
            mongo=tuple(MongoGrant(*grant) for grant in _mongo(name, settings).items()),
            mongo_roles=MONGO_ROLES.get(name, ()),
            aws=tuple(_aws(settings)) if name == "importer" else (),
        )
        for name, what in WHO.items()
    ]


def _mongo(name: str, settings: Settings) -> Mapping[str, tuple[MongoAction, ...]]:
    if name not in READS_ALL:
        return MONGO.get(name, {})
    everything = dict.fromkeys((spec.name for spec in collections(settings.mongo.ledger_days)), FIND)
    return {**everything, **(REPAIRED if name == "reconcile" else {})}


def _aws(settings: Settings) -> list[AwsGrant]:
    buckets = [f"arn:aws:s3:::{name}" for name in settings.s3.allowed_buckets or ("*",)]
    grants = [
        AwsGrant(("s3:ListBucket",), tuple(buckets)),
        AwsGrant(("s3:GetObject", "s3:GetObjectVersion"), tuple(f"{bucket}/*" for bucket in buckets)),
        AwsGrant(("s3:PutObject", "s3:AbortMultipartUpload"), tuple(f"{bucket}/*.rejects.csv" for bucket in buckets)),
    ]
    key = settings.s3.kms_key_id
    return [*grants, AwsGrant(KMS_ACTIONS, (key,))] if key and key.startswith("arn:") else grants
