"""What nobody may read in a log, a table or an error: which names are secret, and what stands in their place.

In:       keys, values and free text (messages, tracebacks, addresses).
Out:      the same with `***` where a secret was.
Promise:  errs to the side of masking; a code's id, type and counts stay readable.
"""

import re
from collections.abc import Mapping
from typing import Final

MASK: Final = "***"
DEPTH_MAX: Final = 6
"""Levels of nesting that are looked into; what lies deeper is masked whole."""

SECRET_KEYS: Final = frozenset(
    {"authorization", "code", "code_value", "code_values", "codes", "password", "secret", "token", "uri"}
)
SECRET_SUFFIXES: Final = ("_password", "_secret", "_token", "_uri", "_code_value")

_KEY: Final = r"[\w.-]*(?:password|secret|token|uri)|codes?|code_values?|consideredValue"
QUOTED: Final = re.compile(rf"""(?i)(["']?\b(?:{_KEY})["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|\[[^\]]*\])""")
"""`code: "X"` and its like, as MongoDB writes documents into its messages. An error's own `code: 112` stays."""
PLAIN: Final = re.compile(r"(?i)\b([\w.-]*(?:password|secret|token)=)[^\s&,;\"']+")
CREDENTIALS: Final = re.compile(r"(://[^:@/\s]*):\S*@")
"""The password of an address, up to the last `@`: one that was not escaped may hold one itself."""
URI_OPTIONS: Final = re.compile(r"(?i)\b(authMechanismProperties=)[^&\s]*")


def mask_text(text: str) -> str:
    """Free text without passwords of addresses and without quoted values of secret names."""
    masked = CREDENTIALS.sub(rf"\1:{MASK}@", text)
    masked = URI_OPTIONS.sub(rf"\1{MASK}", masked)
    masked = QUOTED.sub(rf"\1{MASK}", masked)
    return PLAIN.sub(rf"\1{MASK}", masked)


def is_secret(key: str) -> bool:
    """True for `password` and `sasl_password`; not for `code_type` or `code_ids`."""
    name = key.lower()
    return name in SECRET_KEYS or name.endswith(SECRET_SUFFIXES)


def mask_values(values: Mapping[str, object]) -> dict[str, object]:
    """Every secret key's value masked, at any depth, and all other text passed through `mask_text`."""
    return {key: _masked(key, value, DEPTH_MAX) for key, value in values.items()}


def _masked(key: str, value: object, depth: int) -> object:
    if value is not None and is_secret(key):
        return MASK
    return _plain(value, depth)


def _plain(value: object, depth: int) -> object:
    if isinstance(value, str):
        return mask_text(value)
    if not isinstance(value, Mapping | list | tuple | set | frozenset):
        return value
    if depth == 0:
        return MASK
    if isinstance(value, Mapping):
        return {str(name): _masked(str(name), item, depth - 1) for name, item in value.items()}
    return [_plain(item, depth - 1) for item in value]
