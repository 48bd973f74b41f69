"""Every setting of every role: unit, default, range and meaning. `ops/settings/load.py` loads them.

Out: one frozen model a group; the variable of a field is `CODES_<GROUP>__<FIELD>`.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr

BucketName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{3,63}$")]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Validators = Literal["required", "optional"]
ProcessingGuarantee = Literal["exactly_once", "at_least_once"]


class Group(BaseModel):
    """Frozen; a field not known is an error, so that a misspelt variable is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class KafkaSettings(Group):
    """How to reach Kafka, and how consumers and producers behave there."""

    bootstrap_servers: Annotated[str, Field(min_length=1)] = "127.0.0.1:9092"
    """`host:port`, several with commas."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """How the connection is secured."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    """Only with a SASL protocol."""
    sasl_username: str | None = None
    """Only with a SASL protocol."""
    sasl_password: SecretStr | None = None
    """Only with a SASL protocol."""
    ca_file: str | None = None
    """PEM file of the authorities that signed the broker's certificate; the system's own if not given."""
    client_cert_file: str | None = None
    """PEM file of this client's certificate, for mutual TLS."""
    client_key_file: str | None = None
    """PEM file of this client's key, for mutual TLS."""
    client_key_password: SecretStr | None = None
    """Password of the client's key, if it has one."""
    group_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = "codes-"
    """Stands before the name of each consumer group, and so of each transactional id."""
    group_instance_id: str | None = None
    """This process's fixed name in its group (static membership): a restart within the session time-out then
    moves no partition. The pod's name, for example."""
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 10_000
    """Milliseconds without a heartbeat after which the broker gives a process's partitions to others."""
    request_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 30_000
    """Milliseconds to wait for one answer of a broker."""
    transaction_timeout_ms: Annotated[int, Field(ge=1_000, le=900_000)] = 60_000
    """Milliseconds after which the broker ends an open transaction; far above the time of a batch."""


class MongoSettings(Group):
    """How to reach MongoDB."""

    uri: SecretStr = SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0")
    """A replica set or a sharded cluster: transactions need one."""
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")] = "codes"
    """Name of the database."""
    timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000
    """Milliseconds for one operation, server selection included. A transaction with its commit is one operation: a
    batch or an import's chunk that takes longer is halved."""
    transactions_max: Annotated[int, Field(ge=1, le=256)] = 8
    """Transactions that one process runs at once."""
    ledger_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days a request's outcome is remembered; no less than the topics' retention."""
    validators: Validators = "required"
    """`required`: `codes migrate` fails where the server takes no validators, or the user may not set them.
    `optional`: it says so, and ends well."""


class S3Settings(Group):
    """How to reach S3. Credentials come the way of all AWS programs."""

    endpoint_url: str | None = None
    """Of an S3 that is not Amazon's."""
    region: str = "us-east-1"
    """The buckets' region."""
    allowed_buckets: tuple[BucketName, ...] = ()
    """Buckets that import commands may name; empty: any."""
    timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 30_000
    """Milliseconds to connect, and between two pieces of an answer."""


class TopicSettings(Group):
    """The topics: what they are called, and how `codes migrate` makes them."""

    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,200}$")] = "codes."
    """Stands before each topic's name."""
    reply_allowed: tuple[TopicName, ...] = ()
    """Full names of the topics that a request may name for its reply."""
    partitions: dict[str, PositiveInt] = Field(default_factory=dict)
    """Other partition counts than the contract's, by name without prefix. More can be added, never fewer."""
    replication_factor: Annotated[int, Field(ge=-1, le=9)] = -1
    """Copies of each partition; -1: as the broker has it by default."""
    retention_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24 * 7
    """Hours that records are kept on every topic but the dead letters."""
    dead_letter_retention_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24 * 30
    """Hours that dead letters are kept."""


