"""`python -m ops.probe [live|ready]`: queries the ops port on localhost, for a container's health check.

In:       the probe's name; `CODES_OPS__PORT`, which must be a fixed port here.
Out:      exit code 0 if all is well, 1 if not or without an answer, 2 for wrong usage; one line on standard error.
Promise:  only the standard library is loaded. The probe runs every few seconds, and a whole `codes` costs ten times
          as much.
"""

import http.client
import json
import os
import sys
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Final

PROBES: Final = ("live", "ready")
HOST: Final = "127.0.0.1"
ANSWER_LIMIT_S: Final = 3.0
WELL, NOT_WELL, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Query the port; return the exit code."""
    probe, port = (arguments or PROBES)[0], environ.get("CODES_OPS__PORT", "")
    if probe not in PROBES or not port.isdecimal() or int(port) == 0:
        return _fail("usage: python -m ops.probe [live|ready], with a port in CODES_OPS__PORT", WRONG_USAGE)
    try:
        status, missing = ask(int(port), probe)
    except (OSError, ValueError, http.client.HTTPException) as why:
        return _fail(f"no answer on port {port}: {type(why).__name__}", NOT_WELL)
    return WELL if status == HTTPStatus.OK else _fail(f"not {probe}: {', '.join(missing)}", NOT_WELL)


def ask(port: int, probe: str) -> tuple[int, list[str]]:
    """The HTTP status, and what the role reports as missing."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("GET", f"/{probe}")
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())["missing"]
    finally:
        connection.close()


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
