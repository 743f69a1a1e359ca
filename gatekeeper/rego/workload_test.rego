package lib.bestbefore.workload_test

import future.keywords

import data.lib.bestbefore.workload

_digest := "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_pod(image) := {
	"apiVersion": "v1",
	"kind": "Pod",
	"metadata": {"name": "web", "labels": {"app": "web"}},
	"spec": {"containers": [{"name": "web", "image": image}]},
}

_deployment(image, replicas) := {
	"apiVersion": "apps/v1",
	"kind": "Deployment",
	"metadata": {"name": "web"},
	"spec": {"replicas": replicas, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
}

_create(object) := {"operation": "CREATE", "object": object, "oldObject": null}

_update(old, new) := {"operation": "UPDATE", "object": new, "oldObject": old}

_audit(object) := {"operation": "", "object": object, "oldObject": null}

_judged(review) := [image.text | some image in workload.judged(review, [])]

_paths(object) := [image.path | some image in workload.images(object)]

test_every_list_of_a_pod_is_seen_in_order if {
	object := {"kind": "Pod", "spec": {
		"containers": [{"image": "a:1"}, {"image": "b:1"}],
		"initContainers": [{"image": "c:1"}],
		"ephemeralContainers": [{"image": "d:1"}],
		"volumes": [{"name": "plain", "emptyDir": {}}, {"name": "models", "image": {"reference": "e:1"}}, {"name": "unset", "image": null}],
	}}
	_paths(object) == [
		"spec.initContainers[0].image",
		"spec.containers[0].image",
		"spec.containers[1].image",
		"spec.ephemeralContainers[0].image",
		"spec.volumes[1].image.reference",
	]
}

test_every_kind_has_its_path if {
	containers := {"containers": [{"image": "a:1"}]}
	every kind in ["ReplicationController", "ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job"] {
		_paths({"kind": kind, "spec": {"template": {"spec": containers}}}) == ["spec.template.spec.containers[0].image"]
	}
	_paths({"kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": containers}}}}}) == ["spec.jobTemplate.spec.template.spec.containers[0].image"]
}

test_image_left_out_is_an_empty_text if {
	[image] := workload.images({"kind": "Pod", "spec": {"containers": [{"name": "web"}]}})
	image.text == ""
}

test_created_object_is_judged_in_full if _judged(_create(_pod("app:1"))) == ["app:1"]

test_update_without_old_object_is_judged_in_full if {
	_judged({"operation": "UPDATE", "object": _pod("app:1")}) == ["app:1"]
}

test_label_of_a_pod_may_change if _judged(_update(_pod("app:1"), _pod("app:1"))) == []

test_new_image_of_a_pod_is_judged_alone if {
	new := {"kind": "Pod", "spec": {"containers": [{"name": "web", "image": "app:1"}], "ephemeralContainers": [{"image": "debug:1"}]}}
	_judged(_update(_pod("app:1"), new)) == ["debug:1"]
}

