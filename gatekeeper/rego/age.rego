# METADATA
# title: Age
# description: The rule of MaximumImageAge. See `lib.bestbefore.judgement` for what it is asked.
package lib.bestbefore.age

import future.keywords

import data.lib.bestbefore.age_parameters
import data.lib.bestbefore.answers
import data.lib.bestbefore.bounds
import data.lib.bestbefore.controllers
import data.lib.bestbefore.dates
import data.lib.bestbefore.judgement
import data.lib.bestbefore.kinds
import data.lib.bestbefore.messages
import data.lib.bestbefore.platforms
import data.lib.bestbefore.rescheduling
import data.lib.bestbefore.schedule
import data.lib.bestbefore.workload

# METADATA
# description: What messages call the policy.
name := "MaximumImageAge"

# METADATA
# description: The parameters with their defaults.
complete(given) := age_parameters.complete(given)

# METADATA
# description: What is wrong with the parameters.
problems(given) := age_parameters.problems(given)

# What is said of an age. All else is no age at all.
_ages := {"ImageTooOld", "ImageTooYoung", "ImageUndated", "ImageFromFuture"}

_unknown_ages := {"ImageUndated", "ImageFromFuture"}

# METADATA
# description: |
#   The images to judge. Of an expanded workload none, where that workload is judged itself: only there is it known who
#   applied it.
images(context) := [] if {
	context.given.workloadsMatched == true
	controllers.implied(context.review, kinds.makers)
} else := [image | some image in all; _covered(each, image)] if {
	all := judgement.images(context)
	each := judgement.for_each(context)
}

_covered(context, _) if not judgement.is_usable(context)

_covered(context, image) if age_parameters.covered(context.given, image.text)

# METADATA
# description: |
#   The keys to ask about an image: one for its facts, which is canonical, so that policies share the answer, and those
#   for what is proved of its age.
questions(context, image) := {question(context, image)} | bounds.questions(context.given, image)

# METADATA
# description: The key that asks for its facts.
question(context, image) := json.marshal(object.union_n([
	{"v": 1, "image": image.asked},
	object.get(image, "puller", {}),
	_further_dates(context.given),
]))

# The configuration's date is always there; that of the annotation is asked for only where it counts, so that all else shares
# its key.
_further_dates(given) := {"dates": ["annotation"]} if {
	"annotation" in given.dates
} else := {}

# METADATA
# description: The verdict on an image, alone in a list.
verdicts(context, image, answered) := [object.union({"question": key}, verdict)] if {
	key := question(context, image)
	answer := answers.lookup(answered, key)
	digest := object.get(answer, ["value", "digest"], "")
	proved := bounds.proved(context.given, image, answered, digest, context.now)
	verdict := _verdict(context, image, answer, proved)
}

# Undefined, and so no verdict, for an answer that does not name its platforms.
_verdict(context, image, answer, proved) := object.union(failed, {"note": object.get(answer, "detail", "")}) if {
	not answer.value
	failed := judgement.failed("deny", answer.reason, messages.unanswered(answer, image))
} else := _of_platforms(context, image, object.union(answer.value, {"proved": proved}), platforms.runnable(names, spec)) if {
	is_object(answer.value.platforms)
	names := object.keys(answer.value.platforms)
	spec := workload.pod_spec(context.review.object)
	count(names) > 0
}

# `runnable` are the names of the platforms that count: those that the Pod can run on.
_of_platforms(_, _, facts, runnable) := object.union(absent, {"note": _passed_over(facts, runnable)}) if {
	count(runnable) == 0
	absent := judgement.failed("deny", "PlatformAbsent", "The image has no platform that the Pod can run on.")
}

_of_platforms(_, _, facts, runnable) := object.union({"class": "deny"}, facts.proved.failed) if {
	count(runnable) > 0
	facts.proved.failed
}

_of_platforms(context, image, facts, runnable) := _of_row(context, _decisive(context, rows), facts, runnable) if {
	not facts.proved.failed
	rows := [row |
		some name in runnable
		row := _row(context, image, name, facts)
	]
	count(rows) > 0
	count(rows) == count(runnable) # none is left out
}

_of_row(_, row, _, _) := {"class": "pass"} if _passes(row)

_of_row(context, row, facts, runnable) := {
	"class": row.class,
	"choice": row.choice,
	"reason": row.reason,
	"said": sprintf("%s%s %s.", [row.opening, _subject(row, facts), row.said]),
	"note": judgement.notes([row.note, _untold(context, row, facts), _remarks(facts.proved), _passed_over(facts, runnable)]),
	"digest": object.get(facts, "digest", ""),
	"created": object.get(row.details, "created", null),
	"details": object.union(row.details, {"platform": row.platform}),
} if {
	not _passes(row)
}

