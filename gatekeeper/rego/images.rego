# METADATA
# title: Images
# description: |
#   The images that a review has to judge, each with what the provider says of it, for templates of your own. All is
#   asked in one call. What has no answer is not there, so a rule that needs it does not hold: write what complies.
package lib.bestbefore.images

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.messages
import data.lib.bestbefore.pulling
import data.lib.bestbefore.workload

# METADATA
# description: |
#   Every image to judge: `{text, path, list, name}`, and `facts`, the provider's fact sheet. `wanted` says what else is
#   asked: `{"config": true}` for the image configurations in `facts.config`, `{"verify": {NAME: QUESTION}}` for the
#   signatures that are proved, in `proofs[NAME]`, a list; `{"dates": ["annotation"]}` for the date of the manifest's
#   annotation where the configuration has none; `{"podCredentials": true}` asks as the Pod pulls. `{}` asks for facts alone. Undefined where `wanted` is: then
#   nothing is judged, so deny what has no images: `violation contains images.unreadable(input) if not images.of(…)`.
of(review, wanted) := [_known(image, keys, said) |
	some image in images
	keys := _keys(image, wanted)
] if {
	is_object(wanted)
	is_object(object.get(wanted, "verify", {}))
	asked := workload.asked(review, workload.judged(review, []))
	puller := pulling.puller(object.get(wanted, "podCredentials", false), review)
	images := [object.union(image, {"puller": puller}) | some image in asked]
	all := {key | some image in images; some key in _keys(image, wanted).all}
	said := answers.by_key(_response(review, all), all)
}

# METADATA
# description: |
#   The violation where images cannot be known: a parameter is missing, or an object has more of them than are judged.
#   `document` is `input`.
unreadable(document) := messages.unreadable(document)

# METADATA
# description: |
#   The violation for an image: the sentence, or why the provider has no facts of it; where the image stands, and what
#   to do. Signatures that are not proved are named with their reasons. Total.
violation(image, sentence) := messages.own(image, verdict) if {
	verdict := {
		"policy": "",
		"reason": _reason(image),
		"said": _said(image, sentence),
		"note": _note(image),
		"question": image.question,
		"details": {},
	}
} else := messages.unproved("the image is not proved to comply, and the reason is not known")

# The keys of an image: the one of its facts, those of its proofs by name, and all of them.
_keys(image, wanted) := {"facts": facts, "proofs": proofs, "all": {facts} | {key | some key in proofs}} if {
	own := object.union({"v": 1, "image": image.asked}, image.puller)
	facts := json.marshal(object.union(own, object.filter(wanted, ["config", "dates"])))
	proofs := {name: json.marshal(object.union(own, {"verify": verify})) |
		some name, verify in object.get(wanted, "verify", {})
	}
}

# An undefined call must not admit.
_response(review, keys) := response if {
	count(keys) > 0
	response := external_data({"provider": answers.provider(review), "keys": sort(keys)})
} else := {}

_known(image, keys, said) := object.union_n([
	image,
	{
		"question": keys.facts,
		"proofs": {name: value.proofs | some name, key in keys.proofs; value := answers.lookup(said, key).value},
		"failures": {name: failure | some name, key in keys.proofs; failure := _failure(said, key)},
	},
	{"facts": facts | facts := answers.lookup(said, keys.facts).value},
	{"failure": failure | failure := _failure(said, keys.facts)},
])

_failure(said, key) := object.filter(answer, ["reason", "message", "detail"]) if {
	answer := answers.lookup(said, key)
	not answer.value
}

_reason(image) := image.failure.reason

_reason(image) := "PolicyFailed" if not image.failure

_said(image, _) := messages.unanswered(image.failure, image)

_said(image, sentence) := sprintf("%v", [sentence]) if not image.failure

_note(image) := concat("; ", [part |
	some part in array.concat([image.note, object.get(object.get(image, "failure", {}), "detail", "")], [said |
		some name, failure in image.failures
		said := sprintf("%s: %s: %s", [name, failure.reason, failure.message])
	])
	part != ""
])
