# METADATA
# title: Authorities
# description: |
#   Says what each authority of a ClusterImagePolicy makes of an image. The provider proves signatures and attestations;
#   who may have made them is decided here, and so is what a failure is called.
package lib.bestbefore.authorities

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.attestations
import data.lib.bestbefore.reference

# METADATA
# description: |
#   The keys that an authority asks about an image: one, or one for each type of attestation; none where it is static.
questions(authority, image) := {asked(authority, entry, image) | some entry in authority.attestations} if {
	authority.attestations
} else := {question(signing(authority), image)} if {
	signing(authority).verify
} else := set()

# METADATA
# description: |
#   An authority with what is to be proved of a signature in `verify`. Where that includes a timestamp it stands in
#   `stamped`: a template of an earlier release, or an API server whose definition does not have `timestamp` yet, would
#   be content without. Whoever says both says nothing.
signing(authority) := object.union(object.remove(authority, ["stamped"]), {"verify": authority.stamped}) if {
	not authority.verify
	is_object(authority.stamped.timestamp)
} else := object.remove(authority, ["stamped", "verify"]) if {
	authority.stamped
} else := authority

# METADATA
# description: The key that asks for what an entry of an authority's attestations wants.
asked(authority, entry, image) := question({"verify": attestations.verify(authority, entry, image)}, image)

# METADATA
# description: The key that asks for proof; it holds no policy, so that policies share the answer.
question(authority, image) := json.marshal(object.union(
	{"v": 1, "image": image.asked, "verify": authority.verify},
	_puller(authority, image),
))

# Who pulls the image; of pull secrets that the authority names, whose namespace it is.
_puller(authority, image) := object.union(puller, {"namespace": image.namespace}) if {
	authority.verify.source.pullSecrets
	puller := object.get(image, "puller", {})
} else := object.get(image, "puller", {})

# METADATA
# description: Whether an authority may match, which is false only where it is known to fail without asking anybody.
hopeful(authority) if signing(authority).verify

hopeful(authority) if authority.attestor

hopeful(authority) if authority.static.action == "pass"

# METADATA
# description: |
#   What an authority came to: `{"match": object}` for `authorityMatches`, or `{"reason", "said", "line"}`, the line in
#   policy-controller's words; where the provider was asked, with `stage` and the `question`. Total.
default judged(_, _, _) := {
	"reason": "Internal",
	"said": "",
	"line": "the authority is of no kind that is known",
}

judged(authority, image, _) := {"match": {"static": true}} if {
	authority.static.action == "pass"
} else := {
	"reason": "StaticDeny",
	"said": said,
	"line": sprintf("disallowed by static policy: %s", [object.get(authority.static, "message", "")]),
} if {
	authority.static.action == "fail"
	said := _static_sentence(object.get(authority.static, "message", ""))
} else := {
	"stage": "authorities",
	"reason": "KeyUnavailable",
	"said": sprintf("KeyUnavailable: authority %s: %s.", [authority.name, authority.absent.message]),
	"line": sprintf("signature key validation failed for authority %s for %s: %s", [
		authority.name,
		reference.parsed(image.text).name,
		authority.absent.message,
	]),
} if {
	authority.absent.message
	not authority.static
}

judged(authority, image, answered) := _signed(signing(authority), image, answered) if not authority.attestations

_signed(authority, image, answered) := _proved(authority, image, answer.value.proofs) if {
	authority.verify
	answer := answers.lookup(answered, question(authority, image))
	is_array(answer.value.proofs)
} else := object.union(_refused(authority, image, answer.reason, answer.message), _hint(authority, answer)) if {
	authority.verify
	answer := answers.lookup(answered, question(authority, image))
}

# Who has to attest stands apart from `verify`, which asks for a signature: a template of an earlier release, or an API
# server whose definition does not have `attestations` yet, would be content with one.
judged(authority, image, answered) := _attested(authority, entries) if {
	not authority.verify
	not authority.stamped
	attesting := _attesting(authority)
	count(authority.attestations) > 0
	entries := [_entry(attesting, entry, image, answered) | some entry in authority.attestations]
	count(entries) == count(authority.attestations)
}

# Every entry must be satisfied; the first that is not says why. Of two with one name policy-controller keeps the last.
_attested(authority, entries) := failed[0] if {
	failed := [entry | some entry in entries; not entry.matches]
	count(failed) > 0
} else := {"match": {"attestations": {name: entries[last].matches |
	some name in {entry.name | some entry in authority.attestations}
	last := max([index | some index, entry in authority.attestations; entry.name == name])
}}}

_attesting(authority) := object.union(authority, {"verify": authority.attestor})

# METADATA
# description: By their places in an answer, the proofs that are attestations by somebody whom the authority names.
attestations_of(authority, answer) := {place: proof |
	some place, proof in answer.value.proofs
	proof.attestation
	identified(_attesting(authority), proof)
}

