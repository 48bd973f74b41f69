"""A reply topic that the worker may not write to, on a broker that asks for rights."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from devstack import kafka
from devstack.folder import Layout, layout_of
from devstack.ports import HOST, choose
from ops.broker.migrate import migrate
from ops.settings.load import load_settings
from tests.integration.conftest import PutCodes
from tests.integration.replying import a_reply_topic
from tests.integration.running import a_neighbour, running
from tests.integration.test_reply_topics import HURRIED, ask_three, says_so, three_are_answered

pytestmark = [pytest.mark.integration, pytest.mark.long]

START_S: Final = 60.0
AUTHORIZER: Final = """authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true
"""


@asynccontextmanager
async def a_broker_with_rights(folder: Path) -> AsyncIterator[str]:
    """The broker's address; every operation without a rule is allowed."""
    layout = Layout(folder)
    if layout_of(None).class_path.is_file():
        shutil.copy(layout_of(None).class_path, layout.class_path)
    ports = choose(("broker", "controller"), {})
    recipe = (await kafka.prepare(layout, {"kafka": ports}, print)).recipes["kafka"]
    with (recipe.folder / "server.properties").open("a") as settings:
        settings.write(AUTHORIZER)
    with (folder / "kafka.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(*recipe.command, cwd=recipe.folder, stdout=log, stderr=log)
        try:
            async with asyncio.timeout(START_S):
                while not await recipe.answers():
                    assert process.returncode is None, (folder / "kafka.log").read_text()[-2000:]
                    await asyncio.sleep(0.1)
            yield f"{HOST}:{ports['broker']}"
        finally:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("guarantee", ["exactly_once", "at_least_once"])
@pytest.mark.parametrize("is_forbidden_later", [False, True])
async def test_a_topic_without_the_right_to_write(
    environment: dict[str, str], stocked: PutCodes, tmp_path: Path, guarantee: str, *, is_forbidden_later: bool
) -> None:
    """It can be seen, so only sending shows it: the copy is left out, everything else is answered."""
    await stocked("sale", 10)
    async with a_broker_with_rights(tmp_path) as servers:
        there = {
            **environment,
            **HURRIED,
            "CODES_KAFKA__BOOTSTRAP_SERVERS": servers,
            "CODES_PROCESSING_GUARANTEE": guarantee,
        }
        settings = load_settings(there)
        await migrate(settings)
        async with (
            a_reply_topic(settings) as replies,
            a_neighbour(settings) as neighbour,
            running("worker", {**there, **replies.allowed}, tmp_path / "worker.log") as worker,
        ):
            await replies.make()
            if not is_forbidden_later:
                await replies.forbid_writing()
            await worker.until_ready()
            if is_forbidden_later:
                await replies.forbid_writing()
            await ask_three(neighbour, replies)
            await three_are_answered(neighbour, replies, guarantee)
            await says_so(worker, replies)
            assert worker.process.returncode is None
