"""aioboto3's session and client, on a simulated S3.

In:       calls of the service, with botocore's arguments.
Out:      answers and errors as aiobotocore and aiohttp give them; `replacements`, for `clocks.replaced`.
Promise:  an argument or operation that is not simulated raises an error that names it. A cancelled call may have been
          done.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace, TracebackType
from typing import Any, Final, Self

import aioboto3
import aiohttp
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from tests.simulation.kernel.network import ConnectionLost
from tests.simulation.s3.objects import Fields, Refused
from tests.simulation.s3.storage import OPERATIONS, STORAGE, Storage

ENDPOINT: Final = "http://s3.simulated"
BUCKET_NAME: Final = re.compile(r"[a-zA-Z0-9.\-_]{1,255}")
TEXT: Final = ("Bucket", "Key", "VersionId", "Range", "IfMatch", "UploadId", "ContentType")


class SimulatedClient:
    """Stands in for aiobotocore's client for S3."""

    def __init__(self, storage: Storage, read_timeout_s: float) -> None:
        self._storage = storage
        self._timeout_s = read_timeout_s

    def __getattr__(self, operation: str) -> Any:
        if operation not in OPERATIONS:
            raise AttributeError(f"the simulated S3 has no {operation}")

        async def call(**asked: Any) -> Fields:
            return await self._call(operation, asked)

        return call

    async def _call(self, operation: str, asked: Fields) -> Fields:
        check_parameters(asked)
        name = "".join(word.capitalize() for word in operation.split("_"))
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._storage.call(operation, asked)
        except Refused as why:
            raise client_error(why, name) from None
        except TimeoutError as why:
            raise ReadTimeoutError(endpoint_url=ENDPOINT, error=why) from None
        except ConnectionLost as lost:
            kind = EndpointConnectionError if lost.loss == "request" else ConnectionClosedError
            raise kind(endpoint_url=ENDPOINT, error=lost) from None
        status = 206 if "ContentRange" in answer else 200
        if "Body" in answer:
            answer = {**answer, "Body": SimulatedBody(self._storage, answer["Body"], self._timeout_s)}
        return {**answer, "ResponseMetadata": {"HTTPStatusCode": status}}


class SimulatedBody:
    """Stands in for aiobotocore's `StreamingBody`, whose context gives aiohttp's response."""

    def __init__(self, storage: Storage, data: bytes, timeout_s: float) -> None:
        self._storage = storage
        self._data = data
        self._timeout_s = timeout_s

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def read(self) -> bytes:
        """All of it.

        Raises:
            ClientPayloadError: the connection was lost.
            SocketTimeoutError: nothing came in time.
        """
        if self._storage.cuts:
            self._storage.cuts -= 1
            raise aiohttp.ClientPayloadError("Response payload is not completed")
        try:
            async with asyncio.timeout(self._timeout_s):
                await asyncio.sleep(self._storage.late_s)
                if not self._storage.server.is_reachable:
                    await self._storage.server.restored.wait()
        except TimeoutError:
            raise aiohttp.SocketTimeoutError("Timeout on reading data from socket") from None
        if not self._storage.server.is_up:
            raise aiohttp.ClientPayloadError("Response payload is not completed")
        return self._data

    def close(self) -> None:
        """Nothing more is read."""
        self._data = b""


class SimulatedSession:
    """Stands in for `aioboto3.Session`."""

    def __init__(self, *, botocore_session: object) -> None:
        """Of the real session only its credentials matter, and they are not simulated."""

    @asynccontextmanager
    async def client(
        self, service: str, *, region_name: str, endpoint_url: str | None, config: Any
    ) -> AsyncIterator[SimulatedClient]:
        """A client for S3; `config` is an `AioConfig`."""
        assert service == "s3", service
        assert config.retries == {"mode": "standard", "total_max_attempts": 1}, config.retries
        yield SimulatedClient(STORAGE.get(), config.read_timeout)


def check_parameters(asked: Mapping[str, Any]) -> None:
    """What botocore checks before it sends anything."""
    wrong = [f"Invalid type for parameter {name}" for name in TEXT if not isinstance(asked.get(name, ""), str)]
    if not wrong and asked.get("Key", "k") == "":
        wrong = ["Invalid length for parameter Key, value: 0, valid min length: 1"]
    if not wrong and not BUCKET_NAME.fullmatch(asked["Bucket"]):
        wrong = ["Invalid bucket name"]
    if wrong:
        raise ParamValidationError(report="\n".join(wrong))


def client_error(why: Refused, operation: str) -> ClientError:
    """As botocore raises it."""
    code = str(why.status) if operation == "HeadObject" else why.code
    error: Any = {"Error": {"Code": code, "Message": code}, "ResponseMetadata": {"HTTPStatusCode": why.status}}
    return ClientError(error, operation)


def replacements() -> Mapping[Any, Any]:
    """Original objects, and what stands for them."""
    return {aioboto3: SimpleNamespace(Session=SimulatedSession)}
