# METADATA
# title: Parameters of proven time
# description: |
#   What is wrong with `provenance` and `log`, which say whose word proves when an image was built, or that it existed.
package lib.bestbefore.bound_parameters

import future.keywords

import data.lib.bestbefore.signer_parameters

# Each of them is asked about every image.
_most_signers := 10

_most_builders := 20

# Of each source, where a signer says what is to be proved.
_places := {"provenance": ["attestor"], "log": ["attestor", "stamped", "verify"]}

_fields := {"provenance": {"builders", "signers"}, "log": {"signers"}}

# METADATA
# description: |
#   What a source should be, where it is not there although the policy counts on it, or the other way round: by name. To
#   pass over one that nobody counts on would be to judge otherwise than its author meant.
expected(given) := object.union(
	{source: sentence |
		some source, fields in _fields
		object.get(given, source, null) == null
		_is_wanted(given, source)
		sentence := sprintf("%s: `%s` names it", [concat(" and ", sort(fields)), _namer(given, source)])
	},
	{source: "nothing: neither `dates` nor `minAgeProof` names it" |
		some source, _ in _fields
		object.get(given, source, null) != null
		not _is_wanted(given, source)
	},
)

# METADATA
# description: What is wrong below a source that is there, each `{"path", "value", "expected"}`, or with `sentence` in their place.
parts(given) := [part |
	some source, _ in _fields
	object.get(given, source, null) != null
	some part in _parts(source, given[source])
]

_parts(source, value) := [{"sentence": sprintf("`%s` is no object", [source])}] if {
	not is_object(value)
} else := array.concat(array.concat(_unknown(source, value), _builders(source, value)), _signers(source, value))

_unknown(source, value) := [{"sentence": sprintf("`%s.%s` is no field", [source, name])} |
	some name in sort(object.keys(value))
	not name in _fields[source]
]

_builders("log", _) := []

_builders("provenance", value) := [] if {
	_are_builders(object.get(value, "builders", null))
} else := [{
	"path": "provenance.builders",
	"value": object.get(value, "builders", null),
	"expected": sprintf("1 to %d builders, each the id of one, in which `*` stops at a slash and `**` does not", [_most_builders]),
}]

_signers(source, value) := [{
	"path": sprintf("%s.signers", [source]),
	"value": signers,
	"expected": sprintf("a list of 1 to %d signers, each with a name of its own", [_most_signers]),
}] if {
	signers := object.get(value, "signers", null)
	not signer_parameters.is_list(signers, _most_signers)
} else := [{"sentence": sprintf("`%s.signers[%d]%s", [source, index, fault])} |
	some index, signer in value.signers
	some fault in _signer_faults(source, signer)
]

_signer_faults(source, signer) := faults if {
	faults := signer_parameters.faults(signer, _places[source], source == "log")
	count(faults) > 0
} else := [sprintf("` has %s, expected one of them", [concat(" and ", given)])] if {
	given := [sprintf("`%s`", [place]) | some place in _places[source]; signer[place]]
	count(given) > 1
} else := [sprintf(".%s` proves no time, expected a `ctlog` or a `timestamp` in it", [place])] if {
	source == "log"
	some place in _places.log
	signer[place]
	not _proves_times(signer[place])
} else := []

# Whether an answer has a time of somebody else: a log or a timestamp is asked for, or it is a certificate's bundle, which
# is nothing without one.
_proves_times(verify) if is_object(verify.ctlog)

_proves_times(verify) if is_object(verify.timestamp)

_proves_times(verify) if {
	is_object(verify.keyless)
	verify.format in {"bundle", "any"}
}

_are_builders(value) if {
	is_array(value)
	count(value) > 0
	count(value) <= _most_builders
	every builder in value {
		regex.match(`^[A-Za-z0-9._:/@%+#=&~*-]{1,500}$`, builder)
	}
}

_is_wanted(given, source) if source in given.dates

_is_wanted(given, source) if given.minAgeProof == source

_namer(given, source) := "dates" if {
	source in given.dates
} else := "minAgeProof"
