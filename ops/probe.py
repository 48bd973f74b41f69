"""`python -m ops.probe [live|ready]`: asks the ops port of this machine's role, for a container's health check.

In:       which question; `CODES_OPS__PORT`, which must be a fixed port here.
Out:      exit code 0 if all is well, 1 if not or if nobody answers, 2 if it cannot ask; one line on standard error.
Promise:  only Python's own library is loaded: an engine asks every few seconds, and a whole `codes` costs ten times
          as much.
"""

import http.client
import json
import os
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

QUESTIONS: Final = ("live", "ready")
HOST: Final = "127.0.0.1"
ANSWER_LIMIT_S: Final = 3.0
WELL, NOT_WELL, CANNOT_ASK = 0, 1, 2


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Ask; give the exit code."""
    question, port = (arguments or QUESTIONS)[0], environ.get("CODES_OPS__PORT", "")
    if question not in QUESTIONS or not port.isdecimal() or int(port) == 0:
        return _told("usage: python -m ops.probe [live|ready], with a port in CODES_OPS__PORT", CANNOT_ASK)
    try:
        status, missing = ask(int(port), question)
    except (OSError, ValueError, http.client.HTTPException) as why:
        return _told(f"no answer on port {port}: {type(why).__name__}", NOT_WELL)
    return WELL if status == HTTPStatus.OK else _told(f"not {question}: {', '.join(missing)}", NOT_WELL)


def ask(port: int, question: str) -> tuple[int, list[str]]:
    """The status, and what the role says is missing."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("GET", f"/{question}")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["missing"]
    finally:
        connection.close()


def _told(what: str, code: int) -> int:
    sys.stderr.write(f"{what}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
