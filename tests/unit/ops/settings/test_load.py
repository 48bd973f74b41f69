"""Settings: what is given is taken, what is wrong is said in one line, what is secret stays so."""

from pathlib import Path

import pytest

from ops.settings.load import VARIABLES, Settings, load_settings, load_with_origins
from schemas.errors import SettingsInvalid

SECRET = "hunter2"


def complaint(environ: dict[str, str]) -> str:
    """What is said about these variables."""
    with pytest.raises(SettingsInvalid) as raised:
        load_settings(environ)
    return str(raised.value)


class TestGiven:
    def test_nothing_given_means_the_defaults(self) -> None:
        """Every setting has a default, so a role starts on a developer's machine without any."""
        assert Settings() == load_settings({})

    def test_numbers_are_text_and_collections_are_json(self) -> None:
        """A variable is text; its field's type says how it is read."""
        settings = load_settings(
            {
                "CODES_MONGO__TIMEOUT_MS": "250",
                "CODES_S3__ALLOWED_BUCKETS": '["codes-in", "codes-eu"]',
                "CODES_TOPICS__PARTITIONS": '{"results.v1": 3}',
                "CODES_IMPORTER__PROGRESS_EVERY_S": "0.5",
            }
        )

        assert 250 == settings.mongo.timeout_ms
        assert ("codes-in", "codes-eu") == settings.s3.allowed_buckets
        assert {"results.v1": 3} == settings.topics.partitions
        assert 0.5 == settings.importer.progress_every_s

    def test_settings_without_a_group_have_short_names(self) -> None:
        """The guarantee is part of the contract under the name CODES_PROCESSING_GUARANTEE."""
        settings = load_settings(
            {"CODES_PROCESSING_GUARANTEE": "at_least_once", "CODES_FAILPOINT": "after_apply:kill:3"}
        )

        assert ("at_least_once", "after_apply:kill:3") == (settings.processing_guarantee, settings.failpoint)

    def test_an_empty_text_is_absence_only_where_absence_is_allowed(self) -> None:
        """An empty topic prefix is a prefix; an empty endpoint is none."""
        settings = load_settings({"CODES_S3__ENDPOINT_URL": "", "CODES_TOPICS__PREFIX": ""})

        assert (None, "") == (settings.s3.endpoint_url, settings.topics.prefix)

    def test_the_process_environment_is_read_when_none_is_passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A role passes nothing."""
        monkeypatch.setenv("CODES_LOG__LEVEL", "ERROR")

        assert "ERROR" == load_settings().log.level


class TestFiles:
    def test_a_variable_may_name_a_file(self, tmp_path: Path) -> None:
        """The file's last line break is not part of a secret; blanks are."""
        file = tmp_path / "password"
        file.write_text(f" {SECRET} \n")

        settings, origins = load_with_origins({"CODES_KAFKA__SASL_PASSWORD_FILE": str(file)})

        assert settings.kafka.sasl_password is not None
        assert f" {SECRET} " == settings.kafka.sasl_password.get_secret_value()
        assert {"CODES_KAFKA__SASL_PASSWORD": f"file {file}"} == origins

    def test_a_field_that_ends_in_file_is_not_such_a_name(self) -> None:
        """CODES_KAFKA__CA_FILE is a setting of its own and is not read as the file of CODES_KAFKA__CA."""
        assert "/ca.pem" == load_settings({"CODES_KAFKA__CA_FILE": "/ca.pem"}).kafka.ca_file

    def test_a_directory_holds_secrets_in_any_case_and_loses_to_the_environment(self, tmp_path: Path) -> None:
        """Names may be as the secret's mount has them; other files there are none of ours."""
        (tmp_path / "codes_mongo__database").write_text("from_file")
        (tmp_path / "CODES_S3__REGION").write_text("eu-west-1\n")
        (tmp_path / "tls.crt").write_text("not ours")
        (tmp_path / "..data").mkdir()

        settings, origins = load_with_origins({"CODES_SECRETS_DIR": str(tmp_path), "CODES_S3__REGION": "us-west-2"})

        assert ("from_file", "us-west-2") == (settings.mongo.database, settings.s3.region)
        assert "environment" == origins["CODES_S3__REGION"]
        assert f"file {tmp_path / 'codes_mongo__database'}" == origins["CODES_MONGO__DATABASE"]

    def test_both_a_variable_and_its_file_are_refused(self, tmp_path: Path) -> None:
        """Which of the two is meant cannot be known."""
        said = complaint({"CODES_MONGO__URI": "mongodb://x/", "CODES_MONGO__URI_FILE": str(tmp_path / "uri")})

        assert "CODES_MONGO__URI and CODES_MONGO__URI_FILE: both are given, keep one" == said

    def test_what_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        """Variable, path and reason."""
        (tmp_path / "bytes").write_bytes(b"\xff")
        (tmp_path / "long").write_text("x" * 70_000)

        assert "No such file" in complaint({"CODES_MONGO__URI_FILE": str(tmp_path / "none")})
        assert "is not UTF-8 text" in complaint({"CODES_MONGO__URI_FILE": str(tmp_path / "bytes")})
        assert "longer than 65536 bytes" in complaint({"CODES_MONGO__URI_FILE": str(tmp_path / "long")})
        assert complaint({"CODES_SECRETS_DIR": str(tmp_path / "none")}).startswith("CODES_SECRETS_DIR: ")


