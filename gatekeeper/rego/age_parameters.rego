# METADATA
# title: Parameters of MaximumImageAge
# description: What a Constraint of MaximumImageAge says, and what is wrong with it.
package lib.bestbefore.age_parameters

import future.keywords

import data.lib.bestbefore.bound_parameters
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
	"provenance": null,
	"log": null,
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
_sources := ["config", "annotation", "provenance", "log"]

# What shows that an image is old enough.
_proofs := ["created", "log", "provenance"]

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
	sources := {name: expected |
		all := complete(given)
		some name, expected in object.union(bound_parameters.expected(all), _dated(all))
	}
	whole := parameters.problems(_defaults, _choices, given, object.union_n([sources, _together(given), by_themselves]))
	parts := [_told(part) | some part in _parts(complete(given))]
}

_told(part) := part.sentence

_told(part) := sprintf("`%s` is %s, expected %s", [part.path, parameters.shown(part.value), part.expected])

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

_expected("minAge", value) := "a duration of 1m to 36500d such as `7d`" if {
	value != ""
	not _is_positive(value)
}

_expected("grace", value) := "a duration of at most 36500d such as `14d`, or nothing" if {
	value != ""
	not _is_duration(value)
}

_expected("dates", value) := sprintf("a list of sources of dates: %s", [concat(", ", _sources)]) if not _is_list_of_sources(value)

_expected("controllers", value) := sprintf("a list of at most %d service accounts", [_most_controllers]) if not _is_list(value, _most_controllers)

_expected("injected", value) := "a list of globs" if not parameters.is_list_of_globs([{"glob": pattern} | some pattern in value])

_expected("injected", value) := "a list of globs" if not is_array(value)

_expected("workloadsMatched", value) := "true or false" if not is_boolean(value)

_expected("images", value) := parameters.list_of_globs if not parameters.is_list_of_globs(value)

_limit := "a duration of 1m to 36500d such as `30d`, `720h` or `1d12h`"

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

# That an image was there at a time makes it no younger: with nothing else each would be undated, or too old.
_dated(all) := {"dates": "another source beside `log`, which alone makes no image young, or `unknownAge: warn` or `allow`"} if {
	{source | some source in all.dates} == {"log"}
	all.maxAge != null
	all.unknownAge == "deny"
} else := {"dates": "another source beside `log`: `minAgeProof: created` asks for the date of one"} if {
	{source | some source in all.dates} == {"log"}
	all.minAgeProof == "created"
} else := {}

_window(all) := {"minAge": sprintf("less than %s (`%s`), or no image would be young and old enough", [tightest.text, tightest.path])} if {
	tightest := _tightest(all)
	duration.nanoseconds(all.minAge) >= tightest.limit
} else := {}

_proof(all) := {"minAgeProof": "`minAge` beside it"} if {
	all.minAge == ""
} else := {"minAgeProof": sprintf("one of %s, beside `minAge`", [concat(", ", _proofs)])} if {
	not all.minAgeProof in _proofs
} else := {}

_unknown_age(all) := {"unknownAge": "deny beside `minAge`: of an image without a date nobody knows that it is old enough"} if {
	all.unknownAge in {"warn", "allow"}
	all.minAge != ""
} else := {}

# What is wrong below a parameter.
_parts(all) := array.concat(
	array.concat(_schedule_parts(all.schedule), _controller_parts(all.controllers)),
	bound_parameters.parts(all),
)

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
	"expected": "a duration of 1m to 36500d such as `30d`",
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
