# METADATA
# title: Template of a ClusterImagePolicy that its authorities decide
# description: |
#   Shared by every ClusterImagePolicy without a rule of its own: the same bytes for all of them.
package clusterimagepolicyauthorities

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.cip
import data.lib.bestbefore.messages
import data.lib.bestbefore.pinning

# An image is denied unless it is proved to comply.
violation contains cip.violation(input.parameters, image, verdict) if {
	not input.parameters.reports == "warn"
	some image in _images
	verdict := cip.verdict(input.parameters, image, _of(image), [])
	not verdict.passed == true
}

violation contains cip.unpinned(input.parameters, image) if {
	cip.pinning(input.parameters, input.review)
	some image in _images
	not pinning.pinned(image)
}

violation contains messages.unreadable(input) if not _images

_images := cip.images(input.parameters, input.review, true)

_answered := answers.taken(answers.by_key(_response, questions), input.parameters)

# What was said of one image.
_of(image) := {key: _answered[key] | some key in cip.questions(input.parameters, [image])}

questions := cip.questions(input.parameters, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
