import re

from fastapi.testclient import TestClient

from service.docs.page import render


def test_the_page_names_every_operation_and_loads_nothing(client: TestClient) -> None:
    """No script, no link to another host; its policy would forbid them."""
    answer = client.get("/docs")
    page = answer.text
    for path, item in client.app.openapi()["paths"].items():
        for method, operation in item.items():
            assert f"<b>{method.upper()}</b> {path}" in page
            assert f'id="{operation["operationId"]}"' in page
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["/openapi.json"]
    assert "<script" not in page
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert client.get("/redoc").status_code == 404


def test_what_a_document_says_is_shown_as_text() -> None:
    """Markup in it is escaped."""
    operation = {
        "operationId": "x", "summary": "<script>", "responses": {"200": {"description": "<b>"}},
        "parameters": [{"name": "<i>", "in": "query", "description": "<u>"}],
    }  # fmt: skip
    page = render({"info": {"title": "<t>", "version": "1"}, "paths": {"/<p>": {"get": operation}}})
    assert not {"<script>", "<t>", "<p>/", "<i>", "<u>"} & set(re.findall(r"<[^>]*>/?", page))
    assert "&lt;script&gt;" in page
