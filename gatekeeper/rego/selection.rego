# METADATA
# title: Selection
# description: Says whether a ClusterImagePolicy looks at an image of an object (`spec.images`, `spec.match`).
package lib.bestbefore.selection

import future.keywords

import data.lib.bestbefore.glob

_resources := {
	"Pod": "pods",
	"ReplicaSet": "replicasets",
	"Deployment": "deployments",
	"StatefulSet": "statefulsets",
	"DaemonSet": "daemonsets",
	"Job": "jobs",
	"CronJob": "cronjobs",
}

# METADATA
# description: Whether the policy covers the image in this review. No `match` means every object.
selected(policy, review, text) if {
	some image in policy.images
	glob.covers(image.glob, text)
	_matched(policy, review)
}

_matched(policy, _) if count(object.get(policy, "match", [])) == 0

_matched(policy, review) if {
	some entry in policy.match
	entry.resource == _resources[review.kind.kind]
	object.get(entry, "group", "") == object.get(review.kind, "group", "")
	_version_fits(object.get(entry, "version", ""), review.kind.version)
	_labels_fit(object.get(entry, "selector", {}), object.get(review.object, ["metadata", "labels"], {}))
}

_version_fits("*", _)

_version_fits(version, version)

_labels_fit(selector, labels) if {
	every key, value in object.get(selector, "matchLabels", {}) {
		labels[key] == value
	}
	every expression in object.get(selector, "matchExpressions", []) {
		_expression_fits(expression, labels)
	}
}

_expression_fits(expression, labels) if {
	expression.operator == "In"
	_has_one_of(labels, expression.key, expression.values)
}

# `not … in` over a label that is not there would be undefined, not true.
_expression_fits(expression, labels) if {
	expression.operator == "NotIn"
	not _has_one_of(labels, expression.key, expression.values)
}

_expression_fits(expression, labels) if {
	expression.operator == "Exists"
	_ = labels[expression.key]
}

_expression_fits(expression, labels) if {
	expression.operator == "DoesNotExist"
	not labels[expression.key]
}

_has_one_of(labels, key, values) if labels[key] in values
