# METADATA
# title: Template of a ClusterImagePolicy with a rule of its own
# description: |
#   The translator writes the template's own package here, and the package that holds the policy's rule.
package template_rule

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.cip
import data.lib.bestbefore.messages
import data.lib.policies.template_rule as rule

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

_verdict(image) := cip.verdict(input.parameters, image, _response, _values(image))

# What the policy's own rule comes to; none where it is undefined.
_values(image) := [value |
	value := rule.isCompliant with input as cip.document(input.parameters, input.review, image, _response)
]

questions := cip.questions(input.parameters, _images)

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
