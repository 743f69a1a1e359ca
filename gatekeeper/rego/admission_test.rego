package lib.bestbefore.admission_test

import future.keywords

import data.lib.bestbefore.admission

_review := {
	"uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
	"operation": "UPDATE",
	"dryRun": false,
	"subResource": "ephemeralcontainers",
	"userInfo": {"username": "ann"},
	"object": {"metadata": {"name": "web"}},
}

_origin(review) := origin if {
	origin := admission.origin with input as {"review": review}
}

_with(fields) := _origin(object.union(_review, fields))

_by(username) := _with({"userInfo": {"username": username}}).actor

_owned(references) := object.get(_with({"object": {"metadata": {"ownerReferences": references}}}), "owner", "none")

test_request_is_repeated if {
	_origin(_review) == {
		"actor": "person",
		"request": {
			"uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
			"operation": "UPDATE",
			"dryRun": false,
			"subResource": "ephemeralcontainers",
		},
	}
	_with({"dryRun": true}).request.dryRun == true
}

test_what_gatekeeper_does_not_say_is_left_out if {
	expanded := {"uid": "", "operation": "CREATE", "userInfo": {}, "object": {"metadata": {"ownerReferences": [{
		"apiVersion": "apps/v1",
		"kind": "Deployment",
		"name": "web",
		"uid": "",
	}]}}}
	_origin(expanded) == {
		"actor": "unknown",
		"owner": {"kind": "Deployment", "name": "web"},
		"request": {"operation": "CREATE"},
	}
	_origin({"uid": "", "operation": "", "userInfo": {}, "object": {}}) == {"actor": "unknown"}
}

test_who_asks if {
	_by("ann") == "person"
	_by("system:admin") == "person"
	_by("system:serviceaccount:argocd:argocd-application-controller") == "serviceaccount"
	_by("system:serviceaccount:shop:replicaset-controller") == "serviceaccount"
	_by("system:serviceaccount:kube-system:replicaset-controller") == "controller"
	_by("system:serviceaccount:kube-system:cronjob-controller") == "controller"
	_by("system:kube-controller-manager") == "controller"
	_by("system:kube-scheduler") == "controller"
	_by("system:node:n1") == "controller"
	every nobody in ["", "system:anonymous", null, 7, ["ann"], {"ann": "ann"}] {
		_by(nobody) == "unknown"
	}
}

test_controller_comes_before_other_owners if {
	others := [{"kind": "Node", "name": "n1"}, {"kind": "Job", "name": "night", "controller": true}]
	_owned(others) == {"kind": "Job", "name": "night"}
	_owned(array.slice(others, 0, 1)) == {"kind": "Node", "name": "n1"}
	_owned([{"kind": "Node", "name": "n1", "controller": "true"}, {"kind": "Job", "name": "night"}]).kind == "Node"
}

test_owner_that_cannot_be_read_is_passed_over if {
	every strange in [null, 7, "Job", [], {}, {"kind": "Job"}, {"kind": 7, "name": "night"}, {"kind": "Job", "name": null}] {
		_owned([strange]) == "none"
		_owned([strange, {"kind": "Job", "name": "night"}]) == {"kind": "Job", "name": "night"}
	}
	every strange in [null, 7, "Job", true, {"a": {"kind": "Job", "name": "night"}}, []] {
		_owned(strange) == "none"
	}
}

test_texts_are_bounded if {
	long := sprintf("%09000d", [1])
	owner := _owned([{"kind": long, "name": long}])
	[count(owner.kind), count(owner.name)] == [64, 253]
	request := _with({"uid": long, "operation": long, "subResource": long}).request
	every field in ["uid", "operation", "subResource"] {
		count(request[field]) == 64
	}
}

test_flag_that_is_none_is_left_out if {
	every strange in [null, "true", 1, {}] {
		not _with({"dryRun": strange}).request.dryRun
	}
}

test_strange_review_is_somebody_unknown if {
	every review in [null, 7, "x", [], {}, true, false, {"userInfo": "ann", "object": null}, {"object": []}] {
		_origin(review) == {"actor": "unknown"}
	}
	admission.origin == {"actor": "unknown"}
	every strange in [null, 7, [], {}] {
		admission.origin == {"actor": "unknown"} with input as strange
	}
}
