"""The settings of a process: read at the start, checked as a whole, frozen; only secrets follow their files.

In:       variables `CODES_<GROUP>__<FIELD>`, files named by `<VARIABLE>_FILE`, a directory `CODES_SECRETS_DIR`.
Out:      `Settings`; docs/settings.md lists every variable.
Promise:  an error is one line that names the variable and its range, and never holds a value of a secret.
"""

import os
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from consumers.loop.failpoints import PATTERN
from ops.settings.access import ACCESS_RULES
from ops.settings.secret_files import SettingFiles, following
from ops.settings.sources import Found, gather, nearest
from ops.settings.variables import DELIMITER, PREFIX, Variable, all_variables
from ops.webhooks.targets import targets_of
from schemas.action_settings import ActionSettings
from schemas.errors import SettingsInvalid
from schemas.fan_settings import FanSettings
from schemas.objective_settings import ObjectiveSettings
from schemas.registry_settings import RegistrySettings
from schemas.request_settings import RequestSettings
from schemas.settings import (
    ExpirerSettings,
    ImporterSettings,
    InventorySettings,
    KafkaSettings,
    MongoSettings,
    OpsSettings,
    ProcessingGuarantee,
    S3Settings,
    TopicSettings,
    WorkerSettings,
)
from schemas.telemetry_settings import LogSettings, OtelSettings
from schemas.topics import ALL_TOPICS
from schemas.webhook_settings import WebhookSettings

HOURS_PER_DAY: Final = 24
GROUP_AND_FIELD: Final = 2
Failpoint = Annotated[str, Field(pattern=PATTERN)]


class Settings(BaseSettings):
    """All settings. `load_settings` makes them; a direct call gives the defaults and reads nothing."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    kafka: KafkaSettings = KafkaSettings()
    mongo: MongoSettings = MongoSettings()
    s3: S3Settings = S3Settings()
    topics: TopicSettings = TopicSettings()
    worker: WorkerSettings = WorkerSettings()
    importer: ImporterSettings = ImporterSettings()
    expirer: ExpirerSettings = ExpirerSettings()
    requests: RequestSettings = RequestSettings()
    inventory: InventorySettings = InventorySettings()
    actions: ActionSettings = ActionSettings()
    fans: FanSettings = FanSettings()
    webhooks: WebhookSettings = WebhookSettings()
    registry: RegistrySettings = RegistrySettings()
    ops: OpsSettings = OpsSettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    log: LogSettings = LogSettings()
    otel: OtelSettings = OtelSettings()
    processing_guarantee: ProcessingGuarantee = "exactly_once"
    """`at_least_once` for a broker without transactions: a result may then be seen again, with the same `ce_id`."""
    failpoint: Failpoint | None = None
    """For tests only: `<point>:<kill|stop>[:<n-th time>]` ends or stops the process when it comes there."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # this signature is pydantic's
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only the arguments: `load_settings` gathers variables and files itself, to know their origin."""
        return (init_settings,)

    @model_validator(mode="after")
    def _fields_fit_together(self) -> Self:
        problems = [problem for rule in RULES if (problem := rule(self))]
        if problems:
            raise ValueError("; ".join(problems))
        return self


class GatheredSource(EnvSettingsSource):
    """The variables that `gather` found, in place of the process's environment."""

    def __init__(self, settings_class: type[BaseSettings], found: Mapping[str, Found]) -> None:
        super().__init__(settings_class)
        self.env_vars = {name.lower(): value.text for name, value in found.items()}

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:  # noqa: ANN401  # pydantic's
        """Pass on text that is not JSON: the field's own validation then names the variable."""
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings from `environ`, by default the process's environment.

    Raises:
        SettingsInvalid: a variable is unknown, out of its range, or contradicts another one. One line.
    """
    return load_with_origins(environ)[0]


def load_with_origins(environ: Mapping[str, str] | None = None) -> tuple[Settings, dict[str, str]]:
    """The settings, and the origin of each given variable: `environment` or `file <path>`.

    Raises:
        SettingsInvalid: as `load_settings`.
    """
    variables = dict(os.environ if environ is None else environ)
    settings, given = _read(variables)
    return _following(settings, given, variables), {name: value.origin for name, value in given.items()}


def _read(environ: Mapping[str, str]) -> tuple[Settings, dict[str, Found]]:
    found = gather(environ, VARIABLES)
    given = {name: value for name, value in found.items() if value.text or not VARIABLES[name].optional}
    try:
        return Settings(**GatheredSource(Settings, given)()), given
    except ValidationError as error:
        raise SettingsInvalid(one_line(error)) from None


def _following(settings: Settings, given: Mapping[str, Found], environ: Mapping[str, str]) -> Settings:
    """The same settings; secrets from files follow their files."""
    paths = {VARIABLES[name].path: value.file for name, value in given.items() if value.file is not None}
    files = SettingFiles(paths, settings, lambda: _read(environ)[0])
    groups: dict[str, BaseModel] = {}
    for group, field in (path for path in paths if len(path) == GROUP_AND_FIELD):
        model = groups.get(group, getattr(settings, group))
        value = following(files, (group, field), getattr(model, field))
        groups[group] = model.model_copy(update={field: value})
    return settings.model_copy(update=groups)


def one_line(error: ValidationError) -> str:
    """All of pydantic's findings as `VARIABLE: reason (allowed: range)`, without values."""
    details = error.errors(include_url=False, include_input=False)
    return "; ".join(" ".join(_problem(detail).split()) for detail in details)


