"""Reads a file of codes as the importer would, and counts what an import would do.

In:       a local file or an S3 object, the campaign, the code type.
Out:      `Forecast`: the counts of the import's end event, and the rejected rows by reason.
Promise:  nothing is written. The counts are those that an import would have now, except that the campaign may get
          some of the codes in the meantime. A forecast never holds a code.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cli.jobs.uploading import pieces_of
from ops.imports.forecast import Count, Forecast, check_size, chunker_of
from ops.settings.load import Settings
from schemas.base import CodeType
from schemas.errors import ImportFailed
from stores.import_port import ObjectPlace
from stores.mongo.collections import open_collections
from stores.mongo.questions import codes_present
from stores.s3.objects import GZIP_SUFFIX, open_objects


async def forecast_of(settings: Settings, source: Path | ObjectPlace, campaign_id: str, type_: CodeType) -> Forecast:
    """What an import of this file or object would do.

    Raises:
        StoreUnavailable, ObjectStoreUnavailable: a part gave no answer.
    """
    forecast = Forecast()
    try:
        async with opened(settings, source) as (pieces, is_gzip), open_collections(settings.mongo) as collections:

            async def present(codes: set[str]) -> set[str]:
                return await codes_present(collections, campaign_id, codes) if codes else set()

            chunker = chunker_of(settings.importer, type_, is_gzip=is_gzip)
            await Count(forecast, present).all(chunker, pieces)
    except ImportFailed as why:
        forecast.reason = why.reason
    return forecast


@asynccontextmanager
async def opened(settings: Settings, source: Path | ObjectPlace) -> AsyncIterator[tuple[AsyncIterator[bytes], bool]]:
    """The bytes of the source, and whether they are a gzip. Raises ImportFailed as an import would."""
    if isinstance(source, Path):
        check_size(source.stat().st_size, settings.importer)  # noqa: ASYNC240  # nothing else runs here
        yield pieces_of(source), source.name.lower().endswith(GZIP_SUFFIX)
        return
    async with open_objects(settings.s3) as objects:
        seen = await objects.look(source)
        check_size(seen.size_bytes, settings.importer)

        async def ranges() -> AsyncIterator[bytes]:
            step = settings.importer.range_bytes
            for start in range(0, seen.size_bytes, step):
                yield await objects.read(source, seen.etag, start, min(start + step, seen.size_bytes))

        yield ranges(), seen.gzip
