package lib.bestbefore.parameters_test

import future.keywords

import data.lib.bestbefore.parameters

_defaults := {"volume": null, "mode": "soft"}

_choices := {"mode": ["soft", "loud"]}

_problems(given) := parameters.problems(_defaults, _choices, given, {})

test_defaults_are_those_of_the_policy_and_of_every_policy if {
	parameters.complete(_defaults, {"volume": 3}) == {
		"volume": 3,
		"mode": "soft",
		"exemptions": [],
		"workloads": [],
		"reasonsUrl": "",
		"reports": "all",
		"twin": {},
		"podCredentials": false,
		"stale": "allow",
		"name": "",
		"waivers": {},
	}
}

test_sound_parameters_have_no_problem if {
	_problems({"volume": 3}) == []
	_problems({"mode": "loud", "reports": "warn", "exemptions": [{}]}) == []
}

test_what_every_policy_has_is_checked_for_every_policy if {
	_problems({"twin": "allow"}) == ["`twin` is \"allow\", expected an object"]
	_problems({"reports": "both"}) == ["`reports` is \"both\", expected one of all, deny, warn"]
	_problems({"workloads": "Deployment"}) == ["`workloads` is \"Deployment\", expected a list"]
	_problems({"reasonsUrl": "https://docs.example.com/reasons?v=1"}) == []
	every address in [null, 1, "docs.example.com", "ftp://docs.example.com", "https://a b", concat("", ["https://", sprintf("%0201d", [1])])] {
		[problem] := _problems({"reasonsUrl": address})
		contains(problem, "an http or https address")
	}
	_problems({"exemptions": {}}) == ["`exemptions` is an object, expected a list"]
}

test_choices_are_closed if _problems({"mode": null}) == ["`mode` is null, expected one of soft, loud"]

test_expectations_of_the_policy_are_told if {
	given := {"volume": "x", "extra": 1, "mode": ""}
	parameters.problems(_defaults, _choices, given, {"volume": "a number"}) == [
		"`extra` is no parameter",
		"`mode` is \"\", expected one of soft, loud",
		"`volume` is \"x\", expected a number",
	]
}

test_parameters_of_another_type_are_told if {
	every given in [null, [], "x", 1] {
		_problems(given) == ["the parameters are no object"]
	}
}

test_value_is_shown_where_it_is_short_by_itself if {
	parameters.shown(1) == "1"
	parameters.shown(["a", "b"]) == "[\"a\",\"b\"]"
	count(parameters.shown(sprintf("%0500d", [1]))) == 60
	parameters.shown(["a", "b", sprintf("%020d", [1])]) == "[\"a\",\"b\",\"00000000000000000001\"]"
	parameters.shown([sprintf("%021d", [1])]) == "an array"
}

test_what_may_be_a_key_is_not_shown if {
	parameters.shown({"data": "secret"}) == "an object"
	parameters.shown([["secret"]]) == "an array"
	parameters.shown(["-----BEGIN PRIVATE KEY-----"]) == "an array"
	parameters.shown(["a", "b", "c", "d"]) == "an array"
}

test_globs_cover if {
	globs := [{"glob": "registry.test/a/**"}, {"glob": "registry.test/b/**"}]
	parameters.covered(globs, "registry.test/b/app:1")
	not parameters.covered(globs, "registry.test/c/app:1")
	not parameters.covered([], "registry.test/c/app:1")
}

test_list_of_globs_is_one if {
	every value in [[], [{"glob": "**"}], [{"glob": "a/*"}, {"glob": "b"}]] {
		parameters.is_list_of_globs(value)
	}
	every value in [null, "**", {}, [null], ["**"], [{}], [{"glob": 1}], [{"glob": ""}], [{"glob": "**"}, {"glob": "a["}]] {
		not parameters.is_list_of_globs(value)
	}
}
