"""Which parts of an object a rule reads."""

import pytest

from gatekeeper.translation.object_paths import MOST_PATHS, paths_read


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("p { input.spec.replicas > 10 }", {"spec.replicas"}),
        ('p { input["spec"]["replicas"] > 10 }', {"spec.replicas"}),
        ('p { input.metadata.annotations["a/b"] == "x" }', {"metadata.annotations.a/b"}),
        ("p { input.metadata.annotations[`a/b`] == `x` }", {"metadata.annotations.a/b"}),
        ('p { input.metadata.labels[key] == "x" }', {"metadata.labels.*"}),
        ('p { some key, value in input.metadata.labels; value == "x" }', {"metadata.labels.*"}),
        ("p { some key\n  input.metadata.labels[key] }", {"metadata.labels.*"}),
        ("p { input.spec.containers[_].image == 1 }", {"spec.containers.*.image"}),
        (
            "p { c := input.spec.containers[_]; c.image == 1; c.tty }",
            {"spec.containers.*.image", "spec.containers.*.tty"},
        ),
        ("p { every c in input.spec.containers { c.image } }", {"spec.containers.*.image"}),
        ("p { x := input; y := x.spec; y.paused }", {"spec.paused"}),
        ("import input.spec.paused as stopped\np { stopped }", {"spec.paused"}),
        ("spec := input.spec\np { spec.hostNetwork }", {"spec.hostNetwork"}),
        ('p { object.get(input.spec, "replicas", 1) > 3 }', {"spec.replicas"}),
        ('p { object.get(input, ["spec", "replicas"], 1) > 3 }', {"spec.replicas"}),
        ("p { count(input.spec.volumes) > 3 }", {"spec.volumes"}),
        ('p { "x" in input.spec.volumes }', {"spec.volumes"}),
        ("isCompliant = input.spec.hostNetwork", {"spec.hostNetwork"}),
        ("isCompliant := value { value := input.metadata.labels.ok }", {"metadata.labels.ok"}),
        # What is compared as the pod template anyway.
        ("p { input.spec.template.spec.hostNetwork }", set()),
        ("p { input.spec.jobTemplate.spec.template.spec.hostNetwork }", set()),
        # Other documents of the input, comments and texts.
        ("p { input.config[_].created; input.typemeta.kind }", set()),
        ('# input.spec.replicas\np { "input.spec.replicas" }', set()),
        ("p { x.input.spec.replicas }", set()),
    ],
)
def test_a_place_is_read_with_its_words(rule, expected):
    assert {".".join(path) for path in paths_read(rule)} == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("p { f(input.spec) }", {("spec",)}),
        ("p { input[part].x }", {("spec",), ("metadata",)}),
        ("p { f(input) }", {("spec",), ("metadata",)}),
        ("p { x := input.metadata; f(a, x) }", {("metadata",)}),
        ("p { input.spec.containers[_] == 1 }", {("spec",)}),
        ("p { input.spec[_][_] == 1 }", {("spec",)}),
        ("p { f(input.spec); input.spec.replicas }", {("spec",), ("spec", "replicas")}),
        ("p { " + "; ".join(f"input.spec.x{number}" for number in range(MOST_PATHS + 1)) + " }", {("spec",)}),
    ],
)
def test_a_part_is_read_as_a_whole_where_no_words_follow(rule, expected):
    assert set(paths_read(rule)) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "p { many(input.spec) }\nmany(s) { s.replicas > 10 }",
        "spec := input.spec.jobTemplate.spec { true } else := input.spec\np { spec.replicas > 10 }",
        "p { s := object.union(input.spec, {}); s.replicas > 10 }",
        "p { walk(input.spec, [path, value]); path == [`replicas`]; value > 10 }",
        'p { input.spec[field] > 10; field == "re\\u0070licas" }',
        "import input.spec as s\np { s.replicas > 10 }",
        "p { input.replicas > 10 with input as input.spec }",
        "p { {`replicas`: 3} == input.spec }",
        "p { object.filter(input.spec, {`replicas`}) == {`replicas`: 3} }",
    ],
)
def test_of_a_spec_that_is_not_followed_a_field_is_read_whose_name_stands_in_the_rule(rule):
    assert {("spec",), ("spec", "replicas")} <= set(paths_read(rule))
    assert ("spec", "paused") not in paths_read(rule)


