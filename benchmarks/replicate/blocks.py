"""What was found, as markdown tables."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from benchmarks.replicate.curves import PRINTED
from benchmarks.replicate.work import Found

_SHORT = {"inconclusive": "undecided", "not_run": "not run"}
_DEPTHS = ("reinit top", "permute top", "reinit full", "permute full")


def number(value: float | None, digits: int = 2) -> str:
    """A similarity: .07, -.12, 1.00; a dash for none."""
    if value is None or value != value:
        return "-"
    text = f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: there is no minus zero
    return text.replace("-0.", "-.") if text.startswith("-") else text.removeprefix("0")


def lines(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table."""
    every = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in every)


def curve(name: str, found: Found) -> str:
    """Printed and found means after each number of layers."""
    head = ["method", "printed, MNIST", "found, Fashion-MNIST", "signed", "word"]
    return lines(head, (_curve_row(label, PRINTED[name][label], row) for label, row in found["methods"].items()))


def _curve_row(label: str, printed: Sequence[float], row: Found) -> list[str]:
    views = [" ".join(number(point["mean"]) for point in row[view]) for view in ("abs", "signed")]
    return [f"`{label}`", " ".join(map(number, printed)), *views, _word(row["verdict"])]


def verdicts(found: Found) -> str:
    """Words by method and check, with the kappas that decided."""
    head = ["method", "parameter_randomization", "kappa at top", "at full", "input_shift", "class_sensitivity"]
    head += ["kappa", "repeats", "faithful"]
    every = {**found["methods"], **found["controls"]}
    return lines(head, (_verdict_row(label, row) for label, row in every.items() if "parameter_randomization" in row))


def _verdict_row(label: str, row: Found) -> list[str]:
    drawn, asked = row["parameter_randomization"], row.get("class_sensitivity", {})
    kappas, rivals = drawn.get("kappa", {}), asked.get("kappa", {})
    top, full = (" / ".join(number((kappas.get(key) or [None])[0]) for key in _DEPTHS[i : i + 2]) for i in (0, 2))
    shown = " / ".join(number(rivals[key][0]) for key in ("random", "least") if key in rivals)
    others = [_word(row[key]["verdict"]) if key in row else "-" for key in ("repeatability", "faithfulness")]
    shift = _word(row["input_shift"]["verdict"]) if "input_shift" in row else "-"
    return [f"`{label}`", _word(drawn["verdict"]), top, full, shift, _word(asked.get("verdict", "-")), shown, *others]


def attacks(found: Found) -> str:
    """Words by method: the share of images won, the most of the top pixels lost, how far orders move the answer."""
    head = ["method", "input_manipulation", "won", "won, smoothed", "fragility", "lost", "model_manipulation", "moves"]
    return lines(head, (_attacks_row(label, row) for label, row in found["methods"].items()))


def _attacks_row(label: str, row: Found) -> list[str]:
    pixels, noise, lies = (
        row.get(f"{check}", {}) for check in ("input_manipulation", "fragility", "model_manipulation")
    )
    lost = [value for value in noise.get("lost", {}).values() if value is not None]
    moves = f"{number(lies['gain'])} / {number(lies['witness'])}" if "gain" in lies else "-"
    words = [_word(one.get("verdict", "-")) for one in (pixels, noise, lies)]
    won = [number(pixels.get(key)) for key in ("success", "beta")]
    return [f"`{label}`", words[0], *won, words[1], number(max(lost, default=None)), words[2], moves]


def policies(tables: Mapping[str, Found]) -> str:
    """kappa at full depth of every other norm policy, beside that of the plan's own on the same images and draws."""
    rows = [
        [name, f"`{label}`", policy, number(own), number(other)]
        for name, found in tables.items()
        for label, row in found["methods"].items()
        for policy, (other, own) in row.get("parameter_randomization", {}).get("policies", {}).items()
    ]
    return lines(["network", "method", "policy", "kappa, plan's own", "kappa, this policy"], rows)


def bars(found: Found) -> str:
    """Similarities between the three trainings."""
    head = ["method", "true / true again", "floor", "true / permuted", "floor", "kappa", "word"]
    return lines(head, (_bar_row(label, row) for label, row in found["methods"].items()))


def _bar_row(label: str, row: Found) -> list[str]:
    kappa = row["kappa"]
    interval = f"{number(kappa[0])} ({number(kappa[1])} to {number(kappa[2])})"
    shown = [number(row["twin"][0]), number(row["twin_floor"]), number(row["permuted"][0]), number(row["floor"])]
    return [f"`{label}`", *shown, interval, _word(row["verdict"])]


def rates(found: Found) -> str:
    """Share of wrong words at the thresholds."""
    head = ["spread of kappa", *(f"{size}: pass at .25, fail at .5" for size in next(iter(found["wrong"].values())))]
    rows = (
        [name, *(", ".join(f"{row[word]:.1%}" for word in ("pass", "fail")) for row in sizes.values())]
        for name, sizes in found["wrong"].items()
    )
    return lines(head, rows)


def coverage(found: Found) -> str:
    """Parts of the variance on real maps, and coverage by size of the sample."""
    sizes = list(next(iter(found["tables"].values()))["samples"])
    head = ["method and depth", "kappa", "sd image, seed, rest", *sizes]
    return lines(head, (_coverage_row(name, row, sizes) for name, row in found["tables"].items()))


def _coverage_row(name: str, row: Found, sizes: Sequence[str]) -> list[str]:
    spreads = ", ".join(number(row["parts"][part]) for part in ("image", "seed", "residual"))
    shown = (f"{row['samples'][size]['coverage']:.1%}" for size in sizes)
    return [name, number(row["mean"]), spreads, *shown]


def nulls(found: Found) -> str:
    """Floors of every statistic."""
    statistics = list(dict.fromkeys(s for m in found["methods"].values() for null in m.values() for s in null))
    rows = [
        [f"`{label}`", null, *(number(values.get(s), 3) for s in statistics)]
        for label, by_null in found["methods"].items()
        for null, values in by_null.items()
    ]
    return lines(["method", "against", *(s.replace("_", " ") for s in statistics)], rows)


def _word(word: str) -> str:
    return f"**{word}**" if word == "fail" else _SHORT.get(word, word)


def rounded(value: Any) -> Any:
    """Floats to four digits, all the way down: what is committed differs only where something changed."""
    if isinstance(value, float):
        return round(value, 4) if value == value else None
    if isinstance(value, dict):
        return {key: rounded(v) for key, v in value.items() if key != "summary"}
    return [rounded(v) for v in value] if isinstance(value, list) else value
