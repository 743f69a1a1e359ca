# METADATA
# title: Pinning
# description: |
#   Says whether an image had to be named by its digest. Only the creation of a real Pod can be held to it: what a tag
#   means there is what will run. Workloads keep the text that their author wrote, since Pods are pinned at creation.
package lib.bestbefore.pinning

import future.keywords

import data.lib.bestbefore.kinds
import data.lib.bestbefore.reference

# METADATA
# description: |
#   What to do about images without a digest, "deny" or "warn"; undefined where nothing is. `setting` is require, warn
#   or off. A container added to a running Pod is warned of at most, a workload only where the policy asks for warnings.
finding(setting, review) := "deny" if {
	setting == "require"
	_real_pod(review)
} else := "warn" if {
	setting == "require"
	_running_pod(review)
} else := "warn" if {
	setting == "warn"
	_written_by_somebody(review)
}

# METADATA
# description: What to say of an image without a digest. An update of a running Pod may have taken it away.
said(image) := "This update un-pins the Pod: its container restarts with what the tag means now." if {
	object.get(image, "unpins", false)
} else := "The image is named by a tag, which may mean another image tomorrow."

# METADATA
# description: Whether the image is named by a digest. A malformed reference is none.
pinned(image) if reference.parsed(image.text).digest != ""

_real_pod(review) if {
	review.operation == "CREATE"
	review.kind.kind == "Pod"
	object.get(review, "uid", "") != ""
}

_running_pod(review) if {
	review.operation == "UPDATE"
	review.kind.kind == "Pod"
}

# What Gatekeeper's expansion makes of a workload has no uid: mutation will meet the real Pod later.
_written_by_somebody(review) if _real_pod(review)

_written_by_somebody(review) if _running_pod(review)

_written_by_somebody(review) if {
	review.operation in {"CREATE", "UPDATE"}
	review.kind.kind in kinds.makers
}
