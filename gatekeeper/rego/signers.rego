# METADATA
# title: Signers
# description: |
#   The rule of SignedImages: who must have signed which image, and attested what of it. See `lib.bestbefore.judgement`
#   for what it is asked.
package lib.bestbefore.signers

import future.keywords

import data.lib.bestbefore.judgement
import data.lib.bestbefore.parameters
import data.lib.bestbefore.pinning
import data.lib.bestbefore.reasons
import data.lib.bestbefore.requirements
import data.lib.bestbefore.signing_parameters

# METADATA
# description: What messages call the policy.
name := "SignedImages"

# METADATA
# description: The parameters with their defaults.
complete(given) := signing_parameters.complete(given)

# METADATA
# description: What is wrong with the parameters.
problems(given) := signing_parameters.problems(given)

# METADATA
# description: The images to judge.
images(context) := judgement.images(context)

# METADATA
# description: The keys to ask about an image, one for each signer and attestation. None where no rule covers it.
questions(context, image) := {question |
	some rule in _rules(context, image)
	some required in requirements.of_rule(rule)
	some question in requirements.questions(required, image)
}

# METADATA
# description: |
#   The verdict on an image, and beside it that on a tag where a digest had to be. Every rule that covers the image must
#   be satisfied.
verdicts(context, image, answered) := array.concat(
	[_verdict(context, rules, image, answered)],
	[unpinned | count(rules) > 0; unpinned := _unpinned(context, image)],
) if {
	rules := _rules(context, image)
}

_verdict(context, rules, image, answered) := _uncovered(context) if {
	count(rules) == 0
} else := _signed(_results(all_required, image, answered, context.now), count(all_required)) if {
	all_required := [required | some rule in rules; some required in requirements.of_rule(rule)]
}

_signed(results, wanted) := {"class": "pass"} if {
	count(results) > 0
	count(results) == wanted
	every result in results {
		result.signed >= result.needed
	}
} else := _unsigned(results)

# Undefined where pinning's rules want no digest.
_unpinned(context, image) := object.union(judgement.failed(class, "DigestMissing", said), {"choice": "digest", "note": note}) if {
	class := _pinning_class(context)
	not pinning.pinned(image)
	said := pinning.said(image)
	note := "signatures are of a digest"
}

_pinning_class(context) := pinning.finding(context.given.digest, context.review)

_pinning_class(context) := "pass" if {
	context.given.digest == "off"
	pinning.finding("warn", context.review)
}

_uncovered(context) := object.union(judgement.failed(class, "NoMatchingPolicy", said), {"choice": "unmatched"}) if {
	class := judgement.classes[context.given.unmatched]
	said := "No rule says who has to sign this image."
}

_unsigned(results) := {
	"class": "deny",
	"reason": decisive.reason,
	"said": said,
	"note": judgement.notes([_type(lacking), _alike(lacking), _faults(lacking.refusals), _hints(lacking.refusals)]),
	"line": _lines(lacking.refusals),
	"question": object.get(decisive, "question", ""),
	"details": object.union(_attestation(lacking), {
		"quorum": lacking.needed,
		"signers": lacking.names,
		"signed": lacking.signed,
		"missing": [{"name": each.name, "reason": each.reason} | some each in lacking.refusals],
	}),
} if {
	lacking := [result | some result in results; not result.signed >= result.needed][0]
	decisive := _decisive(lacking)
	said := sprintf("%s %d of %d signers needed.", [_who(lacking), lacking.needed, count(lacking.names)])
}

# What kept the image from passing: a question without an answer only where an answer could have let it pass.
_decisive(result) := undecided[0] if {
	undecided := [each | some each in result.refusals; each.reason in reasons.no_answer]
	count(undecided) > 0
	result.signed + count(undecided) >= result.needed
} else := definite[0] if {
	definite := [each | some each in result.refusals; not each.reason in reasons.no_answer]
	count(definite) > 0
} else := {"reason": "IdentityMismatch"}

