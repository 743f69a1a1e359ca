# METADATA
# title: Signers
# description: |
#   SignedImages: who must have signed which image. A context is `{given, review, now}`: the parameters with their
#   defaults, Gatekeeper's review, and the time in nanoseconds since 1970. Every verdict has a class: pass, warn, deny, or
#   invalid where no sense can be made of the parameters or of an answer.
package lib.bestbefore.signers

import future.keywords

import data.lib.bestbefore.authorities
import data.lib.bestbefore.exemptions
import data.lib.bestbefore.glob
import data.lib.bestbefore.pinning
import data.lib.bestbefore.reference
import data.lib.bestbefore.signing_parameters
import data.lib.bestbefore.workload

_classes := {"allow": "pass", "warn": "warn", "deny": "deny"}

# What says nothing of an image: with an answer it might have been signed well enough.
_unanswered := {
	"Internal",
	"Overloaded",
	"ProviderUnavailable",
	"QuestionUnsupported",
	"RegistryUnavailable",
	"Throttled",
	"Timeout",
}

# METADATA
# description: The images of a review to judge, each with the reference to ask about.
images(context) := [object.union(image, {"asked": asked.text, "note": asked.note}) |
	some image in workload.judged(context.review, [])
	asked := workload.asked(context.review, image)
]

# METADATA
# description: The keys to ask in one call, one for each image and signer. None for images about which no rule decides.
questions(context, images) := sort({question |
	some image in images
	_is_open(context, image)
	some rule in _rules(context, image)
	some signer in rule.signers
	some question in authorities.questions(_authority(signer), image)
})

# METADATA
# description: |
#   Whether a Constraint has nothing to say of a verdict: it passed, or it is of the class that its twin reports.
settled(_, verdict) if verdict.class == "pass"

settled(context, verdict) if {
	context.given.reports == "deny"
	verdict.class == "warn"
}

settled(context, verdict) if {
	context.given.reports == "warn"
	verdict.class == "deny"
}

# METADATA
# description: |
#   The verdict on an image: `class`, and where it is not "pass" `reason`, `said`, `note`, `ref`, `details`. Every rule
#   that covers the image must be satisfied. Total.
default verdict(_, _, _) := {
	"class": "invalid",
	"reason": "Internal",
	"said": "No verdict could be reached.",
	"note": "",
	"ref": "",
	"details": {"class": "invalid"},
}

verdict(context, image, response) := _failed("invalid", "ParametersInvalid", said, context, image) if {
	problems := signing_parameters.problems(context.given)
	count(problems) > 0
	said := sprintf("No image can be judged: %s.", [concat("; ", problems)])
} else := _failed("deny", "ReferenceInvalid", "The image reference is malformed.", context, image) if {
	not reference.parsed(image.text)
} else := {"class": "pass"} if {
	_is_exempt(context, image)
} else := _uncovered(context, image) if {
	count(_rules(context, image)) == 0
} else := {"class": "pass"} if {
	results := _results(context, image, response)
	count(results) > 0
	count(results) == count(_rules(context, image))
	every result in results {
		result.signed >= result.needed
	}
} else := _unsigned(context, image, _results(context, image, response))

# METADATA
# description: |
#   The verdict on an image that had to be named by its digest and is not. Undefined where none is wanted: by pinning's
#   rules, and of an image whose signatures nobody looks at.
unpinned(context, image) := object.union(_failed(class, "DigestMissing", said, context, image), {"note": note}) if {
	_is_open(context, image)
	count(_rules(context, image)) > 0
	class := pinning.finding(context.given.digest, context.review, image)
	said := "The image is named by a tag, which may mean another image tomorrow."
	note := "signatures are of a digest"
}

_failed(class, reason, said, context, image) := {
	"class": class,
	"reason": reason,
	"said": said,
	"note": _notes([image.note, _exemption_note(context, image)]),
	"ref": "",
	"details": {"class": class},
}