class TestMisspelt:
    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("CODES_MONGO__URL", "CODES_MONGO__URI"),
            ("CODES_MONGO_URI", "CODES_MONGO__URI"),
            ("CODES_KAFKA__BOOTSTRAP_SERVER", "CODES_KAFKA__BOOTSTRAP_SERVERS"),
            ("CODES_MONGOO__DATABASE_FILE", "CODES_MONGO__DATABASE"),
            ("CODES_OPS_PORT", "CODES_OPS__PORT"),
        ],
    )
    def test_a_name_that_nobody_reads_is_refused_with_the_nearest(self, given: str, meant: str) -> None:
        """A setting that silently stays at its default is found in production, or never."""
        said = complaint({given: "9000"})

        assert f"{given}: there is no such setting, did you mean {meant}?" in said

    def test_a_misspelt_file_of_the_secrets_directory_is_refused(self, tmp_path: Path) -> None:
        """It is as easily misspelt as a variable."""
        (tmp_path / "CODES_KAFKA__PASSWORD").write_text(SECRET)

        said = complaint({"CODES_SECRETS_DIR": str(tmp_path)})

        assert "CODES_KAFKA__PASSWORD" in said
        assert SECRET not in said

    def test_variables_of_others_are_let_through(self) -> None:
        """The local stack's, the tests', and what Kubernetes adds for a Service called `codes-ops`."""
        others = {
            "CODES_DEV_DIR": "x",
            "CODES_TEST_STACK": "containers",
            "CODES_OPS_SERVICE_HOST": "10.0.0.1",
            "CODES_OPS_SERVICE_PORT_METRICS": "9000",
            "CODES_OPS_PORT": "tcp://10.0.0.1:9000",
            "CODES_OPS_PORT_9000_TCP_ADDR": "10.0.0.1",
            "CODESPACE": "x",
        }

        assert Settings() == load_settings(others)


