# METADATA
# title: Parameters that name signers
# description: What is wrong with a list of signers in a Constraint of our own policies.
package lib.bestbefore.signer_parameters

import future.keywords

import data.lib.bestbefore.parameters

_fields := {"name", "identities"}

# METADATA
# description: Whether a value is a list of signers, one at least and no more than `most`, each with a name of its own.
is_list(value, most) if {
	is_array(value)
	count(value) > 0
	count(value) <= most
	count({signer.name | some signer in value}) == count(value)
}

# METADATA
# description: Whether a value is how many of these signers it takes.
is_quorum(value, signers) if {
	is_number(value)
	value == round(value)
	value >= 1
	value <= count(signers)
}

# METADATA
# description: |
#   What is wrong with a signer, each with the rest of its path. `places` are the members that may say what is to be
#   proved, the last of them where none does; `nameless` is whether a certificate of anybody will do.
default faults(_, _, _) := ["` is no object"]

faults(signer, places, nameless) := array.concat(unknown, own) if {
	is_object(signer)
	unknown := [sprintf(".%s` is no field", [name]) |
		some name in sort(object.keys(signer))
		not name in (_fields | {place | some place in places})
	]
	own := [sprintf(".%s` is %s, expected %s", [name, parameters.shown(value), expected]) |
		proof := _proof(signer, places)
		some name in ["name", proof, "identities"]
		value := object.get(signer, name, null)
		expected := _expected(name, value, signer, {"proof": proof, "nameless": nameless})
	]
}

# Where it says what is to be proved.
_proof(signer, places) := found[0] if {
	found := [place | some place in places; signer[place]]
	count(found) > 0
} else := places[count(places) - 1]

_expected("name", value, _, _) := "a name" if not _is_filled_text(value)

_expected("verify", value, _, _) := expected if expected := _proof_expected(value)

_expected("attestor", value, _, _) := expected if expected := _proof_expected(value)

_expected("stamped", value, signer, _) := "exactly one of `key`, with its `data`, and `keyless`, a `timestamp`, and no `verify` beside it" if {
	not _is_stamped(value, signer)
} else := expected if {
	expected := _proof_expected(value)
}

_expected("identities", value, signer, about) := "nothing beside a key, which names nobody" if {
	signer[about.proof].key
	value != null
}

_expected("identities", value, signer, about) := "a list of identities, each with an issuer and a subject, exact or as a regular expression" if {
	not signer[about.proof].key
	signer[about.proof].keyless
	not _are_identities(value, about.nameless)
}

_proof_expected(value) := "exactly one of `key`, with its `data`, and `keyless`" if {
	not _is_verify(value)
} else := "a public key: this one is private, and whoever reads the Constraint has it, so replace the pair" if {
	contains(upper(value.key.data), "PRIVATE KEY")
}

# Helpers, because a comparison with something undefined inside `not` would be undefined itself.
_is_filled_text(value) if {
	is_string(value)
	value != ""
}

_is_verify(value) if {
	_is_filled_text(value.key.data)
	not "keyless" in object.keys(value)
}

_is_verify(value) if {
	is_object(value.keyless)
	not "key" in object.keys(value)
}

_is_stamped(value, signer) if {
	_is_verify(value)
	is_object(value.timestamp)
	not "verify" in object.keys(signer)
}

_are_identities(null, true)

_are_identities(value, _) if {
	is_array(value)
	count(value) > 0
	every identity in value {
		is_object(identity)
		_names(identity, "issuer", "issuerRegExp")
		_names(identity, "subject", "subjectRegExp")
	}
}

# One of the two, and not both: with both, either would do, and a reader might think that both must.
_names(identity, exact, _) if {
	_is_filled_text(identity[exact])
	not _other(identity, exact)
}

_names(identity, _, expression) if {
	_is_filled_text(identity[expression])
	regex.is_valid(identity[expression])
	not _other(identity, expression)
}

_other(identity, field) if {
	twins := {
		"issuer": "issuerRegExp",
		"issuerRegExp": "issuer",
		"subject": "subjectRegExp",
		"subjectRegExp": "subject",
	}
	object.get(identity, twins[field], "") != ""
}
