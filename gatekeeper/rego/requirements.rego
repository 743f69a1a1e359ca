# METADATA
# title: Requirements
# description: |
#   What a rule of SignedImages requires of an image: that signers have signed it, or for each entry of `attestations`
#   that signers have attested it. A requirement is `{signers, needed}`, and of attestations the `entry`.
package lib.bestbefore.requirements

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.attestations
import data.lib.bestbefore.authorities
import data.lib.bestbefore.statement_bounds

# What the bounds of an entry are called, where a ClusterImagePolicy names a rule.
_bounds := "bounds"

# METADATA
# description: |
#   The requirements of a rule, one at least; of a rule that says both or neither, one that nothing satisfies. Total.
default of_rule(_) := [{"signers": [], "needed": 1, "entry": {}}]

of_rule(rule) := [{"signers": rule.signers, "needed": object.get(rule, "quorum", 1)}] if {
	not "attestations" in object.keys(rule)
	is_array(rule.signers)
} else := [required |
	some entry in rule.attestations
	required := {"signers": entry.signers, "needed": object.get(entry, "quorum", 1), "entry": entry}
] if {
	not "signers" in object.keys(rule)
	is_array(rule.attestations)
	count([entry | some entry in rule.attestations; is_array(entry.signers)]) == count(rule.attestations)
	count(rule.attestations) > 0
}

# METADATA
# description: The keys to ask about an image for a requirement.
questions(required, image) := {question |
	some signer in required.signers
	some question in authorities.questions(_authority(required, signer), _image(required, image))
}

# METADATA
# description: What a signer came to, as `lib.bestbefore.authorities` has it.
judged(required, signer, image, answered, now) := _in_words(required, signer, found) if {
	authority := _authority(required, signer)
	asked := _image(required, image)
	found := authorities.judged(authority, asked, _evaluated(required, authority, asked, answered, now))
}

# METADATA
# description: The signatures, or the attestations, by which a signer matched.
signatures(required, match) := match.attestations[required.entry.name] if {
	required.entry
} else := match.signatures

# METADATA
# description: The key of a signer. Undefined for one who is certified.
key(required, signer) := signer.attestor.key.data if {
	required.entry
} else := authorities.signing(signer).verify.key.data

# Nothing but what a signer may be reaches the judgement: no static verdict, whatever the parameters hold.
_authority(required, signer) := object.union(object.filter(signer, ["name", "attestor", "identities"]), {"attestations": [wanted]}) if {
	wanted := {
		"name": required.entry.name,
		"type": required.entry.predicateType,
		"wish": {"predicateType": required.entry.predicateType},
		"rule": _bounds,
	}
} else := object.filter(signer, ["name", "verify", "stamped", "identities"]) if {
	not required.entry
}

_image(required, image) := object.union(image, {"statements": {_bounds: statement_bounds.paths(required.entry)}}) if {
	required.entry
} else := image

# The answers with what each statement comes to beside it.
_evaluated(required, authority, image, answered, now) := attestations.evaluated(asked, values) if {
	required.entry
	asked := {key: answers.lookup(answered, key) | some key in authorities.questions(authority, image)}
	values := {key: {_bounds: {place: [[verdict]] |
		some place, proof in answer.value.proofs
		is_object(proof.attestation.statement)
		verdict := _verdict(statement_bounds.faults(required.entry, proof.attestation.statement, now))
	}} |
		some key, answer in asked
	}
} else := answered

_verdict(faults) := {"result": count(faults) == 0, "error": concat("; ", faults)}

# What the bounds have against a statement stands in a note, and no Rego has said it.
_in_words(required, signer, found) := object.union(found, {"fault": found.said, "line": line}) if {
	required.entry
	found.reason == "AttestationRejected"
	found.said != ""
	not startswith(found.said, "AttestationRejected: ")
	line := sprintf("attestation %s by %s: %s", [required.entry.name, signer.name, found.said])
} else := found