_who(result) := sprintf("Image %s by %s;", [_want(result), concat(", ", missing)]) if {
	missing := [sprintf("%s (%s)", [each.name, each.reason]) | some each in result.refusals]
	count(missing) > 0
} else := sprintf("Image has attestation %s, but not by different people;", [result.entry.name]) if {
	result.entry
} else := "Image is signed, but not by different people;"

_want(result) := sprintf("has no good attestation %s", [result.entry.name]) if {
	result.entry
} else := "is not signed"

# What messages call an attestation is the policy's word; its type is everybody's.
_type(result) := sprintf("%s is of type %s", [result.entry.name, result.entry.predicateType]) if {
	result.entry
} else := ""

_attestation(result) := {"attestation": object.filter(result.entry, ["name", "predicateType"])} if {
	result.entry
} else := {}

_faults(refusals) := concat("; ", [sprintf("%s: %s", [each.name, each.fault]) | some each in refusals])

_alike(result) := sprintf("%d signers are %d here", [result.vouching, result.signed]) if {
	result.vouching > result.signed
} else := ""

# Where was looked for signatures, and what there is instead.
_hints(refusals) := concat("; ", [each.hint | some each in refusals])

_lines(refusals) := concat("; ", [each.line | some each in refusals])

# A result for each requirement that can be judged.
_results(all_required, image, answered, now) := [result |
	some required in all_required
	result := _result(required, image, answered, now)
]

_result(required, image, answered, now) := object.union(object.filter(required, ["needed", "entry"]), {
	"names": [signer.name | some signer in required.signers],
	"vouching": count(judged) - count(refusals),
	"signed": _different(people),
	"refusals": refusals,
}) if {
	judged := [object.union(found, {"name": signer.name}) |
		some signer in required.signers
		found := requirements.judged(required, signer, image, answered, now)
	]
	count(judged) == count(required.signers)
	refusals := [each | some each in judged; not each.match]
	people := [_people(required, required.signers[index], each.match) | some index, each in judged; each.match]
}

# Who is behind a signer's signatures: the key, however it is written, or those whom the certificates name.
_people(required, signer, _) := {_key(pem)} if pem := requirements.key(required, signer)

_people(required, signer, match) := {[signature.issuer, signature.subject] |
	some signature in requirements.signatures(required, match)
} if {
	not requirements.key(required, signer)
}

# The key alone: what stands around its PEM block (`# ann's key`), headers in it, and white space are no part of it.
_key(pem) := regex.replace(hex.encode(base64.decode(_body(pem))), _rsa_envelope, "") if {
	regex.match(`^[A-Za-z0-9+/]+={0,2}$`, _body(pem))
	count(_body(pem)) % 4 == 0
} else := _body(pem)

_body(pem) := regex.replace(headless, `\s`, "") if {
	block := regex.replace(pem, `(?s)^.*-----BEGIN [^-]*-----|-----END .*$`, "")
	headless := regex.replace(block, `(?m)^.*:.*$`, "")
}

# What SPKI (`PUBLIC KEY`) has around an RSA key in PKCS#1 (`RSA PUBLIC KEY`), in hexadecimal: lengths, rsaEncryption.
_rsa_envelope := `^3082[0-9a-f]{4}300[bd]06092a864886f70d010101(0500)?0382[0-9a-f]{4}00`

# How many of the signers can be distinguished, if each of them is to be somebody else: all of them, less what is missing
# in the worst crowd of signers behind whom there are fewer people (theorem of Hall).
_different(people) := min(counts) if {
	counts := {told_apart |
		some subset in numbers.range(0, bits.lsh(1, count(people)) - 1)
		crowd := [index | some index, _ in people; bits.and(bits.rsh(subset, index), 1) == 1]
		told_apart := (count(people) - count(crowd)) + count(union({people[index] | some index in crowd}))
	}
}

# The rules that cover an image.
_rules(context, image) := [rule |
	some rule in context.given.rules
	parameters.covered(rule.images, image.text)
]
