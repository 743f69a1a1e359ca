# METADATA
# title: Judgement
# description: |
#   What the policies of our own share. Each of them is a rule: a library with `name`, `complete`, `problems`, `images`,
#   `questions` and `verdicts`, which `template_own` asks. A context is `{given, problems, review, now}`: the parameters
#   with their defaults, what is wrong with them, Gatekeeper's review, and the time in nanoseconds since 1970.
#   A rule's verdict is `{"class": "pass"}`, or has `class`, `reason` and `said`, and perhaps `note`, `question`, `details`,
#   `digest` and `created`. Its class is pass, warn, deny, or invalid where no sense can be made of an answer. Where the
#   class hangs on a parameter, `choice` is the parameter's name; then one that passes has `reason` and `said` too.
package lib.bestbefore.judgement

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.exemptions
import data.lib.bestbefore.pulling
import data.lib.bestbefore.reference
import data.lib.bestbefore.waivers
import data.lib.bestbefore.workload

# METADATA
# description: What a parameter's choice makes of an image.
classes := {"allow": "pass", "warn": "warn", "deny": "deny"}

_passing := {"allow", "off"}

# METADATA
# description: How bad a class is that a choice can make.
severities := {"pass": 0, "warn": 1, "deny": 2}

# METADATA
# description: A context as of now. Undefined where a part of it is missing.
context(given, problems, review) := {
	"given": given,
	"problems": problems,
	"review": review,
	"now": time.now_ns(),
}

# METADATA
# description: |
#   The images of a review to judge, each with the reference to ask about. Of an expanded workload none, where that
#   workload is judged itself.
images(context) := [] if {
	controllers.implied(context.review, context.given.workloads)
} else := [object.union(image, {"puller": puller}) | some image in asked] if {
	asked := workload.asked(context.review, workload.judged(context.review, []))
	puller := pulling.puller(object.get(context.given, "podCredentials", false), context.review)
}

# METADATA
# description: A context in which images are judged one by one, without what grows with their number.
for_each(context) := object.union(object.remove(context, ["review"]), {"review": workload.head(context.review)})

# METADATA
# description: Whether it is for the policy's rule to judge an image. If not, nothing is asked about it.
is_open(context, image) if {
	is_usable(context)
	reference.parsed(image.text)
	not _is_exempt(context, image)
}

# METADATA
# description: Whether sense can be made of the parameters.
is_usable(context) if count(context.problems) == 0

# METADATA
# description: |
#   The verdicts on an image, one at least, each with all its fields. `own` are those of the policy's rule, which counts
#   only for an image that is open; without one of them, or with one that has not its shape, nothing is admitted. Total.
verdicts(context, image, own) := [_complete(context, image, verdict) | some verdict in own] if {
	is_open(context, image)
	count(own) > 0
} else := [_complete(context, image, failed("invalid", "ParametersInvalid", said))] if {
	not is_usable(context)
	said := sprintf("No image can be judged: %s.", [concat("; ", context.problems)])
} else := [_complete(context, image, failed("deny", "ReferenceInvalid", "The image reference is malformed."))] if {
	not reference.parsed(image.text)
} else := [{"class": "pass"}] if {
	is_usable(context)
	_is_exempt(context, image)
} else := [_undecided]

# METADATA
# description: A verdict of which there is no more to tell.
failed(class, reason, said) := {"class": class, "reason": reason, "said": said}

# METADATA
# description: |
#   Whether a Constraint has nothing to say of a verdict: it passed, or its twin reports it. The one that warns sees only
#   its own parameters: where another choice of its twin's would not deny, it reports the verdict itself.
settled(_, verdict) if verdict.class == "pass"

settled(context, verdict) if {
	context.given.reports == "deny"
	verdict.class == "warn"
}

# What is waived is only shown: by the one that warns.
settled(context, verdict) if {
	verdict.class == "waived"
	context.given.reports != "warn"
}

settled(context, verdict) if {
	context.given.reports == "warn"
	verdict.class == "deny"
	object.get(verdict, "choice", "") == ""
}

# METADATA
# description: Whether a verdict is one that a Waiver can let pass.
may_waive(context, verdict) if {
	verdict.class == "deny"
	waivers.may_waive(context.given, verdict.reason)
}

# METADATA
# description: |
#   A verdict that may be waived, as it is with the Waivers that name policy and namespace. Its class is `waived` where one
#   of them holds; else its note says of those that cover the image why they do not. Total.
waived(context, image, verdict, candidates) := object.union(verdict, {
	"class": "waived",
	"reason": "Waived",
	"said": waivers.said(waiver),
	"note": notes([verdict.note, waivers.without(verdict)]),
	"details": object.union(verdict.details, {"class": "waived", "waived": object.filter(verdict, ["reason", "said"]), "waiver": waiver}),
}) if {
	waiver := waivers.holding(candidates, context.given, image.text, context.now)
} else := object.union(verdict, {"waivable": context.given.name, "note": notes([verdict.note, said])}) if {
	said := waivers.note(candidates, context.given, image.text, context.now)
} else := verdict

# METADATA
# description: The notes that say something, as one.
notes(all) := concat("; ", [note | some note in all; note != ""])

_undecided := {
	"class": "invalid",
	"reason": "Internal",
	"said": "No verdict could be reached.",
	"note": "",
	"question": "",
	"details": {"class": "invalid"},
}

# What a parameter lets pass in the Constraint that warns is warned of, unless it is known that the other one lets it pass,
# too: that one may leave it to this one.
_reported(context, verdict) := object.union(verdict, {"class": "warn", "note": notes([own, note])}) if {
	context.given.reports == "warn"
	verdict.class == "pass"
	verdict.choice != ""
	not object.get(context.given.twin, verdict.choice, "") in _passing
	own := object.get(verdict, "note", "")
	note := sprintf("if the Constraint that denies lets it pass too, `twin.%s` has to say so here", [verdict.choice])
} else := verdict

_complete(context, image, verdict) := {"class": "pass"} if {
	verdict.class == "pass"
	object.get(verdict, "choice", "") == ""
} else := _complete_reported(context, image, _reported(context, verdict))

_complete_reported(context, image, verdict) := {"class": "pass"} if {
	verdict.class == "pass"
} else := object.union(verdict, {
	"note": notes([
		image.note,
		object.get(verdict, "note", ""),
		_twin_note(context, verdict),
		_exemption_note(context, image),
	]),
	"question": object.get(verdict, "question", ""),
	"details": object.union(object.get(verdict, "details", {}), {"class": verdict.class}),
}) if {
	verdict.class in {"warn", "deny", "invalid"}
	is_string(verdict.reason)
	is_string(verdict.said)
} else := _undecided

# Beside a denial by the twin this says nothing new; without one it says what is wrong.
_twin_note(context, verdict) := sprintf("if it was admitted, `%s` of the Constraint that denies is another", [verdict.choice]) if {
	context.given.reports == "warn"
	verdict.class == "deny"
	verdict.choice != ""
} else := ""

_is_exempt(context, image) if {
	count(context.given.exemptions) > 0
	exemptions.in_force(context.given.exemptions, image.text, workload.namespace(context.review), context.now)
}

_exemption_note(context, image) := exemptions.note(
	context.given.exemptions,
	image.text,
	workload.namespace(context.review),
	context.now,
)
