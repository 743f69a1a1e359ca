# METADATA
# title: Template of a ClusterImagePolicy that its authorities decide
# description: |
#   Shared by every ClusterImagePolicy without a rule of its own: the same bytes for all of them.
package clusterimagepolicyauthorities

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.cip
import data.lib.bestbefore.messages

# An image is refused unless it is proved to comply.
violation contains cip.violation(input.parameters, image, _verdict(image)) if {
	not input.parameters.reports == "warn"
	some image in _images
	not _verdict(image).passed == true
}

violation contains cip.unpinned(input.parameters, image) if {
	some image in _images
	cip.pinning(input.parameters, input.review, image)
}

violation contains messages.unreadable if not _images

_images := cip.images(input.parameters, input.review)

_verdict(image) := cip.verdict(input.parameters, image, _response, [])

questions := cip.questions(input.parameters, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
