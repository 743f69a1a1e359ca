package lib.bestbefore.age_parameters_test

import future.keywords

import data.lib.bestbefore.age_parameters

_problems(fields) := age_parameters.problems(object.union({"maxAge": "30d"}, fields))

test_maximum_age_is_all_that_must_be_given if {
	age_parameters.problems({"maxAge": "30d"}) == []
	age_parameters.complete({"maxAge": "30d"}) == {
		"maxAge": "30d",
		"schedule": [],
		"minAge": "",
		"minAgeProof": "",
		"platforms": "all",
		"unknownAge": "deny",
		"dates": ["config"],
		"provenance": null,
		"log": null,
		"reschedule": "warn",
		"grace": "",
		"controllers": [],
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
		"name": "",
		"waivers": {},
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
		"schedule": [
			[],
			[{"from": "2026-03-01", "maxAge": "60d"}],
			[{"from": "2024-02-29", "maxAge": "60d"}, {"from": "2024-02-29T00:00:01Z", "maxAge": "90d"}],
			[{"from": "2026-03-01T00:30:00+02:00", "maxAge": "60d"}, {"from": "2026-03-01", "maxAge": "30d"}],
			[{"from": "2199-01-01", "maxAge": "1m"}],
		],
		"controllers": [[], ["databases/operator"], ["argo-rollouts/argo-rollouts", "a/b.c-d", "0/1"]],
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
		"dates": [null, [], "config", ["scan"], ["config", "scan"], [1], {"config": "config"}],
		"minAge": [null, 7, "7", "7 days", "0d", "-1d", "1.5d", "7D", {}, []],
		"schedule": [null, "90d", {}, 1, [entry | some entry in numbers.range(1, 13)]],
		"controllers": [null, "a/b", {}, 1, [account | some account in numbers.range(1, 51)]],
		"injected": [null, "**", {}, [null], [{"glob": "**"}], [""], ["a b"], ["**", 1]],
		"workloadsMatched": [null, "true", 1],
		"images": [null, "**", {}, [null], ["**"], [{}], [{"glob": 1}], [{"glob": ""}], [{"glob": "app[0"}]],
		"exemptions": [null, {}, "x", 1],
	} {
		every value in values {
			some problem in _problems({name: value})
			startswith(problem, sprintf("`%s` is ", [name]))
		}
	}
}

