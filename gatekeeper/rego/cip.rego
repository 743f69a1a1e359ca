# METADATA
# title: ClusterImagePolicy
# description: |
#   What every translated ClusterImagePolicy does: which images it looks at, what it asks about them, and how its
#   authorities and its own rule come to a verdict. The template itself holds the call and the policy's own rule.
package lib.bestbefore.cip

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.authorities
import data.lib.bestbefore.compliance
import data.lib.bestbefore.messages
import data.lib.bestbefore.pinning as pinning_rules
import data.lib.bestbefore.reference
import data.lib.bestbefore.selection
import data.lib.bestbefore.workload

# METADATA
# description: |
#   The images of a review that the policy has to judge, each with the reference to ask about. Undefined for a policy
#   that covers nothing: then it cannot be read, and the template refuses.
images(policy, review) := [object.union(image, {"asked": asked.text, "note": asked.note}) |
	some image in workload.judged(review, _observed(policy))
	selection.selected(policy, review, image.text)
	asked := workload.asked(review, image)
] if {
	count(policy.images) > 0
}

# METADATA
# description: The key that asks for the facts of an image; canonical, so that policies share the answer.
question(image) := json.marshal({"v": 1, "image": image.asked, "config": true})

# METADATA
# description: The keys to ask in one call. None where no document of the image decides.
questions(policy, images) := sort(facts | proofs) if {
	facts := {question(image) | some image in images; _needs_facts(policy, image)}
	proofs := {proof |
		some image in images
		_admissible(image)
		some authority in policy.authorities
		some proof in authorities.questions(authority, image)
	}
}

# METADATA
# description: |
#   The input of the policy's own rule for an image, as policy-controller builds it. Undefined where the rule has
#   nothing to decide: no authority matched, or the facts it looks at are not there.
document(policy, review, image, response) := object.union_n([
	{"authorityMatches": matches},
	_config(policy, image, response),
	_include(policy.rego, "includeSpec", "spec", review.object),
	_include(policy.rego, "includeObjectMeta", "metadata", review.object),
	_typemeta(policy.rego, review.object),
]) if {
	_admissible(image)
	matches := _matches(policy, image, response)
	count(matches) > 0
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

verdict(policy, image, response, values) := _failed(image, {
	"reason": "ReferenceInvalid",
	"said": said,
	"line": said,
}) if {
	not _admissible(image)
	said := sprintf("could not parse reference: %s", [image.text])
} else := _failed(image, object.union(refusals[0], {"line": _lines(refusals, "")})) if {
	count(_matches(policy, image, response)) == 0
	refusals := _refusals(policy, image, response)
} else := {"passed": true} if {
	not policy.rego
	count(_matches(policy, image, response)) > 0
} else := _failed(image, {
	"reason": answer.reason,
	"said": sprintf("%s: %s", [answer.reason, answer.message]),
	"line": _lines(_refusals(policy, image, response), answer.message),
}) if {
	_needs_facts(policy, image)
	answer := answers.lookup(response, question(image))
	not answer.value.config
} else := {"passed": true} if {
	count(_matches(policy, image, response)) > 0
	compliance.judged(values).passed == true
} else := _failed(image, {
	"reason": "PolicyFailed",
	"said": judged.said,
	"line": _lines(_refusals(policy, image, response), judged.line),
	"digest": object.get(facts, "digest", ""),
	"created": object.get(facts, "created", null),
}) if {
	judged := compliance.judged(values)
	facts := _facts(policy, image, response)
}

# METADATA
# description: The violation to report for an image. Total.
default violation(_, _, _) := {
	"msg": "the image is not proved to comply, and the policy has no name",
	"details": {"reason": "Internal"},
}

violation(policy, image, verdict) := messages.violation(
	sprintf("failed policy: %s", [policy.name]),
	image,
	object.union(verdict, {"policy": policy.name}),
	object.get(verdict, "ref", _ref(policy, image)),
)

# METADATA
# description: |
#   Whether to report that an image is not named by its digest. A policy may deny some of that and only warn of other;
#   each of its two Constraints reports its own class (`reports`).
pinning(policy, review, image) if {
	class := pinning_rules.finding(object.get(policy, "digest", "off"), review, image)
	object.get(policy, "reports", class) == class
}

# METADATA
# description: The violation for an image that is not named by its digest.
unpinned(policy, image) := messages.violation(
	sprintf("failed policy: %s", [policy.name]),
	image,
	{
		"policy": policy.name,
		"reason": "DigestMissing",
		"said": "The image is named by a tag, which may mean another image tomorrow.",
		"line": "must be an image digest",
	},
	"",
)

_failed(image, why) := object.union({"passed": false, "note": image.note}, why)

# Why authorities did not match. Where others did and the rule fails, policy-controller tells of these as well.
_refusals(policy, image, response) := [judged |
	some authority in policy.authorities
	judged := authorities.judged(authority, image, response)
	not judged.match
]

_lines(refusals, last) := trim_space(concat(" ", array.concat([refusal.line | some refusal in refusals], [last])))

_admissible(image) if reference.parsed(image.text)

_matches(policy, image, response) := {authority.name: match |
	some authority in policy.authorities
	match := authorities.judged(authority, image, response).match
}

_needs_facts(policy, image) if {
	policy.rego.fetchConfigFile == true
	_admissible(image)
	some authority in policy.authorities
	authorities.hopeful(authority)
}

_facts(policy, image, response) := answers.lookup(response, question(image)).value if {
	_needs_facts(policy, image)
} else := {}

_config(policy, image, response) := {} if {
	not policy.rego.fetchConfigFile == true
} else := {"config": _facts(policy, image, response).config}

_observed(policy) := [part |
	some flag, part in {"includeSpec": "spec", "includeObjectMeta": "metadata", "includeTypeMeta": "typemeta"}
	policy.rego[flag] == true
]

_include(rego, flag, field, reviewed) := {field: reviewed[field]} if {
	rego[flag] == true
} else := {}

_typemeta(rego, reviewed) := {"typemeta": {"kind": reviewed.kind, "apiVersion": reviewed.apiVersion}} if {
	rego.includeTypeMeta == true
} else := {}

_ref(policy, image) := answers.ref(question(image)) if {
	_needs_facts(policy, image)
} else := ""
