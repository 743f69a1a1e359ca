import os
import stat

import pytest

from gatekeeper.evaluation import opa
from gatekeeper.evaluation.opa import EvaluationError, NoVerdictError, Opa, OpaError, Printout, find


def script(folder, body, name="opa"):
    file = folder / name
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def says(folder, output, code=0, stream=1):
    (folder / "output").write_text(output)
    return Opa(script(folder, f"cat {folder}/output >&{stream}; exit {code}"))


@pytest.fixture
def unbundled(monkeypatch, tmp_path):
    monkeypatch.setattr(opa, "BUNDLED", tmp_path / "bundled")


def test_named_opa_comes_first(tmp_path, monkeypatch):
    monkeypatch.setattr(opa, "BUNDLED", script(tmp_path, "", "bundled"))
    named = script(tmp_path, "")
    assert find({"BESTBEFORE_OPA": str(named), "PATH": ""}).path == named


def test_named_engine_may_be_one_of_the_path(tmp_path):
    program = script(tmp_path, "")
    assert find({"BESTBEFORE_OPA": program.name, "PATH": str(tmp_path)}).path == program


def test_bundled_opa_comes_before_the_path(tmp_path, monkeypatch):
    bundled = script(tmp_path, "", "bundled")
    monkeypatch.setattr(opa, "BUNDLED", bundled)
    script(tmp_path, "")
    assert find({"PATH": str(tmp_path)}).path == bundled


@pytest.mark.usefixtures("unbundled")
def test_path_comes_last(tmp_path):
    assert (
        find({"PATH": str(tmp_path) + os.pathsep + "/nowhere"} | {"x": str(script(tmp_path, ""))}).path
        == tmp_path / "opa"
    )


@pytest.mark.usefixtures("unbundled")
def test_without_an_opa_the_ways_to_get_one_are_told():
    with pytest.raises(NoVerdictError) as caught:
        find({"PATH": "/nowhere"})
    assert caught.value.reason == "EngineMissing"
    assert "BESTBEFORE_OPA" in caught.value.message
    assert "make opa" in caught.value.message


def test_named_opa_that_is_none_is_not_replaced_by_another(tmp_path):
    with pytest.raises(NoVerdictError, match="which is not there"):
        find({"BESTBEFORE_OPA": str(tmp_path / "none"), "PATH": os.environ["PATH"]})


def test_value_is_that_of_the_query(tmp_path):
    found = says(tmp_path, '{"result": [{"expressions": [{"value": {"a": 1}}]}]}').evaluate(tmp_path, "data.a")
    assert found == Printout({"a": 1})


def test_undefined_is_none(tmp_path):
    assert says(tmp_path, "{}").evaluate(tmp_path, "data.a").value is None


def test_errors_of_opa_are_told_by_file_and_line(tmp_path):
    output = (
        '{"errors": [{"code": "rego_parse_error", "message": "unexpected", '
        f'"location": {{"file": "{tmp_path}/x/sigstore.rego", "row": 3}}}}]}}'
    )
    with pytest.raises(EvaluationError) as caught:
        says(tmp_path, output, 2).evaluate(tmp_path, "data.a")
    assert caught.value.problems == (OpaError("rego_parse_error", "unexpected", "x/sigstore.rego", 3),)
    assert str(caught.value) == "sigstore.rego:3: rego_parse_error: unexpected"


@pytest.mark.parametrize("output", ["", "panic: out of\nmemory", "[]", '{"errors": null}'])
def test_failure_without_an_error_of_opa_is_no_verdict(tmp_path, output):
    with pytest.raises(NoVerdictError, match="does not answer as opa"):
        says(tmp_path, output, 1).evaluate(tmp_path, "data.a")


def test_what_modules_print_comes_with_the_value_and_with_an_error(tmp_path):
    printing = Opa(script(tmp_path, "echo one >&2; echo two >&2; echo '{}'"))
    assert printing.evaluate(tmp_path, "data.a") == Printout(None, ("one", "two"))
    failing = Opa(script(tmp_path, """echo one >&2; echo '{"errors": [{"code": "eval_conflict_error"}]}'; exit 2"""))
    with pytest.raises(EvaluationError) as caught:
        failing.evaluate(tmp_path, "data.a")
    assert caught.value.lines == ("one",)


@pytest.mark.parametrize(
    ("code", "of_a_rule"), [("eval_conflict_error", True), ("rego_type_error", False), ("rego_parse_error", False)]
)
def test_error_of_a_rule_is_one_that_it_met_while_it_was_evaluated(code, of_a_rule):
    assert EvaluationError((OpaError(code, "", "", 0),)).of_a_rule is of_a_rule


def test_errors_count_even_with_a_good_exit(tmp_path):
    with pytest.raises(EvaluationError):
        says(tmp_path, '{"errors": [{"message": "x"}]}').evaluate(tmp_path, "data.a")


def test_check_has_no_problems_where_opa_has_none(tmp_path):
    quiet = Opa(script(tmp_path, '[ "$1" = check ] || echo "Version: 1.17.1"'))
    assert quiet.check(tmp_path) == ()


@pytest.mark.parametrize("output", ["", "{}", '{"result": []}', "Version:", "HashiCorp Vault 1.17.1"])
def test_check_that_finds_nothing_counts_only_where_opa_is_heard(tmp_path, output):
    with pytest.raises(NoVerdictError, match="does not answer as opa"):
        says(tmp_path, output).check(tmp_path)


def test_version_is_what_opa_says(tmp_path):
    assert says(tmp_path, "Version: 1.4.2\nBuild Commit: \nRego Version: v1\n").version() == "1.4.2"


def test_check_tells_what_opa_says(tmp_path):
    found = says(tmp_path, '{"errors": [{"code": "c", "message": "m"}]}', 1, 2).check(tmp_path)
    assert found == (OpaError("c", "m", "", 0),)


def test_check_that_fails_without_an_error_is_no_verdict(tmp_path):
    with pytest.raises(NoVerdictError, match="exit code 137, killed"):
        says(tmp_path, "killed\n", 137, 2).check(tmp_path)


def test_opa_that_does_not_finish_gives_no_verdict(tmp_path):
    slow = Opa(script(tmp_path, "exec sleep 60"), seconds=0.05)
    with pytest.raises(NoVerdictError) as caught:
        slow.evaluate(tmp_path, "data.a")
    assert caught.value.reason == "Timeout"


def test_opa_that_cannot_be_run_gives_no_verdict(tmp_path):
    with pytest.raises(NoVerdictError) as caught:
        Opa(tmp_path / "none").evaluate(tmp_path, "data.a")
    assert caught.value.reason == "EngineFailed"


def test_opa_sees_nothing_of_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    seen = script(tmp_path, 'printf \'{"result": [{"expressions": [{"value": "%s"}]}]}\' "$SECRET"')
    assert Opa(seen).evaluate(tmp_path, "data.a").value == ""


@pytest.mark.parametrize(("row", "text"), [(3, "x.rego:3: code: said"), (0, "x.rego: code: said")])
def test_error_names_its_module_and_its_line_where_there_is_one(row, text):
    assert str(OpaError("code", "said", "folder/x.rego", row)) == text
