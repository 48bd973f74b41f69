"""Documents as text, so that two of the same content are the same bytes."""

import json
from collections.abc import Mapping
from typing import Any


def json_text(document: Mapping[str, Any]) -> str:
    """Indented, in the order given."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
