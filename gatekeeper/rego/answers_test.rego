package lib.bestbefore.answers_test

import future.keywords

import data.lib.bestbefore.answers

_key := `{"config":true,"image":"registry.test/app:1","v":1}`

_ref := answers.ref(_key)

_response(fields) := object.union({"responses": [], "errors": [], "status_code": 200, "system_error": ""}, fields)

_missing := {"reason": "ProviderUnavailable", "message": "the provider did not answer this question"}

test_ref_is_what_the_provider_computes if answers.ref("registry.test/app:1") == "2a76f7cc92c8"

test_audit_has_a_provider_of_its_own if {
	answers.provider({"operation": ""}) == "bestbefore-audit"
	answers.provider({}) == "bestbefore-audit"
	answers.provider({"operation": "CREATE"}) == "bestbefore"
}

test_answer_is_found_by_its_key if {
	response := _response({"responses": [["other", {"n": 1}], [_key, {"n": 2}]]})
	answers.lookup(response, _key) == {"value": {"n": 2}}
}

test_answer_from_the_cache_counts if {
	response := {"responses": [[_key, {"n": 2}]], "errors": [], "status_code": 0, "system_error": ""}
	answers.lookup(response, _key) == {"value": {"n": 2}}
}

test_undefined_call_is_no_answer if answers.lookup({}, _key) == _missing

test_null_responses_are_no_answer if {
	answers.lookup(_response({"responses": null, "errors": null}), _key) == _missing
}

test_null_response_is_no_answer if answers.lookup(null, _key) == _missing

test_missing_key_is_no_answer if {
	answers.lookup(_response({"responses": [["other", {"n": 1}]]}), _key) == _missing
}

test_value_of_another_type_is_no_answer if {
	every value in ["yes", true, 1, null, ["a"]] {
		answers.lookup(_response({"responses": [[_key, value]]}), _key) == _missing
	}
}

test_two_answers_to_one_key_are_no_answer if {
	response := _response({"responses": [[_key, {"n": 1}], [_key, {"n": 2}]]})
	answers.lookup(response, _key) == _missing
}

test_item_error_is_told if {
	response := _response({"errors": [[_key, "ContentInvalid: no image: at all"]]})
	answers.lookup(response, _key) == {"reason": "ContentInvalid", "message": "no image: at all"}
}

test_item_error_beats_an_answer if {
	response := _response({"responses": [[_key, {"n": 1}]], "errors": [[_key, "ContentInvalid: bad"]]})
	answers.lookup(response, _key) == {"reason": "ContentInvalid", "message": "bad"}
}

test_item_error_without_a_reason_is_told if {
	response := _response({"errors": [[_key, "boom"]]})
	answers.lookup(response, _key) == {
		"reason": "ProviderUnavailable",
		"message": "the provider answered with an error: boom",
	}
}

test_item_error_of_another_type_is_an_error if {
	answers.lookup(_response({"errors": [[_key, 7]]}), _key).reason == "ProviderUnavailable"
}

test_passing_failure_is_told_to_its_key_only if {
	said := json.marshal({answers.ref("other"): {"reason": "Timeout", "message": "not in time"}})
	response := _response({"responses": [[_key, {"n": 1}]], "system_error": said})
	answers.lookup(response, _key) == {"value": {"n": 1}}
	answers.lookup(response, "other") == {"reason": "Timeout", "message": "not in time"}
	answers.lookup(response, "third") == _missing
}

test_unreadable_system_error_leaves_no_answer_standing if {
	every said in ["dial tcp: refused", "[]", "7", "{"] {
		response := _response({"responses": [[_key, {"n": 1}]], "system_error": said})
		answer := answers.lookup(response, _key)
		answer.reason == "ProviderUnavailable"
		not answer.value
	}
}

test_system_error_of_another_type_leaves_no_answer_standing if {
	answer := answers.lookup(_response({"responses": [[_key, {"n": 1}]], "system_error": {"x": 1}}), _key)
	answer.reason == "ProviderUnavailable"
}

test_passing_failure_of_another_shape_is_no_answer if {
	said := json.marshal({_ref: "Timeout"})
	answers.lookup(_response({"system_error": said}), _key) == _missing
}

test_long_system_error_is_cut if {
	said := concat("", [x | some _ in numbers.range(1, 5000); x := "x"])
	count(answers.lookup(_response({"system_error": concat("", [said, sprintf("%0300d", [1])])}), _key).message) < 300
}
