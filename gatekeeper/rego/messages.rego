# METADATA
# title: Messages
# description: |
#   What people read, on one line: the API server drops a warning that has a control character, and a dropped warning
#   is a silent pass. The policy's own sentence comes first, because audit keeps only the first 256 bytes.
package lib.bestbefore.messages

import future.keywords

import data.lib.bestbefore.admission
import data.lib.bestbefore.answers
import data.lib.bestbefore.limits
import data.lib.bestbefore.reasons
import data.lib.bestbefore.reference
import data.lib.bestbefore.workload

# METADATA
# description: |
#   The violation where there are no images to judge one by one, so that nothing slips through: the object or the
#   parameters cannot be read, or the object has more images than are judged. Total.
unreadable(document) := {"msg": msg, "details": object.union(_origin, {"reason": "LimitExceeded"})} if {
	found := count(workload.images(document.review.object))
	found > limits.images
	msg := sprintf(
		"The object has %d images, and at most %d of one object are judged, so it is not admitted. Split it up. Reason: LimitExceeded.",
		[found, limits.images],
	)
} else := unproved("the object or the policy's parameters cannot be read, so nothing is admitted")

# METADATA
# description: |
#   The violation where nothing is known but that the image or the object is not proved to comply. Total.
unproved(msg) := {"msg": msg, "details": object.union(_origin, {"reason": "Internal"})}

# What the details of every violation say of the review and the policy.
default _origin := {}

_origin := object.union(admission.origin, {"generation": number | number := input.parameters.generation; is_number(number)})

_own_characters := 120

# Audit counts bytes: of an alphabet with two or three bytes a letter, less fits. So many have 119 letters and "…".
_own_bytes := 122

_line_characters := 2048

# METADATA
# description: |
#   The violation for one image. `head` opens policy-controller's own line (`failed policy: NAME`), and the verdict
#   has `policy`, `reason`, `said` (the first sentence, "" for none), `line` (policy-controller's words), and perhaps
#   `note`, `question` (the key that was asked), `digest`, `created`, `built` (when, in words) and `reasonsUrl`. Total.
violation(head, image, verdict) := {"msg": msg, "details": details} if {
	question := object.get(verdict, "question", "")
	msg := _line([
		_first(verdict),
		_whereabouts(image, verdict, _ref(question)),
		_notes(verdict),
		_remedy(verdict),
		_page(verdict),
		sprintf("%s: %s", [head, verdict.line]),
	])
	details := object.union(_details(image, verdict, question), object.filter(verdict, ["stage", "waived", "waiver"]))
} else := unproved(_reasonless)

# METADATA
# description: |
#   The violation of a policy of our own. The verdict has `policy`, `reason`, `said`, `note`, `details`, and perhaps what
#   `violation` may have. Total.
own(image, verdict) := {"msg": msg, "details": details} if {
	question := object.get(verdict, "question", "")
	msg := _line([
		_first(verdict),
		_whereabouts(image, verdict, _ref(question)),
		_notes(verdict),
		_remedy(verdict),
		_page(verdict),
		object.get(verdict, "line", ""),
	])
	details := object.union(_details(image, verdict, question), verdict.details)
} else := unproved(_reasonless)

_reasonless := "the image is not proved to comply, and the reason cannot be told"

# METADATA
# description: |
#   The first sentence where nothing is known of an image: the reason, and what the provider says, without the image's
#   name. With a digest it would fill the sentence, and it stands in the next one.
unanswered(answer, image) := sprintf("%s: %s", [answer.reason, _nameless(answer.message, image)])

# METADATA
# description: The notes that say something, as one.
notes(all) := concat("; ", [note | some note in all; note != ""])

_line(parts) := _sentence(concat(" ", [part | some part in parts; part != ""]), _line_characters)

# As policy-controller has it, the field and the image; and what there is to know of it.
_whereabouts(image, verdict, ref) := sprintf("%s %s (%s).", [image.path, _name(image.text), concat("; ", known)]) if {
	known := [text | some text in [object.get(verdict, "built", ""), _reason(verdict.reason, ref)]; text != ""]
}

