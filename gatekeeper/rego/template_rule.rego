# METADATA
# title: Template of a ClusterImagePolicy with a rule of its own
# description: |
#   The translator writes the template's own package here, and the package that holds the policy's rule.
package template_rule

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.cip
import data.lib.bestbefore.messages
import data.lib.bestbefore.pinning
import data.lib.bestbefore.waivers
import data.lib.bestbefore.workload
import data.lib.policies.template_rule as rule

# An image is denied unless it is proved to comply.
violation contains cip.violation(input.parameters, known.image, verdict) if {
	cip.judging(input.parameters)
	some known in _known
	values := [value | some value in _values[known.documents[_]]]
	found := cip.verdict(input.parameters, known.image, known.answered, values)
	not found.passed == true
	verdict := _waived(known.image, found)
	not cip.settled(input.parameters, verdict)
}

violation contains cip.violation(input.parameters, image, verdict) if {
	class := cip.pinning(input.parameters, input.review)
	some image in _images
	not pinning.pinned(image)
	verdict := _waived(image, cip.unpinned(image, class))
	not cip.settled(input.parameters, verdict)
}

# Waivers are looked at once, and only where there is something to waive.
_waived(image, verdict) := cip.waived(input.parameters, image, verdict, _candidates) if {
	cip.may_waive(input.parameters, verdict)
} else := verdict

_candidates := waivers.candidates(input.parameters, workload.namespace(input.review), _synced)

# The Waivers of the cluster for the namespace, in a template that reads them.
_synced := []

violation contains messages.unreadable(input) if not _images

# The paths that the rule reads of each platform's configuration, as the translator has proved; true is all of it.
_config := true

# Without `rego` the rule would not be asked.
_images := cip.images(input.parameters, input.review, _config) if is_object(input.parameters.rego)

# What was said of each image, and the document that the rule gets of it, a list of one; of none where the rule has
# nothing to decide.
_known := [{"image": image, "answered": answered, "documents": documents} |
	some image in _images
	answered := {key: _answered[key] | some key in cip.questions(input.parameters, [image])}
	documents := [document | document := cip.document(input.parameters, image, answered)]
]

_object_document := cip.object_document(input.parameters, input.review.object)

# What the rule comes to; none where it is undefined. It is asked once about images of which it is given the same.
_values := {document: values |
	some document in {each | some each in _known[_].documents}
	values := [value | value := rule.isCompliant with input as object.union(document, _object_document)]
}

_answered := answers.taken(answers.by_key(_response, questions), input.parameters)

questions := cip.questions(input.parameters, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
