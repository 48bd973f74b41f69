"""The table of rights: who needs what, from the settings.

In:       the settings: names of topics, groups, the database and the buckets.
Out:      `access_table`, one `Access` per role and neighbour.
Promise:  the inventory has no right in MongoDB, except for the histories, which a user who only reads can serve, and
          for actions, which have a user of their own; only importers, exporters and archivists have one in S3, and
          the inventory with `CODES_ACTIONS__S3`.
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
    "canary": "`codes canary`; to import the codes of its campaign (`--prepare`) is the uploader's right",
    "rehearser": "`codes rehearse`; to import codes (`--prepare`) is the uploader's right",
    "uploader": "a program that sends import commands; `codes imports retry`",
    "reader": "a program that sends codes to fans: it sees their values",
    "audit": "`codes audit`, `codes show`, `codes tail`, `codes imports dry-run`: it sees the values of codes",
    "reconcile": "`codes reconcile`, also with `--repair` and `--retell`",
    "canceller": "`codes imports cancel`",
    "manager": "`codes campaigns list`, `show`, `close` and `reopen`",
    "exporter": "`codes campaigns export`: it sees the values of codes",
    "archivist": "`codes campaigns archive` and `purge`: it sees the values of codes, and removes them",
    "replayer": "`codes dead-letters`: it sees rejected records, and sends them again",
    "history": "the login of `codes inventory` in `CODES_INVENTORY__HISTORY_URI`, for histories of fans and codes",
    "operator": "the login of `codes inventory` in `CODES_ACTIONS__URI`, for actions on the page",
    "eraser": "`codes fans export`, `codes fans erase`: it sees the values of codes",
}
MONGO: Final[Mapping[str, Mapping[str, tuple[MongoAction, ...]]]] = {
    "worker": {
        "codes": ("find", "update"),
        "reservations": WRITTEN,
        "requests": ("find", "insert"),
        "inventory": WRITTEN,
        "campaigns": ("find", "update"),
        "owners": WRITTEN,
    },
    "importer": {
        "imports": WRITTEN,
        "campaigns": WRITTEN,
        "codes": ("find", "insert"),
        "inventory": WRITTEN,
        "rejects": ("find", "insert", "remove"),
        "cancellations": FIND,
        "owners": WRITTEN,
    },
    "expirer": {"reservations": FIND},
    "rehearser": dict.fromkeys(("campaigns", "inventory", "imports"), FIND),
    "uploader": {"imports": FIND, "cancellations": FIND},
    "canceller": {"imports": FIND, "cancellations": WRITTEN},
    "manager": {"campaigns": ("find", "update"), "inventory": ("find", "update"), "imports": FIND},
    "exporter": dict.fromkeys(("campaigns", "inventory", "imports", "codes", "reservations"), FIND),
    "archivist": {
        "campaigns": ("find", "update"),
        **dict.fromkeys(("codes", "reservations", "requests", "inventory", "imports", "rejects"), ("find", "remove")),
        "audit_records": WRITTEN,
    },
    "eraser": {
        "codes": FIND,
        "reservations": ("find", "update"),
        "requests": ("find", "update"),
        "audit_records": WRITTEN,
    },
    "history": {"codes": FIND, "reservations": FIND, "requests": FIND, "imports": FIND},
    "operator": {
        "imports": FIND,
        "cancellations": WRITTEN,
        **dict.fromkeys(("campaigns", "inventory"), ("find", "update")),
        "audit_records": WRITTEN,
    },
}
MONGO_ROLES: Final[Mapping[str, tuple[str, ...]]] = {"migrate": ("readWrite", "dbAdmin")}
READS_ALL: Final = frozenset({"audit", "reconcile"})
REPAIRED: Final[Mapping[str, tuple[MongoAction, ...]]] = {
    "codes": ("find", "update"),
    "inventory": WRITTEN,
    "campaigns": ("find", "update"),
}
"""Marks of codes, counts, and the campaign of a shard that begins again."""
WRITTEN_OBJECTS: Final[Mapping[str, str]] = {"importer": "*.rejects.csv", "exporter": "*", "archivist": "*"}
UPLOADS: Final = "uploads/*"
REPORTS: Final = "*.rejects.csv"
"""What each may write; narrow it to the prefix of your exports."""
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
            aws=tuple(_aws(name, settings)),
        )
        for name, what in WHO.items()
    ]


def _mongo(name: str, settings: Settings) -> Mapping[str, tuple[MongoAction, ...]]:
    if name not in READS_ALL:
        return MONGO.get(name, {})
    everything = dict.fromkeys((spec.name for spec in collections(settings.mongo.ledger_days)), FIND)
    return {**everything, **(REPAIRED if name == "reconcile" else {})}


def _aws_of_actions(settings: Settings) -> list[AwsGrant]:
    """The inventory's: it writes uploads and reads reports, and nothing else."""
    buckets = [f"arn:aws:s3:::{bucket}" for bucket in settings.s3.allowed_buckets or ("*",)]
    uploads, reports = (tuple(f"{bucket}/{names}" for bucket in buckets) for names in (UPLOADS, REPORTS))
    return [
        AwsGrant(("s3:GetObject", "s3:GetObjectVersion"), reports),
        AwsGrant(("s3:PutObject", "s3:AbortMultipartUpload"), uploads),
        *_kms(settings),
    ]


def _aws(name: str, settings: Settings) -> list[AwsGrant]:
    if name == "inventory" and settings.actions.s3:
        return _aws_of_actions(settings)
    written = WRITTEN_OBJECTS.get(name)
    if written is None:
        return []
    buckets = [f"arn:aws:s3:::{bucket}" for bucket in settings.s3.allowed_buckets or ("*",)]
    grants = [
        AwsGrant(("s3:ListBucket",), tuple(buckets)),
        AwsGrant(("s3:GetObject", "s3:GetObjectVersion"), tuple(f"{bucket}/*" for bucket in buckets)),
        AwsGrant(("s3:PutObject", "s3:AbortMultipartUpload"), tuple(f"{bucket}/{written}" for bucket in buckets)),
    ]
    return [*grants, *_kms(settings)]


def _kms(settings: Settings) -> list[AwsGrant]:
    key = settings.s3.kms_key_id
    return [AwsGrant(KMS_ACTIONS, (key,))] if key and key.startswith("arn:") else []
