"""Names of fields that a rule makes while it runs."""

import pytest

from gatekeeper.translation.object_paths import paths_read

REPLICAS = ("spec", "replicas")


@pytest.mark.parametrize(
    "rule",
    [
        'p { many(input.spec) }\nmany(s) { s[concat("", ["repl", "icas"])] > 10 }',
        'field := sprintf("%sicas", ["repl"])\np { f(input.spec) }\nf(s) { s[field] > 10 }',
        'p { input.spec[lower("REPLICAS")] > 10 }',
        'p { name := strings.reverse("sacilper"); object.get(input.spec, name, 0) > 10 }',
        'p { input.spec[json.unmarshal(`"repl\\u0069cas"`)] > 10 }',
        'value := input.spec[trim("-replica-", "-")]\np { value > 10 }',
    ],
)
def test_rule_that_makes_names_reads_every_field_that_an_update_changes(rule):
    assert REPLICAS in paths_read(rule)


@pytest.mark.parametrize(
    "rule",
    [
        'p { f(input.spec) }\nf(s) { s.hostNetwork }\nerrorMsg = sprintf("no %s", ["host network"])',
        'lists := ["containers", "initContainers"]\np { f(input.spec[lists[_]]) }\nmsg[x] { x := lower("A") }',
        'p { f(input.spec) }\nf(s) { parts := split(s.containers[_].image, "/"); parts[count(parts) - 1] == "x" }',
        'p { f(input.spec) }\nf(s) { startswith(lower(s.containers[_].image), "registry.test/") }',
    ],
)
def test_rule_that_makes_only_messages_and_values_does_not(rule):
    assert REPLICAS not in paths_read(rule)
