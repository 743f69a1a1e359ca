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
import data.lib.bestbefore.waivers
import data.lib.bestbefore.workload

# An image is denied unless it is proved to comply.
violation contains cip.violation(input.parameters, image, verdict) if {
	cip.judging(input.parameters)
	some image in _images
	found := cip.verdict(input.parameters, image, _of(image), [])
	not found.passed == true
	verdict := _waived(image, found)
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

_images := cip.images(input.parameters, input.review, true)

_answered := answers.taken(answers.by_key(_response, questions), input.parameters)

# What was said of one image.
_of(image) := {key: _answered[key] | some key in cip.questions(input.parameters, [image])}

questions := cip.questions(input.parameters, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
