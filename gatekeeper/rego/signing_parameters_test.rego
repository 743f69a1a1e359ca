package lib.bestbefore.signing_parameters_test

import future.keywords

import data.lib.bestbefore.signing_parameters

_key := {"key": {"data": "PEM"}}

_ann := {"name": "ann", "verify": _key}

_ci := {
	"name": "ci",
	"verify": {"keyless": {"trustRoot": ""}},
	"identities": [{"issuer": "https://issuer.example.test", "subjectRegExp": "^https://ci\\."}],
}

_rule := {"images": [{"glob": "registry.test/**"}], "signers": [_ann, _ci], "quorum": 2}

_with_rule(fields) := {"rules": [object.union(_rule, fields)]}

_with_signer(fields) := {"rules": [{"images": [{"glob": "**"}], "signers": [fields]}]}

_with_identity(identity) := _with_signer(object.union(_ci, {"identities": [identity]}))

# It would stand in questions, and so in caches and logs.
test_private_key_is_a_problem_that_does_not_show_it if {
	every label in ["PRIVATE KEY", "ENCRYPTED SIGSTORE PRIVATE KEY", "EC private key"] {
		key := sprintf("-----BEGIN %s-----\nMHcCAQ\n-----END %s-----", [label, label])
		[problem] := signing_parameters.problems(_with_signer({"name": "a", "verify": {"key": {"data": key}}}))
		problem == concat("", [
			"`rules[0].signers[0].verify` is an object, expected a public key: this one is private, ",
			"and whoever reads the Constraint has it, so replace the pair",
		])
		not contains(problem, "MHcCAQ")
	}
}

test_good_parameters_have_no_problem if {
	signing_parameters.problems({"rules": [_rule]}) == []
	signing_parameters.problems({
		"rules": [_rule, {"images": [{"glob": "*"}], "signers": [_ann]}],
		"unmatched": "warn",
		"digest": "off",
		"exemptions": [],
		"reports": "deny",
	}) == []
}

test_defaults_are_the_strict_ones if {
	complete := signing_parameters.complete({"rules": [_rule]})
	complete.unmatched == "deny"
	complete.digest == "require"
	complete.reports == "all"
}

test_parameters_that_are_no_object_are_a_problem if {
	every given in [null, [], "x", 1] {
		signing_parameters.problems(given) == ["the parameters are no object"]
	}
}

test_rules_are_required if {
	every given in [{}, {"rules": null}, {"rules": []}, {"rules": {}}, {"rules": "x"}] {
		count(signing_parameters.problems(given)) == 1
	}
	signing_parameters.problems({}) == ["`rules` is null, expected a list with a rule at least"]
}

test_unknown_names_are_problems if {
	signing_parameters.problems({"rules": [_rule], "rule": 1}) == ["`rule` is no parameter"]
	signing_parameters.problems(_with_rule({"signer": 1})) == ["`rules[0].signer` is no field"]
	signing_parameters.problems(_with_signer(object.union(_ann, {"static": {"action": "pass"}}))) == ["`rules[0].signers[0].static` is no field"]
}

test_rule_or_signer_that_is_no_object_is_a_problem if {
	every value in [null, "x", 1, []] {
		signing_parameters.problems({"rules": [value]}) == ["`rules[0]` is no object"]
	}
	signing_parameters.problems(_with_signer("x")) == [
		"`rules[0].signers` is [\"x\"], expected a list of 1 to 10 signers, each with a name of its own",
		"`rules[0].signers[0]` is no object",
	]
}

test_choices_are_closed if {
	every name in ["unmatched", "digest", "reports"] {
		count(signing_parameters.problems({"rules": [_rule], name: "maybe"})) == 1
		count(signing_parameters.problems({"rules": [_rule], name: null})) == 1
	}
}

test_exemptions_must_be_a_list if count(signing_parameters.problems({"rules": [_rule], "exemptions": "x"})) == 1

test_globs_must_be_some if {
	every images in [null, [], "**", [{}], ["**"], [{"glob": ""}], [{"glob": "a b"}], [{"glob": 1}]] {
		count(signing_parameters.problems(_with_rule({"images": images}))) == 1
	}
}

