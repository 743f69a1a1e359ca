# METADATA
# title: ClusterImagePolicy
# description: |
#   What every translated ClusterImagePolicy does: which images it looks at, what it asks about them, and how its
#   authorities and its own rule come to a verdict. The template itself holds the call and the policy's own rule.
package lib.bestbefore.cip

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities
import data.lib.bestbefore.built
import data.lib.bestbefore.compliance
import data.lib.bestbefore.controllers
import data.lib.bestbefore.messages
import data.lib.bestbefore.pinning as pinning_rules
import data.lib.bestbefore.pulling
import data.lib.bestbefore.reasons
import data.lib.bestbefore.reference
import data.lib.bestbefore.selection
import data.lib.bestbefore.waivers
import data.lib.bestbefore.workload

# METADATA
# description: |
#   The images of a review that the policy has to judge, each with the reference to ask about and the parts of its
#   configuration to ask for: true, or paths. Undefined for a policy that covers nothing, or nobody knows what: then the
#   template refuses.
images(policy, review, config) := workload.asked(review, selected) if {
	selection.readable(policy)
	is_object(object.get(review, "object", {}))
	own := {
		"config": config,
		"puller": pulling.puller(object.get(policy, "podCredentials", false), review),
		"namespace": workload.namespace(review),
	}
	selected := [object.union(image, own) |
		selection.matches(policy, review)
		not controllers.implied(review, object.get(policy, "workloads", []))
		some image in workload.judged(review, _read(policy, review))
		selection.covers(policy, image.text)
	]
}

# METADATA
# description: The key that asks for the facts of an image; canonical, so that policies share the answer.
question(image) := json.marshal(object.union(
	{"v": 1, "image": image.asked, "config": image.config},
	object.get(image, "puller", {}),
))

# METADATA
# description: The keys to ask in one call. None where no document of the image decides.
questions(policy, images) := sort(facts | proofs) if {
	admissible := [image | some image in images; _admissible(image)]
	facts := {question(image) | _reads_facts(policy); some image in admissible}
	proofs := {key |
		some authority in policy.authorities
		some image in admissible
		some key in authorities.questions(authority, image)
	}
}

# METADATA
# description: |
#   By key, which rules of attestations judge which statements of its answer, by their places: those by somebody whom the
#   authority with the rule names. A stranger's reaches no rule, which it might end in an error.
attested(policy, images, answered) := {key: by_rule |
	some key in {each[0] | some each in found}
	by_rule := {rule: places |
		some rule in {each[1] | some each in found; each[0] == key}
		places := {each[2] | some each in found; each[0] == key; each[1] == rule}
	}
} if {
	found := {[key, entry.rule, place] |
		some authority in policy.authorities
		some entry in authority.attestations
		entry.rule
		some image in images
		_admissible(image)
		key := authorities.asked(authority, entry, image)
		some place, _ in authorities.attestations_of(authority, answered[key])
	}
}

# METADATA
# description: |
#   What the input of the policy's own rule says of an image, as policy-controller builds it. Undefined where the rule has
#   nothing to decide: no authority matched, or the facts it looks at are not there.
document(policy, image, answered) := {"authorityMatches": matches} if {
	not policy.rego.fetchConfigFile == true
	matches := _matches(policy, image, answered)
} else := {"authorityMatches": matches, "config": answered[question(image)].value.config} if {
	matches := _matches(policy, image, answered)
}

# METADATA
# description: What the input of the policy's own rule says of the object, the same for all of its images.
object_document(policy, reviewed) := {field: part |
	some flag, field in {"includeSpec": "spec", "includeObjectMeta": "metadata", "includeTypeMeta": "typemeta"}
	policy.rego[flag] == true
	part := _part(reviewed, field)
}

# METADATA
# description: |
#   The verdict on an image: `{"passed": true}`, or passed false with reason, said, line, note. `values` are those of
#   the policy's own rule for the document above. Total.
default verdict(_, _, _, _) := {
	"passed": false,
	"reason": "Internal",
	"said": "",
	"line": "no verdict could be reached",
}

