"""Helm's braces in files that should hold objects."""

from __future__ import annotations

import pytest

from gatekeeper.documents.document import parse_documents
from gatekeeper.documents.helm import is_template, places
from gatekeeper.documents.problems import DocumentError


@pytest.mark.parametrize(
    "text",
    [
        "{{ .Values.a }}",
        "{{- if .Values.a }}",
        "{{ $.Values.a }}",
        "{{.Release.Name}}",
        '{{ include "a" . }}',
        "{{- end }}",
    ],
)
def test_actions_of_helm_are_known(text: str) -> None:
    assert is_template(text)


@pytest.mark.parametrize(
    "text", ["{{ $labels.pod }}", "{{inputs.parameters.image}}", '{{"a"}, {"b"}}', "{{ .Valuesque }}", ""]
)
def test_other_braces_are_others(text: str) -> None:
    assert not is_template(text)


def test_file_that_is_no_yaml_for_helm_s_sake_says_so() -> None:
    with pytest.raises(DocumentError) as caught:
        parse_documents(b"spec:\n  images: [{glob: {{ .Values.glob }}}]\n", "policy.yaml")
    (problem,) = map(str, caught.value.problems)
    assert problem.startswith("policy.yaml: line 2: ")
    assert "`{{ \u2026 }}` is Helm's: render the chart first (`helm template CHART`)" in problem
    with pytest.raises(DocumentError) as caught:
        parse_documents(b"spec: [{glob: {{ other }}}]\n", "policy.yaml")
    assert "Helm" not in str(caught.value)


def test_places_are_paths_of_texts() -> None:
    assert list(places({"a": ["x", {"b": "{{ .Values.c }}"}], "d": 1})) == ["a[1].b"]