def test_of_containers_that_are_not_followed_resources_are_read_where_the_rule_names_them():
    found = paths_read("p { big(input.spec.containers[_]) }\nbig(c) { c.resources.limits.cpu }")
    assert ("spec", "containers", "*", "resources") in found
    assert set(paths_read("p { big(input.spec.containers[_]) }\nbig(c) { c.image }")) == {("spec",)}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        # A text says what it means, however it is written.
        (r'p { input["sp\u0065c"].replicas > 10 }', {"spec.replicas"}),
        (r'p { input.spec["repl\u0069cas"] > 10 }', {"spec.replicas"}),
        ('p { input.metadata.labels[`"a"`] }', {'metadata.labels."a"'}),
        (r'p { input.metadata.labels["\x61"] }', {"metadata.labels.*"}),
        # Not the name is given here, but the field is compared.
        ("p { s := input.spec; s.paused; s.replicas = 20 }", {"spec.paused", "spec.replicas"}),
        ("p { r := input.spec.replicas; r = 20 }", {"spec.replicas"}),
        ("p { m := input.metadata.labels; m.a; m = {`a`: `b`} }", {"metadata.labels"}),
        # A list of steps, one of which is not known.
        ("p { object.get(input.metadata, [`labels`, names[0]], 1) == 1 }", {"metadata"}),
        ("p { object.get(input.metadata, [`labels`, `a`][0], 1) == 1 }", {"metadata"}),
        # A name that is used by its path as well.
        ("m := input.metadata\np { m.labels.a; data.sigstore.m.labels.b }", {"metadata", "metadata.labels.a"}),
    ],
)
def test_no_part_is_lost_by_how_a_rule_is_written(rule, expected):
    assert {".".join(path) for path in paths_read(rule)} == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("p { a := input.spec; b := a.x }\nq { b := input.spec; a := b.x }", {"spec"}),
        ("p { a := input.metadata; b := a.x }\nq { b := a.y; a := b.z; a.labels.team }", {"metadata"}),
        ("p { a := input; b := a[_] }\nq { a := b.y; b := a.z }", {"metadata", "spec"}),
        ("p { a := input.spec; b := a.replicas }\nq { b := input.spec; a := b.x; a.y }", {"spec", "spec.replicas"}),
    ],
)
def test_names_that_lead_in_a_circle_stand_for_the_whole_part(rule, expected):
    assert {path for path in map(".".join, paths_read(rule)) if path in expected} == expected


def test_as_many_circles_as_a_rule_may_hold_come_to_an_end():
    names = [f"a{number} := a{number * 7 % 40}.f{number}; a{number} := input.spec.g{number}" for number in range(40)]
    assert ("spec",) in paths_read("p { " + "; ".join(names) + " }")


def test_many_paths_lose_no_field_that_is_named():
    fields = "; ".join(f"input.spec.x{number}" for number in range(MOST_PATHS))
    assert ("spec", "replicas") in paths_read("p { " + fields + "; input.spec.replicas > 10 }")


def test_as_many_paths_as_a_constraint_may_hold_are_named():
    def rule(count):
        return "p { " + "; ".join(f"input.spec.field{number}" for number in range(count)) + " }"

    assert len(paths_read(rule(32))) == 32
    assert paths_read(rule(33)) == (("spec",),)


@pytest.mark.parametrize("rule", ["input.spec[", "p { input.spec[f(", "p { input.spec.", "p { input.spec"])
def test_text_that_ends_too_early_is_read_to_its_end(rule):
    assert {path[0] for path in paths_read(rule)} <= {"spec"}