test_deleted_object_is_let_go if {
	leaving := object.union(_pod("app:1"), {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
	_judged(_update(_pod("other:1"), leaving)) == []
	_judged({"operation": "DELETE", "object": _pod("app:1")}) == []
}

test_deletion_may_not_be_claimed_at_creation if {
	claiming := object.union(_pod("app:1"), {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
	_judged(_create(claiming)) == ["app:1"]
	_judged({"operation": "UPDATE", "object": claiming, "oldObject": null}) == ["app:1"]
}

test_leaving_pod_is_no_finding_of_audit if {
	leaving := object.union(_pod("app:1"), {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
	_judged(_audit(leaving)) == []
}

test_scaling_a_workload_judges_nothing if {
	_judged(_update(_deployment("app:1", 1), _deployment("app:1", 5))) == []
}

test_scaling_down_with_another_image_is_judged if {
	_judged(_update(_deployment("app:1", 5), _deployment("app:2", 1))) == ["app:2"]
}

test_changed_pod_template_is_judged_in_full if {
	new := json.patch(
		_deployment("app:1", 1),
		[{"op": "add", "path": "/spec/template/metadata", "value": {"labels": {"a": "b"}}}],
	)
	_judged(_update(_deployment("app:1", 1), new)) == ["app:1"]
}

_with(object, path, value) := json.patch(object, [{"op": "add", "path": path, "value": value}])

_again(old, new, read) if count(workload.judged(_update(old, new), read)) == 1

test_what_the_rule_reads_is_judged_again if {
	pod := _pod("app:1")
	relabelled := _with(pod, "/metadata/labels/app", "other")
	_again(pod, relabelled, [["metadata", "labels", "app"]])
	_again(pod, relabelled, [["metadata", "labels", "*"]])
	_again(pod, relabelled, [["metadata"]])
	not _again(pod, relabelled, [["metadata", "labels", "team"]])
	not _again(pod, relabelled, [["spec"]])
	deployment := _deployment("app:1", 1)
	_again(deployment, _deployment("app:1", 2), [["spec", "replicas"]])
	not _again(deployment, _deployment("app:1", 2), [["spec"], ["spec", "paused"]])
}

test_what_makes_no_other_pod_is_not_judged_again if {
	every path, value in {
		"/spec/replicas": 7,
		"/spec/paused": true,
		"/spec/suspend": true,
		"/spec/updateStrategy": {"rollingUpdate": {"partition": 2}},
		"/spec/strategy": {"rollingUpdate": {"maxUnavailable": 2}},
		"/metadata/annotations": {"deployment.kubernetes.io/revision": "7"},
		"/metadata/ownerReferences": [{"kind": "Deployment", "name": "web", "uid": "7"}],
		"/metadata/finalizers": ["batch.kubernetes.io/job-tracking"],
		"/metadata/managedFields": [{"manager": "kubectl"}],
		"/metadata/resourceVersion": "7",
		"/status": {"replicas": 7},
	} {
		not _again(_deployment("app:1", 1), _with(_deployment("app:1", 1), path, value), [["spec"], ["metadata"]])
	}
	every path, value in {
		"/spec/tolerations": [{"key": "gpu"}],
		"/spec/activeDeadlineSeconds": 7,
		"/spec/containers/0/resources": {"limits": {"cpu": "2"}},
		"/metadata/finalizers": ["batch.kubernetes.io/job-tracking"],
		"/metadata/ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "7"}],
	} {
		not _again(_pod("app:1"), _with(_pod("app:1"), path, value), [["spec"], ["metadata"]])
	}
}

test_scaling_down_passes_even_if_a_rule_reads_the_number if {
	not _again(_deployment("app:1", 5), _deployment("app:1", 0), [["spec", "replicas"]])
	not _again(_deployment("app:1", 5), _deployment("app:1", 4), [["spec"], ["spec", "replicas"]])
	_again(_deployment("app:1", 5), _deployment("app:1", 6), [["spec", "replicas"]])
	_again(_deployment("app:1", 5), _deployment("app:2", 0), [["spec", "replicas"]])
}

test_finalizers_can_go_even_if_a_rule_reads_them if {
	held := _with(_pod("app:1"), "/metadata/finalizers", ["example.test/hold"])
	not _again(held, _pod("app:1"), [["metadata", "finalizers"]])
	not _again(held, _pod("app:1"), [["metadata", "finalizers", "*"]])
}

test_controller_answers_for_the_images_that_it_changes if {
	by := {"userInfo": {"username": "system:serviceaccount:kube-system:deployment-controller"}}
	relabelled := _with(_deployment("app:1", 1), "/spec/template/metadata", {"labels": {"a": "b"}})
	_again(_deployment("app:1", 1), relabelled, [])
	workload.judged(object.union(_update(_deployment("app:1", 1), relabelled), by), [["spec"], ["metadata"]]) == []
	[image] := workload.judged(object.union(_update(_deployment("app:1", 1), _deployment("app:2", 0)), by), [])
	image.text == "app:2"
}

_two(web, debug) := {"kind": "Pod", "metadata": {"name": "web"}, "spec": {
	"containers": [{"name": "web", "image": web}],
	"ephemeralContainers": [{"name": "debug", "image": debug}],
}}

test_image_is_new_in_another_container_and_in_another_list if {
	_judged(_update(_two("app:1", "tool:1"), _two("tool:1", "tool:1"))) == ["tool:1"]
	_judged(_update(_two("app:1", "tool:1"), _two("app:1", "app:1"))) == ["app:1"]
	init := {"kind": "Pod", "spec": {"initContainers": [{"name": "web", "image": "app:1"}]}}
	_judged(_update(_pod("app:1"), init)) == ["app:1"]
}

_named(names) := {"kind": "Pod", "spec": {"containers": [{"name": name, "image": "app:1"} | some name in names]}}

test_container_that_moves_in_its_list_keeps_its_image if _judged(_update(_named(["a", "b"]), _named(["b", "a"]))) == []

test_pod_template_of_another_kind_is_found if {
	containers := {"containers": [{"image": "a:1"}]}
	_paths({"kind": "Rollout", "spec": {"template": {"spec": containers}}}) == ["spec.template.spec.containers[0].image"]
	_paths({"kind": "PodTemplate", "template": {"spec": containers}}) == ["template.spec.containers[0].image"]
	_paths({"kind": "Nightly", "spec": {"jobTemplate": {"spec": {"template": {"spec": containers}}}}}) == ["spec.jobTemplate.spec.template.spec.containers[0].image"]
	_paths({"kind": "ConfigMap", "data": {"template": "x"}}) == []
}

_running(image, id) := object.union(_pod(image), {"status": {"containerStatuses": [
	{"name": "side", "imageID": "registry.test/side@sha256:00"},
	{"name": "web", "imageID": id},
]}})

_asked(object, review) := _question(workload.asked(review, workload.images(object))[0])

_question(image) := {"text": image.asked, "note": image.note}

_asked_in_audit(object) := _asked(object, _audit(object))

test_admission_ignores_the_status if {
	object := _running("registry.test/app:1", concat("@", ["registry.test/app", _digest]))
	_asked(object, _create(object)) == {"text": "registry.test/app:1", "note": ""}
}

test_audit_asks_for_what_runs if {
	every id in ["registry.test/app", "docker-pullable://registry.test/app"] {
		object := _running("registry.test/app:1", concat("@", [id, _digest]))
		_asked_in_audit(object) == {"text": concat("@", ["registry.test/app", _digest]), "note": ""}
	}
}

test_audit_knows_docker_hub_by_its_names if {
	object := _running("alpine:3.20", concat("@", ["docker.io/library/alpine", _digest]))
	_asked_in_audit(object) == {"text": concat("@", ["index.docker.io/library/alpine", _digest]), "note": ""}
}

test_audit_of_a_pinned_image_asks_for_it if {
	text := concat("@", ["registry.test/app:1", _digest])
	_asked_in_audit(_running(text, "sha256:00")) == {"text": text, "note": ""}
}

test_audit_falls_back_to_the_tag_and_says_so if {
	every id, note in {
		"": "it has not started, so what its tag means now was judged",
		_digest: "its node reports a local id and no digest of the registry, so what its tag means now was judged",
		trim_prefix(_digest, "sha256:"): "its node reports a local id and no digest of the registry, so what its tag means now was judged",
		concat("", ["docker://", _digest]): "its node reports a local id and no digest of the registry, so what its tag means now was judged",
		concat("@", ["mirror.test/app", _digest]): "it was pulled from another repository, so what its tag means now was judged",
	} {
		_asked_in_audit(_running("registry.test/app:1", id)) == {"text": "registry.test/app:1", "note": note}
	}
}

test_audit_of_an_id_without_a_digest_asks_the_tag if {
	_asked_in_audit(_running("registry.test/app:1", "registry.test/app:2")).text == "registry.test/app:1"
}

test_audit_of_a_pod_without_status_asks_the_tag if {
	_asked_in_audit(_pod("registry.test/app:1")).note == "it has not started, so what its tag means now was judged"
}

_mounting(status) := object.union(_pod("registry.test/app:1"), {
	"spec": {"volumes": [{"name": "models", "image": {"reference": "registry.test/models:1"}}]},
	"status": status,
})

_volume_in_audit(status) := _question(workload.asked(_audit(object), workload.images(object))[1]) if object := _mounting(status)

test_audit_asks_for_the_image_that_a_volume_has_mounted if {
	reference := concat("@", ["registry.test/models", _digest])
	silent := {"name": "side", "volumeMounts": [{"name": "models"}, {"name": "other"}]}
	telling := {"name": "web", "volumeMounts": [{"name": "models", "volumeStatus": {"image": {"imageRef": reference}}}]}
	every field in ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"] {
		_volume_in_audit({field: [silent, telling]}) == {"text": reference, "note": ""}
	}
}

test_audit_says_where_no_node_tells_what_a_volume_has_mounted if {
	note := "its node does not report which digest is mounted, so what its tag means now was judged"
	running := {"name": "models", "imageID": concat("@", ["registry.test/models", _digest])}
	every status in [{}, {"containerStatuses": [running]}] {
		_volume_in_audit(status) == {"text": "registry.test/models:1", "note": note}
	}
}

test_audit_of_a_workload_asks_the_tag if {
	_asked_in_audit(_deployment("registry.test/app:1", 1)) == {"text": "registry.test/app:1", "note": ""}
}

test_audit_of_a_malformed_image_asks_for_it if _asked_in_audit(_running("UPPER", "")).text == "UPPER"

_containers(number) := [{"name": "web", "image": "app:1"} | some _ in numbers.range(1, number)]

_same(number) := [{"text": "app:1", "list": "containers", "name": "web"} | some _ in numbers.range(1, number)]

test_more_images_than_are_judged_are_no_list_of_images if {
	every review in [_create(_pod("app:1")), _audit(_pod("app:1"))] {
		count(workload.asked(review, _same(256))) == 256
		not workload.asked(review, _same(257))
	}
}

# A function compares its arguments each time: what goes to one for each image must not grow with their number.
test_head_of_a_review_has_nothing_of_its_containers if {
	many := _with(_pod("app:1"), "/spec/containers", _containers(200))
	workload.head(_create(_pod("app:1"))) == workload.head(_create(many))
	placed := _with(_pod("app:1"), "/spec/nodeSelector", {"kubernetes.io/arch": "arm64"})
	workload.head(_create(placed)).object.spec == {"nodeSelector": {"kubernetes.io/arch": "arm64"}}
	head := workload.head(object.union(_create(_pod("app:1")), {"uid": "7", "kind": {"kind": "Pod"}, "dryRun": true}))
	head == {
		"operation": "CREATE",
		"uid": "7",
		"kind": {"kind": "Pod"},
		"object": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}}, "spec": {}},
	}
}

test_head_of_a_kind_that_nobody_knows_says_where_its_pods_may_run if {
	placement := {"nodeSelector": {"kubernetes.io/arch": "arm64"}}
	every unknown in [
		{"kind": "Rollout", "spec": {"template": {"spec": object.union(placement, {"containers": _containers(2)})}}},
		{"kind": "Fleet", "template": {"spec": object.union(placement, {"containers": _containers(2)})}},
	] {
		workload.pod_spec(workload.head(_create(unknown)).object) == object.union(placement, {"containers": []})
	}
	workload.head(_create({"kind": "Gadget", "spec": {"size": 3}})).object == {"kind": "Gadget"}
}

test_image_that_was_named_by_its_digest_says_that_it_is_unpinned if {
	pinned := concat("@", ["registry.test/app:1", _digest])
	[image] := workload.judged(_update(_pod(pinned), _pod("registry.test/app:1")), [])
	image.unpins == true
	[again] := workload.judged(_update(_pod(pinned), _pod("registry.test/app:2")), [])
	again.unpins == true
	every pair in [
		[pinned, "registry.test/other:1"],
		["registry.test/app:1", "registry.test/app:2"],
		["registry.test/app:1", pinned],
		[pinned, "UPPER"],
	] {
		[other] := workload.judged(_update(_pod(pair[0]), _pod(pair[1])), [])
		not other.unpins
	}
}

test_known_kind_keeps_its_pod_where_its_kind_says if {
	other := {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "x", "image": "x:1"}]}}}}}
	own := {"template": {"spec": {"containers": [{"name": "c", "image": "a:1"}]}}}
	images := workload.images({"kind": "CronJob", "spec": object.union(own, other)})
	[image.text | some image in images] == ["x:1"]
}

test_every_pod_template_of_a_foreign_kind_is_judged if {
	template := {"spec": {"nodeSelector": {"kubernetes.io/arch": "arm64"}, "containers": _containers(1)}}
	other := {"spec": {"containers": [{"name": "web", "image": "b:1"}]}}
	two := {"kind": "Fleet", "spec": {"template": template}, "template": other}
	[[image.text, image.path] | some image in workload.images(two)] == [
		["app:1", "spec.template.spec.containers[0].image"],
		["b:1", "template.spec.containers[0].image"],
	]
	workload.pod_spec(two) == {}
	workload.pod_spec(workload.head(_create(two)).object) == {}
	changed := _with(two, "/template/spec/containers/0/image", "b:2")
	_judged(_update(two, changed)) == ["app:1", "b:2"]
	_judged(_update(two, two)) == []
}

test_what_the_rule_reads_is_not_judged_again_where_a_controller_changes_it if {
	by_controller := {"userInfo": {"username": "system:serviceaccount:kube-system:deployment-controller"}}
	update := _update(_deployment("app:1", 1), _deployment("app:1", 2))
	count(workload.judged(update, [["spec", "replicas"]])) == 1
	workload.judged(object.union(update, by_controller), [["spec", "replicas"]]) == []
}
