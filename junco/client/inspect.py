"""``junco inspect MODEL``: what a model is, and what can be asked of it."""

from pathlib import Path
from typing import Annotated

import typer

from junco.client import options, show
from junco.client.check import Url, backend
from junco.client.exits import told
from junco.client.wanted import STDOUT, require_file, write


def inspect(
    model: Annotated[Path, typer.Argument(help="A TorchScript or ONNX file.", exists=True, dir_okay=False)],
    json: Annotated[str | None, typer.Option("--json", help="Write the report as JSON here; - is stdout.")] = None,
    input_shape: Annotated[str | None, typer.Option(help="CxHxW, where the model does not say: 3x224x224.")] = None,
    output: Annotated[str | None, typer.Option(help="Which output to explain, when there are several.")] = None,
    url: Url = None,
) -> None:
    """Show what MODEL is: its layers in order, and which methods can explain it."""
    with told():
        if json and json != STDOUT:
            require_file("--json", Path(json))
        with backend(url) as doing:
            report = doing.inspect(model, input_shape=options.input_shape(input_shape), output=output)
        text = report.model_dump_json(indent=2) + "\n"
        if json != STDOUT:
            show.show_report(report, show.console())
        if json:
            show.show_files(write(json, text), show.console())
