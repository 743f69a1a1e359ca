package lib.bestbefore.compliance_test

import future.keywords

import data.lib.bestbefore.compliance

_single := "failed evaluating rego policy for type ClusterImagePolicy: policy is not compliant for query 'isCompliant = data.sigstore.isCompliant'"

_double := `failed evaluating rego policy for type ClusterImagePolicy: policy is not compliant for query "isCompliant = data.sigstore.isCompliant"`

_passes(value) if compliance.judged([value]) == {"passed": true}

_line(value) := compliance.judged([value]).line

test_only_true_passes if {
	_passes(true)
	every value in [false, null, 1, "true", {"result": true}] {
		_line(value) == _single
	}
}

test_undefined_fails if compliance.judged([]).line == _single

test_nothing_to_judge_fails if {
	compliance.judged(null).passed == false
	compliance.judged([true, true]).passed == false
}

test_empty_set_fails if {
	_line(set()) == _double
	_line([]) == _double
}

test_one_passing_result_is_enough if {
	_passes({{"result": false, "error": "a"}, {"result": true, "error": "z"}})
}

test_last_error_is_told if {
	_line({{"result": false, "error": "a"}, {"result": false, "error": "b"}}) == concat("", [_single, " with errors: b"])
	_line([{"result": false, "error": "z"}, {"result": false, "error": "a"}]) == concat("", [_single, " with errors: a"])
	_line({{"error": "no result"}}) == concat("", [_single, " with errors: no result"])
	_line({{"result": false}}) == concat("", [_single, " with errors: "])
}

test_own_sentence_is_kept if compliance.judged([{{"result": false, "error": "too old"}}]).said == "too old"

test_warning_on_a_pass_is_told if {
	compliance.judged([{{"result": true, "warning": "mind"}}]) == {
		"passed": false,
		"said": "mind",
		"line": "warning: mind",
	}
}

test_field_names_are_read_in_any_case if {
	_passes({{"Result": true}})
	_passes({{"re\u017fult": true}})
	_line({{"Error": "a", "error": "b"}}) == concat("", [_single, " with errors: b"])
	_line({{"Error": "a", "error": null}}) == concat("", [_single, " with errors: a"])
}

test_wrong_types_are_told if {
	every wrong, said in {
		{"result": "true"}: "string into Go struct field CosignRuleResult.result of type bool",
		{"result": 1}: "number into Go struct field CosignRuleResult.result of type bool",
		{"error": 7}: "number into Go struct field CosignRuleResult.error of type string",
		{"warning": ["x"]}: "array into Go struct field CosignRuleResult.warning of type string",
		{"error": {}, "result": 1}: "object into Go struct field CosignRuleResult.error of type string",
	} {
		_line({wrong}) == concat("", [_single, " due to parsing errors: json: cannot unmarshal ", said])
	}
}

test_pass_before_a_wrong_type_counts if _passes([{"result": true}, {"result": "no"}])

test_wrong_type_before_a_pass_counts if not _passes([{"result": "no"}, {"result": true}])

test_set_of_other_things_fails if {
	_line({true}) == concat("", [_single, " due to parsing errors: isCompliant holds a result that is no object"])
}

test_failing_verdict_says_all_of_it if {
	every values, said in {
		[]: ["", _single],
		[false]: ["", _single],
		[[]]: ["", _double],
		[set()]: ["", _double],
		[[{"error": "too old"}]]: ["too old", concat("", [_single, " with errors: too old"])],
		[[7]]: ["", concat("", [_single, " due to parsing errors: isCompliant holds a result that is no object"])],
	} {
		compliance.judged(values) == {"passed": false, "said": said[0], "line": said[1]}
	}
}

test_several_values_are_no_verdict if {
	every values in [[[{"result": true}], true], [{{"result": true}}, true]] {
		compliance.judged(values).passed == false
	}
}

test_warning_without_a_result_is_no_pass if {
	_line([{"warning": "mind"}]) == concat("", [_single, " with errors: "])
}

test_types_are_called_as_in_json if {
	every wrong, said in {
		{"error": true}: "bool into Go struct field CosignRuleResult.error of type string",
		{"error": {"x"}}: "array into Go struct field CosignRuleResult.error of type string",
		{"warning": {}, "error": null}: "object into Go struct field CosignRuleResult.warning of type string",
	} {
		_line([wrong]) == concat("", [_single, " due to parsing errors: json: cannot unmarshal ", said])
	}
}

_plain := {"result": true, "error": "too old"}

test_object_of_results_fails if {
	_line({"a": _plain}) == _single
	_line({"error": "too old", "result": _plain}) == _single
}

# Each of these is one step away from a list of plain results, and is read as upstream reads it.
test_results_that_are_not_plain_are_read_one_by_one if {
	_passes([_plain, {"result": false, "error": "too old"}])
	not _passes([7, _plain])
	not _passes([{"result": "no", "error": ""}, _plain])
	not _passes([{"result": false, "error": 7}, _plain])
	not _passes([{"result": true, "error": "", "warning": "mind"}, _plain])
	not _passes([{"Result": "no", "error": ""}, _plain])
	not _passes([{"result": "true", "error": ""}])
}

_cue := "failed evaluating cue policy for %s: failed to evaluate the policy with error: a: conflicting values 1 and 2"

test_cue_is_told_in_the_words_of_cue if {
	_line({"cue": "a: conflicting values 1 and 2"}) == sprintf(_cue, ["ClusterImagePolicy"])
	compliance.judged([{"cue": "x"}]).said == "x"
	compliance.judged([{"cue": "x"}]).passed == false
	compliance.judged_of("scan", [{"cue": "a: conflicting values 1 and 2"}]).line == sprintf(_cue, ["scan"])
	_line({"cue": 1}) == _single
}
