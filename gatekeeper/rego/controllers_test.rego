package lib.bestbefore.controllers_test

import future.keywords

import data.lib.bestbefore.controllers

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
	"object": {"kind": "Pod", "metadata": {"ownerReferences": [{"kind": owner} | some owner in owners]}},
}

test_expansion_of_a_workload_is_implied if {
	controllers.implied(_expanded(["Deployment"]))
	controllers.implied(object.remove(_expanded(["Job"]), ["uid", "userInfo"]))
}

test_expansion_of_another_kind_is_not_implied if {
	not controllers.implied(_expanded([]))
	not controllers.implied(_expanded(["Rollout"]))
	not controllers.implied(_expanded(["Deployment", "Rollout"]))
}

test_real_request_is_not_implied if {
	not controllers.implied(object.union(_expanded(["Deployment"]), {"uid": "7"}))
	not controllers.implied(object.union(_expanded(["Deployment"]), {"userInfo": {"username": "alice"}}))
	not controllers.implied({"operation": "CREATE", "object": {"kind": "Pod"}})
}

test_audit_implies_nothing if not controllers.implied(object.union(_expanded(["Deployment"]), {"operation": ""}))
