"""The source of an import: an S3 object, or a local file, as typed by the user.

In:       `s3://bucket/key`, a bucket and a key, or the name of a file.
Out:      the object's place, or the file's path.
Promise:  exits with a usage error if the source is neither.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.commands.printing import wrong_usage

if TYPE_CHECKING:
    from stores.import_port import ObjectPlace

S3_SCHEME: Final = "s3://"
FORMS: Final = "specify a file, or the object as s3://bucket/key or with --bucket and --object-key"

Source = Annotated[
    str | None,
    typer.Argument(metavar="SOURCE", help="A file on this machine, or s3://bucket/key.", show_default=False),
]
Bucket = Annotated[
    str | None,
    typer.Option(
        "--bucket",
        help="Bucket of the object, with --object-key instead of SOURCE; bucket to which a file is uploaded.",
        show_default="for a file: the first of CODES_S3__ALLOWED_BUCKETS",
    ),
]
ObjectKey = Annotated[
    str | None,
    typer.Option(
        "--object-key",
        help="Key of the object, with --bucket instead of SOURCE; key to which a file is uploaded.",
        show_default="for a file: uploads/IMPORT/NAME",
    ),
]
VersionId = Annotated[
    str | None, typer.Option("--version-id", help="Version of the object.", show_default="the latest")
]


def source_of(
    source: str | None, bucket: str | None, object_key: str | None, version_id: str | None
) -> "Path | ObjectPlace":
    """A local file, or an object."""
    from stores.import_port import ObjectPlace

    if source is None and bucket is not None and object_key is not None:
        return ObjectPlace(bucket, object_key, version_id)
    if source is None:
        raise wrong_usage(FORMS)
    if source.startswith(S3_SCHEME):
        named, slash, key = source.removeprefix(S3_SCHEME).partition("/")
        if bucket is not None or object_key is not None or not slash:
            raise wrong_usage(FORMS)
        return ObjectPlace(named, key, version_id)
    if version_id is not None:
        raise wrong_usage("--version-id is for an object; a file has no version")
    return _file_of(source)


def _file_of(source: str) -> Path:
    file = Path(source)
    if not file.is_file():
        raise wrong_usage(f"there is no file {source}; {FORMS}")
    if file.stat().st_size == 0:
        raise wrong_usage(f"{source} is empty")
    return file
