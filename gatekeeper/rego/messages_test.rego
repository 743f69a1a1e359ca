package lib.bestbefore.messages_test

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.messages
import data.lib.bestbefore.reasons

_image := {"text": "registry.test/app:1", "path": "spec.containers[0].image"}

_verdict := {"policy": "age", "reason": "PolicyFailed", "said": "Too old.", "line": "not compliant with errors: Too old."}

_question := `{"image":"registry.test/app:1","v":1}`

_msg(verdict) := messages.violation("failed policy: age", _image, object.union({"question": _question}, verdict)).msg

test_own_sentence_comes_first_and_upstream_last if {
	_msg(_verdict) == "Too old. spec.containers[0].image registry.test/app:1 (PolicyFailed, ref 3a302749b53a). Use an image that satisfies the policy, or ask the policy's owner. failed policy: age: not compliant with errors: Too old."
}

test_blank_image_is_quoted if {
	every text in ["", "  "] {
		image := {"text": text, "path": "spec.containers[0].image"}
		msg := messages.violation("failed policy: age", image, _verdict).msg
		contains(msg, sprintf("spec.containers[0].image %q (PolicyFailed).", [text]))
	}
}

test_rule_without_a_sentence_has_one_made if {
	startswith(_msg(object.union(_verdict, {"said": ""})), "The policy's own rule does not say that the image complies. spec.containers")
}

test_reason_stands_in_for_a_missing_sentence if {
	startswith(_msg(object.union(_verdict, {"said": "", "reason": "Timeout"})), "Timeout. spec.containers")
}

test_sentence_without_an_end_gets_one if {
	startswith(_msg(object.union(_verdict, {"said": "too old"})), "too old. spec.containers")
	startswith(_msg(object.union(_verdict, {"said": "too old!"})), "too old! spec.containers")
}

test_control_characters_become_spaces if {
	msg := _msg(object.union(_verdict, {"said": "Too\n\told\u0000.\u2028", "line": "a\r\nb"}))
	startswith(msg, "Too old . spec.containers")
	endswith(msg, "a b")
	not regex.match(`[\p{Cc}]`, msg)
}

test_long_sentence_is_cut if {
	long := sprintf("%0500d", [1])
	msg := _msg(object.union(_verdict, {"said": long}))
	indexof(msg, " spec.containers") == 120
}

# Audit cuts at 256 bytes, and a letter may have three of them.
test_sentence_of_another_alphabet_leaves_room_for_the_image_in_audit if {
	long := concat("", ["古" | some _ in numbers.range(1, 200)])
	msg := _msg(object.union(_verdict, {"said": long}))
	startswith(msg, concat("", [substring(long, 0, 39), "… spec.containers[0].image registry.test/app:1 "]))
}

test_marks_that_turn_the_direction_of_writing_become_spaces if {
	msg := _msg(object.union(_verdict, {"said": "Too\u202e\u2066 old.", "line": "a\u200fb"}))
	startswith(msg, "Too  old. spec.containers")
	endswith(msg, "a b")
}

test_whole_message_is_bounded if {
	long := sprintf("%09000d", [1])
	count(_msg(object.union(_verdict, {"line": long}))) == 2048
}

# Gatekeeper logs them, and an object may hold an image of a megabyte.
test_details_are_bounded if {
	long := sprintf("%09000d", [1])
	violation := messages.violation("head", {"text": long, "path": "p"}, object.union(_verdict, {"said": long}))
	violation.details.image == substring(long, 0, 2048)
	violation.details.said == substring(long, 0, 2048)
	count(json.marshal(violation)) < 8000
}

test_note_is_told if contains(_msg(object.union(_verdict, {"note": "it has not started"})), "). Note: it has not started. Use an image")

test_verdict_that_cannot_be_told_is_still_a_violation if {
	is_string(messages.violation("x", {}, {}).msg)
	is_string(messages.violation("x", null, null).msg)
}

test_details_are_for_machines if {
	details := messages.violation("x", _image, object.union(_verdict, {"digest": "sha256:1", "question": _question})).details
	details == {
		"policy": "age",
		"image": "registry.test/app:1",
		"path": "spec.containers[0].image",
		"reason": "PolicyFailed",
		"said": "Too old.",
		"digest": "sha256:1",
		"created": null,
		"remedy": "Use an image that satisfies the policy, or ask the policy's owner.",
		"ref": "3a302749b53a",
		"question": _question,
		"actor": "unknown",
	}
}

