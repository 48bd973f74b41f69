"""What a token may see: all campaigns, or those that it names.

In:       the claims of a valid token.
Out:      `Access`, which every answer is narrowed to; `NoAccess`, with the reason.
Promise:  the same claims as for requests (`ops.tokens.requests`): a token that may send requests for a campaign may
          see it. A claim of another form gives no access, instead of access to less or more than was meant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from aiohttp import web

from ops.tokens.claims import has_claim, words_of
from schemas.settings import InventorySettings

TAG_CHARACTERS: Final = 8


class NoAccess(Exception):  # becomes a response
    """A valid token that gives no access; the message names the claim."""


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody may see. Whoever has access sees also what is about no campaign: health and lag."""

    campaigns: frozenset[str] | None = None
    """None: all."""

    @property
    def is_whole(self) -> bool:
        return self.campaigns is None

    def sees(self, campaign_id: str | None) -> bool:
        """Whether something about this campaign may be shown; None: nobody knows which campaign it is about."""
        return self.campaigns is None or campaign_id in self.campaigns

    def tag(self, salt: str) -> str:
        """Tells accesses apart in ids of events; empty for all campaigns."""
        if self.campaigns is None:
            return ""
        content = "\n".join((salt, *sorted(self.campaigns)))
        return "." + sha256(content.encode()).hexdigest()[:TAG_CHARACTERS]


EVERYTHING: Final = Access()
ACCESS: Final = web.RequestKey("access", Access)
"""Where `web.app` puts the access of a request."""


def access_in(claims: Mapping[str, Any], settings: InventorySettings) -> Access:
    """The access that these claims give.

    Raises:
        NoAccess: they give none.
    """
    if has_claim(claims, settings.jwt_claim):
        return EVERYTHING
    name = settings.jwt_campaigns_claim
    granted = claims.get(name)
    if granted is None:
        raise NoAccess(f"the token has no claim {settings.jwt_claim} and no claim {name}")
    ids = words_of(granted)
    if not isinstance(granted, str | list) or not all(isinstance(campaign_id, str) for campaign_id in ids):
        raise NoAccess(f"the claim {name} must be a list of campaign ids, or a text with spaces between them")
    if not ids:
        raise NoAccess(f"the claim {name} names no campaign")
    return Access(frozenset(map(str, ids)))
