# METADATA
# title: Messages
# description: |
#   What people read, on one line: the API server drops a warning that has a control character, and a dropped warning
#   is a silent pass. The policy's own sentence comes first, for audit keeps only the first 256 bytes.
package lib.bestbefore.messages

import future.keywords

# METADATA
# description: The violation where the object or the parameters cannot be read, so that nothing slips through.
unreadable := {
	"msg": "the object or the policy's parameters cannot be read, so nothing is admitted",
	"details": {"reason": "Internal"},
}

_own_characters := 120

_line_characters := 2048

# METADATA
# description: |
#   The violation for one image. `head` opens policy-controller's own line (`failed policy: NAME`), and the verdict
#   has `policy`, `reason`, `said` (the first sentence, "" for none), `line` (policy-controller's words), and perhaps
#   `note`, `digest` and `created`. Total.
default violation(_, _, _, _) := {
	"msg": "the image is not proved to comply, and the reason cannot be told",
	"details": {"reason": "Internal"},
}

violation(head, image, verdict, ref) := {"msg": msg, "details": details} if {
	parts := [part |
		some part in [
			_ended(_sentence(_first(verdict), _own_characters)),
			_whereabouts(image, verdict, ref),
			_notes(verdict),
			sprintf("%s: %s %s %s", [head, image.path, image.text, verdict.line]),
		]
		part != ""
	]
	msg := _sentence(concat(" ", parts), _line_characters)
	details := object.union(_details(image, verdict, ref), object.filter(verdict, ["stage"]))
}

# METADATA
# description: |
#   The violation of a policy of our own, which has no words of policy-controller to repeat. The verdict has `policy`,
#   `reason`, `said`, `note`, `details`, and perhaps `digest` and `created`. Total.
default own(_, _, _) := {
	"msg": "the image is not proved to comply, and the reason cannot be told",
	"details": {"reason": "Internal"},
}

own(image, verdict, ref) := {"msg": msg, "details": details} if {
	parts := [part |
		some part in [_ended(_sentence(_first(verdict), _own_characters)), _whereabouts(image, verdict, ref), _notes(verdict)]
		part != ""
	]
	msg := _sentence(concat(" ", parts), _line_characters)
	details := object.union(_details(image, verdict, ref), verdict.details)
}

_whereabouts(image, verdict, ref) := sprintf("Image %s (%s): see `bestbefore explain %s`%s.", [
	image.text,
	image.path,
	verdict.reason,
	_named(ref),
])

_details(image, verdict, ref) := {
	"policy": verdict.policy,
	"image": image.text,
	"path": image.path,
	"reason": verdict.reason,
	"said": verdict.said,
	"digest": object.get(verdict, "digest", ""),
	"created": object.get(verdict, "created", null),
	"ref": ref,
}

_first(verdict) := verdict.said if {
	verdict.said != ""
} else := "The policy's own rule does not say that the image complies." if {
	verdict.reason == "PolicyFailed"
} else := verdict.reason

# What follows is a sentence of its own, whatever the policy's author or the provider ended theirs with.
_ended(text) := text if {
	regex.match(`[.!?…]$`, text)
} else := concat("", [text, "."])

_named("") := ""

_named(ref) := sprintf(", ref %s", [ref]) if ref != ""

_notes(verdict) := sprintf("Note: %s.", [note]) if {
	note := object.get(verdict, "note", "")
	note != ""
} else := ""

_sentence(text, characters) := one_line if {
	one_line := trim_space(regex.replace(text, `[\p{Cc}\x{2028}\x{2029}\x{FFFD}]+`, " "))
	count(one_line) <= characters
} else := concat("", [substring(regex.replace(text, `[\p{Cc}\x{2028}\x{2029}\x{FFFD}]+`, " "), 0, characters - 1), "…"])
