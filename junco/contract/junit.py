"""An outcome as JUnit XML: one test case a check of a method, in the outcome's order, without times.

fail is a failure, invalid an error, inconclusive and not_run are skipped; the numbers are properties. Controls are a
suite of their own, where a verdict other than the expected one is an error: the job cannot be trusted then.
"""

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from pydantic import BaseModel

from junco.contract.catalogue import Verdict
from junco.contract.outcome import CheckOutcome, MethodOutcome, Outcome

_TAG = {
    Verdict.FAIL: "failure",
    Verdict.INVALID: "error",
    Verdict.INCONCLUSIVE: "skipped",
    Verdict.NOT_RUN: "skipped",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def to_junit(outcome: Outcome) -> str:
    """The document as text."""
    root = ET.Element("testsuites", name="junco")
    _suite(root, "junco.methods", outcome.methods, {"verdict": outcome.verdict, "model": outcome.model.id})
    _suite(root, "junco.controls", outcome.controls, {})
    _count(root, root.iter("testcase"))
    ET.indent(root)
    return "<?xml version='1.0' encoding='UTF-8'?>\n" + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, name: str, methods: Iterable[MethodOutcome], facts: dict[str, str]) -> None:
    suite = ET.SubElement(root, "testsuite", name=name)
    _properties(suite, facts)
    for method in methods:
        for check in method.checks:
            _case(suite, method, check)
    _count(suite, suite.iter("testcase"))


def _case(suite: ET.Element, method: MethodOutcome, check: CheckOutcome) -> None:
    case = ET.SubElement(suite, "testcase", classname=_text(method.label), name=check.check.value)
    facts: dict[str, str] = {"verdict": check.verdict}
    if check.caveats:
        facts["caveats"] = ", ".join(check.caveats)
    if check.statistics is not None:
        facts |= _numbers("", check.statistics)
    _properties(case, facts)
    tag = _control_tag(method, check) if method.expected is not None else _TAG.get(check.verdict)
    if tag is not None:
        said = ET.SubElement(case, tag, message=_text(check.summary))
        if tag != "skipped":
            said.set("type", check.verdict.value)
    else:
        ET.SubElement(case, "system-out").text = _text(check.summary)


def _control_tag(method: MethodOutcome, check: CheckOutcome) -> str | None:
    # The expected verdict is about parameter_randomization; a control's other checks inform and never fail.
    if check.check.value != "parameter_randomization" or check.verdict is method.expected:
        return None
    return "skipped" if check.verdict is Verdict.NOT_RUN else "error"


def _numbers(path: str, value: object) -> dict[str, str]:
    """Every number under ``value``, by its path."""
    if isinstance(value, BaseModel):
        return _numbers(path, {name: getattr(value, name) for name in type(value).model_fields})
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, tuple):
        pairs = {_name(item, place): item for place, item in enumerate(value)}.items()
    else:
        return {} if value is None or isinstance(value, str) else {path: str(value)}
    found: dict[str, str] = {}
    for key, item in pairs:
        found |= _numbers(f"{path}.{key}" if path else str(key), item)
    return found


def _name(item: object, place: int) -> str:
    arm, depth = getattr(item, "arm", None), getattr(item, "depth", None)
    return f"{arm.value}.{depth.value}" if arm is not None and depth is not None else str(place)


def _properties(parent: ET.Element, facts: dict[str, str]) -> None:
    if facts:
        holder = ET.SubElement(parent, "properties")
        for name, value in facts.items():
            ET.SubElement(holder, "property", name=_text(name), value=_text(value))


def _count(parent: ET.Element, cases: Iterable[ET.Element]) -> None:
    held = list(cases)
    parent.set("tests", str(len(held)))
    for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        parent.set(name, str(sum(case.find(tag) is not None for case in held)))


def _text(value: str) -> str:
    # XML 1.0 has no way to write most control characters, and a layer's name may hold anything.
    return _NOT_XML.sub("?", str(value))
