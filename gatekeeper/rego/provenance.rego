# METADATA
# title: Provenance
# description: |
#   Reads when an image was built in SLSA provenance. Worth something is only what a trusted builder says: the statement
#   names one of the builders, and it is attested by somebody whom the policy names.
package lib.bestbefore.provenance

import future.keywords

import data.lib.bestbefore.authorities
import data.lib.bestbefore.dates

# Where the statements of each type say it (https://slsa.dev/spec/v1.0/provenance, and v0.2 of it).
_places := {
	"https://slsa.dev/provenance/v1": {
		"builder": ["predicate", "runDetails", "builder", "id"],
		"started": ["predicate", "runDetails", "metadata", "startedOn"],
		"finished": ["predicate", "runDetails", "metadata", "finishedOn"],
	},
	"https://slsa.dev/provenance/v0.2": {
		"builder": ["predicate", "builder", "id"],
		"started": ["predicate", "metadata", "buildStartedOn"],
		"finished": ["predicate", "metadata", "buildFinishedOn"],
	},
}

# A builder's name in a message; it is foreign.
_shown_characters := 100

# METADATA
# description: The questions for what an attestor says in provenance, by its type. They ask for nothing but builder and times.
questions(attestor, image) := {type: question |
	some type, places in _places
	wish := {"predicateType": type, "statement": sort([path | some path in places])}
	question := authorities.question({"verify": object.union(attestor, {"attestation": wish})}, image)
}

# METADATA
# description: |
#   What a proof says of the build: `{"started", "finished"}` in nanoseconds, null where it does not say, or `{"remark"}`, why
#   it says no date. `signer` has the attestor and its identities, `existed` is when the image existed at the latest
#   (null where nobody knows), as in `lib.bestbefore.bounds`. Undefined for a proof of another type.
build(type, proof, signer, builders, existed, now) := found if {
	proof.attestation.predicateType == type
	found := _build(type, proof, signer, builders, existed, now)
}

# All that has to hold comes first; what is said of one that fails decides nothing.
_build(type, proof, signer, builders, existed, now) := times if {
	is_by(signer, proof)
	_is_trusted(object.get(proof.attestation.statement, _places[type].builder, null), builders)
	times := _times(type, proof.attestation.statement)
	_is_credible(times, existed, now)
} else := {"remark": sprintf("provenance by a stranger (%s)", [_shown(concat(" ", proof.subjects))])} if {
	not is_by(signer, proof)
} else := {"remark": sprintf("provenance by %s cannot be read", [signer.name])} if {
	not is_object(proof.attestation.statement)
} else := {"remark": sprintf("provenance by another builder (%s)", [_shown(builder)])} if {
	builder := object.get(proof.attestation.statement, _places[type].builder, "none")
	not _is_trusted(builder, builders)
} else := {"remark": sprintf("provenance by %s says that the image was %s", [signer.name, fault])} if {
	fault := _fault(type, proof.attestation.statement, existed, now)
} else := {"remark": sprintf("provenance by %s names no date", [signer.name])}

# METADATA
# description: Whether a proof is by somebody whom a signer's parameters name.
is_by(signer, proof) if {
	authority := {"verify": signer.attestor, "identities": object.get(signer, "identities", [])}
	authorities.identified(authority, proof)
}

_is_trusted(builder, builders) if {
	is_string(builder)
	builder in builders
}

_is_trusted(builder, builders) if {
	is_string(builder)
	some pattern in builders
	contains(pattern, "*")
	glob.match(pattern, ["/"], builder)
}

# Undefined where one of the times is there and cannot be read.
_times(type, statement) := {"started": started, "finished": finished} if {
	started := _ns(object.get(statement, _places[type].started, null))
	finished := _ns(object.get(statement, _places[type].finished, null))
}

_ns(null) := null

_ns(text) := time.parse_rfc3339_ns(text) if is_string(text)

_is_credible(times, existed, now) if {
	said := [ns | some name in ["started", "finished"]; ns := times[name]; ns != null]
	count(said) > 0
	said == sort(said)
	every ns in said {
		ns >= dates.first_credible
		ns <= now + dates.clock_skew
		dates.is_possible(ns, existed)
	}
}

# What is wrong with the times, for people.
_fault(type, statement, existed, now) := "built at a time that is no RFC 3339" if {
	not _times(type, statement)
} else := "built, and not when" if {
	_times(type, statement) == {"started": null, "finished": null}
} else := sprintf("started after it was finished (%s)", [dates.moment(times.finished)]) if {
	times := _times(type, statement)
	times.finished != null
	times.started > times.finished
} else := sprintf("built %s, before there were such images", [dates.moment(first)]) if {
	first := min(_said(type, statement))
	first < dates.first_credible
} else := sprintf("built in the future (%s)", [dates.moment(last)]) if {
	last := max(_said(type, statement))
	last > now + dates.clock_skew
} else := sprintf("built %s, but it was there on %s", [dates.moment(last), dates.moment(existed)]) if {
	last := max(_said(type, statement))
	not dates.is_possible(last, existed)
}

_said(type, statement) := {ns | some ns in _times(type, statement); ns != null}

_shown(text) := substring(text, 0, _shown_characters) if is_string(text)

_shown(value) := type_name(value) if not is_string(value)
