package lib.bestbefore.answers_test

import future.keywords

import data.lib.bestbefore.answers

_key := `{"config":true,"image":"registry.test/app:1","v":1}`

_ref := answers.ref(_key)

_response(fields) := object.union({"responses": [], "errors": [], "status_code": 200, "system_error": ""}, fields)

_said(response, key) := answers.by_key(response, [key])[key]

_missing := {"reason": "ProviderUnavailable", "message": "the provider did not answer this question"}

test_ref_is_what_the_provider_computes if answers.ref("registry.test/app:1") == "2a76f7cc92c8"

test_audit_has_a_provider_of_its_own if {
	answers.provider({"operation": ""}) == "bestbefore-audit"
	answers.provider({}) == "bestbefore-audit"
	answers.provider({"operation": "CREATE"}) == "bestbefore"
}

test_answer_is_found_by_its_key if {
	response := _response({"responses": [["other", {"n": 1}], [_key, {"n": 2}]]})
	_said(response, _key) == {"value": {"n": 2}}
}

test_answer_from_the_cache_counts if {
	response := {"responses": [[_key, {"n": 2}]], "errors": [], "status_code": 0, "system_error": ""}
	_said(response, _key) == {"value": {"n": 2}}
}

test_failure_says_for_people_what_else_there_is_and_for_rules_how_many_were_not_looked_at if {
	plain := {"reason": "SignatureRejected", "message": "no"}
	every said, found in {
		{}: {},
		{"detail": "an attestation", "passedOver": 0}: {"detail": "an attestation", "passedOver": 0},
		{"detail": 1, "passedOver": "0"}: {},
		{"passedOver": null, "more": 1}: {},
	} {
		failed := json.marshal({_ref: object.union(plain, said)})
		_said(_response({"system_error": failed}), _key) == object.union(plain, found)
	}
}

test_undefined_call_is_no_answer if _said({}, _key) == _missing

test_null_responses_are_no_answer if {
	_said(_response({"responses": null, "errors": null}), _key) == _missing
}

test_null_response_is_no_answer if _said(null, _key) == _missing

test_key_that_was_not_asked_has_no_answer if {
	answers.lookup(answers.by_key(_response({}), ["other"]), _key) == _missing
	answers.lookup({}, _key) == _missing
	answers.lookup(null, _key) == _missing
}

test_every_key_is_answered if {
	response := _response({"responses": [["b", {"n": 1}], ["x", {"n": 2}], "y", ["z"]], "errors": [["c", "Gone: away"]]})
	answers.by_key(response, ["a", "b", "c"]) == {
		"a": _missing,
		"b": {"value": {"n": 1}},
		"c": {"reason": "Gone", "message": "away"},
	}
}

test_missing_key_is_no_answer if {
	_said(_response({"responses": [["other", {"n": 1}]]}), _key) == _missing
}

test_value_of_another_type_is_no_answer if {
	every value in ["yes", true, 1, null, ["a"]] {
		_said(_response({"responses": [[_key, value]]}), _key) == _missing
	}
}

test_two_answers_to_one_key_are_no_answer if {
	response := _response({"responses": [[_key, {"n": 1}], [_key, {"n": 2}]]})
	_said(response, _key) == _missing
}

test_item_error_is_told if {
	response := _response({"errors": [[_key, "ContentInvalid: no image: at all"]]})
	_said(response, _key) == {"reason": "ContentInvalid", "message": "no image: at all"}
}

test_item_error_beats_an_answer if {
	response := _response({"responses": [[_key, {"n": 1}]], "errors": [[_key, "ContentInvalid: bad"]]})
	_said(response, _key) == {"reason": "ContentInvalid", "message": "bad"}
}

test_item_error_without_a_reason_is_told if {
	response := _response({"errors": [[_key, "boom"]]})
	_said(response, _key) == {
		"reason": "ProviderUnavailable",
		"message": "the provider answered with an error: boom",
	}
}

test_item_error_of_another_type_is_an_error if {
	_said(_response({"errors": [[_key, 7]]}), _key).reason == "ProviderUnavailable"
}

test_passing_failure_is_told_to_its_key_only if {
	said := json.marshal({answers.ref("other"): {"reason": "Timeout", "message": "not in time"}})
	response := _response({"responses": [[_key, {"n": 1}]], "system_error": said})
	_said(response, _key) == {"value": {"n": 1}}
	_said(response, "other") == {"reason": "Timeout", "message": "not in time"}
	_said(response, "third") == _missing
}

test_unreadable_system_error_leaves_no_answer_standing if {
	every said in ["dial tcp: refused", "[]", "7", "{"] {
		response := _response({"responses": [[_key, {"n": 1}]], "system_error": said})
		answer := _said(response, _key)
		answer.reason == "ProviderUnavailable"
		not answer.value
	}
}

test_system_error_of_another_type_leaves_no_answer_standing if {
	answer := _said(_response({"responses": [[_key, {"n": 1}]], "system_error": {"x": 1}}), _key)
	answer.reason == "ProviderUnavailable"
}

test_passing_failure_of_another_shape_is_no_answer if {
	said := json.marshal({_ref: "Timeout"})
	_said(_response({"system_error": said}), _key) == _missing
}

test_long_system_error_is_cut if {
	said := concat("", [x | some _ in numbers.range(1, 5000); x := "x"])
	count(_said(_response({"system_error": concat("", [said, sprintf("%0300d", [1])])}), _key).message) < 300
}

test_passing_failure_says_its_reason_and_its_message_only if {
	said := json.marshal({_ref: {"reason": "Timeout", "message": "not in time", "value": {"n": 1}}})
	_said(_response({"system_error": said}), _key) == {"reason": "Timeout", "message": "not in time"}
}

test_rows_that_are_no_list_answer_nothing if {
	_said(_response({"responses": {"x": [_key, {"n": 1}]}}), _key) == _missing
	_said(_response({"errors": {"x": [_key, "Gone: away"]}}), _key) == _missing
}

_old := {"digest": "sha256:00", "stale": true, "observedAt": "2026-02-15T23:10:00Z"}

test_stale_answer_is_one_unless_the_policy_refuses_it if {
	every policy in [{}, {"stale": "allow"}] {
		answers.taken({"k": {"value": _old}}, policy) == {"k": {"value": _old}}
	}
}

test_refused_stale_answer_says_since_when_the_registry_was_not_seen if {
	answers.taken({"k": {"value": _old}}, {"stale": "deny"}) == {"k": {
		"reason": "RegistryUnavailable",
		"message": "the registry was last seen at 2026-02-15T23:10:00Z, and the policy refuses stale answers",
	}}
}

test_refusal_of_stale_answers_leaves_the_others_as_they_are if {
	answered := {
		"new": {"value": object.remove(_old, ["stale"])},
		"said": {"value": object.union(_old, {"stale": false})},
		"none": {"reason": "Timeout", "message": "too late"},
	}
	answers.taken(answered, {"stale": "deny"}) == answered
}

test_choice_or_mark_that_nobody_knows_refuses if {
	every choice in ["", "Allow", null, true, {}] {
		answers.taken({"k": {"value": _old}}, {"stale": choice}).k.reason == "RegistryUnavailable"
	}
	every mark in ["true", 1, null, {}] {
		odd := object.union(_old, {"stale": mark, "observedAt": "x y"})
		said := answers.taken({"k": {"value": odd}}, {"stale": "deny"}).k
		said.message == "the registry was last seen at an unknown time, and the policy refuses stale answers"
	}
}
