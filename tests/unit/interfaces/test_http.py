"""The OpenAPI document that `codes schemas` writes."""

from interfaces.http import openapi


def test_it_is_valid() -> None:
    """It conforms to the schema of OpenAPI 3.1."""
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415  # takes seconds to load

    assert [] == list(OpenAPIV31SpecValidator(openapi()).iter_errors())


def test_every_path_has_a_summary_of_its_own() -> None:
    """No two routes have the same summary."""
    summaries = [operation["summary"] for path in openapi()["paths"].values() for operation in path.values()]

    assert len(summaries) == len(set(summaries)) > 0
