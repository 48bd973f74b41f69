"""What is secret is masked, wherever it stands; what is needed to find a fault is not."""

import pytest

from ops.telemetry.masking import mask_text, mask_values


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("mongodb://me:p@ss@a,b/?x=1", "mongodb://me:***@a,b/?x=1"),
        ("https://s3.example/bucket", "https://s3.example/bucket"),
        ('dup key: { campaign_id: "c1", code: "SECRET" }', 'dup key: { campaign_id: "c1", code: *** }'),
        ("{'code': 11000, 'keyValue': {'code': 'SECRET'}}", "{'code': 11000, 'keyValue': {'code': ***}}"),
        ('{"codes":["A","B"],"code_ids":["1"]}', '{"codes":***,"code_ids":["1"]}'),
        ("code_type: 'tm', exit_code=3", "code_type: 'tm', exit_code=3"),
        ("sasl_password=abc next", "sasl_password=*** next"),
        ("/?authMechanismProperties=AWS_SESSION_TOKEN:x&w=1", "/?authMechanismProperties=***&w=1"),
    ],
)
def test_texts_keep_all_but_the_secret(text: str, masked: str) -> None:
    """Messages of libraries quote documents and addresses."""
    assert masked == mask_text(text)


def test_secret_keys_are_masked_at_any_depth() -> None:
    """And their neighbours are not."""
    values = {
        "uri": "mongodb://h/",
        "event": "x",
        "batch": [{"code": "A", "code_id": "1"}],
        "sasl_password": "p",
        "password": None,
    }

    assert {
        "uri": "***",
        "event": "x",
        "batch": [{"code": "***", "code_id": "1"}],
        "sasl_password": "***",
        "password": None,
    } == mask_values(values)


def test_what_lies_too_deep_to_be_looked_at_is_masked_whole() -> None:
    """A limit on everything, and it errs to the safe side."""
    nested: object = "A"
    for _ in range(10):
        nested = {"inner": nested}

    assert "A" not in str(mask_values({"outer": nested}))
