# METADATA
# title: Template for images that no policy covers
# description: What happens when no ClusterImagePolicy matches is a setting of the cluster, not of a policy.
package clusterimagepolicycoverage

import future.keywords

import data.lib.bestbefore.messages
import data.lib.bestbefore.selection
import data.lib.bestbefore.workload

violation contains messages.violation("no matching policies", image, _verdict(image), "") if {
	some image in _images
	not _covered(image)
}

violation contains messages.unreadable if not _images

_images := workload.judged(input.review, [])

_covered(image) if {
	some policy in input.parameters.policies
	selection.selected(policy, input.review, image.text)
}

_verdict(image) := {
	"policy": "",
	"reason": "NoMatchingPolicy",
	"said": "No policy covers this image.",
	"line": sprintf("(%s is uncovered by policy)", [image.text]),
}
