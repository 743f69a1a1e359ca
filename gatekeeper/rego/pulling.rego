# METADATA
# title: Pulling
# description: |
#   Says who pulls the images of a review, for policies that ask as their Pods do. It stands in the question, so an answer
#   is shared by those alone who pull alike; what it does not depend on stands not in it.
package lib.bestbefore.pulling

import future.keywords

import data.lib.bestbefore.workload

# METADATA
# description: |
#   Members of a question: `namespace`, and `pullSecrets`, or where the Pod's spec names none `serviceAccount`. Nothing
#   where the policy does not want them (`wanted` is not true), and of a Pod that pulls as anybody may.
puller(wanted, review) := members if {
	wanted == true
	members := _members(review, workload.namespace(review), workload.pod_spec(review.object))
} else := {}

_members(review, namespace, spec) := {"namespace": namespace, "pullSecrets": names} if {
	namespace != ""
	names := _names(spec)
	count(names) > 0
} else := {"namespace": namespace, "serviceAccount": _account(spec)} if {
	# Kubernetes writes a service account's pull secrets into each Pod that it creates: one without has none.
	namespace != ""
	not _created(review)
} else := {}

_names(spec) := [secret.name |
	is_array(spec.imagePullSecrets)
	some secret in spec.imagePullSecrets
	is_string(secret.name)
	secret.name != ""
]

_account(spec) := name if {
	named := [each |
		some field in ["serviceAccountName", "serviceAccount"]
		each := spec[field]
		is_string(each)
		each != ""
	]
	name := array.concat(named, ["default"])[0]
}

# A Pod that the API server has seen, not one that is made of a workload to judge that.
_created(review) if {
	review.kind.kind == "Pod"
	uids := [object.get(review, "uid", ""), object.get(review, ["object", "metadata", "uid"], "")]
	some uid in uids
	uid != ""
}
