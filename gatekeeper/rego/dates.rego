# METADATA
# title: Dates
# description: Judges one platform's creation time by MaximumImageAge's parameters.
package lib.bestbefore.dates

import future.keywords

import data.lib.bestbefore.duration
import data.lib.bestbefore.schedule

# Before the first release of Docker no image was built: the epoch of reproducible builds, the 1980 of buildpacks and
# Go's year one mean that nobody set a date.
_first_credible := time.parse_rfc3339_ns("2013-01-01T00:00:00Z")

# How much later than here it may be where images are built: clocks differ.
_clock_skew := (5 * 60) * 1000000000

# METADATA
# description: |
#   What a platform's date comes to: `reason` ("" where it is neither too old nor too young), `built` in nanoseconds
#   (null where it is not known), `due` of one that is too old (since when), `said` (what the message says after
#   "Image"), `details`. Total.
default judged(_, _, _) := {
	"reason": "Internal",
	"built": null,
	"due": null,
	"said": "has a date that cannot be judged",
	"details": {},
}

judged(given, platform, now) := {
	"reason": "NotFound",
	"built": null,
	"due": null,
	"said": "is named by its index, and the registry does not have it",
	"details": object.union({"created": null}, _limits(given, now)),
} if {
	platform.gone == true
} else := {
	"reason": "ImageUndated",
	"built": null,
	"due": null,
	"said": _undated(given, platform),
	"details": object.union({"created": null}, _limits(given, now)),
} if {
	_is_readable(platform)
	not _built(given, platform)
} else := {
	"reason": "ImageFromFuture",
	"built": null,
	"due": null,
	"said": sprintf("says that it was built in the future (%s)", [moment(built)]),
	"details": object.union({"created": moment(built)}, _limits(given, now)),
} if {
	built := _built(given, platform)
	built > now + _clock_skew
} else := {
	"reason": "ImageTooOld",
	"built": built,
	"due": due,
	"said": _too_old(now - built, limit, built, due),
	"details": _details(given, now, built),
} if {
	built := _built(given, platform)
	limit := schedule.limit(given, now)
	now >= built + limit
	due := schedule.due(given, built, now)
} else := {
	"reason": "ImageTooYoung",
	"built": built,
	"due": null,
	"said": _too_young(now - built, cooldown, built),
	"details": _details(given, now, built),
} if {
	built := _built(given, platform)
	cooldown := duration.nanoseconds(given.minAge)
	now < built + cooldown
} else := {"reason": "", "built": built, "due": null, "said": "is fresh", "details": _details(given, now, built)} if {
	built := _built(given, platform)
	_is_young_enough(given, built, now)
	_is_old_enough(given, built, now)
}

# A limit that cannot be read lets nothing pass; nor does a policy without any.
_is_young_enough(given, built, now) if now < built + schedule.limit(given, now)

_is_young_enough(given, _, _) if {
	not schedule.is_limited(given)
	_has_cooldown(given)
}

_is_old_enough(given, built, now) if now >= built + duration.nanoseconds(given.minAge)

_is_old_enough(given, _, _) if not _has_cooldown(given)

_has_cooldown(given) if given.minAge != ""

# METADATA
# description: A moment as RFC 3339 in UTC, to the second, or in words where it is further away than that goes.
moment(ns) := "before the year 1678" if {
	ns <= -9223372036854775807
} else := "after the year 2261" if {
	ns >= 9223372036854775807
} else := time.format([ns, "UTC", "2006-01-02T15:04:05Z07:00"])

# The nanoseconds of a date that counts; undefined where there is none.
_built(given, platform) := built if {
	_is_readable(platform)
	platform.createdFrom in given.dates
	built := to_number(platform.createdNs)
	built >= _first_credible
}

# An answer of another shape is no undated image: nothing is known of it.
_is_readable(platform) if {
	is_string(platform.createdFrom)
	regex.match(`^-?[0-9]{1,30}$`, platform.createdNs)
}

_is_readable(platform) if platform.createdNs == null

_undated(given, platform) := "says when it was built in a way that is no RFC 3339" if {
	platform.createdNs == null
	is_string(platform.created)
} else := "does not say when it was built" if {
	platform.createdNs == null
} else := sprintf("has no date of a source that counts (%s)", [concat(", ", given.dates)]) if {
	not platform.createdFrom in given.dates
} else := sprintf("says that it was built %s, before there were such images", [built]) if {
	built := moment(to_number(platform.createdNs))
}

_too_old(age, limit, built, due) := sprintf("is %s old, %s %s allowed (built %s, best before %s)", [
	duration.words(age, age - limit),
	allowed,
	duration.is_or_are(allowed),
	moment(built),
	substring(moment(due), 0, 10),
]) if {
	allowed := duration.words(limit, 0)
}

_too_young(age, cooldown, built) := sprintf("is %s old, %s %s required (built %s, old enough on %s)", [
	_span_words(max([age, 0]), cooldown - age),
	required,
	duration.is_or_are(required),
	moment(built),
	moment(built + cooldown),
]) if {
	required := duration.words(cooldown, 0)
}

# Days are enough where there are some: the end stands beside it, to the second.
_span_words(age, _) := duration.words(age, duration.day) if age >= duration.day

_span_words(age, left) := duration.words(age, left) if age < duration.day

_details(given, now, built) := object.union_n([
	{"created": moment(built), "age": duration.text(max([now - built, 0]))},
	{"bestBefore": moment(due) | due := schedule.due(given, built, now)},
	{"oldEnough": moment(built + cooldown) | cooldown := duration.nanoseconds(given.minAge)},
	_limits(given, now),
])

_limits(given, now) := object.union(
	{"limit": duration.text(limit) | limit := schedule.limit(given, now)},
	{"cooldown": duration.text(cooldown) | cooldown := duration.nanoseconds(given.minAge)},
)
