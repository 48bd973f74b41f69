"""All settings: unit, default, range, meaning. One model per group; a variable is `CODES_<GROUP>__<FIELD>`.

Out: the groups; `ops/settings/load.py` loads them.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, SecretStr

BucketName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{3,63}$")]
TopicName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")]
Validators = Literal["required", "optional"]
ProcessingGuarantee = Literal["exactly_once", "at_least_once"]


class Group(BaseModel):
    """Frozen; an unknown field is an error, so that a misspelt variable is noticed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class KafkaSettings(Group):
    """Connection to Kafka, and the behaviour of consumers and producers."""

    bootstrap_servers: Annotated[str, Field(min_length=1)] = "127.0.0.1:9092"
    """`host:port`; separate several brokers with commas."""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    """Security protocol of the connection."""
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = "PLAIN"
    """SASL mechanism; used only with a SASL protocol."""
    sasl_username: str | None = None
    """User name for `PLAIN` and `SCRAM-SHA-*`."""
    sasl_password: SecretStr | None = None
    """Password for `PLAIN` and `SCRAM-SHA-*`."""
    oauth_token_file: str | None = None
    """`OAUTHBEARER`: file that holds the token. Read at each connection, so whoever writes it may replace it."""
    oauth_token_url: str | None = None
    """`OAUTHBEARER`: token endpoint (`https`, or `http` on loopback) that issues tokens for client credentials."""
    oauth_client_id: str | None = None
    """Client id for the token endpoint."""
    oauth_client_secret: SecretStr | None = None
    """Client secret for the token endpoint."""
    oauth_scope: str | None = None
    """Scope to request from the token endpoint; default: none."""
    oauth_audience: str | None = None
    """Audience to request from the token endpoint; default: none."""
    oauth_ca_file: str | None = None
    """PEM file of the authorities that signed the token endpoint's certificate; default: those of the system."""
    oauth_extensions: dict[str, str] = Field(default_factory=dict)
    """SASL extensions to send with the token, for example `logicalCluster` for Confluent Cloud."""
    oauth_msk_region: str | None = None
    """`OAUTHBEARER`: region of an Amazon MSK cluster with IAM: AWS credentials sign the token. Needs extra `msk`."""
    refusal_patience_s: Annotated[float, Field(ge=0, le=3_600)] = 120
    """Seconds that a running role keeps retrying after a broker has refused its login, before it exits: time for a
    rotated secret to arrive. At its start a role exits at once."""
    ca_file: str | None = None
    """PEM file of the authorities that signed the broker's certificate; default: those of the system."""
    client_cert_file: str | None = None
    """PEM file of the client certificate, for mutual TLS."""
    client_key_file: str | None = None
    """PEM file of the client key, for mutual TLS."""
    client_key_password: SecretStr | None = None
    """Password of the client key, if it has one."""
    group_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = "codes-"
    """Prefix of the name of each consumer group, and so of each transactional id."""
    group_instance_id: str | None = None
    """Fixed name of this process in its group (static membership), for example the pod's name: a restart within the
    session time-out then causes no rebalance."""
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 10_000
    """Milliseconds without a heartbeat after which the broker gives a process's partitions to others."""
    request_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = 30_000
    """Milliseconds to wait for a broker's response."""
    transaction_timeout_ms: Annotated[int, Field(ge=1_000, le=900_000)] = 60_000
    """Milliseconds after which the broker aborts an open transaction. Must be far longer than a batch takes."""


class MongoSettings(Group):
    """Connection to MongoDB."""

    uri: SecretStr = SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0")
    """Connection string of a replica set or a sharded cluster; transactions need one of them. It also selects TLS
    and the mechanism, for example `tls=true&authMechanism=MONGODB-X509`; `MONGODB-AWS` needs the extra `aws`."""
    database: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,63}$")] = "codes"
    """Name of the database."""
    timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 10_000
    """Milliseconds for one operation, including server selection. A transaction with its commit is one operation: a
    batch or an import's chunk that takes longer is halved."""
    transactions_max: Annotated[int, Field(ge=1, le=256)] = 8
    """Maximum number of concurrent transactions of one process."""
    ledger_days: Annotated[int, Field(ge=1, le=3_650)] = 30
    """Days that a request's outcome is kept; at least as long as the topics' retention."""
    validators: Validators = "required"
    """`required`: `codes migrate` fails if the server does not support validators, or the user may not set them.
    `optional`: it prints a warning, and succeeds."""
    id_index: bool = False
    """Whether `codes migrate` adds an index of codes that begins with `_id`: for servers that would otherwise look
    through all codes for a range of ids. A `mongod` needs none."""