# What an entry comes to: `matches`, or why not, as `judged` has it.
_entry(authority, entry, image, answered) := _said(authority, entry, image, proofs, answer) if {
	answer := answers.lookup(answered, asked(authority, entry, image))
	is_array(answer.value.proofs)
	proofs := attestations_of(authority, answer)
} else := object.union(refused, _hint(authority, answer)) if {
	answer := answers.lookup(answered, asked(authority, entry, image))
	refused := _refused_attestations(authority, entry, image, answer.reason, answer.message)
}

_said(authority, entry, image, proofs, answer) := {"matches": matches} if {
	judged_entry := attestations.judged(entry, proofs, object.get(answer, "attested", {}))
	places := judged_entry.matches
	count(places) > 0
	matches := [_attestation(proofs[place], entry) | some place in places]
	count(matches) == count(places)
} else := _refused_attestations(authority, entry, image, "IdentityMismatch", message) if {
	count(proofs) == 0
	strangers := [_stranger(proof) | some proof in answer.value.proofs; proof.attestation]
	message := sprintf("no matching attestations: %s", [concat(" ", strangers)])
} else := object.union(
	_refused_attestations(authority, entry, image, judged_entry.reason, ""),
	object.union({"line": judged_entry.line}, _own_sentence(judged_entry.said)),
) if {
	judged_entry := attestations.judged(entry, proofs, object.get(answer, "attested", {}))
}

_own_sentence("") := {}

_own_sentence(said) := {"said": said} if said != ""

# What policy-controller shows a rule of an attestation: no statement, and the type as the policy has it.
_attestation(proof, entry) := object.union(_signature(proof), {
	"predicateType": entry.type,
	"digest": proof.attestation.digest,
})

_refused_attestations(authority, entry, image, reason, message) := object.union(_refused(authority, image, reason, message), {
	"question": asked(authority, entry, image),
	"line": sprintf("attestation %s validation failed for authority %s for %s: %s", [
		_kind(authority),
		authority.name,
		reference.parsed(image.text).name,
		message,
	]),
})

_static_sentence("") := "The policy refuses every image that it covers."

_static_sentence(message) := message if message != ""

_proved(authority, image, proofs) := {"match": {"signatures": signatures}} if {
	signatures := [_signature(proof) | some proof in proofs; not proof.attestation; identified(authority, proof)]
	count(signatures) > 0
} else := _refused(authority, image, "SignatureAbsent", "no signatures found") if {
	count(proofs) == 0
} else := _refused(authority, image, "IdentityMismatch", said) if {
	said := sprintf("no matching signatures: %s", [concat(" ", [_stranger(proof) | some proof in proofs])])
}

# METADATA
# description: |
#   Whether a proof is by somebody whom an authority names: a key proves by itself; a certificate must name one of its
#   identities.
identified(authority, _) if authority.verify.key

identified(authority, proof) if {
	authority.verify.keyless
	some identity in authority.identities
	_issuer_fits(identity, proof.issuer)
	_subject_fits(identity, proof.subjects)
}

_issuer_fits(identity, issuer) if {
	identity.issuer != ""
	identity.issuer == issuer
}

_issuer_fits(identity, issuer) if {
	identity.issuerRegExp != ""
	regex.match(identity.issuerRegExp, issuer)
}

_subject_fits(identity, subjects) if {
	identity.subject != ""
	identity.subject in subjects
}

_subject_fits(identity, subjects) if {
	identity.subjectRegExp != ""
	some subject in subjects
	regex.match(identity.subjectRegExp, subject)
}

_stranger(proof) := sprintf(
	"none of the expected identities matched what was in the certificate, got subjects [%s] with issuer %s",
	[concat(" ", proof.subjects), object.get(proof, "issuer", "")],
)

# What policy-controller shows a rule of a signature: fields without a value are left out.
_signature(proof) := {name: value | some name, value in fields; value != ""} if {
	fields := object.union(object.remove(proof, ["subjects", "times", "format", "digest", "attestation"]), _subject(proof))
}

_subject(proof) := {"subject": proof.subjects[0]} if {
	count(proof.subjects) > 0
} else := {}

_refused(authority, image, reason, message) := {
	"stage": "authorities",
	"question": question(authority, image),
	"reason": reason,
	"said": sprintf("%s: authority %s does not vouch for this image.", [reason, authority.name]),
	"line": sprintf("signature %s validation failed for authority %s for %s: %s", [
		_kind(authority),
		authority.name,
		reference.parsed(image.text).name,
		message,
	]),
}

# Where was looked for a signature, and what there is instead: that in the first sentence, and all of it in a note.
_hint(authority, answer) := object.union({"hint": sprintf("authority %s: %s", [authority.name, answer.detail])}, said) if {
	said := _instead(authority, answer.reason, split(answer.detail, "; ")[0])
} else := {}

_instead(authority, reason, short) := {"said": sprintf("%s: authority %s: %s.", [reason, authority.name, short])} if {
	contains(short, ", but ")
} else := {}

_kind(authority) := "key" if {
	authority.verify.key
} else := "keyless"