_uncovered(context, image) := {"class": "pass"} if {
	context.given.unmatched == "allow"
} else := _failed(_classes[context.given.unmatched], "NoMatchingPolicy", said, context, image) if {
	said := "No rule says who has to sign this image."
}

_unsigned(context, image, results) := {
	"class": "deny",
	"reason": decisive.reason,
	"said": said,
	"note": _notes([image.note, _alike(lacking), _lines(lacking.refusals), _exemption_note(context, image)]),
	"ref": object.get(decisive, "ref", ""),
	"details": {
		"class": "deny",
		"quorum": lacking.needed,
		"signers": lacking.names,
		"signed": lacking.signed,
		"missing": [{"name": each.name, "reason": each.reason} | some each in lacking.refusals],
	},
} if {
	lacking := [result | some result in results; not result.signed >= result.needed][0]
	decisive := _decisive(lacking)
	said := sprintf("%s %d of %d signers needed.", [_who(lacking), lacking.needed, count(lacking.names)])
}

# What kept the image from passing: a question without an answer only where an answer could have let it pass.
_decisive(result) := undecided[0] if {
	undecided := [each | some each in result.refusals; each.reason in _unanswered]
	count(undecided) > 0
	result.signed + count(undecided) >= result.needed
} else := definite[0] if {
	definite := [each | some each in result.refusals; not each.reason in _unanswered]
	count(definite) > 0
} else := {"reason": "IdentityMismatch"}

_who(result) := sprintf("Image is not signed by %s;", [concat(", ", missing)]) if {
	missing := [sprintf("%s (%s)", [each.name, each.reason]) | some each in result.refusals]
	count(missing) > 0
} else := "Image is signed, but not by different people;"

_alike(result) := sprintf("%d signers are %d here", [result.vouching, result.signed]) if {
	result.vouching > result.signed
} else := ""

_lines(refusals) := concat("; ", [each.line | some each in refusals])

# A result for each rule that covers the image, none left out.
_results(context, image, response) := [result |
	some rule in _rules(context, image)
	result := _result(rule, image, response)
]

_result(rule, image, response) := {
	"needed": object.get(rule, "quorum", 1),
	"names": [signer.name | some signer in rule.signers],
	"vouching": count(judged) - count(refusals),
	"signed": _different(people),
	"refusals": refusals,
} if {
	judged := [object.union(authorities.judged(_authority(signer), image, response), {"name": signer.name}) |
		some signer in rule.signers
	]
	count(judged) == count(rule.signers)
	refusals := [each | some each in judged; not each.match]
	people := [_people(rule.signers[index], each.match) | some index, each in judged; each.match]
}

# Nothing but what a signer may be reaches the judgement: no static verdict, whatever the parameters hold.
_authority(signer) := object.filter(signer, ["name", "verify", "identities"])

# Who is behind a signer's signatures: the key, however it is written, or those whom the certificates name.
_people(signer, _) := {regex.replace(signer.verify.key.data, `\s`, "")} if {
	signer.verify.key
}

_people(signer, match) := {[signature.issuer, signature.subject] | some signature in match.signatures} if {
	not signer.verify.key
}

# How many of the signers can be told apart, if each of them is to be somebody else: all of them, less what is missing
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
	_covers(rule, image)
]

_covers(rule, image) if {
	some each in rule.images
	glob.covers(each.glob, image.text)
}

# Whether the image is to be judged by its signatures.
_is_open(context, image) if {
	count(signing_parameters.problems(context.given)) == 0
	reference.parsed(image.text)
	not _is_exempt(context, image)
}

_is_exempt(context, image) if {
	exemptions.in_force(context.given.exemptions, image.text, _namespace(context.review), context.now)
}

_exemption_note(context, image) := exemptions.note(
	context.given.exemptions,
	image.text,
	_namespace(context.review),
	context.now,
)

_notes(notes) := concat("; ", [note | some note in notes; note != ""])

_namespace(review) := namespace if {
	namespace := object.get(review, "namespace", "")
	namespace != ""
} else := object.get(review, ["object", "metadata", "namespace"], "")