class S3Settings(Group):
    """Connection to S3. Credentials are found as by all AWS programs; a credentials file may be replaced."""

    endpoint_url: str | None = None
    """Endpoint of an S3-compatible store; default: Amazon S3."""
    region: str = "us-east-1"
    """Region of the buckets."""
    allowed_buckets: tuple[BucketName, ...] = ()
    """Buckets that import commands may name; empty: any."""
    sse: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = None
    """Server-side encryption of the objects that the service writes; default: that of the bucket."""
    kms_key_id: str | None = None
    """Id, alias or ARN of the KMS key for `aws:kms` and `aws:kms:dsse`; default: the key of S3."""
    timeout_ms: Annotated[int, Field(ge=100, le=300_000)] = 30_000
    """Milliseconds to connect, and to wait for the next bytes of a response."""


class TopicSettings(Group):
    """The topics: their names, and how `codes migrate` creates them."""

    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,200}$")] = "codes."
    """Prefix of each topic's name."""
    reply_allowed: tuple[TopicName, ...] = ()
    """Full names of the topics that requests may name as reply topic."""
    partitions: dict[str, PositiveInt] = Field(default_factory=dict)
    """Partition counts that differ from the contract's, by topic name without prefix. They can only be increased."""
    replication_factor: Annotated[int, Field(ge=-1, le=9)] = -1
    """Replicas of each partition; -1: the broker's default."""
    retention_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24 * 7
    """Hours that records are kept on every topic except the dead letters."""
    dead_letter_retention_hours: Annotated[int, Field(ge=1, le=24 * 365)] = 24 * 30
    """Hours that dead letters are kept."""


class WorkerSettings(Group):
    """Limits of `codes worker`; the sizes apply to every role that reads from Kafka."""

    batch_size_max: Annotated[int, Field(ge=1, le=5_000)] = 500
    """Maximum number of records decided in one transaction. A batch is what has arrived; it never waits for more."""
    record_bytes_max: Annotated[int, Field(ge=256, le=1_048_576)] = 65_536
    """Maximum size of a record's value in bytes; a larger one becomes a dead letter `too_large`."""
    key_bytes_max: Annotated[int, Field(ge=16, le=65_536)] = 4_096
    """Maximum size of a record's key in bytes; a larger one becomes a dead letter `too_large`."""
    header_bytes_max: Annotated[int, Field(ge=256, le=262_144)] = 16_384
    """Maximum size of a record's headers in bytes, all together; larger ones make a dead letter `too_large`."""
    dead_letters_max: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Consecutive dead letters of one partition after which a worker pauses the partition, until the worker is
    restarted; 0: never."""
    attempts_max: Annotated[int, Field(ge=1, le=100)] = 8
    """Number of times a batch is planned again after a conflict with another process; then it is halved."""
    backoff_max_ms: Annotated[int, Field(ge=10, le=60_000)] = 5_000
    """Longest wait between two retries, in milliseconds, while Kafka, MongoDB or S3 is unavailable."""
    stop_budget_s: Annotated[int, Field(ge=1, le=20)] = 15
    """Seconds that a batch in progress may continue after SIGTERM or a rebalance; then it is abandoned."""


class ImporterSettings(Group):
    """Limits of `codes importer`."""

    range_bytes: Annotated[int, Field(ge=1_024, le=64 * 1024 * 1024)] = 8 * 1024 * 1024
    """Bytes requested from S3 at once."""
    rows_per_chunk_max: Annotated[int, Field(ge=1, le=10_000)] = 5_000
    """Maximum number of rows written in one transaction; they must fit in the database's cache. Reduced while
    the database is too slow."""
    object_bytes_max: PositiveInt = 2 * 1024**3
    """Maximum size of an object in bytes; the import of a larger one fails with `too_large`."""
    text_bytes_max: PositiveInt = 4 * 1024**3
    """Maximum size of an object's text in bytes, after decompression; a larger one fails with `too_large`."""
    rows_max: PositiveInt = 20_000_000
    """Maximum number of rows in an object; more fail with `too_many_rows`."""
    line_bytes_max: Annotated[int, Field(ge=128, le=1_048_576)] = 65_536
    """Maximum length of a line in bytes; a longer one is rejected as `line_too_long`."""
    progress_every_s: Annotated[float, Field(ge=0.1, le=60)] = 2.0
    """Minimum interval between two progress events of an import, in seconds."""


