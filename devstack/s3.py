"""S3: moto's server. It keeps objects in memory and in unnamed files, so they are lost when it stops.

In:       the layout and the port of its one node.
Out:      a Recipe.
"""

import asyncio
import http.client
import importlib.metadata
import sys
from pathlib import Path

from devstack.extra import require
from devstack.folder import Layout, Report
from devstack.ports import HOST
from devstack.recipe import Kind, NodePorts, Prepared, Recipe

REGION = "us-east-1"
ANSWER_LIMIT_S = 5
PROGRAM = Path(__file__).with_name("s3_server.py")


async def prepare(layout: Layout, ports: NodePorts, _report: Report) -> Prepared:
    """Check that moto's server is installed."""
    for package in ("moto", "flask", "flask_cors"):
        require(package, why="S3")
    folder, port = layout.data("s3"), ports["s3"]["server"]
    recipe = Recipe(
        engine="moto",
        version=importlib.metadata.version("moto"),
        command=(sys.executable, "-P", str(PROGRAM), "-H", HOST, "-p", str(port)),
        folder=folder,
        answers=lambda: asyncio.to_thread(_answers, port),
        environment={"TMPDIR": str(folder)},
    )
    return Prepared(folder, {"s3": recipe})


KIND = Kind(ports=("server",), prepare=prepare)


def _answers(port: int) -> bool:
    """List the buckets, which also makes moto load its S3 code."""
    connection = http.client.HTTPConnection(HOST, port, timeout=ANSWER_LIMIT_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
