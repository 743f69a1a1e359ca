# METADATA
# title: Controllers
# description: |
#   Tells what Kubernetes' own controllers make from what people apply. When a node is drained, a container's Pod dies or
#   a workload grows, a controller creates a Pod of a workload that somebody applied long before.
package lib.bestbefore.controllers

import future.keywords

import data.lib.bestbefore.kinds

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

# Who changes Pods and workloads: their owners, the autoscaler, and those that remove finalizers and owner references.
_writers := union({names | some names in _makers}) | {
	"attachdetach-controller",
	"disruption-controller",
	"ephemeral-volume-controller",
	"generic-garbage-collector",
	"horizontal-pod-autoscaler",
	"namespace-controller",
	"node-controller",
	"node-lifecycle-controller",
	"pod-garbage-collector",
	"resource-claim-controller",
	"taint-eviction-controller",
	"device-taint-eviction-controller",
	"ttl-after-finished-controller",
}

# Where the controllers have no service accounts of their own (`--use-service-account-credentials=false`).
_manager := "system:kube-controller-manager"

_account_prefix := "system:serviceaccount:kube-system:"

# METADATA
# description: |
#   Whether Kubernetes itself writes the object: a controller of kube-controller-manager, by its service account, or the
#   scheduler. Who may create service accounts in kube-system, or impersonate one, may do anything.
writes(review) if review.userInfo.username in {_manager, "system:kube-scheduler"}

writes(review) if {
	startswith(review.userInfo.username, _account_prefix)
	trim_prefix(review.userInfo.username, _account_prefix) in _writers
}

# METADATA
# description: Whether a built-in controller creates the object.
made(review) if {
	review.operation == "CREATE"
	_maker(review.object.kind, review.userInfo.username)
}

# METADATA
# description: |
#   Whether a controller that is none of Kubernetes' own could make the object of a workload: it creates one of a kind that
#   built-in controllers create, too.
could_make(review) if {
	review.operation == "CREATE"
	_ = _makers[review.object.kind]
}

# METADATA
# description: |
#   The service account that asks, as `namespace/name`. Undefined for people, and for whom the API server calls otherwise.
account(review) := sprintf("%s/%s", [namespace, name]) if {
	["system", "serviceaccount", namespace, name] = split(review.userInfo.username, ":")
}

# METADATA
# description: Whether a text names one service account, `namespace/name`, and no more than one.
is_account(text) if {
	is_string(text)
	[namespace, name] = split(text, "/")
	regex.match(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`, namespace)
	count(name) <= 253
	every label in split(name, ".") {
		regex.match(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`, label)
	}
}

# METADATA
# description: |
#   Whether the object stands for one that would be made of a workload of these kinds: Gatekeeper's expansion. It has
#   no id, and at admission no user, so nobody can know who applied the workload, nor how it was before. Owners are
#   compared with their group: of a kind that only has the name of a built-in one, Gatekeeper hands over no workload.
implied(review, matched) if {
	owners := review.object.metadata.ownerReferences
	count(owners) > 0
	_expanded(review)
	every owner in owners {
		owner.kind in matched
		_group(owner.apiVersion) == kinds.groups[owner.kind]
	}
}

_expanded(review) if {
	object.get(review, "operation", "") != ""
	object.get(review, "uid", "") == ""
	object.get(review, ["userInfo", "username"], "") == ""
}

# Audit's reviews have neither for any object. What is stored has an id of its own.
_expanded(review) if {
	object.get(review, "operation", "") == ""
	object.get(review.object, ["metadata", "uid"], "") == ""
}

_group(api_version) := split(api_version, "/")[0] if {
	contains(api_version, "/")
} else := ""

_maker(kind, username) if {
	username == _manager
	kind in object.keys(_makers)
}

_maker(kind, username) if {
	startswith(username, _account_prefix)
	trim_prefix(username, _account_prefix) in _makers[kind]
}
