"""AWS credentials from a file, read again when it changes; other sources renew theirs, or never change.

In:       the AWS chain of a session: environment, profiles, IRSA, Pod Identity, instance.
Out:      the same chain; keys of the shared credentials file are those that it holds now.
Promise:  a file that cannot be read changes nothing.
"""

from typing import Any

from aiobotocore.credentials import AioCredentials, AioSharedCredentialProvider
from aiobotocore.session import AioSession, get_session
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from schemas.stamp import stamp_of

Source = Any
"""A provider of the chain; its stubs lack what it keeps."""


class FileCredentials(AioCredentials):
    """Keys of one profile of the file."""

    def __init__(self, source: Source, read: Any) -> None:  # noqa: ANN401  # credentials; as above
        super().__init__(read.access_key, read.secret_key, read.token, read.method, read.account_id)
        self._source = source
        self._stamp = stamp_of(source._creds_filename)  # noqa: SLF001  # nothing public names the file

    async def get_frozen_credentials(self) -> ReadOnlyCredentials:  # type: ignore[override]  # the stub has no coroutine
        """Called for each request."""
        now = stamp_of(self._source._creds_filename)  # noqa: SLF001  # as above
        if now != self._stamp:
            self._stamp = now
            await self._read()
        return ReadOnlyCredentials(self.access_key, self.secret_key, self.token)

    async def _read(self) -> None:
        try:
            read = await AioSharedCredentialProvider.load(self._source)
        except BotoCoreError:
            return
        if read is not None:
            self.access_key, self.secret_key, self.token = read.access_key, read.secret_key, read.token


class FreshProvider(AioSharedCredentialProvider):
    """The chain's link for the shared credentials file."""

    async def load(self) -> FileCredentials | None:  # type: ignore[override]  # as above
        """The profile's keys, if it has any."""
        read = await super().load()
        return None if read is None else FileCredentials(self, read)


def fresh_session() -> AioSession:
    """The core of a session, with this chain."""
    session = get_session()
    resolver = session.get_component("credential_provider")
    resolver.providers = [_fresh(provider) for provider in resolver.providers]
    return session


def _fresh(provider: Source) -> Source:
    if type(provider) is AioSharedCredentialProvider:
        return _copied(provider)
    return provider


def _copied(provider: Source) -> FreshProvider:
    file, profile = provider._creds_filename, provider._profile_name  # noqa: SLF001  # nothing public has them
    return FreshProvider(file, profile, provider._ini_parser)  # noqa: SLF001  # as above
