"""The faults of the simulated S3, as the importer's object store translates them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import pytest

from ops.settings.load import load_settings
from schemas.errors import ImportFailed, ObjectStoreUnavailable
from stores.import_port import ObjectPlace
from stores.s3.objects import S3Objects, open_objects
from tests.simulation.kernel import clocks
from tests.simulation.kernel.world import World, run_world
from tests.simulation.s3.client import replacements
from tests.simulation.s3.storage import STORAGE, Storage

PLACE = ObjectPlace("files", "codes.csv")
DATA = b"0123456789"
MIB = 1024 * 1024

History = Callable[[Storage, S3Objects], Coroutine[None, None, None]]


def on_simulated(history: History) -> None:
    """Run a history on a storage with one object."""
    settings = load_settings({"CODES_S3__TIMEOUT_MS": "1000"})

    async def run(world: World) -> None:
        storage = Storage(world.network)
        STORAGE.set(storage)
        storage.objects.create_bucket(Bucket="files")
        storage.change("files", "codes.csv", DATA)
        async with open_objects(settings.s3) as objects:
            await history(storage, objects)

    with clocks.replaced({**clocks.CLOCKS, **replacements()}, ("stores",)):
        run_world(1, run)


async def pieces(count: int) -> AsyncIterator[bytes]:
    """So many MiB."""
    for _ in range(count):
        yield b"x" * MIB


def test_an_object_is_looked_at_and_read_in_ranges() -> None:
    """By the importer's own code."""

    async def history(_storage: Storage, objects: S3Objects) -> None:
        seen = await objects.look(PLACE)
        assert (10, False) == (seen.size_bytes, seen.gzip)
        assert b"234" == await objects.read(PLACE, seen.etag, 2, 5)

    on_simulated(history)


@pytest.mark.parametrize("fault", ["crash", "freeze", "slow", "cut", "fail"])
def test_what_passes_is_unavailable_until_it_has_passed(fault: str) -> None:
    """Each fault in its turn; after it the read succeeds."""

    async def history(storage: Storage, objects: S3Objects) -> None:
        seen = await objects.look(PLACE)
        arguments = {"slow": (2.0,), "fail": ("SlowDown", 503, "get_object")}.get(fault, ())
        getattr(storage, fault)(*arguments)

        with pytest.raises(ObjectStoreUnavailable):
            await objects.read(PLACE, seen.etag, 0, 10)

        storage.heal()
        assert DATA == await objects.read(PLACE, seen.etag, 0, 10)

    on_simulated(history)


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [
        ("AccessDenied", 403, "access_denied"),
        ("InvalidObjectState", 403, "object_archived"),
        ("NoSuchKey", 404, "no_such_object"),
        ("Strange", 400, "object_refused"),
    ],
)
def test_what_does_not_pass_ends_the_import(code: str, status: int, reason: str) -> None:
    """With the reason that the store's table gives."""

    async def history(storage: Storage, objects: S3Objects) -> None:
        storage.fail(code, status, count=2)
        with pytest.raises(ImportFailed) as raised:
            await objects.look(PLACE)
        assert reason == raised.value.reason

    on_simulated(history)


def test_an_object_that_changes_is_not_read_on() -> None:
    """Its ETag is another one; an object that is removed is missing."""

    async def history(storage: Storage, objects: S3Objects) -> None:
        seen = await objects.look(PLACE)
        storage.change("files", "codes.csv", b"9876543210")
        with pytest.raises(ImportFailed, match="object_changed"):
            await objects.read(PLACE, seen.etag, 0, 10)
        storage.remove("files", "codes.csv")
        with pytest.raises(ImportFailed, match="no_such_object"):
            await objects.look(PLACE)

    on_simulated(history)


def test_a_report_is_written_in_one_piece_or_in_parts() -> None:
    """Whole, or not at all: a part that fails leaves no object and no upload."""

    async def history(storage: Storage, objects: S3Objects) -> None:
        await objects.write(ObjectPlace("files", "small"), pieces(1))
        await objects.write(ObjectPlace("files", "large"), pieces(12))
        storage.fail("InternalError", 500, "upload_part")
        with pytest.raises(ObjectStoreUnavailable):
            await objects.write(ObjectPlace("files", "none"), pieces(12))

        sizes = {key: len(data) for (_, key), data in storage.contents().items()}
        assert {"codes.csv": 10, "small": MIB, "large": 12 * MIB} == sizes
        assert 0 == storage.objects.uploads

    on_simulated(history)


def test_a_request_whose_answer_is_lost_may_have_been_done() -> None:
    """The client sees that the server is unavailable."""

    async def history(storage: Storage, objects: S3Objects) -> None:
        storage.network.disturb = lambda _server, _operation: "answer"
        with pytest.raises(ObjectStoreUnavailable):
            await objects.write(ObjectPlace("files", "report"), pieces(1))
        await asyncio.sleep(1)
        assert ("files", "report") in storage.contents()

    on_simulated(history)