class WorkerSettings(Group):
    """Limits of `codes worker`; the sizes hold for every role that reads Kafka."""

    batch_size_max: Annotated[int, Field(ge=1, le=5_000)] = 500
    """Records decided in one transaction. A partition takes what has arrived and never waits to fill up."""
    record_bytes_max: Annotated[int, Field(ge=256, le=1_048_576)] = 65_536
    """Bytes of a record's value; a longer one is a dead letter `too_large`."""
    key_bytes_max: Annotated[int, Field(ge=16, le=65_536)] = 4_096
    """Bytes of a record's key; a longer one is a dead letter `too_large`."""
    header_bytes_max: Annotated[int, Field(ge=256, le=262_144)] = 16_384
    """Bytes of a record's headers together; longer ones make a dead letter `too_large`."""
    attempts_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Times a batch is planned anew because others were faster; then it is halved."""
    backoff_max_ms: Annotated[int, Field(ge=10, le=60_000)] = 5_000
    """Longest wait, in milliseconds, between two tries while something is away."""
    stop_budget_s: Annotated[int, Field(ge=1, le=20)] = 15
    """Seconds that a batch under way may go on after SIGTERM or a rebalance; then it is given up."""


class ImporterSettings(Group):
    """Limits of `codes importer`."""

    range_bytes: Annotated[int, Field(ge=1_024, le=64 * 1024 * 1024)] = 8 * 1024 * 1024
    """Bytes asked of S3 in one request."""
    rows_per_chunk_max: Annotated[int, Field(ge=1, le=10_000)] = 5_000
    """Rows written in one transaction, all of which must fit in the database's cache. Fewer while it is too slow."""
    object_bytes_max: PositiveInt = 2 * 1024**3
    """Bytes of an object; a larger one fails as `too_large`."""
    text_bytes_max: PositiveInt = 4 * 1024**3
    """Bytes of an object's text once decompressed; more fails as `too_large`."""
    rows_max: PositiveInt = 20_000_000
    """Rows of an object; more fails as `too_many_rows`."""
    line_bytes_max: Annotated[int, Field(ge=128, le=1_048_576)] = 65_536
    """Bytes of one line; a longer one is rejected as `line_too_long`."""
    progress_every_s: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    """Least seconds between two progress events of one import."""


class ExpirerSettings(Group):
    """Limits of `codes expirer`."""

    interval_ms: Annotated[int, Field(ge=50, le=600_000)] = 1_000
    """Milliseconds between two looks for overdue reservations."""
    batch_size_max: Annotated[int, Field(ge=1, le=50_000)] = 5_000
    """Reservations asked for at one look."""
    again_after_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    """Seconds after which a reservation that is still held, though its release was decided, is asked for again under
    the next attempt. The wait doubles from one attempt to the next, up to an hour."""
    clock_margin_ms: Annotated[int, Field(ge=10, le=60_000)] = 250
    """Milliseconds by which the clocks of brokers and of this process may differ, the time included that an append
    takes to reach all in-sync replicas: before that nobody can read it. A hold is asked for so much after its end."""


class InventorySettings(Group):
    """`codes inventory`: when stock is low, and who may read its HTTP API."""

    low_percent: Annotated[float, Field(ge=0, le=100)] = 10.0
    """A campaign's stock of a type is low when so much of all its codes, or less, is available."""
    low_count: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """It is low as well when so many codes, or fewer, are available."""
    host: str = "127.0.0.1"
    """Address that the API and the page listen on; any other than loopback needs `jwt_secret` or `jwt_keys_file`."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """0: any free one, printed in the log."""
    jwt_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    """Secret of at least 32 characters that tokens are signed with by HS256."""
    jwt_keys_file: str | None = None
    """File with the public keys of tokens that are signed by RS256: a JWKS, or one key as PEM. Read again when it
    changes."""
    jwt_claim: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,128}$")] = "supreme"
    """Gives access: a claim of this name that is `true`, or this word in the claims `scope` or `roles`."""
    jwt_audience: str | None = None
    """What `aud` must name. Without it, a token that names an audience is refused."""
    jwt_issuer: str | None = None
    """What `iss` must be; without it, anyone's."""
    jwt_leeway_s: Annotated[int, Field(ge=0, le=300)] = 10
    """Seconds that the clocks of the tokens' issuer and of this process may differ."""
    streams_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Live streams at once; one more is refused with 503."""
    streams_per_token_max: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Live streams at once of one token; one more is refused with 429. Without a key there are no tokens to count."""
    token: SecretStr | None = None
    """For `codes top` alone: the bearer token that it shows to the API."""


class OpsSettings(Group):
    """The port of `/live`, `/ready` and `/metrics`."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a container."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """0: any free one, printed in the log."""


class OtelSettings(Group):
    """Traces by OpenTelemetry. Where they go, and how many, say the variables `OTEL_*` of all its programs."""

    enabled: bool = False
    """Make spans and send them by OTLP over HTTP; needs the extra `otel`."""


class LogSettings(Group):
    """The log on standard output."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity that is written."""
    format: Literal["json", "console"] = "json"
    """One JSON object a line, or lines for people."""