test_question_too_long_for_the_provider_is_left_out_and_its_ref_stays if {
	long := sprintf("%04097d", [1])
	details := messages.violation("x", _image, object.union(_verdict, {"question": long})).details
	details.ref == answers.ref(long)
	not details.question
	messages.violation("x", _image, object.union(_verdict, {"question": substring(long, 1, -1)})).details.question
}

test_question_that_is_no_text_is_none if {
	every strange in [7, null, {}, [], ""] {
		details := messages.violation("x", _image, object.union(_verdict, {"question": strange})).details
		details.ref == ""
		not details.question
	}
}

_admitted := {
	"parameters": {"generation": 3},
	"review": {
		"uid": "7",
		"operation": "CREATE",
		"userInfo": {"username": "ann"},
		"object": {"metadata": {"ownerReferences": [{"kind": "ReplicaSet", "name": "web-1"}]}},
	},
}

test_every_violation_says_where_it_comes_from if {
	violations := [
		messages.violation("x", _image, _verdict),
		messages.violation("x", null, null),
		messages.own(_image, _own_verdict),
		messages.own(_image, null),
		messages.unproved("strange"),
		messages.unreadable({}),
	]
		with input as _admitted
	every violation in violations {
		object.filter(violation.details, ["actor", "owner", "request", "generation"]) == {
			"actor": "person",
			"owner": {"kind": "ReplicaSet", "name": "web-1"},
			"request": {"uid": "7", "operation": "CREATE"},
			"generation": 3,
		}
	}
}

test_generation_that_is_no_number_is_left_out if {
	every strange in [null, "3", {}, true] {
		violation := messages.violation("x", _image, _verdict) with input as {"parameters": {"generation": strange}}
		not violation.details.generation
	}
}

_own_verdict := {
	"policy": "MaximumImageAge",
	"reason": "ImageTooOld",
	"said": "Image is 45 days old.",
	"note": "",
	"details": {"age": "45d"},
}

test_message_of_our_own_policy_has_no_words_of_others if {
	messages.own(_image, object.union(_own_verdict, {"question": _question})) == {
		"msg": "Image is 45 days old. spec.containers[0].image registry.test/app:1 (ImageTooOld, ref 3a302749b53a). Rebuild it, or move to a newer tag.",
		"details": {
			"policy": "MaximumImageAge",
			"image": "registry.test/app:1",
			"path": "spec.containers[0].image",
			"reason": "ImageTooOld",
			"said": "Image is 45 days old.",
			"digest": "",
			"created": null,
			"remedy": "Rebuild it, or move to a newer tag.",
			"ref": "3a302749b53a",
			"question": _question,
			"actor": "unknown",
			"age": "45d",
		},
	}
}

test_message_of_our_own_policy_is_one_line if {
	verdict := object.union(_own_verdict, {"said": "Too\nold.\u0000", "note": "a\r\nb"})
	msg := messages.own(_image, object.union(verdict, {"question": ""})).msg
	startswith(msg, "Too old. spec.containers")
	endswith(msg, "). Note: a b. Rebuild it, or move to a newer tag.")
}

test_words_of_policy_controller_come_last_in_a_message_of_our_own_policy if {
	verdict := object.union(_own_verdict, {"question": "", "note": "a", "line": "no signatures found"})
	endswith(messages.own(_image, verdict).msg, "Note: a. Rebuild it, or move to a newer tag. no signatures found")
}

test_verdict_of_our_own_policy_that_cannot_be_told_is_still_a_violation if {
	every verdict in [{}, null, object.remove(_own_verdict, ["details"]), object.remove(_own_verdict, ["reason"])] {
		messages.own(_image, verdict).details.reason == "Internal"
	}
}

test_date_stands_beside_the_image if {
	contains(
		_msg(object.union(_verdict, {"built": "built 31 days ago, 2026-10-29"})),
		"spec.containers[0].image registry.test/app:1 (built 31 days ago, 2026-10-29; PolicyFailed, ref 3a302749b53a). Use",
	)
}

test_image_stands_there_once if {
	count(split(_msg(object.union(_verdict, {"built": "built 31 days ago, 2026-10-29"})), "registry.test/app:1")) == 2
}

test_page_of_the_reason_is_named_where_the_administrator_set_one if {
	verdict := object.union(_verdict, {"reasonsUrl": "https://docs.example.com/reasons"})
	contains(_msg(verdict), "policy's owner. See https://docs.example.com/reasons#policyfailed. failed policy")
	every url in ["", null, 1, "docs", "javascript:alert(1)", "https://a b"] {
		contains(_msg(object.union(_verdict, {"reasonsUrl": url})), "policy's owner. failed policy")
	}
}

