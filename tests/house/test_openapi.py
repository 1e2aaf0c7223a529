import json
from pathlib import Path

from service.openapi import document, result_schema, text_of

FOLDER = Path(__file__).parents[2] / "openapi"


def test_the_committed_document_is_the_apps() -> None:
    """After a change: python -m service.openapi > openapi/openapi.json"""
    assert (FOLDER / "openapi.json").read_text() == text_of(document())


def test_the_committed_result_schema_is_the_contracts() -> None:
    """After a change: python -m service.openapi result > openapi/result.schema.json"""
    assert (FOLDER / "result.schema.json").read_text() == text_of(result_schema())


def test_every_operation_has_an_id_a_summary_and_declared_problems() -> None:
    """Ids are unique, and every error is declared as application/problem+json."""
    operations = [o for path in document()["paths"].values() for o in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) > 15
    for operation in operations:
        assert operation["summary"]
        errors = {status: answer for status, answer in operation["responses"].items() if status >= "4"}
        assert "500" in errors
        assert all(list(answer["content"]) == ["application/problem+json"] for answer in errors.values())


def test_every_reference_in_the_document_leads_somewhere() -> None:
    """No $ref is broken."""
    text = json.dumps(document())
    schemas = document()["components"]["schemas"]
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(schemas)
    assert {"Outcome", "Problem", "PlanRequest"} <= names
