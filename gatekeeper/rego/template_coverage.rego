# METADATA
# title: Template for images that no policy covers
# description: What happens when no ClusterImagePolicy matches is a setting of the cluster, not of a policy.
package clusterimagepolicycoverage

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.messages
import data.lib.bestbefore.selection
import data.lib.bestbefore.workload

violation contains messages.violation("no matching policies", image, _verdict(image)) if {
	some image in _images
	not _covered(image)
}

violation contains messages.unreadable(input) if not _images

_images := workload.asked(input.review, judged) if {
	judged := [image |
		not controllers.implied(input.review, object.get(input, ["parameters", "workloads"], []))
		some image in workload.judged(input.review, _labels)
	]
}

# A change of these may take an object away from the policy that covered its images.
_labels := [label | some policy in input.parameters.policies; some label in selection.labels(policy)]

# Of this object.
_policies := [policy | some policy in input.parameters.policies; selection.matches(policy, input.review)]

_covered(image) if {
	some policy in _policies
	selection.covers_as_written(policy, image.text)
}

_verdict(image) := {
	"policy": "",
	"reason": "NoMatchingPolicy",
	"said": "No policy covers this image.",
	"line": sprintf("%s is uncovered by policy", [image.text]),
	"reasonsUrl": object.get(input, ["parameters", "reasonsUrl"], ""),
}
