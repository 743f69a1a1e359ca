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
		"volumes": [{"name": "plain", "emptyDir": {}}, {"name": "models", "image": {"reference": "e:1"}}],
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
	new := {"kind": "Pod", "spec": {"containers": [{"image": "app:1"}], "ephemeralContainers": [{"image": "debug:1"}]}}
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

test_what_the_policy_observes_is_judged_again if {
	old := _pod("app:1")
	relabelled := object.union(old, {"metadata": {"labels": {"app": "other"}}})
	touched := object.union(old, {"metadata": {"resourceVersion": "7", "managedFields": [{}]}})
	count(workload.judged(_update(old, relabelled), ["metadata"])) == 1
	count(workload.judged(_update(old, relabelled), ["spec"])) == 0
	count(workload.judged(_update(old, touched), ["metadata"])) == 0
	count(workload.judged(_update(_deployment("app:1", 1), _deployment("app:1", 2)), ["spec"])) == 1
}

_running(image, id) := object.union(_pod(image), {"status": {"containerStatuses": [
	{"name": "side", "imageID": "registry.test/side@sha256:00"},
	{"name": "web", "imageID": id},
]}})

_asked(object, review) := workload.asked(review, workload.images(object)[0])

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
		_digest: "its node does not report a digest of the registry, so what its tag means now was judged",
		concat("@", ["mirror.test/app", _digest]): "it was pulled from another repository, so what its tag means now was judged",
	} {
		_asked_in_audit(_running("registry.test/app:1", id)) == {"text": "registry.test/app:1", "note": note}
	}
}

test_audit_of_a_pod_without_status_asks_the_tag if {
	_asked_in_audit(_pod("registry.test/app:1")).note == "it has not started, so what its tag means now was judged"
}

_mounting(status) := object.union(_pod("registry.test/app:1"), {
	"spec": {"volumes": [{"name": "models", "image": {"reference": "registry.test/models:1"}}]},
	"status": status,
})

_volume_in_audit(status) := workload.asked(_audit(object), workload.images(object)[1]) if object := _mounting(status)

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
