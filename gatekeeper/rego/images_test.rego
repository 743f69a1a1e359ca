package lib.bestbefore.images_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.images

pod := {"operation": "CREATE", "object": {"kind": "Pod", "spec": {"containers": [
	{"name": "a", "image": "reg.io/a:1"},
	{"name": "b", "image": "reg.io/b:1"},
]}}}

fact(image) := json.marshal({"v": 1, "image": image})

proof(image) := json.marshal({"v": 1, "image": image, "verify": {"key": {"data": "PEM"}}})

answered(request) := {"responses": [[key, {"created": key}] | some key in request.keys], "errors": [], "system_error": ""}

test_facts_of_every_image_come_with_it if {
	known := images.of(pod, {}) with external_data as answered
	[image.text | some image in known] == ["reg.io/a:1", "reg.io/b:1"]
	[image.facts.created | some image in known] == [fact("reg.io/a:1"), fact("reg.io/b:1")]
	known[1].path == "spec.containers[1].image"
}

one_call(request) := {"responses": [], "errors": [], "system_error": json.marshal(request.keys)}

test_all_is_asked_in_one_call if {
	known := images.of(pod, {"verify": {"release": {"key": {"data": "PEM"}}}}) with external_data as one_call
	keys := sort([fact("reg.io/a:1"), fact("reg.io/b:1"), proof("reg.io/a:1"), proof("reg.io/b:1")])
	contains(known[0].failure.message, substring(json.marshal(keys), 0, 20))
}

test_configuration_is_part_of_the_question if {
	known := images.of(pod, {"config": true}) with external_data as answered
	known[0].facts.created == json.marshal({"v": 1, "image": "reg.io/a:1", "config": true})
}

proved(request) := {
	"responses": [[key, {"proofs": [{"id": "x"}]}] | some key in request.keys; key == proof("reg.io/a:1")],
	"errors": [],
	"system_error": "",
}

test_what_is_not_proved_is_not_there if {
	known := images.of(pod, {"verify": {"release": {"key": {"data": "PEM"}}}}) with external_data as proved
	count(known[0].proofs.release) == 1
	not known[1].proofs.release
	not known[0].facts
	known[1].failures.release.reason == "ProviderUnavailable"
}

undefined_call(request) := request.nowhere

test_undefined_call_leaves_images_without_facts if {
	known := images.of(pod, {}) with external_data as undefined_call
	count(known) == 2
	not known[0].facts
	known[0].failure.reason == "ProviderUnavailable"
}

test_nothing_is_judged_where_the_wish_cannot_be_read if {
	wishes := ["config", ["verify"], {"verify": "PEM"}, {"verify": ["PEM"]}, null]
	every wish in wishes {
		not images.of(pod, wish) with external_data as answered
	}
}

test_object_without_images_asks_nothing if {
	images.of({"operation": "CREATE", "object": {"kind": "Service"}}, {}) == [] with external_data as undefined_call
}

test_violation_has_the_sentence_the_place_and_the_reason if {
	known := images.of(pod, {}) with external_data as answered
	found := images.violation(known[0], "Too old")
	startswith(found.msg, "Too old. spec.containers[0].image reg.io/a:1 (PolicyFailed")
	found.details.reason == "PolicyFailed"
	found.details.image == "reg.io/a:1"
}

refused(request) := {"responses": [], "errors": [[key, "NotFound: it is not there"] | some key in request.keys], "system_error": ""}

test_violation_of_an_image_without_facts_says_why_there_are_none if {
	known := images.of(pod, {}) with external_data as refused
	found := images.violation(known[0], "Too old")
	startswith(found.msg, "NotFound: it is not there.")
	found.details.reason == "NotFound"
}

test_violation_names_the_signatures_that_are_not_proved if {
	known := images.of(pod, {"verify": {"release": {"key": {"data": "PEM"}}}}) with external_data as answered
	missing := object.union(known[0], {"failures": {"release": {"reason": "SignatureAbsent", "message": "none"}}})
	contains(images.violation(missing, "No").msg, "Note: release: SignatureAbsent: none.")
}

test_violation_is_one_whatever_the_sentence_is if {
	known := images.of(pod, {}) with external_data as answered
	images.violation(known[0], 7).msg
	images.violation({}, "x").msg
}

test_more_images_than_are_judged_are_no_images if {
	many := [{"name": sprintf("c%d", [number]), "image": sprintf("reg.io/a:%d", [number])} | some number in numbers.range(1, 300)]
	review := {"operation": "CREATE", "object": {"kind": "Pod", "spec": {"containers": many}}}
	not images.of(review, {}) with external_data as answered
	images.unreadable({"review": review}).details.reason == "LimitExceeded"
}

tenant := object.union(pod, {"namespace": "shop", "object": {"spec": {"imagePullSecrets": [{"name": "a"}]}}})

unread(request) := {"responses": [], "errors": [], "system_error": json.marshal({answers.ref(key): failure |
	some key in request.keys
	failure := {"reason": "Unauthorized", "message": "refuses us", "detail": json.unmarshal(key).pullSecrets[0]}
})}

test_images_are_asked_for_as_their_pod_pulls_where_that_is_wished if {
	wish := {"podCredentials": true, "verify": {"release": {"key": {"data": "PEM"}}}}
	known := images.of(tenant, wish) with external_data as answered
	json.unmarshal(known[0].question) == {"v": 1, "image": "reg.io/a:1", "namespace": "shop", "pullSecrets": ["a"]}
	shared := images.of(tenant, {}) with external_data as answered
	shared[0].question == fact("reg.io/a:1")
}

test_violation_says_which_pull_secret_could_not_be_used if {
	known := images.of(tenant, {"podCredentials": true}) with external_data as unread
	contains(images.violation(known[0], "Too old").msg, "Note: a.")
}

test_date_of_the_annotation_is_part_of_the_question if {
	known := images.of(pod, {"dates": ["annotation"]}) with external_data as answered
	known[0].facts.created == json.marshal({"v": 1, "image": "reg.io/a:1", "dates": ["annotation"]})
}
