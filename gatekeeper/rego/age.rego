# METADATA
# title: Age
# description: |
#   MaximumImageAge: from a review to a verdict on each image. A context is `{given, review, now}`: the parameters with
#   their defaults, Gatekeeper's review, and the time in nanoseconds since 1970. Every verdict has a class: pass, warn,
#   deny, or invalid where no sense can be made of the parameters or of an answer.
package lib.bestbefore.age

import future.keywords

import data.lib.bestbefore.answers
import data.lib.bestbefore.controllers
import data.lib.bestbefore.dates
import data.lib.bestbefore.exemptions
import data.lib.bestbefore.parameters
import data.lib.bestbefore.reference
import data.lib.bestbefore.rescheduling
import data.lib.bestbefore.workload

_severities := {"pass": 0, "warn": 1, "deny": 2}

# What is said of an age. All else is no age at all, and is softened by nothing.
_ages := {"ImageTooOld", "ImageUndated", "ImageFromFuture"}

_unknown_ages := {"ImageUndated", "ImageFromFuture"}

_classes := {"allow": "pass", "warn": "warn", "deny": "deny"}

# METADATA
# description: |
#   The images of a review to judge, each with the reference to ask about. Of an expanded workload none, where that
#   workload is judged itself: only there is it known who applied it.
images(context) := [] if {
	rescheduling.in_force(context.given)
	controllers.implied(context.review)
} else := [object.union(image, {"asked": asked.text, "note": asked.note}) |
	some image in workload.judged(context.review, [])
	_covered(context, image)
	asked := workload.asked(context.review, image)
]

# METADATA
# description: The key that asks for the facts of an image; canonical, so that policies share the answer.
question(image) := json.marshal({"v": 1, "image": image.asked})

# METADATA
# description: The keys to ask in one call. None for images about which an answer would decide nothing.
questions(context, images) := sort({question(image) |
	some image in images
	_is_usable(context)
	reference.parsed(image.text)
	not _is_exempt(context, image)
})

# METADATA
# description: |
#   Whether a Constraint has nothing to say of a verdict: it passed, or it is of the class that its twin reports.
settled(_, verdict) if verdict.class == "pass"

settled(context, verdict) if {
	context.given.reports == "deny"
	verdict.class == "warn"
}

settled(context, verdict) if {
	context.given.reports == "warn"
	verdict.class == "deny"
}

# METADATA
# description: |
#   The verdict on an image: `class`, and where it is not "pass" `reason`, `said`, `note`, `details`. Total.
default verdict(_, _, _) := {
	"class": "invalid",
	"reason": "Internal",
	"said": "No verdict could be reached.",
	"note": "",
	"details": {"class": "invalid"},
}

verdict(context, image, response) := _failed("invalid", "ParametersInvalid", said, context, image) if {
	problems := parameters.problems(context.given)
	count(problems) > 0
	said := sprintf("No image can be judged: %s.", [concat("; ", problems)])
} else := _failed("deny", "ReferenceInvalid", "The image reference is malformed.", context, image) if {
	not reference.parsed(image.text)
} else := {"class": "pass"} if {
	_is_exempt(context, image)
} else := _failed("deny", answer.reason, sprintf("%s: %s", [answer.reason, answer.message]), context, image) if {
	answer := answers.lookup(response, question(image))
	not answer.value
} else := _decided(context, image, answers.lookup(response, question(image)).value)

_failed(class, reason, said, context, image) := {
	"class": class,
	"reason": reason,
	"said": said,
	"note": _notes([image.note, _exemption_note(context, image)]),
	"details": {"class": class},
}

# Undefined, and so no verdict, for an answer that does not name its platforms.
_decided(context, image, facts) := {"class": "pass"} if {
	_decisive(context, _rows(context, facts)).class == "pass"
} else := {
	"class": row.class,
	"reason": row.reason,
	"said": sprintf("%s %s.", [_subject(row, facts), row.said]),
	"note": _notes([image.note, row.note, _exemption_note(context, image)]),
	"digest": object.get(facts, "digest", ""),
	"created": object.get(row.details, "created", null),
	"details": object.union(row.details, {"class": row.class, "platform": row.platform}),
} if {
	row := _decisive(context, _rows(context, facts))
}

# A row for each platform, none left out.
_rows(context, facts) := rows if {
	is_object(facts.platforms)
	rows := [row |
		some name, platform in facts.platforms
		row := _row(context, name, dates.judged(context.given, platform, context.now))
	]
	count(rows) > 0
	count(rows) == count(facts.platforms)
}

_row(context, name, date) := object.union(date, {
	"platform": name,
	"class": _class(context, date),
	"note": _rescheduling_note(context, date),
})

_rescheduling_note(context, date) := rescheduling.note(context, date.built) if {
	date.reason in _ages
} else := ""

_class(context, date) := "pass" if {
	date.reason == ""
} else := _softer(_full_class(context, date), rescheduling.class(context, date.built)) if {
	date.reason in _ages
} else := _full_class(context, date)

_full_class(context, date) := _classes[context.given.unknownAge] if {
	date.reason in _unknown_ages
} else := "deny"

_softer(class, other) := other if {
	_severities[other] < _severities[class]
} else := class

# The platform that decides: the worst one where all have to pass, the best one where any may.
_decisive(context, rows) := ranked[0][3] if {
	direction := {"all": -1, "any": 1}[context.given.platforms]
	ranked := sort([rank |
		some row in rows
		rank := [direction * _severities[row.class], (0 - direction) * _known(row.built), row.platform, row]
	])
}

_known(built) := built if {
	is_number(built)
} else := 0

# A platform's name is the publisher's text: it is told where it is a name, and where there are several.
_subject(row, facts) := sprintf("Image (%s)", [row.platform]) if {
	count(facts.platforms) > 1
	regex.match(`^[a-z0-9._/-]{1,32}$`, row.platform)
} else := "Image"

_notes(notes) := concat("; ", [note | some note in notes; note != ""])

_covered(context, _) if not _is_usable(context)

_covered(context, image) if parameters.covered(context.given, image.text)

_is_usable(context) if count(parameters.problems(context.given)) == 0

_is_exempt(context, image) if {
	exemptions.in_force(context.given.exemptions, image.text, _namespace(context.review), context.now)
}

_exemption_note(context, image) := exemptions.note(
	context.given.exemptions,
	image.text,
	_namespace(context.review),
	context.now,
)

_namespace(review) := namespace if {
	namespace := object.get(review, "namespace", "")
	namespace != ""
} else := object.get(review, ["object", "metadata", "namespace"], "")
