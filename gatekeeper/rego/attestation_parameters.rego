# METADATA
# title: Parameters that require attestations
# description: What is wrong with a list of required attestations in a Constraint of SignedImages.
package lib.bestbefore.attestation_parameters

import future.keywords

import data.lib.bestbefore.duration
import data.lib.bestbefore.parameters
import data.lib.bestbefore.signer_parameters
import data.lib.bestbefore.statement_bounds

# Each is a question for each of its signers.
_most := 10

# A question names no more parts of a statement.
_most_values := 8

_fields := {"name", "predicateType", "signers", "quorum", "age", "values"}

# METADATA
# description: Whether a value is a list of attestations, one at least, each with a name of its own.
is_list(value) if {
	is_array(value)
	count(value) > 0
	count(value) <= _most
	count({entry.name | some entry in value}) == count(value)
}

# METADATA
# description: What such a list is, for people.
list := sprintf("a list of 1 to %d attestations, each with a name of its own", [_most])

# METADATA
# description: What is wrong with an entry, each with the rest of its path; `most_signers` is how many it may name.
default faults(_, _) := ["` is no object"]

faults(entry, most_signers) := array.concat(array.concat(unknown, own), signers) if {
	is_object(entry)
	unknown := [sprintf(".%s` is no field", [name]) |
		some name in sort(object.keys(entry))
		not name in _fields
	]
	own := [sprintf(".%s` is %s, expected %s", [name, parameters.shown(value), expected]) |
		some name, fallback in {"name": null, "predicateType": null, "signers": null, "quorum": 1, "age": {}, "values": []}
		value := object.get(entry, name, fallback)
		expected := _expected(name, value, entry, most_signers)
	]
	signers := [sprintf(".signers[%d]%s", [index, fault]) |
		some index, signer in entry.signers
		some fault in signer_parameters.faults(signer, ["attestor"], false)
	]
}

_expected("name", value, _, _) := "a name" if not _is_filled_text(value)

_expected("predicateType", value, _, _) := "the URI of a type, such as https://slsa.dev/provenance/v1: a short name of cosign stands in no attestation" if {
	not _is_uri(value)
}

_expected("signers", value, _, most) := sprintf("a list of 1 to %d signers, each with a name of its own", [most]) if {
	not signer_parameters.is_list(value, most)
}

_expected("quorum", value, entry, _) := "a whole number from 1 to that of the signers" if {
	not signer_parameters.is_quorum(value, entry.signers)
}

_expected("age", value, entry, _) := "`{at, max}`: a path from the statement on, such as [predicate, metadata, scanFinishedOn], and a duration of 1m to 36500d such as `7d`" if {
	"age" in object.keys(entry)
	not _is_age(value)
}

_expected("values", value, _, _) := sprintf("a list of at most %d of `{at, globs}`: a path from the statement on, and globs of printable characters", [_most_values]) if {
	not _are_values(value)
}

# Helpers, because what is undefined inside `not` would be undefined itself.
_is_filled_text(value) if {
	is_string(value)
	value != ""
}

_is_uri(value) if {
	is_string(value)
	regex.match(`^[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,500}$`, value)
}

_is_age(value) if {
	_has_fields(value, {"at", "max"})
	_is_path(value.at)
	duration.nanoseconds(value.max) > 0
}

_are_values(value) if {
	is_array(value)
	count(value) <= _most_values
	every each in value {
		_has_fields(each, {"at", "globs"})
		_is_path(each.at)
		_are_globs(each.globs)
	}
}

_has_fields(value, names) if {
	is_object(value)
	object.keys(value) == names
}

# As a question can have it.
_is_path(value) if {
	is_array(value)
	count(value) > 0
	every name in value {
		_is_filled_text(name)
	}
}

_are_globs(value) if {
	is_array(value)
	count(value) > 0
	every glob in value {
		statement_bounds.is_glob(glob)
	}
}
