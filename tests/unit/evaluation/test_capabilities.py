"""What Gatekeeper's Rego can do, made of what opa can."""

from __future__ import annotations

from typing import Any

from gatekeeper.evaluation.capabilities import derived, with_print

CURRENT: dict[str, Any] = {
    "builtins": [
        {
            "name": "count",
            "description": "prose",
            "categories": ["aggregates"],
            "introduced": "v0.1",
            "decl": {"args": [{"description": "prose", "name": "x", "type": "any"}], "result": {"type": "number"}},
        },
        {"name": "http.send", "decl": {}},
    ],
    "future_keywords": ["in"],
    "features": ["f"],
    "allow_net": ["anything"],
}


def test_gatekeeper_has_the_builtins_of_opa_without_prose_and_one_of_its_own() -> None:
    found = derived(CURRENT)
    count, *others = found["builtins"]
    decl = {"args": [{"name": "x", "type": "any"}], "result": {"type": "number"}}
    assert count == {"name": "count", "decl": decl}
    assert [each["name"] for each in others] == ["external_data"]
    assert (found["future_keywords"], found["features"], found["allow_net"]) == (["in"], ["f"], [])


def test_our_driver_may_print_too() -> None:
    found = derived(CURRENT)
    driver = with_print(found)
    assert [each["name"] for each in driver["builtins"]] == ["count", "external_data", "print"]
    assert {**driver, "builtins": found["builtins"]} == found
    assert len(found["builtins"]) == 2
