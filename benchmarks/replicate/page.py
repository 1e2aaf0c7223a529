"""docs/replication.md and what lies beside it: figures as JSON, tables between marks in the text, pictures."""

import json
import re
from collections.abc import Iterator, Mapping

from benchmarks.replicate import blocks, pictures
from benchmarks.replicate.work import ROOT, SHOWN, Found, save

PAGE = ROOT / "docs" / "replication.md"
NETWORKS = ("lite0", "cnn", "mlp", "vgg", "vit")


def write(found: Mapping[str, Found]) -> None:
    """Everything that is committed of what was found so far."""
    for name, step in found.items():
        save(SHOWN / f"{name}.json", (json.dumps(blocks.rounded(step), indent=1, sort_keys=True) + "\n").encode())
    for name, data in pictures.drawn(found):
        save(SHOWN / f"{name}.png", data)
    text = PAGE.read_text()
    for mark, table in tables(found):
        text = replaced(text, mark, table)
    save(PAGE, text.encode())


def tables(found: Mapping[str, Found]) -> Iterator[tuple[str, str]]:
    """Markdown by the mark that it stands at."""
    for name in NETWORKS:
        if f"curves_{name}" in found:
            yield f"curves_{name}", blocks.curve(name, found[f"curves_{name}"])
        if f"table_{name}" in found:
            yield f"table_{name}", blocks.verdicts(found[f"table_{name}"])
        if f"attacks_{name}" in found:
            yield f"attacks_{name}", blocks.attacks(found[f"attacks_{name}"])
    shown = {name: found[f"table_{name}"] for name in NETWORKS if f"table_{name}" in found}
    yield "policies", blocks.policies(shown)
    for name in ("rates", "coverage", "bars"):
        if name in found:
            yield name, getattr(blocks, name)(found[name])
    for name in ("nulls_cnn", "nulls_lite0"):
        if name in found:
            yield name, blocks.nulls(found[name])


def replaced(text: str, mark: str, table: str) -> str:
    """``text`` with ``table`` between the two comments that bear ``mark``; raises ValueError where there are none."""
    pattern = re.compile(rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)", re.DOTALL)
    changed, count = pattern.subn(lambda m: f"{m[1]}{table}\n{m[2]}", text)
    if count != 1:
        raise ValueError(f"{PAGE.name} has {count} places marked {mark}, and one is expected")
    return changed
