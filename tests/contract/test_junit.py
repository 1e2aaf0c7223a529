from junitparser import Error, Failure, JUnitXml, Properties, Skipped

from junco.contract.catalogue import Control, Verdict
from junco.contract.junit import to_junit
from junco.contract.outcome import MethodOutcome, Outcome
from junco.contract.resolve import resolve
from tests.storage.samples import images, outcome, report, request


def made(verdict: Verdict) -> Outcome:
    return outcome(resolve(request(), report(), images()), verdict)


def read(of: Outcome) -> JUnitXml:
    return JUnitXml.fromstring(to_junit(of).encode())


def suites(of: Outcome) -> dict[str, list]:
    return {suite.name: list(suite) for suite in read(of)}


def test_there_is_a_case_for_each_method_and_check_in_order() -> None:
    """classname is the method's label, name the check."""
    given = made(Verdict.PASS)
    cases = suites(given)["junco.methods"]
    expected = [(m.label, c.check.value) for m in given.methods for c in m.checks]
    assert [(case.classname, case.name) for case in cases] == expected
    assert all(case.is_passed for case in cases)


def test_each_verdict_has_its_own_result() -> None:
    """fail is a failure, invalid an error, inconclusive and not_run are skipped."""
    for verdict, kind in (
        (Verdict.FAIL, Failure),
        (Verdict.INVALID, Error),
        (Verdict.INCONCLUSIVE, Skipped),
        (Verdict.NOT_RUN, Skipped),
    ):
        given = made(verdict)
        cases = suites(given)["junco.methods"]
        assert [type(case.result[0]) for case in cases] == [kind] * len(cases)
        assert cases[0].result[0].message == given.methods[0].checks[0].summary


def test_totals_agree_with_the_cases() -> None:
    """On the root and on each suite."""
    found = read(made(Verdict.FAIL))
    assert found.tests == sum(suite.tests for suite in found) == sum(len(list(suite)) for suite in found)
    methods = next(suite for suite in found if suite.name == "junco.methods")
    assert methods.failures == len(list(methods))


def test_statistics_are_properties() -> None:
    """Every number by its path, and the verdict itself."""
    case = next(case for case in suites(made(Verdict.PASS))["junco.methods"] if case.name == "input_shift")
    found = {prop.name: prop.value for prop in case.child(Properties)}
    assert (found["verdict"], found["difference"], found["rho"]) == ("pass", "0.001", "0.9999")


def test_a_control_is_an_error_only_if_it_surprises() -> None:
    """An edge detector that fails as expected is a good sign; one that passes means the job cannot be trusted."""
    for verdict, surprises in ((Verdict.FAIL, False), (Verdict.PASS, True)):
        given = made(verdict)
        controls = tuple(expecting(m) if m.method is Control.EDGE_DETECTOR else m for m in given.controls)
        cases = suites(given.model_copy(update={"controls": controls}))["junco.controls"]
        case = next(c for c in cases if (c.classname, c.name) == ("edge_detector", "parameter_randomization"))
        assert [type(result) for result in case.result] == ([Error] if surprises else [])


def expecting(method: MethodOutcome) -> MethodOutcome:
    return method.model_copy(update={"expected": Verdict.FAIL})


def test_the_document_is_the_same_each_time() -> None:
    """No timestamps, no host, no order of chance."""
    text = to_junit(made(Verdict.PASS))
    assert text == to_junit(made(Verdict.PASS))
    assert "timestamp" not in text
    assert "hostname" not in text


def test_names_that_xml_cannot_write_are_written_all_the_same() -> None:
    """Control characters become question marks; markup is escaped."""
    given = made(Verdict.FAIL)
    first = given.methods[0].model_copy(update={"label": "a\0<b>&\x1b"})
    cases = suites(given.model_copy(update={"methods": (first, *given.methods[1:])}))["junco.methods"]
    assert cases[0].classname == "a?<b>&?"
