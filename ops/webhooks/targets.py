"""Receivers of webhooks, as the settings name them.

In:       the JSON of `CODES_WEBHOOKS__TARGETS`.
Out:      `Target`s, or what is wrong with them.
Promise:  an address may hold a secret: none is in an error, and a target's text has none.
"""

from fnmatch import fnmatchcase
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError, model_validator

from ops.settings.access import LOOPBACK
from schemas.attention import Level
from schemas.events import StockAlert, StockLevel

TARGETS_MAX: Final = 50
LEVELS: Final[tuple[StockLevel, ...]] = ("low", "exhausted", "recovered")
Format = Literal["json", "slack"]


class Target(BaseModel):
    """A receiver, and which messages it gets."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """Also the end of its consumer group's name."""
    url: SecretStr
    format: Format = "json"
    campaigns: tuple[str, ...] = ("*",)
    levels: tuple[StockLevel, ...] = LEVELS
    attention: tuple[Level, ...] = ()
    """Levels of items that need attention; stock alerts are sent besides."""

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        address = urlsplit(self.url.get_secret_value())
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
            raise ValueError("url must be https, or http on loopback")
        return self

    def wants(self, alert: StockAlert) -> bool:
        """Whether it gets this alert."""
        return alert.level in self.levels and any(fnmatchcase(alert.campaign_id, name) for name in self.campaigns)


ADAPTER: Final = TypeAdapter(Annotated[tuple[Target, ...], Field(max_length=TARGETS_MAX)])


def targets_of(text: SecretStr | None) -> tuple[Target, ...]:
    """All receivers.

    Raises:
        ValueError: it is no such list, or two have the same name. Without values.
    """
    if text is None:
        return ()
    try:
        found = ADAPTER.validate_json(text.get_secret_value())
    except ValidationError as why:
        errors = why.errors(include_url=False, include_input=False)
        raise ValueError(
            "; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors)
        ) from None
    if len({target.name for target in found}) < len(found):
        raise ValueError("two have the same name")
    return found


def problems_of(why: ValidationError) -> list[str]:
    """Each with its place in the list, without its value."""
    errors = why.errors(include_url=False, include_input=False)
    return [f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors]
