# METADATA
# title: Selection
# description: Says whether a ClusterImagePolicy looks at an image of an object (`spec.images`, `spec.match`).
package lib.bestbefore.selection

import future.keywords

import data.lib.bestbefore.glob
import data.lib.bestbefore.kinds
import data.lib.bestbefore.reference

# METADATA
# description: |
#   Whether it can be read what the policy covers: a glob that is missing, an operator that nobody knows, or one without
#   its values would leave images out without a word.
readable(policy) if {
	count(policy.images) > 0
	every image in policy.images {
		glob.is_valid(image.glob)
	}
	every entry in object.get(policy, "match", []) {
		is_string(entry.resource)
		_is_selector(object.get(entry, "selector", {}))
	}
}

_is_selector(selector) if {
	is_object(selector)
	is_object(object.get(selector, "matchLabels", {}))
	every expression in object.get(selector, "matchExpressions", []) {
		is_string(expression.key)
		_is_comparison(expression)
	}
}

_is_comparison(expression) if expression.operator in {"Exists", "DoesNotExist"}

_is_comparison(expression) if {
	expression.operator in {"In", "NotIn"}
	is_array(expression.values)
	count(expression.values) > 0
}

# METADATA
# description: Whether the policy looks at the object of this review. No `match` means every object.
matches(policy, _) if count(object.get(policy, "match", [])) == 0

matches(policy, review) if {
	some entry in policy.match
	entry.resource == kinds.resources[review.kind.kind]
	object.get(entry, "group", "") == object.get(review.kind, "group", "")
	_version_fits(object.get(entry, "version", ""), review.kind.version)
	_labels_fit(object.get(entry, "selector", {}), object.get(review.object, ["metadata", "labels"], {}))
}

# METADATA
# description: Whether the policy covers an image. Every policy covers one that cannot be read, to refuse it.
covers(policy, text) if {
	some image in policy.images
	glob.covers(image.glob, text)
}

covers(_, text) if not reference.readable_upstream(text)

# METADATA
# description: Whether the policy covers the image as policy-controller sees it, with the registry as it is written.
covers_as_written(policy, text) if {
	some image in policy.images
	glob.covers_as_written(image.glob, text)
}

# METADATA
# description: |
#   The labels that the policy selects objects by, as paths in them: a change may bring an object under the policy.
labels(policy) := [["metadata", "labels", key] |
	some key in keys
] if {
	keys := {key |
		some entry in object.get(policy, "match", [])
		some key in _selector_keys(object.get(entry, "selector", {}))
	}
}

_selector_keys(selector) := object.keys(object.get(selector, "matchLabels", {})) | {expression.key |
	some expression in object.get(selector, "matchExpressions", [])
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
