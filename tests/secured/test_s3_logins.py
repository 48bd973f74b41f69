"""Credentials for S3: each source of the AWS chain, keys that are replaced in their file, and encryption with KMS."""

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import orjson
import pytest
from botocore.exceptions import ClientError

import devstack
from ops.settings.load import load_settings
from schemas.settings import S3Settings
from stores.import_port import ObjectPlace
from stores.s3.connection import connected
from stores.s3.objects import PART_BYTES, open_objects
from tests.integration.importing import some_files

FAR: Final = "2099-01-01T00:00:00Z"
STS: Final = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>IRSA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""


@dataclass
class Aws:
    """What stands for S3, STS and the agent of Pod Identity; it keeps who asked S3."""

    url: str = ""
    keys: list[str] = field(default_factory=list)
    """The access keys that requests to S3 were signed with."""
    tokens: list[str] = field(default_factory=list)
    """The tokens that Pod Identity was shown."""


@contextmanager
def an_aws() -> Iterator[Aws]:
    """The three services at one address on loopback."""
    aws = Aws()

    class Service(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:  # the library's name
            aws.keys.append(self.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
            self.send_response(404)
            self.end_headers()

        def do_GET(self) -> None:  # as above
            aws.tokens.append(self.headers["Authorization"])
            keys = {"AccessKeyId": "POD", "SecretAccessKey": "s", "Token": "t", "Expiration": FAR}
            self._answer(orjson.dumps(keys))

        def do_POST(self) -> None:  # as above
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(STS.encode())

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: the library writes to standard error."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        aws.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield aws
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    """The services, and an environment without any credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with an_aws() as aws:
        yield aws


async def ask(aws: Aws, times: int = 1) -> list[str]:
    """Ask S3 for an object that does not exist; returns who S3 took this process for."""
    async with connected(S3Settings(endpoint_url=aws.url)) as client:
        for _ in range(times):
            with pytest.raises(ClientError):
                await client.head_object(Bucket="bucket", Key="key")
    return aws.keys


def keys_of(profile: str, key: str) -> str:
    """A section of a credentials file."""
    return f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = secret\n"


async def test_keys_of_the_environment(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simplest source, which precedes all others."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FROM-ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    assert ["FROM-ENVIRONMENT"] == await ask(aws)


async def test_a_profile(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file with several."""
    (tmp_path / "credentials").write_text(keys_of("default", "DEFAULT") + keys_of("shop", "OF-THE-SHOP"))
    monkeypatch.setenv("AWS_PROFILE", "shop")

    assert ["OF-THE-SHOP"] == await ask(aws)


async def test_a_role_of_a_service_account(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """IRSA: the token of the pod is exchanged for keys."""
    (tmp_path / "token").write_text("a token of Kubernetes")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/codes")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    assert ["IRSA"] == await ask(aws)


async def test_pod_identity(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent of the node exchanges the token for keys."""
    (tmp_path / "token").write_text("a token of the pod")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))

    assert ["POD"] == await ask(aws)
    assert ["a token of the pod"] == aws.tokens


async def test_keys_are_replaced_without_a_restart(aws: Aws, tmp_path: Path) -> None:
    """One client, three requests: the former keys, the following ones, and those while the file is broken."""
    file = tmp_path / "credentials"
    file.write_text(keys_of("default", "FORMER"))

    async with connected(S3Settings(endpoint_url=aws.url)) as client:
        for content in (None, keys_of("default", "FOLLOWING"), "half a fi"):
            if content is not None:
                file.write_text(content)
            with pytest.raises(ClientError):
                await client.head_object(Bucket="bucket", Key="key")

    assert ["FORMER", "FOLLOWING", "FOLLOWING"] == aws.keys


@pytest.mark.integration
@pytest.mark.parametrize("size", [10, PART_BYTES + 1], ids=["at once", "in parts"])
async def test_reports_are_encrypted_with_the_key_of_the_settings(
    stack: devstack.Stack, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """As S3 shows it afterwards."""
    key = "arn:aws:kms:us-east-1:111122223333:key/1234abcd"
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, environment[name])
    settings = load_settings({**environment, "CODES_S3__SSE": "aws:kms", "CODES_S3__KMS_KEY_ID": key}).s3
    with some_files(environment) as files:
        place = ObjectPlace(bucket=files.bucket, key="report.csv", version_id=None)

        async def pieces() -> AsyncIterator[bytes]:
            yield b"x" * size

        async with open_objects(settings) as objects, connected(settings) as client:
            await objects.write(place, pieces())
            seen = await client.head_object(Bucket=place.bucket, Key=place.key)

    assert ("aws:kms", key) == (seen["ServerSideEncryption"], seen["SSEKMSKeyId"])
