package template_coverage_test

import future.keywords

import data.clusterimagepolicycoverage as coverage

_policies := [
	{"name": "ours", "images": [{"glob": "registry.example.com/**"}]},
	{"name": "jobs", "images": [{"glob": "ghcr.io/**"}], "match": [{"resource": "jobs", "group": "batch", "version": "v1"}]},
	{
		"name": "tests",
		"images": [{"glob": "quay.io/**"}],
		"match": [{"resource": "pods", "version": "v1", "selector": {"matchLabels": {"tier": "test"}}}],
	},
]

_pod(images) := {
	"kind": "Pod",
	"metadata": {"name": "web"},
	"spec": {"containers": [{"name": image, "image": image} | some image in images]},
}

_review(object) := {
	"operation": "CREATE",
	"uid": "7",
	"kind": {"group": "", "version": "v1", "kind": "Pod"},
	"userInfo": {"username": "ann"},
	"object": object,
}

_uncovered(review) := {violation.details.image | some violation in violations} if {
	parameters := {"policies": _policies, "workloads": ["Deployment"]}
	violations := coverage.violation with input as {"review": review, "parameters": parameters}
}

test_image_that_no_policy_covers_is_a_violation if {
	images := ["registry.example.com/shop/web:1", "ghcr.io/acme/web:1", "alpine:3"]
	_uncovered(_review(_pod(images))) == {"ghcr.io/acme/web:1", "alpine:3"}
}

# Policies apply to it by the registry's usual name, and what upstream denies is denied all the same.
test_other_spelling_of_a_registry_is_uncovered_as_it_is_written if {
	images := ["REGISTRY.example.com/shop/web:1", "registry.example.com:443/shop/web:1"]
	_uncovered(_review(_pod(images))) == {image | some image in images}
}

_owned(kind) := object.union(_pod(["alpine:3"]), {"metadata": {"ownerReferences": [{
	"apiVersion": "apps/v1",
	"kind": kind,
	"name": "web",
}]}})

test_expanded_workload_is_judged_as_a_workload if {
	_uncovered(object.remove(_review(_owned("Deployment")), ["uid", "userInfo"])) == set()
	_uncovered(object.remove(_review(_owned("StatefulSet")), ["uid", "userInfo"])) == {"alpine:3"}
}

_labelled(labels) := object.union(_pod(["quay.io/acme/web:1"]), {"metadata": {"labels": labels}})

_relabelled(old, new) := object.union(_review(_labelled(new)), {"operation": "UPDATE", "oldObject": _labelled(old)})

test_label_that_takes_an_object_away_from_its_policy_is_judged if {
	_uncovered(_review(_labelled({"tier": "test"}))) == set()
	_uncovered(_relabelled({"tier": "test"}, {})) == {"quay.io/acme/web:1"}
	_uncovered(_relabelled({}, {"tier": "test"})) == set()
	_uncovered(_relabelled({}, {"seen": "yes"})) == set()
}

test_parameters_or_a_review_that_cannot_be_read_deny if {
	count(coverage.violation) == 1 with input as {}
	count(coverage.violation) == 1 with input as {"parameters": {"policies": _policies}}
	count(coverage.violation) == 1 with input as {"review": _review(_pod(["alpine:3"]))}
}
