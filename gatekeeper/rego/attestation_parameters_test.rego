package lib.bestbefore.attestation_parameters_test

import future.keywords

import data.lib.bestbefore.attestation_parameters

_ann := {"name": "ann", "attestor": {"key": {"data": "PEM"}}}

_entry := {"name": "scan", "predicateType": "https://example.test/scan/v1", "signers": [_ann]}

_faults(fields) := attestation_parameters.faults(object.union(_entry, fields), 10)

test_good_entry_has_no_fault if {
	_faults({}) == []
	_faults({
		"quorum": 1,
		"age": {"at": ["predicate", "finished"], "max": "7d12h"},
		"values": [{"at": ["predicate", "builder", "id"], "globs": ["https://h/**"]}],
	}) == []
}

test_entry_that_is_no_object_is_a_fault if {
	every entry in [null, "x", 5, []] {
		attestation_parameters.faults(entry, 10) == ["` is no object"]
	}
}

test_fault_names_the_field if {
	every field, values in {
		"name": ["", 5, null],
		"predicateType": ["", 5, null, "vuln", "slsaprovenance", "https://a b"],
		"signers": [[], null, {}, [_ann, _ann]],
		"quorum": [0, 2, 1.5, "1", null],
		"age": [
			null, "7d", {}, {"at": ["a"]}, {"max": "7d"}, {"at": [], "max": "7d"}, {"at": ["a"], "max": "7"},
			{"at": ["a"], "max": "0d"}, {"at": "a", "max": "7d"}, {"at": ["a"], "max": "7d", "min": "1d"},
		],
		"values": [
			null, {}, ["x"], [{"at": ["a"]}], [{"at": ["a"], "globs": []}], [{"at": [5], "globs": ["x"]}],
			[{"at": ["a"], "globs": ["x y"]}], [{"at": ["a"], "globs": ["x"], "more": 1}],
			[{"at": ["a"], "globs": ["x"]} | some _ in numbers.range(1, 9)],
		],
	} {
		every value in values {
			some fault in _faults({field: value})
			startswith(fault, sprintf(".%s` is ", [field]))
		}
	}
}

test_unknown_field_is_a_fault if {
	_faults({"maxAge": "7d"}) == [".maxAge` is no field"]
}

test_field_that_is_left_out_is_a_fault_where_it_is_needed if {
	every field in ["name", "predicateType", "signers"] {
		some fault in attestation_parameters.faults(object.remove(_entry, [field]), 10)
		startswith(fault, sprintf(".%s` is null, expected ", [field]))
	}
}

test_signer_says_in_attestor_what_is_to_be_proved if {
	_faults({"signers": [{"name": "ann", "verify": {"key": {"data": "PEM"}}}]}) != []
	[fault] := _faults({"signers": [{"name": "ci", "attestor": {"keyless": {"trustRoot": ""}}}]})
	startswith(fault, ".signers[0].identities` is null, expected ")
}

test_list_has_entries_with_names_of_their_own if {
	attestation_parameters.is_list([_entry])
	every value in [null, [], {}, [_entry, _entry], [object.union(_entry, {"name": n}) | some n in numbers.range(1, 11)]] {
		not attestation_parameters.is_list(value)
	}
}
