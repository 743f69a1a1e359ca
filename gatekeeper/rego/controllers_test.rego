package lib.bestbefore.controllers_test

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.kinds

_review(kind, username) := {
	"operation": "CREATE",
	"uid": "7",
	"userInfo": {"username": username},
	"object": {"kind": kind},
}

_made(kind, controller) if controllers.made(_review(kind, concat(":", ["system:serviceaccount:kube-system", controller])))

test_controllers_make_their_kinds if {
	every controller in [
		"replicaset-controller",
		"replication-controller",
		"statefulset-controller",
		"daemon-set-controller",
		"job-controller",
	] {
		_made("Pod", controller)
	}
	_made("ReplicaSet", "deployment-controller")
	_made("Job", "cronjob-controller")
}

test_controllers_make_nothing_else if {
	not _made("Deployment", "replicaset-controller")
	not _made("Pod", "cronjob-controller")
	not _made("Job", "deployment-controller")
	not _made("Pod", "horizontal-pod-autoscaler")
	not _made("Pod", "default")
	not _made("Pod", "")
}

test_controller_manager_without_service_accounts_makes_them_too if {
	every kind in ["Pod", "ReplicaSet", "Job"] {
		controllers.made(_review(kind, "system:kube-controller-manager"))
	}
	not controllers.made(_review("Deployment", "system:kube-controller-manager"))
}

test_people_and_accounts_of_other_namespaces_are_no_controllers if {
	every username in [
		"alice",
		"replicaset-controller",
		"system:serviceaccount:shop:replicaset-controller",
		"system:serviceaccount:kube-system:replicaset-controller:x",
		"system:serviceaccount:kube-system:system:serviceaccount:kube-system:replicaset-controller",
		"xsystem:serviceaccount:kube-system:replicaset-controller",
		"system:kube-controller-manager-x",
		"",
	] {
		not controllers.made(_review("Pod", username))
	}
}

test_only_creation_makes if {
	review := _review("Pod", "system:kube-controller-manager")
	not controllers.made(object.union(review, {"operation": "UPDATE"}))
	not controllers.made(object.union(review, {"operation": ""}))
}

test_review_without_a_user_is_not_made_by_a_controller if {
	not controllers.made({"operation": "CREATE", "object": {"kind": "Pod"}})
	not controllers.made({"operation": "CREATE", "object": {"kind": "Pod"}, "userInfo": {}})
	not controllers.made({})
}

_expanded(owners) := {
	"operation": "CREATE",
	"uid": "",
	"userInfo": {},
	"object": {"kind": "Pod", "metadata": {"ownerReferences": [{"apiVersion": owner[0], "kind": owner[1], "name": "web"} | some owner in owners]}},
}

_deployment := ["apps/v1", "Deployment"]

_implied(review) if controllers.implied(review, kinds.makers)

test_expansion_of_a_workload_is_implied if {
	_implied(_expanded([_deployment]))
	_implied(_expanded([["v1", "ReplicationController"]]))
	_implied(object.remove(_expanded([["batch/v1", "Job"]]), ["uid", "userInfo"]))
}

test_expansion_of_another_kind_is_not_implied if {
	not _implied(_expanded([]))
	not _implied(_expanded([["argoproj.io/v1alpha1", "Rollout"]]))
	not _implied(_expanded([_deployment, ["argoproj.io/v1alpha1", "Rollout"]]))
	not _implied(_expanded([["example.test/v1", "Deployment"]]))
}

test_expansion_of_a_workload_that_is_not_matched_is_not_implied if {
	not controllers.implied(_expanded([_deployment]), ["StatefulSet"])
	not controllers.implied(_expanded([_deployment]), [])
}

test_real_request_is_not_implied if {
	not _implied(object.union(_expanded([_deployment]), {"uid": "7"}))
	not _implied(object.union(_expanded([_deployment]), {"userInfo": {"username": "alice"}}))
	not _implied({"operation": "CREATE", "object": {"kind": "Pod"}})
}

test_expansion_under_audit_is_implied_and_a_stored_pod_is_not if {
	audited := object.union(_expanded([_deployment]), {"operation": ""})
	_implied(audited)
	not _implied(object.union(audited, {"object": {"metadata": {"uid": "7"}}}))
}

test_controllers_write_and_people_do_not if {
	every name in [
		"attachdetach-controller",
		"cronjob-controller",
		"daemon-set-controller",
		"deployment-controller",
		"device-taint-eviction-controller",
		"disruption-controller",
		"ephemeral-volume-controller",
		"generic-garbage-collector",
		"horizontal-pod-autoscaler",
		"job-controller",
		"namespace-controller",
		"node-controller",
		"node-lifecycle-controller",
		"pod-garbage-collector",
		"replicaset-controller",
		"replication-controller",
		"resource-claim-controller",
		"statefulset-controller",
		"taint-eviction-controller",
		"ttl-after-finished-controller",
	] {
		controllers.writes({"userInfo": {"username": concat(":", ["system:serviceaccount:kube-system", name])}})
	}
	controllers.writes({"userInfo": {"username": "system:kube-controller-manager"}})
	controllers.writes({"userInfo": {"username": "system:kube-scheduler"}})
	every name in [
		"alice",
		"deployment-controller",
		"system:serviceaccount:kube-system:default",
		"system:serviceaccount:shop:deployment-controller",
		"",
	] {
		not controllers.writes({"userInfo": {"username": name}})
	}
	not controllers.writes({})
}
