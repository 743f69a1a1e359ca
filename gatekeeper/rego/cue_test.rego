package lib.bestbefore.cue_test

import future.keywords

import data.lib.bestbefore.cue

_int := {"op": "kind", "kinds": ["int"], "text": "int", "type": "int"}

_one := {"op": "is", "kinds": ["int"], "value": 1, "text": "1", "type": "int"}

_more := {"op": ">", "kinds": ["float", "int"], "value": 1, "text": ">1", "type": "number"}

_unknown := {"unknown": true}

_wrong := {"error": "wrong"}

test_kinds_are_those_of_cue if {
	kinds := [cue.kind(value) | some value in [null, true, 1, 1.5, "a", {"a": 1}, [1], 100000000000000000000]]
	kinds == ["null", "bool", "int", "float", "string", "struct", "list", "int"]
	cue.kind(1e21) == "float"
}

test_value_that_passes_has_no_problems if {
	cue.problems(1, "a", [_int, _one], false) == []
	cue.problems(2, "a", [_more], false) == []
	cue.problems("x", "a", [], false) == []
}

test_first_test_that_fails_is_told if {
	cue.problems(2, "a", [_int, _one], false) == ["a: conflicting values 2 and 1"]
	cue.problems(2, "a", [_one], true) == ["a: conflicting values 1 and 2"]
	cue.problems(1, "a", [_more], false) == ["a: invalid value 1 (out of bound >1)"]
	cue.problems("x", "", [_int], false) == [`conflicting values int and "x" (mismatched types int and string)`]
	cue.problems("x", "", [_int], true) == [`conflicting values "x" and int (mismatched types string and int)`]
}

test_test_that_is_not_known_fails if {
	cue.problems(1, "a", [{"op": "new", "kinds": ["int"], "text": "new", "type": "int"}], false) != []
}

test_several_problems_are_told_by_the_first if {
	cue.summary(["a: x"]) == "a: x"
	cue.summary(["a: x", "b: y", "c: z"]) == "a: x (and 2 more errors)"
}

test_one_way_is_enough if {
	cue.any_of(1, "a", [[_more], [_one]], 2) == []
	cue.any_of("x", "a", [[_more], [_one]], 2)[0] == "a: 2 errors in empty disjunction:"
	count(cue.any_of("x", "a", [[_more], [_one]], 3)) == 4
}

test_path_names_a_field_as_cue_writes_it if {
	cue.at("", "a") == "a"
	cue.at_key("a", "b") == "a.b"
	cue.at_key("a", "b c") == `a."b c"`
	cue.at_key("a", "_type") == `a."_type"`
}

test_closed_struct_has_no_other_fields if {
	closed := [[{"a"}, []], [{"a", "b"}, [[{"op": "=~", "kinds": ["string"], "value": "^x", "text": "", "type": "string"}]]]]
	cue.unknown({"a": 1}, "s", closed) == []
	cue.unknown({"a": 1, "b": 1, "xa": 1}, "s", closed) == ["s.b: field not allowed", "s.xa: field not allowed"]
}

test_reference_leads_to_a_value_or_to_nothing if {
	cue.reference({"a": {"b": false}}, ["a", "b"], _unknown) == {"value": false}
	cue.reference({"a": {}}, ["a", "b"], _unknown) == _unknown
	cue.reference({}, ["a", "b"], {"value": 1}) == {"value": 1}
	cue.reference({"a": null}, ["a", "b"], {"value": 1}).error
	cue.item({"value": {"k": 1}}, {"value": "k"}) == {"value": 1}
	cue.item({"value": {}}, {"value": "k"}) == _unknown
	cue.item(_unknown, {"value": "k"}) == _unknown
	cue.item({"value": "text"}, {"value": "k"}).error
}

test_error_counts_more_than_what_is_not_known if {
	cue.both(_unknown, _wrong) == _wrong
	cue.either(_wrong, _unknown) == _wrong
	cue.compared("==", _unknown, _wrong) == _wrong
}

test_conditions_look_at_both_sides if {
	cue.both({"value": true}, {"value": true}) == {"value": true}
	cue.both({"value": true}, {"value": false}) == {"value": false}
	cue.both({"value": false}, _unknown) == _unknown
	cue.either({"value": true}, _unknown) == _unknown
	cue.either({"value": false}, {"value": true}) == {"value": true}
	cue.either({"value": false}, {"value": false}) == {"value": false}
	cue.both({"value": "yes"}, {"value": true}).error
}

test_opposite_is_of_a_bool if {
	cue.opposite({"value": false}) == {"value": true}
	cue.opposite({"value": true}) == {"value": false}
	cue.opposite(_unknown) == _unknown
	cue.opposite({"value": "no"}).error
}

test_comparison_is_of_one_type_unless_it_is_of_equality if {
	cue.compared("<", {"value": 1}, {"value": 2}) == {"value": true}
	cue.compared(">=", {"value": "b"}, {"value": "c"}) == {"value": false}
	cue.compared("==", {"value": 1}, {"value": "1"}) == {"value": false}
	cue.compared("!=", {"value": null}, {"value": "1"}) == {"value": true}
	cue.compared("==", {"value": [1]}, {"value": [1]}) == {"value": true}
	cue.compared("<", {"value": 1}, {"value": "1"}).error
	cue.compared("==", {"value": {}}, {"value": {}}).error
}

test_texts_are_put_together if {
	cue.sum({"value": "a"}, {"value": "b"}) == {"value": "ab"}
	cue.sum({"value": "a"}, {"value": 1}).error
	cue.glued([{"value": "a"}, {"value": 1}, {"value": true}, {"value": 1.5}]) == {"value": "a1true1.5"}
	cue.glued([{"value": "a"}, {"value": null}]).error
	cue.joined([{"value": "a"}, {"value": "b"}], {"value": "-"}) == {"value": "a-b"}
	cue.joined([{"value": 1}], {"value": "-"}).error
	cue.joined([_unknown], {"value": "-"}) == _unknown
}

test_functions_are_of_their_types if {
	cue.length({"value": "ü"}) == {"value": 2}
	cue.length({"value": {"a": 1}}) == {"value": 1}
	cue.length({"value": 1}).error
	cue.has_item({"value": ["a"]}, {"value": "a"}) == {"value": true}
	cue.has_item({"value": []}, {"value": "a"}) == {"value": false}
	cue.has_item({"value": "a"}, {"value": "a"}).error
	cue.has_prefix({"value": "ab"}, {"value": "a"}) == {"value": true}
	cue.has_suffix({"value": "ab"}, {"value": "a"}) == {"value": false}
	cue.has_text({"value": "ab"}, {"value": "b"}) == {"value": true}
	cue.has_text({"value": 1}, {"value": "b"}).error
}

test_conditions_that_cannot_be_decided_are_told_after_all_else if {
	cue.decided("a", [], [_unknown, {"value": true}]) == []
	cue.decided("a", [], [_wrong]) == ["a: wrong"]
	cue.decided("a", ["a.b: x"], [_wrong]) == ["a.b: x"]
	cue.holding({0: {"value": true}, 1: {"value": false}, 2: _unknown, 3: _wrong}) == {0}
}

test_value_is_shown_as_cue_writes_it if {
	cue.shown({"a": "<b>", "c d": [1, null]}) == `{a:"<b>","c d":[1,null]}`
}