class TestRanges:
    @pytest.mark.parametrize(
        ("variable", "value", "allowed"),
        [
            ("CODES_MONGO__TIMEOUT_MS", "99", "(allowed: 100 to 300000 milliseconds)"),
            ("CODES_MONGO__TIMEOUT_MS", "soon", "(allowed: 100 to 300000 milliseconds)"),
            ("CODES_IMPORTER__ROWS_MAX", "0", "(allowed: at least 1)"),
            ("CODES_LOG__LEVEL", "info", "(allowed: one of DEBUG, INFO, WARNING, ERROR)"),
            ("CODES_TOPICS__REPLY_ALLOWED", "not json", "(allowed: a JSON list)"),
            ("CODES_TOPICS__PREFIX", "a b", "(allowed: text that matches ^[A-Za-z0-9._-]{0,200}$)"),
            ("CODES_FAILPOINT", "here", ":(kill|stop)"),
        ],
    )
    def test_what_is_out_of_its_range_is_named_with_the_range(self, variable: str, value: str, allowed: str) -> None:
        """The message alone is enough to mend it."""
        said = complaint({variable: value})

        assert said.startswith(f"{variable}: ")
        assert allowed in said

    def test_everything_wrong_is_said_at_once_in_one_line(self) -> None:
        """An operator mends all of it in one go; a log keeps it in one record."""
        said = complaint({"CODES_OPS__PORT": "70000", "CODES_LOG__FORMAT": "xml"})

        assert "CODES_OPS__PORT" in said
        assert "CODES_LOG__FORMAT" in said
        assert "\n" not in said

    def test_a_secret_is_never_in_the_message(self) -> None:
        """Neither a password given beside the error, nor one inside an address."""
        said = complaint(
            {
                "CODES_KAFKA__SASL_PASSWORD": SECRET,
                "CODES_MONGO__URI": f"mongodb://user:{SECRET}@host/",
                "CODES_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            }
        )

        assert SECRET not in said


class TestRules:
    def test_the_ledger_outlives_the_topics(self) -> None:
        """Else a request read again late would be decided a second time."""
        said = complaint({"CODES_TOPICS__RETENTION_HOURS": "721"})

        assert "CODES_MONGO__LEDGER_DAYS" in said
        assert "(allowed: at least 31)" in said
        assert load_settings({"CODES_TOPICS__RETENTION_HOURS": "720"})

    def test_partitions_are_of_topics_that_exist(self) -> None:
        """A misspelt topic would keep its partitions without a word."""
        said = complaint({"CODES_TOPICS__PARTITIONS": '{"reslts.v1": 3}'})

        assert "CODES_TOPICS__PARTITIONS: there is no topic reslts.v1, did you mean results.v1?" == said

    def test_an_api_that_others_can_reach_asks_for_tokens(self) -> None:
        """Loopback is this very machine; a name may lead anywhere."""
        for host in ("0.0.0.0", "10.0.0.1", "::", "codes.example"):  # noqa: S104  # refused
            assert "CODES_INVENTORY__JWT_SECRET" in complaint({"CODES_INVENTORY__HOST": host})
            assert load_settings({"CODES_INVENTORY__HOST": host, "CODES_INVENTORY__JWT_SECRET": "x" * 32})
        for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
            assert load_settings({"CODES_INVENTORY__HOST": host})

    def test_an_api_has_one_kind_of_key_and_no_short_secret(self) -> None:
        """A secret that can be guessed is none, and is not shown."""
        both = {"CODES_INVENTORY__JWT_SECRET": "x" * 32, "CODES_INVENTORY__JWT_KEYS_FILE": "/keys"}

        assert "keep one" in complaint(both)
        assert SECRET not in complaint({"CODES_INVENTORY__JWT_SECRET": SECRET})

    def test_tokens_of_requests_have_one_kind_of_key(self) -> None:
        """If they are required they have one; a token to send needs none."""
        required = {"CODES_REQUESTS__REQUIRE_JWT": "true"}
        both = {"CODES_REQUESTS__JWT_SECRET": "x" * 32, "CODES_REQUESTS__JWT_KEYS_FILE": "/keys"}

        assert "needs CODES_REQUESTS__JWT_SECRET or" in complaint(required)
        assert "keep one" in complaint(both)
        assert load_settings({**required, "CODES_REQUESTS__JWT_SECRET": "x" * 32}).requests.require_jwt
        assert load_settings({"CODES_REQUESTS__TOKEN": "x"})

    def test_wrong_settings_cannot_be_made_in_code_either(self) -> None:
        """The rules are the class's own."""
        with pytest.raises(ValueError, match="give both"):
            Settings.model_validate({"kafka": {"client_cert_file": "/some.pem"}})


def test_every_variable_says_what_it_means() -> None:
    """docs/settings.md and `codes config` live on it."""
    assert [] == [name for name, variable in VARIABLES.items() if not variable.description]
