"""The settings of a schema registry with Confluent's API.

Out: `RegistrySettings`; a variable of a field is `CODES_REGISTRY__<FIELD>`.
"""

from typing import Annotated

from pydantic import Field, SecretStr

from schemas.settings import Group

RegistryAddress = Annotated[str, Field(pattern=r"^https?://[^\s@?#]+$")]
"""Without a user's name and password: the address is printed."""


class RegistrySettings(Group):
    """Connection to a schema registry with Confluent's API. Only `codes schemas publish` uses it."""

    url: RegistryAddress | None = None
    """Address of the API, for example `https://registry.example:8081`; Apicurio's ends in `/apis/ccompat/v7`."""
    username: str | None = None
    """User name, or API key, for basic authentication."""
    password: SecretStr | None = None
    """Password, or API secret, for basic authentication."""
    token: SecretStr | None = None
    """Bearer token, in place of a user name and a password."""
    ca_file: str | None = None
    """PEM file of the authorities that signed the registry's certificate; default: those of the system."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10.0
    """Seconds that the registry has for an answer."""