verdict(policy, image, answered, values) := {"passed": true} if {
	document(policy, image, answered)
	_complies(policy, values)
} else := _failed(image, {
	"reason": "ReferenceInvalid",
	"said": _unreadable(image),
	"line": sprintf("could not parse reference: %s", [image.text]),
}) if {
	not _admissible(image)
} else := _failed(image, object.union(_decisive(refusals), {"line": _lines(refusals, ""), "note": _note(image, refusals)})) if {
	not _matches(policy, image, answered)
	refusals := _refusals(policy, image, answered)
} else := _failed(image, {
	"reason": answer.reason,
	"said": messages.unanswered(answer, image),
	"line": _lines(_refusals(policy, image, answered), answer.message),
	"note": messages.notes([image.note, object.get(answer, "detail", "")]),
}) if {
	_needs_facts(policy, image)
	answer := answers.lookup(answered, question(image))
	not answer.value.config
} else := _failed(image, {
	"reason": "PolicyFailed",
	"said": judged.said,
	"line": _lines(_refusals(policy, image, answered), judged.line),
	"digest": object.get(facts, "digest", ""),
	"created": object.get(facts, "created", null),
	"built": built.said(facts, time.now_ns()),
}) if {
	judged := compliance.judged(values)
	facts := _facts(policy, image, answered)
}

# METADATA
# description: The violation to report for an image. Total.
violation(policy, image, verdict) := messages.violation(sprintf("failed policy: %s", [policy.name]), image, known) if {
	known := object.union_n([
		{"question": _asked(policy, image)},
		verdict,
		{"policy": policy.name, "reasonsUrl": object.get(policy, "reasonsUrl", "")},
	])
} else := messages.unproved("the image is not proved to comply, and the policy has no name")

# METADATA
# description: |
#   The class of what is to be said of images that are not named by their digest, "deny" or "warn"; undefined where
#   nothing is. A policy may deny some of that and only warn of other; each of its two Constraints reports its own class
#   (`reports`), and the one that warns shows what of the other's is waived.
pinning(policy, review) := class if {
	class := pinning_rules.finding(object.get(policy, "digest", "off"), review)
	object.get(policy, "reports", class) == class
} else := "deny" if {
	_shows_waivers(policy)
	pinning_rules.finding(object.get(policy, "digest", "off"), review) == "deny"
} else := "warn" if {
	# A pair has `digest: require` or `digest: warn` in both, unless it is one for the sake of waivers. Where the one that
	# warns says `off`, it was changed, and what the other one does is not known: it warns all the same.
	policy.reports == "warn"
	policy.digest == "off"
	not _shows_waivers(policy)
	pinning_rules.finding("warn", review)
}

# METADATA
# description: The verdict on an image that is not named by its digest; `class` is what it leads to.
unpinned(image, class) := {
	"class": class,
	"reason": "DigestMissing",
	"said": pinning_rules.said(image),
	"line": "must be an image digest",
	"question": "",
}

# METADATA
# description: Whether a Constraint looks at verdicts at all. Of a pair the one that warns does where waivers are to be shown.
judging(policy) if not policy.reports == "warn"

judging(policy) if _shows_waivers(policy)

# METADATA
# description: Whether a Constraint has nothing to say of a failed verdict, because it is waived, or its twin reports it.
settled(policy, verdict) if {
	verdict.waiver
	not policy.reports == "warn"
}

settled(policy, verdict) if {
	policy.reports == "warn"
	not verdict.waiver
	object.get(verdict, "class", "deny") == "deny"
}

# METADATA
# description: Whether a failed verdict is one that a Waiver can let pass.
may_waive(policy, verdict) if {
	object.get(verdict, "class", "deny") == "deny"
	waivers.may_waive(policy, verdict.reason)
}

