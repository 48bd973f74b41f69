"""What is wrong with a document or a record, in words that never repeat a value of it.

Out: `problems`.
"""

from typing import Final

from pydantic import ValidationError

PROBLEMS_TOLD_MAX: Final = 5


def problems(why: ValidationError) -> str:
    """`field: reason`, several with semicolons; never a value."""
    found = [
        f"{'.'.join(str(part) for part in error['loc']) or 'value'}: {error['msg']}"
        for error in why.errors(include_url=False, include_context=False, include_input=False)
    ]
    return "; ".join(found[:PROBLEMS_TOLD_MAX])
