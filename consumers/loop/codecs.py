"""Whether this build can read every kind of batch that a sender may write.

Out: `check_codecs`. Without it a good batch would be taken for a broken one and end in the dead letters.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Final

from aiokafka import codec

from consumers.loop.decompress import DECOMPRESSORS
from schemas.errors import CodeServiceError

COMPRESSORS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "gzip": codec.gzip_encode,
    "snappy": codec.snappy_encode,
    "lz4": codec.lz4_encode,
    "zstd": codec.zstd_encode,
}
SAMPLE: Final = b"codes" * 100


class CodecsMissing(CodeServiceError):
    """This build cannot read some compressed records. Install `aiokafka` with its extras `lz4`, `snappy`, `zstd`."""

    retriable: ClassVar[bool] = False


def check_codecs() -> None:
    """Raises CodecsMissing if one of them cannot be read."""
    missing = [name for name in COMPRESSORS if not can_read(name)]
    if missing:
        raise CodecsMissing(f"cannot read {', '.join(missing)} records: install aiokafka[lz4,snappy,zstd]")


def can_read(name: str) -> bool:
    """Whether a sample comes back as it was."""
    try:
        return DECOMPRESSORS[name](memoryview(COMPRESSORS[name](SAMPLE))) == SAMPLE
    except Exception:  # noqa: BLE001  # a library that is missing or broken, each in its own way
        return False
