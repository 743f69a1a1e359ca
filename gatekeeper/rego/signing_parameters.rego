# METADATA
# title: Parameters of SignedImages
# description: |
#   What a Constraint of SignedImages says, and what is wrong with it: the schema cannot count signers against a quorum.
package lib.bestbefore.signing_parameters

import future.keywords

import data.lib.bestbefore.attestation_parameters
import data.lib.bestbefore.parameters
import data.lib.bestbefore.signer_parameters

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

_rule_faults(rule) := array.concat(_own_faults(rule), entries) if {
	is_object(rule)
	"attestations" in object.keys(rule)
	entries := [sprintf(".attestations[%d]%s", [index, fault]) |
		some index, entry in rule.attestations
		some fault in attestation_parameters.faults(entry, _most_signers)
	]
} else := array.concat(_own_faults(rule), signers) if {
	is_object(rule)
	signers := [sprintf(".signers[%d]%s", [index, fault]) |
		some index, signer in rule.signers
		some fault in signer_parameters.faults(signer, ["stamped", "verify"], false)
	]
}

_own_faults(rule) := array.concat(unknown, own) if {
	unknown := _unknown(rule, {"images", "signers", "quorum", "attestations"})
	own := [sprintf(".%s` is %s, expected %s", [name, parameters.shown(value), expected]) |
		some name, fallback in {"images": null, "signers": null, "quorum": 1, "attestations": null}
		value := object.get(rule, name, fallback)
		expected := _rule_expected(name, value, rule)
	]
}

_rule_expected("images", value, _) := parameters.list_of_globs if {
	not _is_list_of_globs(value)
}

# A definition of Constraints of an earlier release leaves `attestations` out. Were the rule whole without them, it would
# be content with signatures.
_rule_expected(name, _, rule) := "nothing beside `attestations`: who has to sign is a rule of its own" if {
	name in {"signers", "quorum"}
	name in object.keys(rule)
	"attestations" in object.keys(rule)
}

_rule_expected("signers", value, rule) := sprintf("a list of 1 to %d signers, each with a name of its own", [_most_signers]) if {
	not "attestations" in object.keys(rule)
	not signer_parameters.is_list(value, _most_signers)
}

_rule_expected("quorum", value, rule) := "a whole number from 1 to that of the signers" if {
	not "attestations" in object.keys(rule)
	not signer_parameters.is_quorum(value, rule.signers)
}

_rule_expected("attestations", value, rule) := attestation_parameters.list if {
	"attestations" in object.keys(rule)
	not attestation_parameters.is_list(value)
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

_is_list_of_globs(value) if {
	_is_filled_list(value)
	parameters.is_list_of_globs(value)
}
