# METADATA
# title: Kinds
# description: |
#   The kinds of objects that bring Pods. Made of gatekeeper/documents/workloads.py (`make generate`): do not edit.
package lib.bestbefore.kinds

import future.keywords

# METADATA
# description: |
#   The fields that lead to the Pod's spec, by kind.
pod_spec := {
	"Pod": ["spec"],
	"ReplicationController": ["spec", "template", "spec"],
	"ReplicaSet": ["spec", "template", "spec"],
	"Deployment": ["spec", "template", "spec"],
	"StatefulSet": ["spec", "template", "spec"],
	"DaemonSet": ["spec", "template", "spec"],
	"Job": ["spec", "template", "spec"],
	"CronJob": ["spec", "jobTemplate", "spec", "template", "spec"],
}

# METADATA
# description: |
#   The same of other kinds: each that holds containers.
other_pod_specs := [
	["spec", "template", "spec"],
	["spec", "jobTemplate", "spec", "template", "spec"],
	["template", "spec"],
]

# METADATA
# description: |
#   The lists of a Pod's spec that hold containers, in the order in which they are judged.
container_lists := ["initContainers", "containers", "ephemeralContainers"]

# METADATA
# description: |
#   The kinds of which built-in controllers make Pods, Jobs or ReplicaSets.
makers := {
	"ReplicationController",
	"ReplicaSet",
	"Deployment",
	"StatefulSet",
	"DaemonSet",
	"Job",
	"CronJob",
}

# METADATA
# description: |
#   The API group of each kind.
groups := {
	"Pod": "",
	"ReplicationController": "",
	"ReplicaSet": "apps",
	"Deployment": "apps",
	"StatefulSet": "apps",
	"DaemonSet": "apps",
	"Job": "batch",
	"CronJob": "batch",
}

# METADATA
# description: |
#   The resources that `spec.match` of a ClusterImagePolicy may name, by kind.
resources := {
	"Pod": "pods",
	"ReplicaSet": "replicasets",
	"Deployment": "deployments",
	"StatefulSet": "statefulsets",
	"DaemonSet": "daemonsets",
	"Job": "jobs",
	"CronJob": "cronjobs",
}
