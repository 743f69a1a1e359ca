# METADATA
# title: Template of SignedImages
# description: |
#   Images that are not signed by those who must sign them. Two Constraints of the kind stand side by side, one that
#   denies and one that warns; each reports its own class of verdicts.
package signedimages

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.messages
import data.lib.bestbefore.signers
import data.lib.bestbefore.signing_parameters

# An image is reported unless its verdict is none of this Constraint's business.
violation contains messages.own(image, verdict, verdict.ref) if {
	some image in _images
	verdict := object.union({"ref": "", "policy": "SignedImages"}, signers.verdict(_context, image, _response))
	not signers.settled(_context, verdict)
}

violation contains messages.own(image, verdict, "") if {
	some image in _images
	verdict := object.union({"policy": "SignedImages"}, signers.unpinned(_context, image))
	not signers.settled(_context, verdict)
}

violation contains messages.unreadable if not _images

_context := {
	"given": signing_parameters.complete(input.parameters),
	"review": input.review,
	"now": time.now_ns(),
}

_images := signers.images(_context)

questions := signers.questions(_context, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
