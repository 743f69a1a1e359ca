# METADATA
# title: Parameters of MaximumImageAge
# description: What a Constraint of MaximumImageAge says, and what is wrong with it.
package lib.bestbefore.age_parameters

import future.keywords

import data.lib.bestbefore.duration
import data.lib.bestbefore.parameters

_defaults := {
	"maxAge": null,
	"platforms": "all",
	"unknownAge": "deny",
	"dates": ["config"],
	"reschedule": "warn",
	"grace": "",
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

# METADATA
# description: The parameters with the defaults of those that are left out. Undefined for what is no object.
complete(given) := parameters.complete(_defaults, given)

# METADATA
# description: What is wrong with the parameters, a sentence each; none where all is well.
problems(given) := parameters.problems(_defaults, _choices, given, {name: expected |
	some name, value in complete(given)
	expected := _expected(name, value)
})

# METADATA
# description: Whether the parameters cover an image as written. Without globs, all images are covered.
covered(given, _) if count(given.images) == 0

covered(given, text) if parameters.covered(given.images, text)

# What a parameter should be, where it is something else.
_expected("maxAge", value) := "a duration above zero such as `30d`, `720h` or `1d12h`" if not _is_positive(value)

_expected("grace", value) := "a duration such as `14d`, or nothing" if {
	value != ""
	not _is_duration(value)
}

_expected("dates", value) := "a list of `config` and `annotation`, the sources of dates so far" if not _is_list_of_sources(value)

_expected("injected", value) := "a list of globs" if not parameters.is_list_of_globs([{"glob": pattern} | some pattern in value])

_expected("injected", value) := "a list of globs" if not is_array(value)

_expected("workloadsMatched", value) := "true or false" if not is_boolean(value)

_expected("images", value) := parameters.list_of_globs if not parameters.is_list_of_globs(value)

# Helpers, because a comparison with something undefined inside `not` would be undefined itself.
_is_duration(value) if duration.nanoseconds(value) >= 0

_is_positive(value) if duration.nanoseconds(value) > 0

_is_list_of_sources(value) if {
	is_array(value)
	count(value) > 0
	every source in value {
		source in _sources
	}
}
