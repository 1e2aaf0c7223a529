"""``junco check MODEL IMAGES...``: verdicts as a table, as files, and as an exit code."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from junco.client import options, progress, show
from junco.client import training as training_options
from junco.client.asked import Asked, Backend, Settings
from junco.client.exits import FailOn, exit_of, stoppable, told
from junco.client.extending import looked
from junco.client.http import Client
from junco.client.images import digest_of_file, gathered
from junco.client.local import Local
from junco.client.placing import placed
from junco.client.remote import Remote
from junco.client.wanted import Wanted
from junco.contract.outcome import Outcome
from junco.contract.profile import ProfileName

Url = Annotated[str | None, typer.Option(envvar="JUNCO_URL", help="Do it on this server; in this process if absent.")]


def check(
    model: Annotated[Path, typer.Argument(help="A TorchScript or ONNX file.", exists=True, dir_okay=False)],
    images: Annotated[list[Path], typer.Argument(help="Image files, folders, a zip or an .npz.")],
    methods: Annotated[
        list[str] | None,
        typer.Option(
            "--methods", "-m", help="NAME, NAME:KEY=VALUE,KEY=VALUE or NAME@CHECK; repeat, or join by commas."
        ),
    ] = None,
    checks: Annotated[
        list[str] | None, typer.Option("--checks", help="Checks to run; the usual ones if absent.")
    ] = None,
    profile: Annotated[ProfileName, typer.Option(help="How much work a verdict rests on.")] = ProfileName.STANDARD,
    extend: Annotated[
        bool, typer.Option("--extend", help="Look twice: fewer images first, twice as many if that is inconclusive.")
    ] = False,
    preset: Annotated[
        str | None, typer.Option(help="Preprocessing: imagenet, unit ... or imagenet:resize=256,mean=[0.5,0.5,0.5].")
    ] = None,
    labels: Annotated[str | None, typer.Option(help="True classes, one an image: 3,1,4 or a file of them.")] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Moves every random choice.")] = 0,
    input_shape: Annotated[str | None, typer.Option(help="CxHxW, where the model does not say: 3x224x224.")] = None,
    target: Annotated[
        str, typer.Option(help="Class to explain: an index, or 'predicted', each image's own.")
    ] = "predicted",
    output: Annotated[str | None, typer.Option(help="Which output to explain, when there are several.")] = None,
    shift: Annotated[str, typer.Option(help="Input shifts: numbers, range, checkerboard, image.")] = "range",
    training: Annotated[
        str | None, typer.Option(help="How data_randomization trains: epochs=50,learning_rate=0.003,batch_size=50.")
    ] = None,
    convention: Annotated[
        str, typer.Option(help="Whose parameter_randomization: audit, sixt ... or adebayo_code:order=independent.")
    ] = "audit",
    random_label_model: Annotated[
        Path | None,
        typer.Option(
            help="For data_randomization: MODEL trained on random labels of IMAGES.", exists=True, dir_okay=False
        ),
    ] = None,
    random_labels: Annotated[
        str | None, typer.Option(help="The labels that it learned, one an image, as --labels takes them.")
    ] = None,
    twin_model: Annotated[
        Path | None,
        typer.Option(help="MODEL trained again on the true labels, from another seed.", exists=True, dir_okay=False),
    ] = None,
    reference_model: Annotated[
        list[Path] | None,
        typer.Option(
            help="For model_manipulation: an honest model of the same task; repeat.", exists=True, dir_okay=False
        ),
    ] = None,
    timeout: Annotated[int, typer.Option(min=10, max=86400, help="Seconds that the check may take.")] = 3600,
    tag: Annotated[list[str] | None, typer.Option(help="KEY=VALUE kept with the validation; repeat.")] = None,
    out: Annotated[Path, typer.Option(help="Folder for the report, the maps and the outcome.")] = Path("junco-report"),
    json: Annotated[str | None, typer.Option("--json", help="Write the outcome as JSON here; - is stdout.")] = None,
    junit: Annotated[str | None, typer.Option("--junit", help="Write the verdicts as JUnit XML here; or -.")] = None,
    html: Annotated[str | None, typer.Option("--html", help="Write the report page here; or -.")] = None,
    fail_on: Annotated[FailOn, typer.Option(help="Verdicts that make the command fail.")] = FailOn.FAIL,
    url: Url = None,
) -> None:
    """Check the explanations of MODEL on IMAGES."""
    wanted = Wanted(out, json, junit, html)
    with told(), stoppable():
        wanted.require()
        settings = Settings(
            methods=options.methods(methods or ()),
            checks=options.checks(checks or ()),
            profile=profile,
            preprocessing=options.preprocessing(preset),
            seed=seed,
            target=options.target(target),
            output=output,
            shift=options.shift(shift),
            training=training_options.recipe(training),
            label_models=training_options.supplied(random_label_model, random_labels, twin_model),
            reference_models=tuple(digest_of_file(path) for path in reference_model or ()),
            form=options.convention(convention),
            timeout_seconds=timeout,
            tags=options.tags(tag or ()),
        )
        with gathered(images, options.labels(labels)) as pictures, backend(url) as doing:
            others = tuple(path for path in (random_label_model, twin_model, *(reference_model or ())) if path)
            asked = Asked(model, pictures, settings, options.input_shape(input_shape), others)
            outcome = _done(asked, doing, wanted, extend=extend)
        console = show.console(stderr=wanted.takes_stdout)
        show.show_outcome(outcome, console)
        show.show_files(wanted.written(outcome), console)
        raise typer.Exit(exit_of(outcome.verdict, fail_on))


@contextlib.contextmanager
def backend(url: str | None) -> Iterator[Local | Remote]:
    """This process, or the server at ``url``."""
    if url is None:
        yield Local()
        return
    with Client(url) as client:
        yield Remote(client)


def _done(asked: Asked, doing: Backend, wanted: Wanted, *, extend: bool) -> Outcome:
    """The outcome, its files in ``--out``."""
    with progress.shown(show.console(stderr=True)) as on_progress:
        if extend:
            return looked(asked, doing, out=wanted.out, on_progress=on_progress)
        return placed(asked, doing, out=wanted.out, on_progress=on_progress).outcome
