"""What the connected user may do in the service's database.

In:       the connection, the database's name.
Out:      the actions that roles need and the user lacks.
Promise:  reads only.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from stores.mongo.connection import Client
from stores.mongo.errors import idempotent

NEEDED: Final = frozenset({"find", "insert", "remove", "update"})
"""Those of the role `readWrite` that the worker and the importer use."""


async def missing_rights(client: Client, database: str) -> frozenset[str] | None:
    """The actions of `NEEDED` that the user lacks; None if the server has no access control.

    Raises:
        StoreUnavailable: no answer in time.
    """
    with idempotent():
        status = await client.admin.command("connectionStatus", showPrivileges=True)
    found = status.get("authInfo", {})
    if not found.get("authenticatedUsers"):
        return None
    return NEEDED - actions_in(found.get("authenticatedUserPrivileges", ()), database)


def actions_in(privileges: Iterable[Mapping[str, Any]], database: str) -> frozenset[str]:
    """What these privileges allow on all collections of a database."""
    allowed: set[str] = set()
    for privilege in privileges:
        resource = privilege.get("resource", {})
        if resource.get("anyResource") or (resource.get("db"), resource.get("collection")) in {
            (database, ""),
            ("", ""),
        }:
            allowed.update(privilege.get("actions", ()))
    return frozenset(allowed)
