# METADATA
# title: Parameters of MaximumImageAge
# description: What a Constraint of MaximumImageAge says, and what is wrong with it.
package lib.bestbefore.age_parameters

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.duration
import data.lib.bestbefore.parameters
import data.lib.bestbefore.schedule

_defaults := {
	"maxAge": null,
	"schedule": [],
	"minAge": "",
	"minAgeProof": "",
	"platforms": "all",
	"unknownAge": "deny",
	"dates": ["config"],
	"reschedule": "warn",
	"grace": "",
	"controllers": [],
	"injected": [],
	"workloadsMatched": false,
	"images": [{"glob": "**"}],
}

_choices := {
	"platforms": ["all", "any"],
	"unknownAge": ["deny", "warn", "allow"],
	"reschedule": ["deny", "warn", "allow"],
}

# Where the provider finds dates. Any other is refused: to ignore one would judge by another date than the policy's
# author meant.
_sources := ["config", "annotation"]

# What proves that an image is old enough, and what will.
_proofs := ["created"]

_later_proofs := ["log", "provenance"]

# As many entries as a person can read; each is compared with each.
_most_entries := 12

_most_controllers := 50

# METADATA
# description: The parameters with the defaults of those that are left out. Undefined for what is no object.
complete(given) := parameters.complete(_defaults, given)

# METADATA
# description: What is wrong with the parameters, a sentence each; none where all is well.
problems(given) := array.concat(whole, parts) if {
	by_themselves := {name: expected |
		some name, value in complete(given)
		expected := _expected(name, value)
	}
	whole := parameters.problems(_defaults, _choices, given, object.union(_together(given), by_themselves))
	parts := [sprintf("`%s` is %s, expected %s", [part.path, parameters.shown(part.value), part.expected]) |
		some part in _parts(complete(given))
	]
}

# METADATA
# description: Whether the parameters cover an image as written. Without globs, all images are covered.
covered(given, _) if count(given.images) == 0

covered(given, text) if parameters.covered(given.images, text)

# What a parameter should be, where it is something else.
_expected("maxAge", value) := _limit if {
	value != null
	not _is_positive(value)
}

_expected("schedule", value) := sprintf("a list of at most %d entries", [_most_entries]) if not _is_list(value, _most_entries)

_expected("minAge", value) := "a duration above zero such as `7d`" if {
	value != ""
	not _is_positive(value)
}

_expected("grace", value) := "a duration such as `14d`, or nothing" if {
	value != ""
	not _is_duration(value)
}

_expected("dates", value) := "a list of `config` and `annotation`, the sources of dates so far" if not _is_list_of_sources(value)

_expected("controllers", value) := sprintf("a list of at most %d service accounts", [_most_controllers]) if not _is_list(value, _most_controllers)

_expected("injected", value) := "a list of globs" if not parameters.is_list_of_globs([{"glob": pattern} | some pattern in value])

_expected("injected", value) := "a list of globs" if not is_array(value)

_expected("workloadsMatched", value) := "true or false" if not is_boolean(value)

_expected("images", value) := parameters.list_of_globs if not parameters.is_list_of_globs(value)

_limit := "a duration above zero such as `30d`, `720h` or `1d12h`"

# The same of parameters that belong together. Without a limit there is a cooldown, and no schedule: what holds before its
# first entry is written, never guessed.
_together(given) := {"maxAge": _limit} if {
	object.get(given, "maxAge", null) == null
	_is_needed(given)
} else := object.union_n([_window(all), _proof(all), _unknown_age(all)]) if {
	all := complete(given)
	{all.minAge, all.minAgeProof} != {""}
} else := {}

_is_needed(given) if object.get(given, "minAge", "") == ""

_is_needed(given) if object.get(given, "schedule", []) != []

_window(all) := {"minAge": sprintf("less than %s (`%s`), or no image would be young and old enough", [tightest.text, tightest.path])} if {
	tightest := _tightest(all)
	duration.nanoseconds(all.minAge) >= tightest.limit
} else := {}

_proof(all) := {"minAgeProof": sprintf("one of %s; `%s` is not there yet", [concat(", ", _proofs), all.minAgeProof])} if {
	all.minAgeProof in _later_proofs
} else := {"minAgeProof": "`minAge` beside it"} if {
	all.minAge == ""
} else := {"minAgeProof": sprintf("one of %s, beside `minAge`", [concat(", ", _proofs)])} if {
	not all.minAgeProof in _proofs
} else := {}

_unknown_age(all) := {"unknownAge": "deny beside `minAge`: of an image without a date nobody knows that it is old enough"} if {
	all.unknownAge in {"warn", "allow"}
	all.minAge != ""
} else := {}

# What is wrong below a parameter.
_parts(all) := array.concat(_schedule_parts(all.schedule), _controller_parts(all.controllers))

_schedule_parts(entries) := [part |
	is_array(entries)
	some index, entry in array.slice(entries, 0, _most_entries)
	some part in _entry_parts(entries, index, entry)
]

_entry_parts(entries, index, entry) := [{
	"path": sprintf("schedule[%d]", [index]),
	"value": entry,
	"expected": "`from` and `maxAge`, and nothing else",
}] if {
	not _is_entry(entry)
} else := array.concat(_from_parts(entries, index, entry), _limit_parts(index, entry))

_from_parts(entries, index, entry) := [{
	"path": sprintf("schedule[%d].from", [index]),
	"value": entry.from,
	"expected": "a date such as `2026-03-01`, or an RFC 3339 time",
}] if {
	not schedule.start(entry)
} else := [{
	"path": sprintf("schedule[%d].from", [index]),
	"value": entry.from,
	"expected": "a later moment than that of the entry before it",
}] if {
	index > 0
	schedule.start(entry) <= schedule.start(entries[index - 1])
} else := []

_limit_parts(index, entry) := [] if {
	_is_positive(entry.maxAge)
} else := [{
	"path": sprintf("schedule[%d].maxAge", [index]),
	"value": entry.maxAge,
	"expected": "a duration above zero such as `30d`",
}]

_controller_parts(accounts) := [part |
	is_array(accounts)
	some index, account in array.slice(accounts, 0, _most_controllers)
	not controllers.is_account(account)
	part := {
		"path": sprintf("controllers[%d]", [index]),
		"value": account,
		"expected": "one service account as `namespace/name`",
	}
]

# The shortest of the limits that hold at some time; undefined where there is none.
_tightest(all) := {"limit": shortest, "path": path, "text": text} if {
	limits := array.concat([["maxAge", all.maxAge]], [[sprintf("schedule[%d].maxAge", [index]), entry.maxAge] |
		some index, entry in all.schedule
	])
	ranked := sort([[duration.nanoseconds(limit), name, limit] | some [name, limit] in limits])
	[shortest, path, text] := ranked[0]
}

# Helpers, because a comparison with something undefined inside `not` would be undefined itself.
_is_duration(value) if duration.nanoseconds(value) >= 0

_is_positive(value) if duration.nanoseconds(value) > 0

_is_entry(entry) if object.keys(entry) == {"from", "maxAge"}

_is_list(value, most) if {
	is_array(value)
	count(value) <= most
}

_is_list_of_sources(value) if {
	is_array(value)
	count(value) > 0
	every source in value {
		source in _sources
	}
}
