"""The connection to S3.

In:   the S3 settings; credentials are found as by all AWS programs (`credentials.py`).
Out:  a client, closed at the end.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import aioboto3
from aiobotocore.config import AioConfig

from schemas.settings import S3Settings
from stores.s3.credentials import fresh_session

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

CONNECTIONS_MAX: Final = 32
"""Two for each partition that one process may be given, and some to spare."""


@asynccontextmanager
async def connected(settings: S3Settings) -> AsyncIterator["S3Client"]:
    """A client that connects at its first operation.

    It tries once: its caller retries, which metrics and `/ready` show.
    """
    async with aioboto3.Session(botocore_session=fresh_session()).client(
        "s3", region_name=settings.region, endpoint_url=settings.endpoint_url, config=options(settings)
    ) as client:
        yield client


def options(settings: S3Settings) -> AioConfig:
    """Time-outs in seconds, and how buckets are addressed: in the path, where the endpoint has no host for each."""
    return AioConfig(
        connect_timeout=settings.timeout_ms / 1000,
        read_timeout=settings.timeout_ms / 1000,
        max_pool_connections=CONNECTIONS_MAX,
        retries={"mode": "standard", "total_max_attempts": 1},
        s3={"addressing_style": "path" if settings.endpoint_url else "auto"},
    )
