# METADATA
# title: Parameters of MaximumImageAge
# description: |
#   Reads a Constraint's parameters. Its schema refuses most of what is wrong here when it is applied; what gets past it
#   (the schema knows no durations, and an older object may be stored) is a problem that admits nothing.
package lib.bestbefore.parameters

import future.keywords

import data.lib.bestbefore.duration
import data.lib.bestbefore.glob

_defaults := {
	"maxAge": null,
	"platforms": "all",
	"unknownAge": "deny",
	"dates": ["config"],
	"reschedule": "warn",
	"grace": "",
	"workloadsMatched": false,
	"images": [{"glob": "**"}],
	"exemptions": [],
	"reports": "all",
}

_choices := {
	"platforms": ["all", "any"],
	"unknownAge": ["deny", "warn", "allow"],
	"reschedule": ["deny", "warn", "allow"],
	"reports": ["all", "deny", "warn"],
}

# Where the provider finds dates. More are to come (annotation, provenance), and until then they are refused: to
# ignore one would judge by another date than the policy's author meant.
_sources := ["config"]

# METADATA
# description: The parameters with the defaults of those that are left out. Undefined for what is no object.
complete(parameters) := object.union(_defaults, parameters)

# METADATA
# description: What is wrong with the parameters, a sentence each, in the order of their names; none where all is well.
default problems(_) := ["the parameters are no object"]

problems(parameters) := array.concat(unknown, unreadable) if {
	is_object(parameters)
	unknown := [sprintf("`%s` is no parameter", [name]) |
		some name in sort(object.keys(parameters))
		not name in object.keys(_defaults)
	]
	unreadable := [sprintf("`%s` is %s, expected %s", [name, _shown(value), expected]) |
		some name, value in complete(parameters)
		expected := _expected(name, value)
	]
}

# METADATA
# description: Whether the parameters cover an image as written. One glob must fit; without globs, all images are covered.
covered(parameters, _) if count(complete(parameters).images) == 0

covered(parameters, text) if {
	some image in complete(parameters).images
	glob.covers(image.glob, text)
}

# What a parameter should be, where it is something else.
_expected("maxAge", value) := "a duration above zero such as `30d`, `720h` or `1d12h`" if not _is_positive(value)

_expected("grace", value) := "a duration such as `14d`, or nothing" if {
	value != ""
	not _is_duration(value)
}

_expected(name, value) := sprintf("one of %s", [concat(", ", choices)]) if {
	choices := _choices[name]
	not value in choices
}

_expected("dates", value) := "a list of `config`, the only source of dates so far" if not _is_list_of_sources(value)

_expected("workloadsMatched", value) := "true or false" if not is_boolean(value)

_expected("images", value) := "a list of `{glob: …}`, of letters, digits and `._-:/@*`" if not _is_list_of_globs(value)

_expected("exemptions", value) := "a list" if not is_array(value)

# Helpers, for a comparison with something undefined inside `not` would be undefined itself.
_is_duration(value) if duration.nanoseconds(value) >= 0

_is_positive(value) if duration.nanoseconds(value) > 0

_is_list_of_sources(value) if {
	is_array(value)
	count(value) > 0
	every source in value {
		source in _sources
	}
}

_is_list_of_globs(value) if {
	is_array(value)
	every image in value {
		regex.match(`^[A-Za-z0-9._:/@*-]+$`, image.glob)
	}
}

_shown(value) := substring(json.marshal(value), 0, 60)
