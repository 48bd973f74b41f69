"""What brokers say of their version, and what is made of it."""

from io import BytesIO
from typing import Final

import pytest
from aiokafka.protocol.types import Int16, UnsignedVarInt32

from ops.broker.features import ApiVersionsRequest, ApiVersionsResponse_v3, Features, features_in
from ops.broker.versions import (
    LEVELS,
    BrokerVersion,
    KafkaTooOld,
    check_guarantee,
    release_of,
    version_of,
    warnings_of,
)

PRODUCE: Final = 0
LEADER_AND_ISR: Final = 4


def varint(number: int) -> bytes:
    encoded: bytes = UnsignedVarInt32.encode(number)
    return encoded


def feature(name: str, first: int, second: int) -> bytes:
    """As the protocol has one: a name, two levels, no tags."""
    text = name.encode()
    encoded: bytes = varint(len(text) + 1) + text + Int16.encode(first) + Int16.encode(second) + varint(0)
    return encoded


def tagged(tag: int, content: bytes) -> bytes:
    return varint(tag) + varint(len(content)) + content


def an_answer(*tags: bytes) -> ApiVersionsResponse_v3:
    """One request, no error, no throttling, these tagged fields."""
    request = Int16.encode(PRODUCE) + Int16.encode(0) + Int16.encode(13) + varint(0)
    body = Int16.encode(0) + varint(2) + request + b"\0\0\0\0" + varint(len(tags)) + b"".join(tags)
    answer: ApiVersionsResponse_v3 = ApiVersionsResponse_v3.decode(BytesIO(body))
    return answer


def test_features_are_read_from_the_tagged_fields() -> None:
    """Supported ones say their lowest level first, finalized ones their highest; the epoch between is passed over."""
    supported = varint(3) + feature("kraft.version", 0, 1) + feature("metadata.version", 7, 30)
    finalized = varint(2) + feature("metadata.version", 29, 29)
    answer = an_answer(tagged(0, supported), tagged(1, bytes(8)), tagged(2, finalized))

    expected = Features(frozenset({PRODUCE}), {"kraft.version": 1, "metadata.version": 30}, {"metadata.version": 29})
    assert expected == features_in(answer)
    assert BrokerVersion(1, 30, 29) == version_of(1, features_in(answer))


def test_a_broker_without_features_is_unknown() -> None:
    """Many a service that speaks the protocol has none."""
    assert BrokerVersion(1, None) == version_of(1, features_in(an_answer()))


def test_a_broker_that_does_not_take_the_request_is_not_asked() -> None:
    """Its answer would be in another form."""
    with pytest.raises(NotImplementedError):
        ApiVersionsRequest().prepare({ApiVersionsRequest.API_KEY: (0, 2)})
    assert 3 == ApiVersionsRequest().prepare({ApiVersionsRequest.API_KEY: (0, 4)}).API_VERSION


@pytest.mark.parametrize(
    ("level", "release"),
    [
        (1, "3.0"), (4, "3.3"), (7, "3.3"), (20, "3.8"), (21, "3.9"), (22, "4.0"), (25, "4.0"), (26, "4.1"),
        (28, "4.2"), (29, "4.2"), (30, "4.3"), (31, "newer than 4.3"),
    ],
)  # fmt: skip
def test_each_release_has_levels_of_its_own(level: int, release: str) -> None:
    """The last one of a release is what its software supports."""
    assert release == release_of(level)
    assert sorted(LEVELS) == list(LEVELS)


TOO_OLD = [
    BrokerVersion(1, software=21, cluster=21),
    version_of(1, Features(frozenset({PRODUCE, LEADER_AND_ISR}), {}, {})),
]
NOT_TOO_OLD = [
    BrokerVersion(1, software=25, cluster=21),
    BrokerVersion(1, software=31, cluster=31),
    BrokerVersion(1, software=None),
    version_of(1, Features(frozenset({PRODUCE}), {}, {})),
    version_of(1, Features(frozenset({LEADER_AND_ISR}), {"metadata.version": 25}, {})),
]


@pytest.mark.parametrize("broker", TOO_OLD)
def test_exactly_once_is_refused_before_4_0(broker: BrokerVersion) -> None:
    """By name; the other guarantee is the way out, and is not refused."""
    with pytest.raises(KafkaTooOld, match=r"before 4\.0|3\.9"):
        check_guarantee("exactly_once", [BrokerVersion(0, 29, 29), broker])
    check_guarantee("at_least_once", [broker])
    assert "at_least_once" in (KafkaTooOld.__doc__ or "")


@pytest.mark.parametrize("broker", NOT_TOO_OLD)
def test_what_is_new_enough_or_unknown_is_not_refused(broker: BrokerVersion) -> None:
    """The software counts, not the level that the cluster was upgraded to."""
    check_guarantee("exactly_once", [broker])


def test_4_3_is_warned_of_by_name() -> None:
    """Also in a cluster whose metadata is still of 4.2; the patch release is unknown."""
    [warning] = warnings_of("exactly_once", [BrokerVersion(1, 30, 29), BrokerVersion(2, 29, 29)])

    assert warning.startswith("is 4.3 with metadata.version 4.2 (broker 1);")
    assert "KAFKA-20734" in warning


def test_unknown_is_said_and_4_2_is_not_worth_a_word() -> None:
    """Nor is anything with at_least_once."""
    [warning] = warnings_of("exactly_once", [BrokerVersion(1, None)])

    assert "does not say its version" in warning
    assert [warning] == warnings_of("exactly_once", [])
    assert [] == warnings_of("exactly_once", [BrokerVersion(1, 29, 29), BrokerVersion(2, 31, 31)])
    assert [] == warnings_of("at_least_once", [BrokerVersion(1, None), BrokerVersion(2, 30, 30)])
