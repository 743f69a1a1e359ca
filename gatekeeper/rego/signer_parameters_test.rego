package lib.bestbefore.signer_parameters_test

import future.keywords

import data.lib.bestbefore.signer_parameters

_faults(signer) := signer_parameters.faults(signer, ["attestor"], false)

_identity := {"issuer": "https://issuer.test", "subject": "ann@example.test"}

test_signer_with_a_key if _faults({"name": "ann", "attestor": {"key": {"data": "PEM"}}}) == []

test_signer_with_a_certificate_needs_identities if {
	_faults({"name": "ann", "attestor": {"keyless": {}}, "identities": [_identity]}) == []
	[fault] := _faults({"name": "ann", "attestor": {"keyless": {}}})
	startswith(fault, ".identities` is null, expected a list of identities")
}

test_anybody_will_do_only_where_that_is_said if {
	signer_parameters.faults({"name": "anybody", "attestor": {"keyless": {}}}, ["attestor"], true) == []
	[fault] := signer_parameters.faults({"name": "anybody", "attestor": {"keyless": {}}, "identities": []}, ["attestor"], true)
	startswith(fault, ".identities` is []")
}

test_proof_in_a_member_of_another_place_is_no_field if {
	_faults({"name": "ann", "verify": {"key": {"data": "PEM"}}}) == [
		".verify` is no field",
		".attestor` is null, expected exactly one of `key`, with its `data`, and `keyless`",
	]
}

test_what_is_no_signer if {
	every value in ["ann", null, 1, ["ann"]] {
		_faults(value) == ["` is no object"]
	}
}

test_a_list_is_of_different_signers_and_not_too_long if {
	signer_parameters.is_list([{"name": "ann"}, {"name": "ben"}], 2)
	every value in [[], "ann", null, [{"name": "ann"}, {"name": "ann"}], [{"name": "ann"}, {"name": "ben"}, {"name": "cid"}]] {
		not signer_parameters.is_list(value, 2)
	}
}