test_signers_must_be_some_and_not_too_many_with_different_names if {
	count(signing_parameters.problems(_with_rule({"signers": [], "quorum": 1}))) == 2
	count(signing_parameters.problems(_with_rule({"signers": [_ann, _ann]}))) == 1
	many := [object.union(_ann, {"name": sprintf("s%d", [number])}) | some number in numbers.range(1, 11)]
	count(signing_parameters.problems(_with_rule({"signers": many}))) == 1
	signing_parameters.problems(_with_rule({"signers": array.slice(many, 0, 10)})) == []
}

test_quorum_must_be_reachable if {
	every quorum in [0, -1, 3, 1.5, "1", null, true] {
		count(signing_parameters.problems(_with_rule({"quorum": quorum}))) == 1
	}
	every quorum in [1, 2] {
		signing_parameters.problems(_with_rule({"quorum": quorum})) == []
	}
}

test_signer_needs_a_name if {
	every name in [null, "", 1] {
		some problem in signing_parameters.problems(_with_signer(object.union(_ann, {"name": name})))
		startswith(problem, "`rules[0].signers[0].name`")
	}
}

test_signer_needs_one_way_of_proof if {
	every verify in [
		null,
		{},
		"x",
		{"key": {}},
		{"key": {"data": ""}},
		{"key": "PEM"},
		{"keyless": true},
		{"key": {"data": "PEM"}, "keyless": {}},
	] {
		some problem in signing_parameters.problems(_with_signer({"name": "a", "verify": verify}))
		startswith(problem, "`rules[0].signers[0].verify`")
	}
}

test_what_stands_in_place_of_a_key_is_not_told if {
	every verify in [{"key": {"data": "", "private": "secret"}}, {"key": ["secret"]}] {
		every problem in signing_parameters.problems(_with_signer({"name": "a", "verify": verify})) {
			not contains(problem, "secret")
		}
	}
}

test_certificate_needs_identities_and_a_key_has_none if {
	every identities in [null, [], "x", {}] {
		count(signing_parameters.problems(_with_signer(object.union(_ci, {"identities": identities})))) == 1
	}
	count(signing_parameters.problems(_with_signer(object.union(_ann, {"identities": _ci.identities})))) == 1
}

test_identity_says_who_and_by_whose_word if {
	every identity in [
		{},
		null,
		"x",
		{"issuer": "i"},
		{"subject": "s"},
		{"issuer": "", "subject": "s"},
		{"issuer": "i", "subject": ""},
		{"issuer": "i", "subject": 1},
		{"issuer": "i", "subjectRegExp": "("},
		{"issuer": "i", "subjectRegExp": ""},
		{"issuerRegExp": "", "subject": "s"},
		{"issuerRegExp": "", "subjectRegExp": ""},
		{"issuer": "i", "issuerRegExp": "i", "subject": "s"},
		{"issuer": "i", "subject": "s", "subjectRegExp": "s"},
	] {
		count(signing_parameters.problems(_with_identity(identity))) == 1
	}
	every identity in [
		{"issuer": "i", "subject": "s"},
		{"issuerRegExp": "i", "subjectRegExp": "s"},
		{"issuer": "i", "issuerRegExp": "", "subject": "s"},
	] {
		signing_parameters.problems(_with_identity(identity)) == []
	}
}

test_one_bad_identity_beside_good_ones_is_a_problem if {
	good := {"issuer": "i", "subject": "s"}
	every identities in [[good, {}], [{"issuer": "i"}, good], [good, "x"], [good, {"issuer": "", "subject": "s"}]] {
		count(signing_parameters.problems(_with_signer(object.union(_ci, {"identities": identities})))) == 1
	}
	signing_parameters.problems(_with_signer(object.union(_ci, {"identities": [good, good]}))) == []
}

_stamped := {"name": "ann", "stamped": object.union(_key, {"timestamp": {"trustRoot": "own"}})}

test_signer_with_a_timestamp_has_no_problem if {
	signing_parameters.problems(_with_signer(_stamped)) == []
}

test_signer_with_a_timestamp_needs_one_and_no_other_proof if {
	every signer in [
		{"name": "ann", "stamped": _key},
		{"name": "ann", "stamped": {"timestamp": {}}},
		object.union(_stamped, {"verify": _key}),
	] {
		[problem] := signing_parameters.problems(_with_signer(signer))
		startswith(problem, "`rules[0].signers[0].stamped` is an object, expected exactly one of")
	}
}

test_signer_of_which_the_proof_was_dropped_is_a_problem if {
	count(signing_parameters.problems(_with_signer({"name": "ann"}))) == 1
}
