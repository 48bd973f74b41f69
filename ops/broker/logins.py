"""What a client logs in with: a name and password, or a token from a file, a token endpoint or AWS.

In:       the Kafka settings.
Out:      `Login`, which aiokafka passes to each of its connections.
Promise:  each connection logs in with the credentials of that moment.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from aiokafka.abc import AbstractTokenProvider

from ops.broker.door import Door, Doorkeeper
from ops.broker.refusals import TokenUnavailable
from ops.settings.secret_files import current
from schemas.errors import SettingsInvalid
from schemas.settings import KafkaSettings

TOKEN_BYTES_MAX: Final = 65_536
MSK_EXTRA: Final = "CODES_KAFKA__OAUTH_MSK_REGION: needs the extra `msk`: pip install code-service[msk]"


class PasswordLogin(Doorkeeper):
    """A name and a password; `door.connect_or_notice` asks for them at each connection."""

    def __init__(self, settings: KafkaSettings, door: Door) -> None:
        self.door = door
        self._settings = settings

    def name_and_password(self) -> dict[str, str]:
        """The arguments of a connection."""
        password = self._settings.sasl_password
        assert password is not None  # the settings see to it
        return {
            "sasl_plain_username": current(self._settings.sasl_username),
            "sasl_plain_password": password.get_secret_value(),
        }


class TokenLogin(Doorkeeper, AbstractTokenProvider):  # type: ignore[misc]  # aiokafka is not typed
    """A source of tokens."""

    def __init__(self, settings: KafkaSettings, door: Door) -> None:
        """Raises SettingsInvalid if the source cannot be used."""
        self.door = door
        self._settings = settings
        self._endpoint = _endpoint_tokens(settings) if settings.oauth_token_url else None
        self._signer = _msk_signer() if settings.oauth_msk_region else None
        if settings.oauth_token_file is not None:
            _token_in(settings.oauth_token_file)

    async def token(self) -> str:
        """A token for one connection.

        Raises:
            TokenUnavailable: there is none at the moment.
            TokenRefused: these credentials get none.
        """
        if self._endpoint is not None:
            return await self._endpoint()
        if self._signer is not None:
            return await self._signer(self._settings.oauth_msk_region or "")
        try:
            return _token_in(self._settings.oauth_token_file or "")
        except SettingsInvalid as why:
            raise TokenUnavailable(str(why)) from None

    def extensions(self) -> dict[str, str]:
        """What is sent with the token."""
        return dict(self._settings.oauth_extensions)


def _endpoint_tokens(settings: KafkaSettings) -> Callable[[], Awaitable[str]]:
    from ops.broker.token_endpoint import EndpointTokens  # noqa: PLC0415  # only who uses it pays for aiohttp's import

    return EndpointTokens(settings).token


def _token_in(file: str) -> str:
    try:
        with Path(file).open(encoding="ascii") as opened:
            token = opened.read(TOKEN_BYTES_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise SettingsInvalid(f"CODES_KAFKA__OAUTH_TOKEN_FILE: {file} cannot be used: {reason}") from None
    if not token:
        raise SettingsInvalid(f"CODES_KAFKA__OAUTH_TOKEN_FILE: {file} is empty")
    return token


def _msk_signer() -> Callable[[str], Awaitable[str]]:
    try:
        from ops.broker.msk import msk_token  # noqa: PLC0415  # an extra
    except ModuleNotFoundError:
        raise SettingsInvalid(MSK_EXTRA) from None
    return msk_token