# METADATA
# description: |
#   A verdict that may be waived, as it is with the Waivers that name policy and namespace: it has a `waiver` where one of
#   them holds; else its note says of those that cover the image why they do not. Total.
waived(policy, image, verdict, candidates) := object.union(verdict, {
	"reason": "Waived",
	"said": waivers.said(waiver),
	"note": messages.notes([object.get(verdict, "note", ""), waivers.without(verdict)]),
	"waived": object.filter(verdict, ["reason", "said"]),
	"waiver": waiver,
}) if {
	waiver := waivers.holding(candidates, policy, image.text, time.now_ns())
} else := object.union(verdict, {"waivable": policy.name, "note": messages.notes([object.get(verdict, "note", ""), said])}) if {
	said := waivers.note(candidates, policy, image.text, time.now_ns())
} else := verdict

_shows_waivers(policy) if {
	policy.reports == "warn"
	policy.waivers.allowed == true
}

# Authorities have vouched for the image: a rule that the policy may have decides.
_complies(policy, _) if not policy.rego

_complies(_, values) if compliance.judged(values).passed == true

_failed(image, why) := object.union({"passed": false, "note": image.note}, why)

# Why authorities did not match. Where others did and the rule fails, policy-controller names these as well.
_refusals(policy, image, answered) := [judged |
	some authority in policy.authorities
	judged := authorities.judged(authority, image, answered)
	not judged.match
]

# The image's own note, and what authorities add for people.
_note(image, refusals) := concat("; ", [note | some note in array.concat([image.note], [each.hint | some each in refusals]); note != ""])

# One authority is enough, so where one has no answer nobody knows whether the image passes; a check has no verdict. Of
# attestations of two types, what is wrong with the one that is there says more than that the other is not.
_decisive(refusals) := undecided[0] if {
	undecided := [refusal | some refusal in refusals; refusal.reason in reasons.no_answer]
	count(undecided) > 0
} else := rejected[0] if {
	refusals[0].reason == "AttestationAbsent"
	rejected := [refusal | some refusal in refusals; refusal.reason == "AttestationRejected"]
	count(rejected) > 0
} else := refusals[0]

_lines(refusals, last) := trim_space(concat(" ", array.concat([refusal.line | some refusal in refusals], [last])))

_unreadable(image) := "No ClusterImagePolicy can judge a digest of SHA-512; name the image by one of SHA-256, or by a tag." if {
	reference.parsed(image.text)
} else := "The image reference is malformed."

_admissible(image) if reference.readable_upstream(image.text)

# The authorities that vouch for the image, with what they found; undefined where there are none.
_matches(policy, image, answered) := matches if {
	_admissible(image)
	matches := {authority.name: match |
		some authority in policy.authorities
		match := authorities.judged(authority, image, answered).match
	}
	count(matches) > 0
}

_needs_facts(policy, image) if {
	_reads_facts(policy)
	_admissible(image)
}

# A rule that no authority can lead to reads nothing.
_reads_facts(policy) if {
	policy.rego.fetchConfigFile == true
	some authority in policy.authorities
	authorities.hopeful(authority)
}

_facts(policy, image, answered) := answers.lookup(answered, question(image)).value if {
	_needs_facts(policy, image)
} else := {}

# What makes the policy judge an image again: what its rule reads of the object, and the labels that it selects by.
# Of an object that is new, nothing has changed.
_read(policy, review) := [] if {
	review.operation == "CREATE"
} else := array.concat(_read_by_rule(policy), selection.labels(policy))

_read_by_rule(policy) := [path |
	some flag, part in {"includeSpec": "spec", "includeObjectMeta": "metadata"}
	policy.rego[flag] == true
	some path in object.get(policy.rego, "reads", [["spec"], ["metadata"]])
	path[0] == part
]

_part(reviewed, field) := {"kind": reviewed.kind, "apiVersion": reviewed.apiVersion} if {
	field == "typemeta"
} else := reviewed[field]

_asked(policy, image) := question(image) if {
	_needs_facts(policy, image)
} else := ""
