# METADATA
# title: Attestations
# description: |
#   Says whether the statements that are proved of an image satisfy an entry of `attestations` in a ClusterImagePolicy:
#   one of the wanted type that the entry's own rule, where it has one, is content with.
package lib.bestbefore.attestations

import future.keywords

import data.lib.bestbefore.compliance

# METADATA
# description: The verify part of the question that an entry of an authority asks about an image.
verify(authority, entry, image) := object.union(authority.attestor, {"attestation": wish}) if {
	wish := object.union(entry.wish, {"statement": _statement(entry, image)})
}

# The parts of a statement to ask for: none where no rule reads it, all of it where nobody knows.
_statement(entry, image) := [] if {
	not entry.rule
} else := object.get(object.get(image, "statements", {}), entry.rule, true)

# METADATA
# description: |
#   Images, with the parts of statements that rules read, by rule. Undefined where a Constraint's parameters do not name
#   all rules of the template: one that they do not name would not be asked.
images(policy, asked, statements) := [object.union(image, {"statements": statements}) | some image in asked] if {
	named := {entry.rule | some authority in policy.authorities; some entry in authority.attestations}
	count(object.keys(statements) - named) == 0
}

# METADATA
# description: |
#   Answers, and beside each what the rules came to: by rule, by the place of a statement among the proofs, the values of
#   `isCompliant`.
evaluated(answered, values) := {key: object.union(answer, {"attested": object.get(values, key, {})}) |
	some key, answer in answered
}

# METADATA
# description: |
#   What an entry comes to: `{"matches": places of the proofs}`, or `{"reason", "said", "line"}`. `proofs` are those by
#   somebody whom the authority names, by their place in the answer; `attested` is as above. Total.
default judged(_, _, _) := {"reason": "Internal", "said": "", "line": "no verdict could be reached on an attestation"}

judged(entry, proofs, attested) := _typed(entry, typed, attested) if {
	typed := [{"place": place, "said": proof.attestation} |
		some place, proof in proofs
		proof.attestation.predicateType == entry.wish.predicateType
	]
	count(typed) > 0
} else := {"reason": "AttestationAbsent", "said": "", "line": line} if {
	types := sort({proof.attestation.predicateType | some proof in proofs})
	line := sprintf(`no matching attestations with type %s, checked the following predicateTypes: "%s"`, [
		entry.type,
		concat(",", types),
	])
}

_typed(entry, typed, attested) := {"matches": matches} if {
	matches := [each.place | some each in typed; _verdict(entry, each, attested).passed == true]
	count(matches) > 0
} else := {"reason": "LimitExceeded", "said": "", "line": unread[0].problem} if {
	# One without its statement may be one that passes.
	unread := [each.said | some each in typed; each.said.reason == "LimitExceeded"; is_string(each.said.problem)]
	count(unread) > 0
} else := object.union(first, {"reason": "AttestationRejected"}) if {
	# What is wrong with the first of them, as policy-controller has it.
	first := object.remove(_verdict(entry, typed[0], attested), ["passed"])
}

# Nothing passes but a statement that could be read, and of which the rule, if there is one, says so.
_verdict(entry, found, attested) := {"passed": false, "said": "", "line": found.said.problem} if {
	found.said.problem
} else := {"passed": true} if {
	is_object(found.said.statement)
	not entry.rule
} else := compliance.judged_of(entry.name, values) if {
	is_object(found.said.statement)
	values := attested[entry.rule][found.place]
} else := compliance.judged_of(entry.name, [])
