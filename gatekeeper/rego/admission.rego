# METADATA
# title: Admission
# description: |
#   Where a review comes from: the request, who made it, and what owns the object. Gatekeeper's log does not say it, so
#   violations do. It reads `input` itself: it is evaluated once for a review, and only where there is a violation.
#   Total, whatever a review looks like: a strange owner must not make a violation vanish.
package lib.bestbefore.admission

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.limits

# METADATA
# description: |
#   `{actor, owner, request}`. There is no `owner` of an object that nothing owns, and no `request` under audit.
origin := object.union_n([
	{"actor": actor},
	{"owner": found | found := owner},
	{"request": found | found := request},
])

# METADATA
# description: |
#   Who asked: `controller` (Kubernetes' own controllers, its scheduler and kubelets), `serviceaccount`, `person`, or
#   `unknown`: audit, and the Pods that Gatekeeper makes of a workload, have no user.
default actor := "unknown"

actor := "controller" if {
	controllers.writes(input.review)
} else := "controller" if {
	startswith(_username, "system:node:")
} else := "serviceaccount" if {
	startswith(_username, "system:serviceaccount:")
} else := "person" if {
	is_string(_username)
	not _username in {"", "system:anonymous"}
}

_username := input.review.userInfo.username

# METADATA
# description: |
#   What owns the object, `{kind, name}`: its controller, or else its first owner. Undefined where there is none. Of a Pod
#   that Gatekeeper makes of a workload it is the workload.
owner := object.filter(found, ["kind", "name"]) if {
	found := [each | some each in _owners; each.controller][0]
} else := object.filter(_owners[0], ["kind", "name"])

_owners := [{"kind": kind, "name": name, "controller": object.get(each, "controller", false) == true} |
	is_array(input.review.object.metadata.ownerReferences)
	some each in input.review.object.metadata.ownerReferences
	kind := substring(each.kind, 0, limits.word_characters)
	name := substring(each.name, 0, limits.name_characters)
]

# METADATA
# description: |
#   The request, `{uid, operation, dryRun, subResource}`, each where Gatekeeper says it. Undefined under audit.
request := object.union(words, flags) if {
	words := {field: word | some field in ["uid", "operation", "subResource"]; word := _word(field)}
	words.operation
	flags := {"dryRun": flag | flag := input.review.dryRun; is_boolean(flag)}
}

_word(field) := word if {
	word := substring(input.review[field], 0, limits.word_characters)
	word != ""
}
