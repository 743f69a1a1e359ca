# METADATA
# title: Pinning
# description: |
#   Says whether an image had to be named by its digest. Only the creation of a real Pod can be held to it: what a tag
#   means there is what will run. Workloads keep the text that their author wrote, since Pods are pinned at creation.
package lib.bestbefore.pinning

import future.keywords

import data.lib.bestbefore.reference

# METADATA
# description: |
#   What to do about an image without a digest, "deny" or "warn"; undefined where nothing is. `setting` is require, warn
#   or off.
finding(setting, review, image) := "deny" if {
	setting == "require"
	_real_pod(review)
	not pinned(image)
} else := "warn" if {
	setting in {"require", "warn"}
	review.operation in {"CREATE", "UPDATE"}
	not _expanded(review)
	not pinned(image)
}

# METADATA
# description: Whether the image is named by a digest. A malformed reference is none.
pinned(image) if reference.parsed(image.text).digest != ""

_real_pod(review) if {
	review.operation == "CREATE"
	review.kind.kind == "Pod"
	object.get(review, "uid", "") != ""
}

# What Gatekeeper's expansion makes of a workload has no uid: mutation will meet the real Pod later.
_expanded(review) if {
	review.kind.kind == "Pod"
	object.get(review, "uid", "") == ""
}
