"""After a restore of the database: set the codes that fans were given since then to `assigned` again.

In:       lines of `codes tail assigned.v1 --no-follow --json --reveal` on standard input; `CODES_MONGO__*`.
Out:      the codes of these events are `assigned` to their fans; a summary without values.
Promise:  may be run again. Workers, importers and expirers must be stopped. The counts drift afterwards: see
          `codes reconcile --repair --retell`.
"""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from handlers.code_ids import CAMPAIGN_DIGITS, code_ids
from ops.settings.load import load_settings
from stores.mongo.last_codes import new_mark

Event = dict[str, Any]


def assign_again(db: Database[Any], reservation_id: str, events: list[Event]) -> str:
    """Assign the codes of one reservation as in its events; returns the outcome."""
    campaign = db["campaigns"].find_one({"_id": events[0]["campaign_id"]})
    if campaign is None:
        return "missing"
    ids = code_ids(campaign["_id"], bytes.fromhex(campaign["salt"]), [event["code"] for event in events])
    codes = list(db["codes"].find({"_id": {"$in": ids}, "campaign_id": campaign["_id"]}))
    if len(codes) < len(events):
        return "missing"  # the restored database lacks the import of these codes
    if all(code["status"] == "assigned" for code in codes):
        return "known"
    batch = {"moved_by": f"after-restore.{reservation_id}@0", "changed_at": datetime.now(UTC)}
    for code in codes:
        end_other_hold(db, code, reservation_id, batch)
        assigned = {"$set": {"status": "assigned", **batch}, "$unset": {"returned": ""}}
        db["codes"].update_one({"_id": code["_id"]}, assigned)
    names = {name: events[0][name] for name in ("campaign_id", "fan_id", "code_type")}
    moved = {"code_ids": [code["_id"] for code in codes], "state": "assigned", **batch}
    never = {"$setOnInsert": {"expires_at": None}}
    db["reservations"].update_one({"_id": reservation_id}, {"$set": {**names, **moved}, **never}, upsert=True)
    return "assigned"


def end_other_hold(db: Database[Any], code: Event, reservation_id: str, batch: Event) -> None:
    """End another reservation that held this code at the moment of the restore: it had released the code later."""
    hold = db["reservations"].find_one({"moved_by": code["moved_by"], "code_ids": code["_id"], "state": "held"})
    if hold is None or hold["_id"] == reservation_id:
        return
    held = {"_id": {"$in": hold["code_ids"]}, "status": "reserved"}
    mark = new_mark(code["_id"][:CAMPAIGN_DIGITS])
    db["codes"].update_many(held, {"$set": {"status": "available", "returned": mark, **batch}})
    db["reservations"].update_one({"_id": hold["_id"]}, {"$set": {"state": "released", **batch}})


def main(lines: Iterable[str]) -> int:
    """Restore all events; returns 1 if codes are missing."""
    settings = load_settings().mongo
    events = sorted((json.loads(line)["value"] for line in lines), key=lambda event: str(event["reservation_id"]))
    client: MongoClient[Any] = MongoClient(settings.uri.get_secret_value(), w="majority", tz_aware=True)
    counts = dict.fromkeys(("known", "assigned", "missing"), 0)
    with client:
        for reservation_id, group in groupby(events, key=lambda event: str(event["reservation_id"])):
            counts[assign_again(client[settings.database], reservation_id, list(group))] += 1
    sys.stdout.write(f"reservations: {json.dumps(counts)}\n")
    return 1 if counts["missing"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin))
