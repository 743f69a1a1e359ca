package lib.bestbefore.messages_test

import future.keywords

import data.lib.bestbefore.messages

_image := {"text": "registry.test/app:1", "path": "spec.containers[0].image"}

_verdict := {"policy": "age", "reason": "PolicyFailed", "said": "Too old.", "line": "not compliant with errors: Too old."}

_msg(verdict) := messages.violation("failed policy: age", _image, verdict, "0123456789ab").msg

test_own_sentence_comes_first_and_upstream_last if {
	_msg(_verdict) == "Too old. Image registry.test/app:1 (spec.containers[0].image): see `bestbefore explain PolicyFailed`, ref 0123456789ab. failed policy: age: spec.containers[0].image registry.test/app:1 not compliant with errors: Too old."
}

test_rule_without_a_sentence_has_one_made if {
	startswith(_msg(object.union(_verdict, {"said": ""})), "The policy's own rule does not say that the image complies. Image")
}

test_reason_stands_in_for_a_missing_sentence if {
	startswith(_msg(object.union(_verdict, {"said": "", "reason": "Timeout"})), "Timeout. Image")
}

test_sentence_without_an_end_gets_one if {
	startswith(_msg(object.union(_verdict, {"said": "too old"})), "too old. Image")
	startswith(_msg(object.union(_verdict, {"said": "too old!"})), "too old! Image")
}

test_control_characters_become_spaces if {
	msg := _msg(object.union(_verdict, {"said": "Too\n\told\u0000.\u2028", "line": "a\r\nb"}))
	startswith(msg, "Too old . Image")
	endswith(msg, "a b")
	not regex.match(`[\p{Cc}]`, msg)
}

test_long_sentence_is_cut if {
	long := sprintf("%0500d", [1])
	msg := _msg(object.union(_verdict, {"said": long}))
	indexof(msg, " Image") == 120
}

test_whole_message_is_bounded if {
	long := sprintf("%09000d", [1])
	count(_msg(object.union(_verdict, {"line": long}))) == 2048
}

test_note_is_told if contains(_msg(object.union(_verdict, {"note": "it has not started"})), "Note: it has not started. failed")

test_verdict_that_cannot_be_told_is_still_a_violation if {
	is_string(messages.violation("x", {}, {}, "").msg)
	is_string(messages.violation("x", null, null, "").msg)
}

test_details_are_for_machines if {
	details := messages.violation("x", _image, object.union(_verdict, {"digest": "sha256:1"}), "r").details
	details == {
		"policy": "age",
		"image": "registry.test/app:1",
		"path": "spec.containers[0].image",
		"reason": "PolicyFailed",
		"said": "Too old.",
		"digest": "sha256:1",
		"created": null,
		"ref": "r",
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
	messages.own(_image, _own_verdict, "0123456789ab") == {
		"msg": "Image is 45 days old. Image registry.test/app:1 (spec.containers[0].image): see `bestbefore explain ImageTooOld`, ref 0123456789ab.",
		"details": {
			"policy": "MaximumImageAge",
			"image": "registry.test/app:1",
			"path": "spec.containers[0].image",
			"reason": "ImageTooOld",
			"said": "Image is 45 days old.",
			"digest": "",
			"created": null,
			"ref": "0123456789ab",
			"age": "45d",
		},
	}
}

test_message_of_our_own_policy_is_one_line if {
	verdict := object.union(_own_verdict, {"said": "Too\nold.\u0000", "note": "a\r\nb"})
	msg := messages.own(_image, verdict, "").msg
	startswith(msg, "Too old. Image")
	endswith(msg, "ImageTooOld`. Note: a b.")
}

test_verdict_of_our_own_policy_that_cannot_be_told_is_still_a_violation if {
	every verdict in [{}, null, object.remove(_own_verdict, ["details"]), object.remove(_own_verdict, ["reason"])] {
		messages.own(_image, verdict, "").details.reason == "Internal"
	}
}
