"""Imports of the model service.

In:   a file's text, and when it is imported.
Out:  codes, counts, the events and the report of one import.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from tests.unit.checking.deciding import instant
from tests.unit.checking.service import BUCKET, Service

TOPIC: Final = "import.commands.v1"
COUNTS: Final = ("rows_read", "inserted", "duplicates_in_file", "duplicates_in_campaign", "rejected")


def command(import_id: str, campaign_id: str, key: str, code_type: str = "tm") -> dict[str, Any]:
    """An import command."""
    return {
        "request_id": import_id,
        "campaign_id": campaign_id,
        "bucket": BUCKET,
        "key": key,
        "code_type": code_type,
    }


def upload(
    service: Service,
    import_id: str,
    rows: Sequence[str],
    *,
    campaign_id: str = "c-1",
    code_type: str = "tm",
    at_s: float = 0.0,
    key: str = "",
) -> None:
    """Import a file of these rows, without a header: one code each; `!` begins one that is rejected."""
    key = key or f"{import_id}.csv"
    service.objects[BUCKET, key] = "".join(f"{row}\n" for row in rows).encode()
    service.append(TOPIC, at_s, command(import_id, campaign_id, key, code_type))
    existing = {code["code"] for code in service.codes.values() if code["campaign_id"] == campaign_id}
    own: set[str] = set()
    counts = dict.fromkeys(COUNTS, 0)
    rejects: list[str] = []
    service.campaigns.add(campaign_id)
    kind = {"campaign_id": campaign_id, "code_type": code_type}
    service.count(kind, f"{TOPIC}.0", {})
    service.free.setdefault((campaign_id, code_type), {})
    for number, row in enumerate(rows, start=1):
        counts["rows_read"] += 1
        if row.startswith("!"):
            rejects.append(f"{number},bad_character\n")
            counts["rejected"] += 1
        elif row in existing:
            counts["duplicates_in_campaign"] += 1
        elif row in own:
            counts["duplicates_in_file"] += 1
        else:
            counts["inserted"] += 1
            own.add(row)
            insert(service, f"{import_id}-{number}", row, kind)
    end(service, import_id, kind, counts, rejects, key, at_s=at_s + 1)


def insert(service: Service, code_id: str, code: str, kind: dict[str, str]) -> None:
    """Put a code into its campaign."""
    service.codes[code_id] = {"_id": code_id, **kind, "code": code, "status": "available"}
    service.free.setdefault((kind["campaign_id"], kind["code_type"]), {})[code_id] = None
    service.count(kind, f"{TOPIC}.0", {"available": 1})


def end(
    service: Service,
    import_id: str,
    kind: dict[str, str],
    counts: dict[str, int],
    rejects: Sequence[str],
    key: str,
    *,
    at_s: float,
) -> None:
    """Publish a progress event, the end event and the shard, and write the report."""
    report = f"{key}.{import_id}.rejects.csv"
    if rejects:
        service.objects[BUCKET, report] = ("line,reason\n" + "".join(rejects)).encode()
    size = len(service.objects[BUCKET, key])
    body = {
        "import_id": import_id,
        **kind,
        "state": "completed",
        **counts,
        "duplicates": counts["duplicates_in_file"] + counts["duplicates_in_campaign"],
        "bytes_read": size,
        "bytes_total": size,
        "reason": None,
        "report": f"s3://{BUCKET}/{report}" if rejects else None,
        "duration_s": 1.0,
        "at": instant(at_s),
    }
    begun = {**body, **dict.fromkeys((*counts, "duplicates", "bytes_read"), 0), "state": "running", "report": None}
    begun |= {"bytes_total": None, "duration_s": None, "at": instant(at_s - 0.5)}
    campaign_id = kind["campaign_id"]
    service.publish("imports.v1", campaign_id, begun, f"{import_id}:0", seen_s=at_s - 0.5)
    service.publish("imports.v1", campaign_id, body, f"{import_id}:end", seen_s=at_s)
    service.publish_shards(f"{TOPIC}.0", at_s)
    service.imports[import_id] = json.loads(json.dumps({**body, "_id": import_id}))


def odd_commands(service: Service, import_id: str, *, at_s: float) -> None:
    """The command of an import again, another one under its id, and one that nobody can read."""
    ended = {name: value for name, value in service.imports[import_id].items() if name != "_id"}
    campaign_id, key = ended["campaign_id"], f"{import_id}.csv"
    service.append(TOPIC, at_s, command(import_id, campaign_id, key, ended["code_type"]))
    service.publish("imports.v1", campaign_id, ended, f"{import_id}:end", seen_s=at_s + 0.2)
    failed = {**ended, **dict.fromkeys((*COUNTS, "duplicates", "bytes_read"), 0), "state": "failed", "report": None}
    service.append(TOPIC, at_s + 1, command(import_id, campaign_id, "other.csv", ended["code_type"]))
    reused = {**failed, "reason": "request_id_reused"}
    service.publish("imports.v1", campaign_id, reused, f"{import_id}:reused", seen_s=at_s + 1.2)
    unreadable = {"request_id": f"{import_id}-u", "campaign_id": campaign_id, "bucket": "x"}
    service.reject(service.append(TOPIC, at_s + 2, unreadable), seen_s=at_s + 2.2, is_answered=False)
    invalid = {**failed, "import_id": f"{import_id}-u", "reason": "invalid_request"}
    service.publish("imports.v1", campaign_id, invalid, f"{import_id}-u", seen_s=at_s + 2.2)