# A blank image would leave a gap that nobody sees.
_name(text) := sprintf("%q", [text]) if {
	trim_space(text) == ""
} else := text

_reason(reason, "") := reason

_reason(reason, ref) := sprintf("%s, ref %s", [reason, ref]) if ref != ""

_remedy(verdict) := sprintf("%s Or ask for a Waiver for %s.", [reasons.remedies[verdict.reason], verdict.waivable]) if {
	verdict.waivable != ""
	not verdict.reason in reasons.no_answer
} else := object.get(reasons.remedies, verdict.reason, "")

# Where the administrator keeps the page of reasons; it has a heading for each.
_page(verdict) := sprintf("See %s#%s.", [verdict.reasonsUrl, lower(verdict.reason)]) if {
	is_address(verdict.reasonsUrl)
} else := ""

# METADATA
# description: Whether a text is an address that may stand in a message.
is_address(url) if regex.match(`^https?://[!-~]{1,200}$`, url)

_details(image, verdict, question) := object.union_n([_origin, _asked(question), {
	"policy": verdict.policy,
	"image": substring(image.text, 0, _line_characters),
	"path": image.path,
	"reason": verdict.reason,
	"said": substring(verdict.said, 0, _line_characters),
	"digest": object.get(verdict, "digest", ""),
	"created": object.get(verdict, "created", null),
	"remedy": _remedy(verdict),
	"ref": _ref(question),
}])

_ref(question) := answers.ref(question) if {
	question != ""
} else := ""

# What was asked, so that it can be asked again; half of it would be no question.
_asked(question) := {"question": question} if {
	is_string(question)
	question != ""
	count(question) <= limits.key_characters
} else := {}

_first(verdict) := _ended(_within(_sentence(_said(verdict), _own_characters), _own_bytes))

_said(verdict) := verdict.said if {
	verdict.said != ""
} else := "The policy's own rule does not say that the image complies." if {
	verdict.reason == "PolicyFailed"
} else := verdict.reason

# What follows is a sentence of its own, whatever the policy's author or the provider ended theirs with.
_ended(text) := text if {
	regex.match(`[.!?…]$`, text)
} else := concat("", [text, "."])

# The provider names what it speaks of: `manifest of NAME: …`, `GET https://…/manifests/sha256:…: …`.
_nameless(message, image) := text if {
	name := reference.parsed(image.asked).name
	marked := _marked(_marked(sprintf(" %s", [message]), name), image.asked)
	nameless := regex.replace(marked, `( (of|for|ref|GET))* \S*(\x00|sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}|/manifests/[^\s:]+)[^\s:]*( :)?`, "")
	plain := replace(nameless, "failed to get: MANIFEST_UNKNOWN: manifest unknown", "the registry does not know it")
	text := regex.replace(regex.replace(plain, `^[\s:]+`, ""), `^(is|has) `, "it $1 ")
	text != ""
} else := message

_marked(text, name) := replace(replace(text, sprintf(" %s:", [name]), " \u0000:"), sprintf(" %s ", [name]), " \u0000 ")

_notes(verdict) := sprintf("Note: %s.", [note]) if {
	note := object.get(verdict, "note", "")
	note != ""
} else := ""

# Cut first: a rule may say kilobytes, and of each image the same.
_sentence(text, characters) := one_line if {
	count(text) <= 8 * characters
	one_line := trim_space(_on_one_line(text))
	count(one_line) <= characters
} else := concat("", [substring(_on_one_line(substring(text, 0, 8 * characters)), 0, characters - 1), "…"])

_within(text, bytes) := text if {
	_size(text) <= bytes
} else := concat("", [substring(text, 0, max(fitting)), "…"]) if {
	fitting := [length |
		some length in numbers.range(0, count(text))
		_size(substring(text, 0, length)) + _size("…") <= bytes
	]
}

_size(text) := count(hex.encode(text)) / 2

# Marks that turn the direction of writing would show another text than there is.
_on_one_line(text) := regex.replace(text, `[\p{Cc}\x{2028}\x{2029}\x{FFFD}\x{061C}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2066}-\x{2069}]+`, " ")
