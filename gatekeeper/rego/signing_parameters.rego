# METADATA
# title: Parameters of SignedImages
# description: |
#   What a Constraint of SignedImages says, and what is wrong with it: the schema cannot count signers against a quorum.
package lib.bestbefore.signing_parameters

import future.keywords

import data.lib.bestbefore.parameters

_defaults := {
	"rules": null,
	"unmatched": "deny",
	"digest": "require",
}

_choices := {
	"unmatched": ["deny", "warn", "allow"],
	"digest": ["require", "warn", "off"],
}

# All ways to distinguish signers are looked at, and their number doubles with each signer.
_most_signers := 10

# METADATA
# description: The parameters with the defaults of those that are left out. Undefined for what is no object.
complete(given) := parameters.complete(_defaults, given)

# METADATA
# description: What is wrong with the parameters, a sentence each; none where all is well.
problems(given) := array.concat(parameters.problems(_defaults, _choices, given, expected), rules) if {
	expected := {name: sentence |
		some name, value in complete(given)
		sentence := _expected(name, value)
	}
	rules := [sprintf("`rules[%d]%s", [index, fault]) |
		some index, rule in given.rules
		some fault in _rule_faults(rule)
	]
}

_expected("rules", value) := "a list with a rule at least" if not _is_filled_list(value)

default _rule_faults(_) := ["` is no object"]

_rule_faults(rule) := array.concat(array.concat(unknown, own), signers) if {
	is_object(rule)
	unknown := _unknown(rule, {"images", "signers", "quorum"})
	own := [sprintf(".%s` is %s, expected %s", [name, parameters.shown(value), expected]) |
		some name, fallback in {"images": null, "signers": null, "quorum": 1}
		value := object.get(rule, name, fallback)
		expected := _rule_expected(name, value, rule)
	]
	signers := [sprintf(".signers[%d]%s", [index, fault]) |
		some index, signer in rule.signers
		some fault in _signer_faults(signer)
	]
}

_rule_expected("images", value, _) := parameters.list_of_globs if {
	not _is_list_of_globs(value)
}

_rule_expected("signers", value, _) := sprintf("a list of 1 to %d signers, each with a name of its own", [_most_signers]) if {
	not _is_list_of_signers(value)
}

_rule_expected("quorum", value, rule) := "a whole number from 1 to that of the signers" if not _is_quorum(value, rule)

default _signer_faults(_) := ["` is no object"]

_signer_faults(signer) := array.concat(unknown, own) if {
	is_object(signer)
	unknown := _unknown(signer, {"name", "verify", "stamped", "identities"})
	own := [sprintf(".%s` is %s, expected %s", [name, parameters.shown(value), expected]) |
		some name in ["name", _proof(signer), "identities"]
		value := object.get(signer, name, null)
		expected := _signer_expected(name, value, signer)
	]
}

# Where it says what is to be proved.
_proof(signer) := "stamped" if {
	signer.stamped
} else := "verify"

_signer_expected("name", value, _) := "a name" if not _is_filled_text(value)

_signer_expected("verify", value, _) := expected if expected := _proof_expected(value)

_signer_expected("stamped", value, signer) := "exactly one of `key`, with its `data`, and `keyless`, a `timestamp`, and no `verify` beside it" if {
	not _is_stamped(value, signer)
} else := expected if {
	expected := _proof_expected(value)
}

_proof_expected(value) := "exactly one of `key`, with its `data`, and `keyless`" if {
	not _is_verify(value)
} else := "a public key: this one is private, and whoever reads the Constraint has it, so replace the pair" if {
	contains(upper(value.key.data), "PRIVATE KEY")
}

_signer_expected("identities", value, signer) := "nothing beside a key, which names nobody" if {
	signer[_proof(signer)].key
	value != null
}

_signer_expected("identities", value, signer) := "a list of identities, each with an issuer and a subject, exact or as a regular expression" if {
	not signer[_proof(signer)].key
	signer[_proof(signer)].keyless
	not _is_list_of_identities(value)
}

_unknown(fields, known) := [sprintf(".%s` is no field", [name]) |
	some name in sort(object.keys(fields))
	not name in known
]

# Helpers, because a comparison with something undefined inside `not` would be undefined itself.
_is_filled_list(value) if {
	is_array(value)
	count(value) > 0
}

_is_filled_text(value) if {
	is_string(value)
	value != ""
}

_is_list_of_globs(value) if {
	_is_filled_list(value)
	parameters.is_list_of_globs(value)
}

_is_list_of_signers(value) if {
	_is_filled_list(value)
	count(value) <= _most_signers
	count({signer.name | some signer in value}) == count(value)
}

_is_quorum(value, rule) if {
	is_number(value)
	value == round(value)
	value >= 1
	value <= count(rule.signers)
}

_is_verify(value) if {
	_is_filled_text(value.key.data)
	not "keyless" in object.keys(value)
}

_is_stamped(value, signer) if {
	_is_verify(value)
	is_object(value.timestamp)
	not "verify" in object.keys(signer)
}

_is_verify(value) if {
	is_object(value.keyless)
	not "key" in object.keys(value)
}

_is_list_of_identities(value) if {
	_is_filled_list(value)
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
