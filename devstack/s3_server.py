"""The program of the local S3: moto's server, in which an unsigned request has all rights.

In:       moto's arguments.
Out:      the server, until SIGTERM.
Promise:  a plain `curl -T` may replace an object, and a plain `curl` may read what another client wrote. By itself
          moto answers both with 403: to an unsigned request every object is private as soon as it exists.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from moto import server
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

SIGNED_BY: Final = ("X-Amz-Signature=", "AWSAccessKeyId=", "Signature=")
"""In the query of a presigned address."""
SIGNATURE: Final = (
    "AWS4-HMAC-SHA256 Credential=codes-dev/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none"
)
"""moto checks no signature; it looks whether there is one."""


class OpenToAll(DomainDispatcherApplication):
    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = environ.get("QUERY_STRING", "")
        if "HTTP_AUTHORIZATION" not in environ and not any(word in query for word in SIGNED_BY):
            environ["HTTP_AUTHORIZATION"] = SIGNATURE
        answer: Iterable[bytes] = super().__call__(environ, start_response)
        return answer


if __name__ == "__main__":
    vars(server)["DomainDispatcherApplication"] = OpenToAll  # `main` takes it from there
    server.main()
