package lib.bestbefore.age_parameters_test

import future.keywords

import data.lib.bestbefore.age_parameters

_problems(fields) := age_parameters.problems(object.union({"maxAge": "30d"}, fields))

test_maximum_age_is_all_that_must_be_given if {
	age_parameters.problems({"maxAge": "30d"}) == []
	age_parameters.complete({"maxAge": "30d"}) == {
		"maxAge": "30d",
		"platforms": "all",
		"unknownAge": "deny",
		"dates": ["config"],
		"reschedule": "warn",
		"grace": "",
		"injected": [],
		"workloadsMatched": false,
		"images": [{"glob": "**"}],
		"exemptions": [],
		"workloads": [],
		"reasonsUrl": "",
		"reports": "all",
		"twin": {},
		"podCredentials": false,
		"stale": "allow",
	}
}

test_every_choice_is_read if {
	every name, choices in {
		"platforms": ["all", "any"],
		"unknownAge": ["deny", "warn", "allow"],
		"reschedule": ["deny", "warn", "allow"],
		"reports": ["all", "deny", "warn"],
		"stale": ["allow", "deny"],
		"grace": ["", "0d", "14d"],
		"dates": [["config"], ["config", "config"], ["config", "annotation"], ["annotation"]],
		"injected": [[], ["registry.test/istio/*", "**"]],
		"workloadsMatched": [true, false],
		"images": [[], [{"glob": "registry.test/**"}]],
		"exemptions": [[], [{"image": "**"}]],
	} {
		every choice in choices {
			_problems({name: choice}) == []
		}
	}
}

test_every_other_value_is_told if {
	every name, values in {
		"maxAge": [null, "", "30", "30 days", "0d", "0m", 30, {}],
		"platforms": [null, "", "All", "some", ["all"], true],
		"unknownAge": [null, "", "Warn", false],
		"reschedule": [null, "", "dryrun", {}],
		"reports": [null, "", "both"],
		"grace": [null, "x", "14", 14, false, []],
		"dates": [null, [], "config", ["provenance"], ["config", "provenance"], [1], {"config": "config"}],
		"injected": [null, "**", {}, [null], [{"glob": "**"}], [""], ["a b"], ["**", 1]],
		"workloadsMatched": [null, "true", 1],
		"images": [null, "**", {}, [null], ["**"], [{}], [{"glob": 1}], [{"glob": ""}], [{"glob": "app[0"}]],
		"exemptions": [null, {}, "x", 1],
	} {
		every value in values {
			[problem] := _problems({name: value})
			startswith(problem, sprintf("`%s` is ", [name]))
		}
	}
}

test_problem_names_parameter_value_and_remedy if {
	_problems({"maxAge": "30 days"}) == ["`maxAge` is \"30 days\", expected a duration above zero such as `30d`, `720h` or `1d12h`"]
	_problems({"unknownAge": "no"}) == ["`unknownAge` is \"no\", expected one of deny, warn, allow"]
}

test_every_problem_is_told if count(age_parameters.problems({"grace": 1, "platforms": 1, "maxage": "30d"})) == 4

test_parameter_that_is_none_is_told if _problems({"maxage": "1d"}) == ["`maxage` is no parameter"]

test_long_value_is_cut if {
	[problem] := _problems({"grace": sprintf("%0500d", [1])})
	count(problem) < 140
}

test_parameters_of_another_type_are_told if {
	every value in [null, [], "x", 1] {
		age_parameters.problems(value) == ["the parameters are no object"]
	}
}

test_globs_select if {
	globs := age_parameters.complete({"images": [{"glob": "registry.test/a/**"}, {"glob": "registry.test/b/**"}]})
	age_parameters.covered(globs, "registry.test/b/app:1")
	not age_parameters.covered(globs, "registry.test/c/app:1")
}

test_without_globs_every_image_is_covered if {
	age_parameters.covered(age_parameters.complete({}), "registry.test/app:1")
	age_parameters.covered({"images": []}, "registry.test/app:1")
}
