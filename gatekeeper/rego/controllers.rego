# METADATA
# title: Controllers
# description: |
#   Tells what Kubernetes' own controllers make from what people apply. When a node is drained, a container's Pod dies or
#   a workload grows, a controller creates a Pod of a workload that somebody applied long before.
package lib.bestbefore.controllers

import future.keywords

# METADATA
# description: The kinds from which built-in controllers make Pods, Jobs or ReplicaSets.
workload_kinds := {
	"ReplicationController",
	"ReplicaSet",
	"Deployment",
	"StatefulSet",
	"DaemonSet",
	"Job",
	"CronJob",
}

# Who makes what. The names are those of the controllers' service accounts.
_makers := {
	"Pod": {
		"replicaset-controller",
		"replication-controller",
		"statefulset-controller",
		"daemon-set-controller",
		"job-controller",
	},
	"ReplicaSet": {"deployment-controller"},
	"Job": {"cronjob-controller"},
}

# Where the controllers have no service accounts of their own (`--use-service-account-credentials=false`).
_manager := "system:kube-controller-manager"

_account_prefix := "system:serviceaccount:kube-system:"

# METADATA
# description: Whether a built-in controller creates the object.
made(review) if {
	review.operation == "CREATE"
	_maker(review.object.kind, review.userInfo.username)
}

# METADATA
# description: |
#   Whether the object stands for one that a built-in controller would make: Gatekeeper's expansion of a workload. It has
#   neither an id nor a user, so nobody can tell who applied the workload.
implied(review) if {
	object.get(review, "operation", "") != ""
	object.get(review, "uid", "") == ""
	object.get(review, ["userInfo", "username"], "") == ""
	owners := review.object.metadata.ownerReferences
	count(owners) > 0
	every owner in owners {
		owner.kind in workload_kinds
	}
}

_maker(kind, username) if {
	username == _manager
	kind in object.keys(_makers)
}

_maker(kind, username) if {
	startswith(username, _account_prefix)
	trim_prefix(username, _account_prefix) in _makers[kind]
}
