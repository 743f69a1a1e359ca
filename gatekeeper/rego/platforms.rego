# METADATA
# title: Platforms
# description: |
#   The platforms of an image, as go-containerregistry writes them: `os[/architecture[/variant]][:os.version]`, for
#   example `linux/arm64/v8` and `windows/amd64:10.0.17763.5329`; and those of them that a Pod can run on.
package lib.bestbefore.platforms

import future.keywords

# Labels that every kubelet gives its node.
_os_label := "kubernetes.io/os"

_arch_label := "kubernetes.io/arch"

# Architectures have several names, which container runtimes know.
_spellings := {
	"aarch64": "arm64",
	"armel": "arm",
	"armhf": "arm",
	"i386": "386",
	"x86-64": "amd64",
	"x86_64": "amd64",
}

# A node runs these where the image has nothing for its own architecture.
_stand_ins := {"386": "amd64", "arm": "arm64"}

# The variant that every machine of an architecture has. An image for a newer one (`linux/amd64/v3`) is not run by all.
_first_variants := {"amd64": "v1", "arm64": "v8"}

# METADATA
# description: Whether a text looks like the name of a platform. It is the publisher's, and stands in messages.
is_name(text) if regex.match(`^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+){0,2}(:[A-Za-z0-9._-]+)?$`, text)

# METADATA
# description: |
#   Of the names of an image's platforms, those that a Pod of this spec can run on: by `os`, `nodeSelector` and the
#   required node affinity, as far as these speak of operating system and architecture. A name that says less than that
#   is among them: only what surely cannot run is left out.
runnable(names, spec) := {name |
	some name in names
	_may_run(name, names, spec)
}

_may_run(name, _, _) if not _node(name)

_may_run(name, _, spec) if _fits(spec, _node(name))

_may_run(name, names, spec) if {
	node := _node(name)
	own := {"os": node.os, "arch": _stand_ins[node.arch]}
	_fits(spec, own)
	count([other | some other in names; _node(other) == own; _runs_everywhere(other, own)]) == 0
}

# Whether it is for every machine of its node's architecture.
_runs_everywhere(name, node) if {
	variants := array.slice(split(lower(split(name, ":")[0]), "/"), 2, 3)
	variants in [[], [_first_variants[node.arch]]]
}

# The node that a platform is made for: `{os, arch}`. Undefined where the name does not say both.
_node(name) := {"os": parts[0], "arch": object.get(_spellings, parts[1], parts[1])} if {
	parts := split(lower(split(name, ":")[0]), "/")
	count(parts) >= 2
	not parts[0] in {"", "unknown"}
	not parts[1] in {"", "unknown"}
}

_fits(spec, node) if {
	_by_name(spec, node)
	_by_selector(spec, node)
	_by_affinity(spec, node)
}

# Null is no value, as the API server reads it.
_by_name(spec, node) if object.get(spec, ["os", "name"], null) in {null, node.os}

_by_selector(spec, node) if {
	every label, value in _labels(node) {
		object.get(spec, ["nodeSelector", label], null) in {null, value}
	}
}

# One term must hold; what is said of other labels may well be true of some node.
_by_affinity(spec, node) if {
	some term in _terms(spec)
	every expression in _expressions(term) {
		_holds(expression, _labels(node))
	}
}

_by_affinity(spec, _) if count(_terms(spec)) == 0

_terms(spec) := terms if {
	required := "requiredDuringSchedulingIgnoredDuringExecution"
	terms := object.get(spec, ["affinity", "nodeAffinity", required, "nodeSelectorTerms"], [])
	is_array(terms)
} else := []

_expressions(term) := expressions if {
	expressions := object.get(term, "matchExpressions", [])
	is_array(expressions)
} else := []

_holds(expression, labels) if not _excludes(expression, labels)

_excludes(expression, labels) if {
	expression.operator == "In"
	value := labels[expression.key]
	not value in expression.values
}

_excludes(expression, labels) if {
	expression.operator == "NotIn"
	labels[expression.key] in expression.values
}

_labels(node) := {_os_label: node.os, _arch_label: node.arch}