class ExpirerSettings(Group):
    """Limits of `codes expirer`."""

    interval_ms: Annotated[int, Field(ge=50, le=600_000)] = 1_000
    """Interval between two searches for overdue reservations, in milliseconds."""
    batch_size_max: Annotated[int, Field(ge=1, le=50_000)] = 5_000
    """Maximum number of reservations that one search returns."""
    again_after_s: Annotated[int, Field(ge=1, le=86_400)] = 60
    """Seconds after which the release of a reservation is requested again, as the next attempt, if the reservation is
    still held although its release was decided. The interval doubles with each attempt, up to an hour."""
    clock_margin_ms: Annotated[int, Field(ge=10, le=60_000)] = 250
    """Maximum difference between the clocks of the brokers and of this process, plus the time that a record takes to
    reach all in-sync replicas (nobody can read it before then), in milliseconds. The release of a reservation is
    requested this long after its expiry."""


Percent = Annotated[float, Field(ge=0, le=100)]
LabelName = Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")]


class InventorySettings(Group):
    """`codes inventory`: when stock is low, and who may read its HTTP API."""

    low_percent: Percent = 10.0
    """Stock of a campaign and code type is low at or below this percentage of all its codes."""
    low_percent_by_campaign: dict[str, Percent] = Field(default_factory=dict)
    """Percentages of single campaigns that differ from `low_percent`, by the campaign's id."""
    low_count: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Stock is also low at or below this number of available codes."""
    empty_within_s: Annotated[int, Field(ge=0, le=30 * 86_400)] = 3_600
    """A stock that will be empty within this number of seconds at its present rate needs attention on the page and in
    `codes top`; 0: no forecast."""
    host: str = "127.0.0.1"
    """Address that the API and the page listen on; any other than loopback needs `jwt_secret` or `jwt_keys_file`."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Port of the API and the page; 0: any free port, written to the log."""
    jwt_secret: Annotated[SecretStr, Field(min_length=32)] | None = None
    """Secret of tokens that are signed with HS256; at least 32 characters."""
    jwt_keys_file: str | None = None
    """File with the public keys of tokens that are signed with RS256: a JWKS, or one key as PEM. Read again when it
    changes."""
    jwt_claim: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,128}$")] = "supreme"
    """Name that grants all campaigns: a claim of this name that is `true`, or this word in the claims `scope` or
    `roles`."""
    jwt_campaigns_claim: Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/-]{1,128}$")] = "campaigns"
    """Name of the claim that grants single campaigns: a list of their ids, or a text with spaces between them."""
    jwt_audience: str | None = None
    """Audience that `aud` must name. Without it, a token that names an audience is refused."""
    jwt_issuer: str | None = None
    """Issuer that `iss` must name; default: any."""
    jwt_leeway_s: Annotated[int, Field(ge=0, le=300)] = 10
    """Seconds by which the clocks of the tokens' issuer and of this process may differ."""
    streams_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Maximum number of concurrent live streams; further ones are refused with 503."""
    streams_per_token_max: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Maximum number of concurrent live streams per token; further ones are refused with 429. Without a key there are
    no tokens to count."""
    history_uri: SecretStr | None = None
    """Connection string of a MongoDB user who only reads, for histories of fans and codes; default: no histories."""
    prometheus_url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")] | None = None
    """Address of a Prometheus that scrapes the inventory, for the week of a history; default: what the role keeps."""
    prometheus_labels: dict[LabelName, str] = Field(default_factory=dict)
    """Labels of this deployment's series there; needed if it scrapes other deployments too."""
    token: SecretStr | None = None
    """Used by `codes top` only: the bearer token that it sends to the API."""


class OpsSettings(Group):
    """The port of `/live`, `/ready` and `/metrics`."""

    host: str = "127.0.0.1"
    """Address to listen on; `0.0.0.0` in a container."""
    port: Annotated[int, Field(ge=0, le=65_535)] = 0
    """Port to listen on; 0: any free port, written to the log."""
