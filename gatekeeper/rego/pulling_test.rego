package lib.bestbefore.pulling_test

import future.keywords

import data.lib.bestbefore.pulling

_review(kind, reviewed) := {
	"kind": {"kind": kind},
	"uid": "1",
	"operation": "CREATE",
	"namespace": "shop",
	"object": reviewed,
}

_pod(spec) := _review("Pod", {"kind": "Pod", "spec": spec})

_workload(spec) := _review("Deployment", {"kind": "Deployment", "spec": {"template": {"spec": spec}}})

_two := [{"name": "b"}, {"name": "a"}]

test_pod_pulls_with_its_secrets_in_their_order if {
	pulling.puller(true, _pod({"imagePullSecrets": _two})) == {"namespace": "shop", "pullSecrets": ["b", "a"]}
}

test_nobody_is_named_where_the_policy_does_not_want_it if {
	every wanted in [false, null, "true", {}] {
		pulling.puller(wanted, _pod({"imagePullSecrets": _two})) == {}
	}
}

test_pod_that_exists_without_secrets_pulls_as_anybody_may if {
	every spec in [{}, {"imagePullSecrets": []}, {"imagePullSecrets": null}, {"serviceAccountName": "web"}] {
		pulling.puller(true, _pod(spec)) == {}
	}
	audited := {
		"kind": {"kind": "Pod"},
		"operation": "",
		"namespace": "shop",
		"object": {"kind": "Pod", "metadata": {"uid": "2"}, "spec": {}},
	}
	pulling.puller(true, audited) == {}
}

test_workload_without_secrets_pulls_with_those_of_its_service_account if {
	pulling.puller(true, _workload({"serviceAccountName": "web"})) == {"namespace": "shop", "serviceAccount": "web"}
	pulling.puller(true, _workload({"serviceAccount": "old"})) == {"namespace": "shop", "serviceAccount": "old"}
	pulling.puller(true, _workload({})) == {"namespace": "shop", "serviceAccount": "default"}
	pulling.puller(true, _workload({"serviceAccountName": ""})) == {"namespace": "shop", "serviceAccount": "default"}
}

test_workload_with_secrets_pulls_with_them_alone if {
	spec := {"serviceAccountName": "web", "imagePullSecrets": [{"name": "a"}]}
	pulling.puller(true, _workload(spec)) == {"namespace": "shop", "pullSecrets": ["a"]}
}

test_pod_that_is_made_of_a_workload_is_judged_as_the_workload if {
	expanded := object.remove(_pod({"serviceAccountName": "web"}), ["uid"])
	pulling.puller(true, expanded) == {"namespace": "shop", "serviceAccount": "web"}
}

test_namespace_may_stand_in_the_object_alone if {
	pod := {"kind": "Pod", "metadata": {"namespace": "yard"}, "spec": {"imagePullSecrets": _two}}
	review := object.remove(_review("Pod", pod), ["namespace"])
	pulling.puller(true, review).namespace == "yard"
}

test_namespace_of_the_review_comes_first if {
	pod := {"kind": "Pod", "metadata": {"namespace": "yard"}, "spec": {"imagePullSecrets": _two}}
	pulling.puller(true, _review("Pod", pod)).namespace == "shop"
}

test_names_that_are_none_are_left_out if {
	spec := {"imagePullSecrets": [{"name": ""}, {}, {"name": 7}, "x", {"name": "a"}]}
	pulling.puller(true, _pod(spec)).pullSecrets == ["a"]
}

test_object_without_a_namespace_names_nobody if {
	pulling.puller(true, object.remove(_pod({"imagePullSecrets": _two}), ["namespace"])) == {}
}
