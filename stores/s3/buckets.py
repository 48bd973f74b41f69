"""Looks at a bucket, without reading an object.

In:       the S3 settings, a bucket's name.
Out:      S3's clock; ImportFailed (`no_such_bucket`, `access_denied`) or ObjectStoreUnavailable.
"""

from datetime import datetime
from email.utils import parsedate_to_datetime

from schemas.errors import ImportFailed
from schemas.settings import S3Settings
from stores.s3.connection import connected
from stores.s3.errors import translated


async def look_at_bucket(settings: S3Settings, bucket: str) -> datetime | None:
    """The time at which S3 answered, to the second; None if it does not say.

    Raises:
        ImportFailed: there is no such bucket, or no access to it.
        ObjectStoreUnavailable: S3 gave no answer.
    """
    async with connected(settings) as client:
        try:
            with translated():
                answer = await client.head_bucket(Bucket=bucket)
        except ImportFailed as why:
            raise ImportFailed("no_such_bucket" if why.reason == "no_such_object" else why.reason) from None
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return None if date is None else parsedate_to_datetime(date)