test_reason_that_nobody_knows_is_told_without_a_remedy if {
	contains(_msg(object.union(_verdict, {"reason": "Odd"})), "(Odd, ref 3a302749b53a). failed policy")
}

test_every_reason_has_a_remedy_for_the_reader_of_a_denial if {
	every _, remedy in reasons.remedies {
		endswith(remedy, ".")
		count(remedy) <= 80
		not contains(remedy, "bestbefore")
	}
}

_pinned := {
	"text": concat("", ["registry.test/app:1@sha256:", _hex]),
	"asked": concat("", ["registry.test/app:1@sha256:", _hex]),
}

_hex := "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

_name := concat("", ["registry.test/app@sha256:", _hex])

_unanswered(image, message) := messages.unanswered({"reason": "R", "message": message}, image)

test_reason_stands_first_where_the_provider_names_the_image if {
	every message, said in {
		"manifest of %s: registry.test does not know it (status 404)": "R: manifest: registry.test does not know it (status 404)",
		"blob sha256:%s of %s: 70 bytes, more than 60": "R: blob: 70 bytes, more than 60",
		"configuration of %s: it is no JSON object": "R: configuration: it is no JSON object",
		"%s is no image that runs: its configuration is x": "R: it is no image that runs: its configuration is x",
		"%s: the index names no platform that an image could run on": "R: the index names no platform that an image could run on",
		"getting ConfigFile for %s: bad": "R: getting ConfigFile: bad",
		"registry.test has not answered in time": "R: registry.test has not answered in time",
		"refused": "R: refused",
	} {
		_unanswered(_pinned, replace(replace(message, "sha256:%s", concat(":", ["sha256", _hex])), "%s", _name)) == said
	}
}

test_reason_stands_first_in_policy_controller_s_words if {
	message := sprintf("failed to get ref %s : GET https://registry.test/v2/app/manifests/sha256:%s: MANIFEST_UNKNOWN: manifest unknown", [_pinned.text, _hex])
	_unanswered(_pinned, message) == "R: the registry does not know it"
}

test_name_by_a_tag_is_left_out_too if {
	image := {"text": "alpine", "asked": "alpine"}
	_unanswered(image, "manifest of index.docker.io/library/alpine:latest: it is away") == "R: manifest: it is away"
	_unanswered(image, "getting ConfigFile for alpine: bad") == "R: getting ConfigFile: bad"
	_unanswered(image, "GET https://index.docker.io/v2/library/alpine/manifests/latest: UNKNOWN") == "R: UNKNOWN"
}

test_message_that_is_nothing_but_a_name_is_told if _unanswered(_pinned, _name) == concat("", ["R: ", _name])

test_what_cannot_be_read_is_a_violation_whatever_it_is if {
	every document in [null, {}, {"review": null}, {"review": {"object": {"kind": "Pod"}}}] {
		messages.unreadable(document).details.reason == "Internal"
	}
}

test_too_many_images_are_named_with_their_number if {
	containers := [{"image": "app:1"} | some _ in numbers.range(1, 500)]
	violation := messages.unreadable({"review": {"object": {"kind": "Pod", "spec": {"containers": containers}}}})
	violation.details.reason == "LimitExceeded"
	startswith(violation.msg, "The object has 500 images, and at most 256 of one object are judged")
}

test_verdict_that_cannot_be_told_says_so_and_no_more if {
	every verdict in [{}, null, object.remove(_verdict, ["said"])] {
		messages.violation("head", _image, verdict) == {
			"msg": "the image is not proved to comply, and the reason cannot be told",
			"details": {"reason": "Internal", "actor": "unknown"},
		}
	}
}

# 122 bytes are room enough for what has 120 characters.
test_sentence_that_just_fits_stays if {
	fits := concat("", [sprintf("%0118d", [1]), "éé"])
	startswith(_msg(object.union(_verdict, {"said": fits})), concat("", [fits, ". spec.containers"]))
	longer := concat("", [sprintf("%0117d", [1]), "ééé"])
	startswith(_msg(object.union(_verdict, {"said": longer})), concat("", [sprintf("%0117d", [1]), "é… spec.containers"]))
}

test_text_of_kilobytes_is_cut_before_anything_else if {
	lines := concat("", ["a", sprintf("%2000s", [""]), "b"])
	startswith(_msg(object.union(_verdict, {"said": lines})), sprintf("a%118s… spec.containers", [""]))
	blank := concat("", ["a", replace(sprintf("%2000s", [""]), " ", "\n"), "b"])
	startswith(_msg(object.union(_verdict, {"said": blank})), "a … spec.containers")
}
