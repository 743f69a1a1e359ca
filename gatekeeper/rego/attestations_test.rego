package lib.bestbefore.attestations_test

import future.keywords

import data.lib.bestbefore.attestations

_type := "https://example.test/scan/v1"

_proof(said) := {"attestation": object.union({"digest": "sha256:1", "predicateType": _type}, said)}

_entry := {"name": "scan", "type": "scan", "wish": {"predicateType": _type}}

_with_rule := object.union(_entry, {"rule": "attestation_1"})

_of_two := {0: _proof({"statement": {}}), 1: _proof({"statement": {}})}

_judged(values) := attestations.judged(_with_rule, _of_two, {"attestation_1": values})

test_statement_of_the_type_is_enough_without_a_rule if {
	attestations.judged(_entry, _of_two, {}) == {"matches": [0, 1]}
}

test_statement_of_another_type_is_named if {
	proofs := {place: {"attestation": {"digest": "sha256:1", "predicateType": kind}} | some place, kind in ["b", "a", "b"]}
	attestations.judged(_entry, proofs, {}) == {
		"reason": "AttestationAbsent",
		"said": "",
		"line": `no matching attestations with type scan, checked the following predicateTypes: "a,b"`,
	}
}

test_types_are_compared_as_text if {
	every kind in [concat("", [_type, "/"]), upper(_type), "", "scan"] {
		judged := attestations.judged(_entry, {0: {"attestation": {"predicateType": kind, "statement": {}}}}, {})
		judged.reason == "AttestationAbsent"
		not judged.matches
	}
}

test_one_statement_that_the_rule_is_content_with_is_enough if {
	_judged({0: [false], 1: [true]}) == {"matches": [1]}
	_judged({0: [true], 1: []}) == {"matches": [0]}
}

test_first_statement_says_what_is_wrong if {
	_judged({0: [{{"result": false, "error": "too old"}}], 1: [false]}) == {
		"reason": "AttestationRejected",
		"said": "too old",
		"line": "failed evaluating rego policy for type scan: policy is not compliant for query 'isCompliant = data.sigstore.isCompliant' with errors: too old",
	}
}

test_rule_that_nobody_asked_is_content_with_nothing if {
	every attested in [{}, {"attestation_1": {}}, {"attestation_2": {0: [true]}}, {"attestation_1": {2: [true]}}, null] {
		judged := attestations.judged(_with_rule, {0: _proof({"statement": {}})}, attested)
		not judged.matches
		judged.reason == "AttestationRejected"
	}
}

test_warning_of_a_rule_is_a_failure if {
	judged := _judged({0: [{{"result": true, "warning": "soon"}}]})
	judged.line == "warning: soon"
	not judged.matches
}

test_statement_that_could_not_be_read_satisfies_nothing if {
	every said in [{"problem": "unmarshaling CosignVulnStatement: x"}, {"problem": "x", "statement": {}}] {
		judged := attestations.judged(_entry, {0: _proof(said)}, {})
		judged.line == said.problem
		not judged.matches
	}
	not attestations.judged(_entry, {0: _proof({})}, {}).matches
	not attestations.judged(_entry, {0: _proof({"statement": "text"})}, {}).matches
}

test_nothing_proved_satisfies_nothing if {
	not attestations.judged(_entry, {}, {}).matches
	not attestations.judged({}, _of_two, {}).matches
	not attestations.judged(null, null, null).matches
}

test_question_asks_for_what_the_rule_reads if {
	authority := {"attestor": {"key": {"data": "PEM"}}}
	image := {"statements": {"attestation_1": [["predicate", "at"]]}}
	attestations.verify(authority, _entry, image).attestation == {"predicateType": _type, "statement": []}
	attestations.verify(authority, _with_rule, image).attestation.statement == [["predicate", "at"]]
	attestations.verify(authority, _with_rule, {}).attestation.statement == true
}

test_parameters_have_to_name_every_rule_of_the_template if {
	policy := {"authorities": [{"attestations": [_with_rule]}]}
	attestations.images(policy, [{"text": "a"}], {"attestation_1": true}) == [{
		"text": "a",
		"statements": {"attestation_1": true},
	}]
	not attestations.images({"authorities": [{"attestations": [_entry]}]}, [], {"attestation_1": true})
	not attestations.images({}, [], {"attestation_1": true})
}

test_values_stand_beside_their_answers if {
	answered := {"a": {"value": {}}, "b": {"reason": "x"}}
	attestations.evaluated(answered, {"a": {"attestation_1": {}}}) == {
		"a": {"value": {}, "attested": {"attestation_1": {}}},
		"b": {"reason": "x", "attested": {}},
	}
}

test_statement_without_room_satisfies_nothing_and_says_so_before_others if {
	large := {"problem": "too large", "reason": "LimitExceeded"}
	every proofs in [{0: _proof(large)}, {0: _proof({"statement": {}}), 1: _proof(large)}] {
		judged := attestations.judged(_with_rule, proofs, {"attestation_1": {0: [false]}})
		judged == {"reason": "LimitExceeded", "said": "", "line": "too large"}
	}
}

test_statement_without_room_hides_none_that_passes if {
	large := _proof({"problem": "too large", "reason": "LimitExceeded"})
	attestations.judged(_entry, {0: large, 1: _proof({"statement": {}})}, {}) == {"matches": [1]}
}
