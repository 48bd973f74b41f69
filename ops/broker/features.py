"""ApiVersions v3, which aiokafka does not have: the request whose answer holds a broker's features.

In:       nothing; whether a broker takes v3 is known to its connection.
Out:      `ApiVersionsRequest`, and `features_in` its response.
Promise:  a broker that does not take v3 is not asked: aiokafka raises IncompatibleBrokerVersion or
          NotImplementedError.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar, Final

from aiokafka.protocol.api import Request, RequestStruct, Response, ResponseHeader_v0
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Schema, TaggedFields

SOFTWARE: Final = ("codes", "1")
"""Name and version that the broker counts its clients by."""
SUPPORTED_TAG: Final = 0
FINALIZED_TAG: Final = 2
FEATURES: Final = CompactArray(("name", CompactString()), ("low", Int16), ("high", Int16), ("tags", TaggedFields))
"""Supported ones have the lowest level first, finalized ones the highest."""


@dataclass(frozen=True, slots=True)
class Features:
    """What one broker says of itself."""

    requests: frozenset[int]
    """Keys of the requests it takes."""
    supported: dict[str, int]
    """The highest level of each feature that its software has."""
    finalized: dict[str, int]
    """The level that its cluster uses."""


class ApiVersionsResponse_v3(Response):  # type: ignore[misc]  # noqa: N801  # aiokafka is not typed; its names
    """With the features in its tagged fields."""

    API_KEY = 18
    API_VERSION = 3
    SCHEMA = Schema(
        ("error_code", Int16),
        (
            "api_versions",
            CompactArray(("api_key", Int16), ("min_version", Int16), ("max_version", Int16), ("tags", TaggedFields)),
        ),
        ("throttle_time_ms", Int32),
        ("tags", TaggedFields),
    )


class ApiVersionsRequest_v3(RequestStruct):  # type: ignore[misc]  # noqa: N801  # as above
    """Who asks."""

    API_KEY = 18
    API_VERSION = 3
    FLEXIBLE_VERSION: ClassVar[bool] = True
    RESPONSE_TYPE = ApiVersionsResponse_v3
    SCHEMA = Schema(("name", CompactString()), ("version", CompactString()), ("tags", TaggedFields))

    def parse_response_header(self, read_buffer: BytesIO | bytes) -> ResponseHeader_v0:
        """Without tags in every version: a client cannot know the version before it has the answer."""
        return ResponseHeader_v0.decode(read_buffer)


class ApiVersionsRequest(Request[ApiVersionsRequest_v3]):  # type: ignore[misc]  # as above
    """v3 or nothing."""

    API_KEY = 18

    def build(self, request_struct_class: type[ApiVersionsRequest_v3]) -> ApiVersionsRequest_v3:
        """See `Request.build`."""
        return request_struct_class(*SOFTWARE, {})


def features_in(response: ApiVersionsResponse_v3) -> Features:
    """What a response says; a broker without any feature has no such field."""
    supported = decoded(response.tags.get(SUPPORTED_TAG))
    finalized = decoded(response.tags.get(FINALIZED_TAG))
    return Features(
        requests=frozenset(key for key, *_ in response.api_versions),
        supported={name: highest for name, _lowest, highest, _ in supported},
        finalized={name: highest for name, highest, _lowest, _ in finalized},
    )


def decoded(field: bytes | None) -> list[Any]:
    """The features of one tagged field."""
    return [] if field is None else FEATURES.decode(BytesIO(field)) or []