# By itself: no parameter had to let it through.
_passes(row) if {
	row.class == "pass"
	row.reason == ""
}

# What its publisher says against what is proved, where the sentence does not say it yet.
_untold(context, row, facts) := remark if {
	remark := dates.contradiction(context.given, facts.platforms[row.platform], facts.proved)
	not contains(row.said, remark)
} else := ""

_remarks(proved) := sprintf("%s%s", [concat("; ", array.slice(proved.remarks, 0, 3)), _more(count(proved.remarks) - 3)]) if {
	count(proved.remarks) > 0
} else := ""

_passed_over(facts, runnable) := sprintf("not judged, as the Pod cannot run there: %s%s", [shown, _more(count(names) - 3)]) if {
	count(facts.platforms) > count(runnable)
	names := sort([name |
		some name in (object.keys(facts.platforms) - runnable)
		platforms.is_name(name)
	])
	count(names) > 0
	shown := concat(", ", array.slice(names, 0, 3))
} else := ""

_more(number) := sprintf(" and %d more", [number]) if {
	number > 0
} else := ""

_row(context, image, name, facts) := object.union_n([date, {"platform": name}, _sentence(context, image, date)]) if {
	date := dates.judged(context.given, facts.platforms[name], facts.proved, context.now)
}

_sentence(context, image, date) := {"class": "pass", "opening": "", "note": "", "choice": ""} if {
	date.reason == ""
} else := {"class": softer, "opening": "Let through: ", "note": note, "choice": "reschedule"} if {
	softer := _softened(context, image, date)
	note := _note(context, image, date)
} else := {"class": _full_class(context, date), "opening": "", "note": note, "choice": _choice(context, date)} if {
	date.reason in _ages
	note := _note(context, image, date)
} else := {"class": _full_class(context, date), "opening": "", "note": "", "choice": _choice(context, date)}

_note(context, image, date) := judgement.notes([schedule.note(context.given, context.now), rescheduled]) if {
	date.reason == "ImageTooOld"
	rescheduled := rescheduling.note(context, image, date.due)
} else := rescheduling.note(context, image, date.due) if {
	_follows_reschedule(context, date)
} else := "a controller made it, but `reschedule` is only for images that grew old" if {
	rescheduling.made(context)
} else := ""

# The class by `reschedule`, where it is softer than the one that a person would get.
_softened(context, image, date) := class if {
	_follows_reschedule(context, date)
	class := rescheduling.class(context, image, date.due)
	judgement.severities[class] < judgement.severities[_full_class(context, date)]
}

# A controller brings back what grew old since somebody applied it. Nothing grows young: what is too young is a tag that
# names another image than it did, and that is what a cooldown is against. An image without a date may be that, too.
_follows_reschedule(_, date) if date.reason == "ImageTooOld"

_follows_reschedule(context, date) if {
	date.reason in _unknown_ages
	context.given.minAge == ""
}

_full_class(context, date) := judgement.classes[context.given.unknownAge] if date.reason in _unknown_ages

_full_class(_, date) := "deny" if not date.reason in _unknown_ages

# The parameter that the class hangs on.
_choice(context, date) := "unknownAge" if {
	date.reason in _unknown_ages
} else := "reschedule" if {
	date.reason == "ImageTooOld"
	rescheduling.is_made(context)
} else := ""

# The platform that decides: the worst one where all have to pass, the best one where any may.
_decisive(context, rows) := rows[0] if {
	count(rows) == 1
} else := ranked[0][3] if {
	direction := {"all": -1, "any": 1}[context.given.platforms]
	ranked := sort([rank |
		some row in rows
		rank := [direction * _weight(row), (0 - direction) * _leeway(row), row.platform, row]
	])
}

# What a parameter lets through weighs more than what passes by itself.
_weight(row) := judgement.severities[row.class] if {
	row.class != "pass"
} else := 0 if {
	_passes(row)
} else := 0.5

# How far an image is from being denied, to compare: the older one is nearer to it, and of those that are too young the
# younger one.
_leeway(row) := 0 - row.built if {
	row.reason == "ImageTooYoung"
} else := row.built if {
	is_number(row.built)
} else := 0

# A platform's name is the publisher's text: it is shown where it is a name, and where there are several.
_subject(row, facts) := sprintf("Image (%s)", [row.platform]) if {
	count(facts.platforms) > 1
	platforms.is_name(row.platform)
	count(row.platform) <= 40
} else := "Image"
