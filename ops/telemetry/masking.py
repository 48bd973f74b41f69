"""Masking of secrets in logs, tables and errors.

In:       keys, values and free text (messages, tracebacks, addresses).
Out:      the same, with `***` in place of each secret.
Promise:  when in doubt, it masks. A code's id, type and counts stay readable.
"""

import re
from collections.abc import Mapping
from typing import Final

MASK: Final = "***"
DEPTH_MAX: Final = 6
"""Levels of nesting that are inspected; anything deeper is masked as a whole."""

SECRET_KEYS: Final = frozenset(
    {"authorization", "code", "code_value", "code_values", "codes", "password", "secret", "token", "uri"}
)
SECRET_SUFFIXES: Final = ("_password", "_secret", "_token", "_uri", "_code_value")

_KEY: Final = r"[\w.-]*(?:password|secret|token|uri)|codes?|code_values?|consideredValue"
QUOTED: Final = re.compile(rf"""(?i)(["']?\b(?:{_KEY})["']?\s*[:=]\s*)(?:"[^"]*"|'[^']*'|\[[^\]]*\])""")
"""`code: "X"` and similar, as MongoDB quotes documents in messages. An error's own `code: 112` stays."""
PLAIN: Final = re.compile(r"(?i)\b([\w.-]*(?:password|secret|token)=)[^\s&,;\"']+")
CREDENTIALS: Final = re.compile(r"(://[^:@/\s]*):\S*@")
"""The password of an address, up to the last `@`: an unescaped password may contain one."""
URI_OPTIONS: Final = re.compile(r"(?i)\b(authMechanismProperties=)[^&\s]*")


def mask_text(text: str) -> str:
    """Mask passwords in addresses and quoted values of secret names."""
    masked = CREDENTIALS.sub(rf"\1:{MASK}@", text)
    masked = URI_OPTIONS.sub(rf"\1{MASK}", masked)
    masked = QUOTED.sub(rf"\1{MASK}", masked)
    return PLAIN.sub(rf"\1{MASK}", masked)


def is_secret(key: str) -> bool:
    """True for `password` and `sasl_password`; false for `code_type` and `code_ids`."""
    name = key.lower()
    return name in SECRET_KEYS or name.endswith(SECRET_SUFFIXES)


def mask_values(values: Mapping[str, object]) -> dict[str, object]:
    """Mask the value of every secret key at any depth; pass all other text through `mask_text`."""
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
