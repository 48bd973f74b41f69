"""Secrets from files follow their files."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ops.settings.load import Settings, load_settings
from ops.settings.secret_files import current
from tests.fakes.tokens import signed
from web.auth import Denied, Guard

FIRST = "the first secret, of more than 32 characters"
NEXT = "the next secret, also of more than 32 characters"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the first secret."""
    file = tmp_path / "secret"
    file.write_text(FIRST)
    return file


def settings(file: Path) -> Settings:
    return load_settings(
        {"CODES_INVENTORY__JWT_SECRET_FILE": str(file), "CODES_KAFKA__SASL_USERNAME_FILE": str(file)}
    )


def secret_of(found: Settings) -> str:
    assert found.inventory.jwt_secret is not None
    return found.inventory.jwt_secret.get_secret_value()


def test_a_replaced_file_is_read_again(file: Path) -> None:
    """The secret, and the user name that belongs to it; other settings stay as they were."""
    found = settings(file)
    file.write_text(NEXT)

    assert (NEXT, NEXT) == (secret_of(found), current(found.kafka.sasl_username))


def test_what_the_setting_does_not_allow_is_not_taken(file: Path) -> None:
    """A secret that is too short, or a file that is missing: said once, and the last secret remains in use."""
    found = settings(file)
    with capture_logs() as lines:
        file.write_text("short")
        assert FIRST == secret_of(found) == secret_of(found)
        file.unlink()
        assert FIRST == secret_of(found)
        file.write_text(NEXT)
        assert NEXT == secret_of(found)

    assert ["secret_kept", "secret_kept"] == [line["event"] for line in lines]


def test_a_secret_stays_hidden(file: Path) -> None:
    """As any other secret."""
    found = settings(file)

    assert FIRST not in repr(found.inventory)
    assert FIRST not in str(found.inventory.jwt_secret)


def test_tokens_of_the_former_secret_end_with_it(file: Path) -> None:
    """The inventory checks each token with the secret of that moment."""
    guard = Guard(settings(file).inventory)
    former, following = f"Bearer {signed(FIRST)}", f"Bearer {signed(NEXT)}"
    guard.admit(former)
    file.write_text(NEXT)

    assert guard.admit(following)
    with pytest.raises(Denied):
        guard.admit(former)
