"""/docs: the OpenAPI document as one plain page. No script, nothing from another host: it works behind any firewall."""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }
section { border-top: 1px solid #ccc; padding: .5rem 0; }
h3 { font-size: 1rem; margin: .5rem 0; } code, h3 { font-family: ui-monospace, monospace; }
b { display: inline-block; min-width: 4.5rem; } table { border-collapse: collapse; }
td, th { text-align: left; vertical-align: top; padding: .1rem 1rem .1rem 0; } small { color: #666; }
"""


@router.get("/docs")
async def read_docs(request: Request) -> HTMLResponse:
    """The API, for people."""
    page = render(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


def render(document: dict[str, Any]) -> str:
    """An OpenAPI document as HTML."""
    info = document["info"]
    title = escape(f"{info['title']} {info['version']}")
    parts = [_group(tag, operations) for tag, operations in _by_tag(document).items()]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<h1>{title}</h1><p>{escape(info.get('summary', ''))} The same as data, for tools:"
        f' <a href="/openapi.json">openapi.json</a>.</p>{"".join(parts)}</html>'
    )


def _by_tag(document: dict[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    found: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            found.setdefault(operation.get("tags", ["other"])[0], []).append((method.upper(), path, operation))
    return found


def _group(tag: str, operations: list[tuple[str, str, dict[str, Any]]]) -> str:
    return f"<h2>{escape(tag)}</h2>" + "".join(_operation(*operation) for operation in operations)


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    text = escape(operation.get("description", operation.get("summary", "")))
    return (
        f'<section id="{escape(operation["operationId"])}"><h3><b>{method}</b> {escape(path)}</h3><p>{text}</p>'
        f"{_parameters(operation)}{_body(operation)}{_answers(operation)}</section>"
    )


def _parameters(operation: dict[str, Any]) -> str:
    rows = [
        (f"<code>{escape(p['name'])}</code>", f"{p['in']}{', required' if p.get('required') else ''}", _says(p))
        for p in operation.get("parameters", [])
    ]
    return _table(rows)


def _says(parameter: dict[str, Any]) -> str:
    return escape(parameter.get("description", parameter.get("schema", {}).get("title", "")))


def _body(operation: dict[str, Any]) -> str:
    kinds = operation.get("requestBody", {}).get("content", {})
    return f"<p>Body: {', '.join(f'<code>{escape(kind)}</code>' for kind in kinds)}</p>" if kinds else ""


def _answers(operation: dict[str, Any]) -> str:
    return _table([(status, escape(said["description"]), "") for status, said in operation["responses"].items()])


def _table(rows: list[tuple[str, str, str]]) -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{lines}</table>" if rows else ""
