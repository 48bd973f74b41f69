"""A simulated S3: what production code's object store is, as far as the importer relies on it.

In:       requests; faults.
Out:      answers, or errors as S3 gives them.
Promise:  a read after a write sees it. What was answered was done; what was not may have been done.

Not modelled:
- listing of objects, and copies: the service uses neither;
- rights, regions, redirects, encryption, archives: `fail` gives their errors;
- checksums besides the ETag;
- answers of several pieces: a body arrives as a whole, late, or is cut.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any, Final

from tests.simulation.kernel.network import Network, Server
from tests.simulation.planned import Moment, Planned, PlannedErrors
from tests.simulation.s3.objects import Fields, Objects, Refused

OPERATIONS: Final = frozenset(
    {
        "abort_multipart_upload",
        "complete_multipart_upload",
        "create_bucket",
        "create_multipart_upload",
        "delete_object",
        "get_object",
        "head_object",
        "put_bucket_versioning",
        "put_object",
        "upload_part",
    }
)


class Storage:
    """Lives for one history. Faults are its methods."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.server = Server("s3")
        self.objects = Objects()
        self.late_s = 0.0
        """How much longer a body takes at the moment."""
        self.cuts = 0
        """How many of the next bodies are cut."""
        self._planned = PlannedErrors[Refused]()

    async def call(self, operation: str, asked: Mapping[str, Any]) -> Fields:
        """What a connection does with a request.

        Raises:
            Refused: an answer with an error.
            ConnectionLost: the request or the answer was lost.
        """

        async def work() -> Fields:
            planned = self._planned.next_for(operation)
            if planned is not None and planned.moment == "before":
                raise planned.error
            answer: Fields = getattr(self.objects, operation)(**asked)
            if planned is not None:
                raise planned.error
            return answer

        return await self.network.call(self.server, operation, work)

    # Faults

    def fail(
        self, code: str, status: int, operation: str | None = None, *, moment: Moment = "before", count: int = 1
    ) -> None:
        """The next requests of this operation, or of any, get an error; to HEAD, S3 gives only the status."""
        self._planned.add(Planned(Refused(code, status), operation, moment, count))

    def slow(self, late_s: float) -> None:
        """Bodies take so much longer; 0 ends it."""
        self.late_s = late_s

    def cut(self, count: int = 1) -> None:
        """The connection is lost in the midst of the next bodies."""
        self.cuts = count

    def change(self, bucket: str, key: str, data: bytes) -> None:
        """Somebody uploads another object to the same key."""
        self.objects.put_object(Bucket=bucket, Key=key, Body=data)

    def remove(self, bucket: str, key: str) -> None:
        """Somebody deletes it."""
        self.objects.delete_object(Bucket=bucket, Key=key)

    def crash(self) -> None:
        """Connections are refused, and open ones are lost."""
        self.server.crash()

    def restart(self) -> None:
        """It is up again."""
        self.server.start()

    def freeze(self) -> None:
        """No answer comes."""
        self.server.freeze()

    def thaw(self) -> None:
        """It goes on."""
        self.server.thaw()

    def heal(self) -> None:
        """All faults end."""
        self._planned.clear()
        self.late_s, self.cuts = 0.0, 0
        self.restart()
        self.thaw()

    # Read-outs

    def contents(self) -> Mapping[tuple[str, str], bytes]:
        """All objects by bucket and key, current versions only."""
        return {
            (name, key): versions[-1].data
            for name, bucket in self.objects.buckets.items()
            for key, versions in bucket.objects.items()
            if versions[-1].data is not None
        }


STORAGE: ContextVar[Storage] = ContextVar("STORAGE")
"""The storage that new clients connect to."""
