"""The OpenAPI document that is written out."""

from openapi_spec_validator import OpenAPIV31SpecValidator

from interfaces.http import openapi


def test_it_is_valid() -> None:
    """By OpenAPI's own schema, of 3.1."""
    assert [] == list(OpenAPIV31SpecValidator(openapi()).iter_errors())


def test_every_path_has_an_operation_of_its_own_words() -> None:
    """Made of the routes that the process serves."""
    summaries = [path["get"]["summary"] for path in openapi()["paths"].values()]

    assert len(summaries) == len(set(summaries)) > 0