def _problem(detail: ErrorDetails) -> str:
    place = tuple(str(part) for part in detail["loc"])
    variable = next((known for known in VARIABLES.values() if place[: len(known.path)] == known.path), None)
    if variable is None:
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    inside = "".join(f"[{part}]" for part in place[len(variable.path) :] if part != "[key]")
    return f"{variable.name}{inside}: {detail['msg']} (allowed: {variable.allowed})"


def ledger_outlives_topics(settings: Settings) -> str | None:
    """A request that can still be redelivered must still be in the ledger."""
    days, hours = settings.mongo.ledger_days, settings.topics.retention_hours
    if days * HOURS_PER_DAY >= hours:
        return None
    return (
        f"CODES_MONGO__LEDGER_DAYS: {days} days are less than CODES_TOPICS__RETENTION_HOURS, {hours} hours: "
        f"a request read again would be decided again (allowed: at least {-(-hours // HOURS_PER_DAY)})"
    )


def partitions_name_topics(settings: Settings) -> str | None:
    """Partition counts can be set for topics of the contract only."""
    names = [topic.name for topic in ALL_TOPICS]
    unknown = [name for name in settings.topics.partitions if name not in names]
    if not unknown:
        return None
    return f"CODES_TOPICS__PARTITIONS: there is no topic {unknown[0]}{nearest(unknown[0], names)}"


def api_is_protected(settings: Settings) -> str | None:
    """Without a key, the API listens on loopback only; it has one kind of key."""
    inventory = settings.inventory
    if inventory.jwt_secret is not None and inventory.jwt_keys_file is not None:
        return "CODES_INVENTORY__JWT_SECRET and CODES_INVENTORY__JWT_KEYS_FILE: both are given, keep one"
    is_protected = inventory.jwt_secret is not None or inventory.jwt_keys_file is not None
    if is_protected or is_loopback(inventory.host):
        return None
    return (
        f"CODES_INVENTORY__HOST: {inventory.host} can be reached from elsewhere; set CODES_INVENTORY__JWT_SECRET or "
        "CODES_INVENTORY__JWT_KEYS_FILE (allowed without: 127.0.0.1, ::1, localhost)"
    )


def is_loopback(host: str) -> bool:
    """Whether an address can be reached from this machine only."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def webhooks_are_valid(settings: Settings) -> str | None:
    """Each receiver has a name, and an address that is encrypted."""
    try:
        targets_of(settings.webhooks.targets)
    except ValueError as why:
        return f"CODES_WEBHOOKS__TARGETS: {why}"
    return None


RULES: Final[tuple[Callable[[Settings], str | None], ...]] = (
    *ACCESS_RULES,
    ledger_outlives_topics,
    partitions_name_topics,
    api_is_protected,
    webhooks_are_valid,
)
VARIABLES: Final[dict[str, Variable]] = all_variables(Settings)
