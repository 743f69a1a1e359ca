# METADATA
# title: Template of MaximumImageAge
# description: |
#   Images that were built longer ago than a policy allows. Two Constraints of the kind stand side by side, one that
#   denies and one that warns; each reports its own class of verdicts.
package maximumimageage

import future.keywords

import data.lib.bestbefore.age
import data.lib.bestbefore.answers
import data.lib.bestbefore.messages
import data.lib.bestbefore.parameters

# An image is reported unless its verdict is none of this Constraint's business.
violation contains messages.own(image, verdict, answers.ref(age.question(image))) if {
	some image in _images
	verdict := object.union(age.verdict(_context, image, _response), {"policy": "MaximumImageAge"})
	not age.settled(_context, verdict)
}

violation contains messages.unreadable if not _images

_context := {
	"given": parameters.complete(input.parameters),
	"review": input.review,
	"now": time.now_ns(),
}

_images := age.images(_context)

questions := age.questions(_context, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
