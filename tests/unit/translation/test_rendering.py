import yaml
from hypothesis import given
from hypothesis import strategies as st

from gatekeeper.translation.rendering import render

AWKWARD = st.text(
    alphabet=st.sampled_from(list(" \t\nab:#-|>'\"\\%&*!{}[]\u2028\u2029\u0085é\ufeff\x00\x07\U0001f600"))
)


@given(AWKWARD)
def test_any_text_comes_back_as_it_was(text):
    assert yaml.safe_load(render([{"a": [{"b": text}]}])) == {"a": [{"b": text}]}


def test_rego_with_tabs_is_a_literal_block():
    assert render([{"rego": "a {\n\tb\n}\n"}]) == "rego: |\n  a {\n  \tb\n  }\n"


def test_documents_are_separated():
    assert render([{"a": 1}, {"b": 2}]) == "a: 1\n---\nb: 2\n"


def test_repeated_values_are_written_out():
    shared = {"x": 1}
    assert "&" not in render([{"a": shared, "b": shared}])