test_problem_names_parameter_value_and_remedy if {
	_problems({"maxAge": "30 days"}) == ["`maxAge` is \"30 days\", expected a duration of 1m to 36500d such as `30d`, `720h` or `1d12h`"]

	# What is too long is above zero, too.
	_problems({"maxAge": "106751d"}) == ["`maxAge` is \"106751d\", expected a duration of 1m to 36500d such as `30d`, `720h` or `1d12h`"]
	_problems({"grace": "36501d"}) == ["`grace` is \"36501d\", expected a duration of at most 36500d such as `14d`, or nothing"]
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

_told(fields) := age_parameters.problems(fields)

test_cooldown_may_stand_alone if {
	_told({"minAge": "7d", "minAgeProof": "created"}) == []
	_told({}) == ["`maxAge` is null, expected a duration of 1m to 36500d such as `30d`, `720h` or `1d12h`"]
}

test_cooldown_needs_its_proof if {
	_problems({"minAge": "7d"}) == ["`minAgeProof` is \"\", expected one of created, log, provenance, beside `minAge`"]
	_problems({"minAge": "7d", "minAgeProof": "x"}) == ["`minAgeProof` is \"x\", expected one of created, log, provenance, beside `minAge`"]
	_problems({"minAgeProof": "created"}) == ["`minAgeProof` is \"created\", expected `minAge` beside it"]
}

test_cooldown_and_limits_leave_a_window_at_every_time if {
	_problems({"minAge": "29d23h59m", "minAgeProof": "created"}) == []
	_problems({"minAge": "720h", "minAgeProof": "created"}) == ["`minAge` is \"720h\", expected less than 30d (`maxAge`), or no image would be young and old enough"]
	schedule := [{"from": "2026-03-01", "maxAge": "14d"}, {"from": "2026-06-01", "maxAge": "7d"}, {"from": "2026-07-01", "maxAge": "30d"}]
	_problems({"schedule": schedule, "minAge": "6d", "minAgeProof": "created"}) == []
	_problems({"schedule": schedule, "minAge": "14d", "minAgeProof": "created"}) == ["`minAge` is \"14d\", expected less than 7d (`schedule[1].maxAge`), or no image would be young and old enough"]
}

test_unknown_ages_are_denied_beside_a_cooldown if {
	every choice in ["warn", "allow"] {
		[problem] := _problems({"minAge": "7d", "minAgeProof": "created", "unknownAge": choice})
		startswith(problem, sprintf("`unknownAge` is %q, expected deny beside `minAge`", [choice]))
	}
	_problems({"minAge": "7d", "minAgeProof": "created", "unknownAge": "deny"}) == []
}

test_schedule_needs_the_limit_before_it if {
	schedule := [{"from": "2026-03-01", "maxAge": "60d"}]
	[problem] := _told({"schedule": schedule})
	startswith(problem, "`maxAge` is null")
	[_] := _told({"schedule": schedule, "minAge": "7d", "minAgeProof": "created"})
}

test_entry_of_the_schedule_is_told_by_its_path if {
	every entry, expected in {
		{"from": "2026-04-01"}: "`schedule[1]` is an object, expected `from` and `maxAge`, and nothing else",
		{"from": "2026-04-01", "maxAge": "30d", "until": "2026-05-01"}: "`schedule[1]` is an object, expected `from` and `maxAge`, and nothing else",
		"30d": "`schedule[1]` is \"30d\", expected `from` and `maxAge`, and nothing else",
		{"from": "2026-04-01", "maxAge": "0d"}: "`schedule[1].maxAge` is \"0d\", expected a duration of 1m to 36500d such as `30d`",
		{"from": "2026-04-01", "maxAge": 30}: "`schedule[1].maxAge` is 30, expected a duration of 1m to 36500d such as `30d`",
		{"from": "2026-02-29", "maxAge": "30d"}: "`schedule[1].from` is \"2026-02-29\", expected a date such as `2026-03-01`, or an RFC 3339 time",
		{"from": "2026-04-01T00:00:00", "maxAge": "30d"}: "`schedule[1].from` is \"2026-04-01T00:00:00\", expected a date such as `2026-03-01`, or an RFC 3339 time",
		{"from": 2026, "maxAge": "30d"}: "`schedule[1].from` is 2026, expected a date such as `2026-03-01`, or an RFC 3339 time",
		{"from": "2026-03-01", "maxAge": "30d"}: "`schedule[1].from` is \"2026-03-01\", expected a later moment than that of the entry before it",
		{"from": "2026-03-01T01:00:00+01:00", "maxAge": "30d"}: "`schedule[1].from` is \"2026-03-01T01:00:00+01:00\", expected a later moment than that of the entry before it",
		{"from": "2025-03-01", "maxAge": "30d"}: "`schedule[1].from` is \"2025-03-01\", expected a later moment than that of the entry before it",
	} {
		_problems({"schedule": [{"from": "2026-03-01", "maxAge": "60d"}, entry]}) == [expected]
	}
}

test_account_that_is_none_is_told_by_its_path if {
	every account in ["*", "*/*", "a/*", "a", "/a", "a/", "a/b/c", "system:serviceaccount:a:b", "A/b", "a/B", "a.b/c", "a/b..c", "-a/b", "a/b-", " a/b", 1, null, {}, ""] {
		[problem] := _problems({"controllers": ["ok/ok", account]})
		startswith(problem, "`controllers[1]` is ")
		endswith(problem, "expected one service account as `namespace/name`")
	}
}
