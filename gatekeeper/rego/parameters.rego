# METADATA
# title: Parameters
# description: |
#   Reads the parameters of a Constraint of our own policies. Its schema refuses most of what is wrong when it is applied;
#   what gets past it (the schema knows no durations, and an older object may be stored) is a problem that admits nothing.
#   A policy brings its defaults, its choices, and what it expects where a value of its own is wrong.
package lib.bestbefore.parameters

import future.keywords

import data.lib.bestbefore.glob
import data.lib.bestbefore.messages
import data.lib.bestbefore.waivers

# What every policy has.
_defaults := {
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

_choices := {"reports": ["all", "deny", "warn"], "stale": ["allow", "deny"]}

# METADATA
# description: The parameters with the defaults of those that are left out. Undefined for what is no object.
complete(defaults, given) := object.union(object.union(_defaults, defaults), given)

# METADATA
# description: |
#   What is wrong with the parameters, a sentence each, in the order of their names; none where all is well. `choices`
#   are the values from a closed list, by name, and `expected` says by name what a value should have been.
default problems(_, _, _, _) := ["the parameters are no object"]

problems(defaults, choices, given, expected) := array.concat(unknown, unreadable) if {
	is_object(given)
	unknown := [sprintf("`%s` is no parameter", [name]) |
		some name in sort(object.keys(given))
		not name in object.keys(complete(defaults, {}))
	]
	closed := {name: sentence |
		some name, value in complete(defaults, given)
		sentence := _expected(object.union(_choices, choices), name, value)
	}
	unreadable := [sprintf("`%s` is %s, expected %s", [name, shown(value), sentence]) |
		some name, value in complete(defaults, given)
		sentence := object.union(closed, expected)[name]
	]
}

# METADATA
# description: Whether one of the globs covers an image as written.
covered(images, text) if {
	some image in images
	glob.covers(image.glob, text)
}

# METADATA
# description: Whether a value is a list of `{glob}`, be it empty.
is_list_of_globs(value) if {
	is_array(value)
	every image in value {
		glob.is_valid(image.glob)
	}
}

# METADATA
# description: What a list of globs is, for people.
list_of_globs := "a list of `{glob: …}`, of letters, digits and `._-:/@*`"

# METADATA
# description: A value as a message shows it. Only what is short by itself, since a private key may stand anywhere.
shown(value) := substring(json.marshal(value), 0, 60) if {
	not type_name(value) in {"object", "array"}
} else := json.marshal(value) if {
	is_array(value)
	count(value) <= 3
	every text in value {
		is_string(text)
		count(text) <= 20
	}
} else := sprintf("an %s", [type_name(value)])

# What a value should have been that is from a closed list, or that every policy has.
_expected(choices, name, value) := sprintf("one of %s", [concat(", ", allowed)]) if {
	allowed := choices[name]
	not value in allowed
}

_expected(_, name, value) := "a list" if {
	name in {"exemptions", "workloads"}
	not is_array(value)
}

_expected(_, "podCredentials", value) := "true or false" if not is_boolean(value)

_expected(_, "name", value) := "a text" if not is_string(value)

_expected(_, "waivers", value) := "`{allowed, maxDays, entries}`: true or false, 1 to 366, a list" if not _are_terms(value)

_expected(_, "twin", value) := "an object" if not is_object(value)

_expected(_, "reasonsUrl", value) := "an http or https address of at most 200 characters, or nothing" if {
	value != ""
	not messages.is_address(value)
}

# Helpers, because what is undefined inside `not` would be undefined itself. An entry that is wrong disables itself only.
_are_terms(value) if {
	is_object(value)
	count(object.keys(value) - {"allowed", "maxDays", "entries"}) == 0
	is_boolean(object.get(value, "allowed", false))
	is_array(object.get(value, "entries", []))
	_is_number_of_days(object.get(value, "maxDays", 1))
}

_is_number_of_days(value) if {
	is_number(value)
	value >= 1
	value <= waivers.most_days
	floor(value) == value
}
