# METADATA
# title: Dates
# description: Judges one platform's creation time by MaximumImageAge's parameters.
package lib.bestbefore.dates

import future.keywords

import data.lib.bestbefore.duration
import data.lib.bestbefore.schedule

# METADATA
# description: |
#   Before the first release of Docker no image was built: the epoch of reproducible builds, the 1980 of buildpacks and
#   Go's year one mean that nobody set a date.
first_credible := time.parse_rfc3339_ns("2013-01-01T00:00:00Z")

# METADATA
# description: How much later it may be where images are built than it is here, for clocks differ.
clock_skew := (5 * 60) * 1000000000

# METADATA
# description: What is proved where nothing was asked; see `lib.bestbefore.bounds`.
unproved := {"existed": null, "source": "", "started": null, "finished": null, "unseen": 0}

# METADATA
# description: |
#   What a platform's date comes to, with what is `proved` of the image: `reason` ("" where it is neither too old nor too
#   young), `built` in nanoseconds (null where it is not known), `due` of one that is too old (since when), `said` (what
#   the message says after "Image"), `details`; the last two are empty where there is no reason. Total.
default judged(_, _, _, _) := {
	"reason": "Internal",
	"built": null,
	"due": null,
	"said": "has a date that cannot be judged",
	"details": {},
}

judged(given, platform, proved, now) := {"reason": "", "built": known.at, "due": null, "said": "", "details": {}} if {
	not platform.gone == true
	not proved.unseen > 0
	known := _known(given, platform, proved, now)
	_is_young_enough(given, platform, proved, now)
	_is_old_enough(given, platform, proved, now)
} else := {
	"reason": "NotFound",
	"built": null,
	"due": null,
	"said": "is named by its index, and the registry does not have it",
	"details": object.union({"created": null}, _limits(given, now)),
} if {
	platform.gone == true
} else := {
	"reason": "ImageTooOld",
	"built": known.at,
	"due": due,
	"said": _too_old(now, limit, known, due, contradiction(given, platform, proved)),
	"details": _details(given, platform, proved, now, known),
} if {
	_is_readable(platform)
	known := _oldest(given, platform, proved, now)
	limit := schedule.limit(given, now)
	now >= known.at + limit
	due := schedule.due(given, known.at, now)
} else := {
	"reason": "ImageFromFuture",
	"built": null,
	"due": null,
	"said": sprintf("says that it was built in the future (%s)", [moment(built)]),
	"details": object.union_n([{"created": moment(built)}, {"createdFrom": platform.createdFrom}, _bounded(given, proved, now)]),
} if {
	_is_wanted(given)
	not _date(given, platform, proved, now)
	built := _built(given, platform)
	built > now + clock_skew
} else := {
	"reason": "ImageUndated",
	"built": null,
	"due": null,
	"said": said,
	"details": object.union({"created": null}, _bounded(given, proved, now)),
} if {
	_is_readable(platform)
	_is_wanted(given)
	not _date(given, platform, proved, now)
	said := contradiction(given, platform, proved)
	said != ""
} else := {
	"reason": "ImageUndated",
	"built": null,
	"due": null,
	"said": _undated(given, platform),
	"details": object.union({"created": null}, _bounded(given, proved, now)),
} if {
	_is_readable(platform)
	_is_wanted(given)
	not _date(given, platform, proved, now)
} else := {
	"reason": "ImageUndated",
	"built": null,
	"due": null,
	"said": _without_proof[given.minAgeProof],
	"details": object.union({"created": null}, _bounded(given, proved, now)),
} if {
	_is_readable(platform)
	_has_cooldown(given)
	not _since(given, platform, proved, now)
} else := {
	"reason": "ImageTooYoung",
	"built": since.at,
	"due": null,
	"said": _too_young(now - since.at, cooldown, since),
	"details": _details(given, platform, proved, now, since),
} if {
	_is_readable(platform)
	since := _since(given, platform, proved, now)
	cooldown := duration.nanoseconds(given.minAge)
	now < since.at + cooldown
} else := {
	"reason": "ImageUndated",
	"built": null,
	"due": null,
	"said": sprintf("has %d signatures or attestations that nobody could look at, one of which may date it", [proved.unseen]),
	"details": object.union({"created": null}, _bounded(given, proved, now)),
} if {
	_is_readable(platform)
	proved.unseen > 0
}

# What an image passes by. Undefined where nothing is known of its age.
_known(given, platform, proved, now) := _date(given, platform, proved, now) if {
	_is_readable(platform)
} else := _since(given, platform, proved, now) if {
	_is_readable(platform)
	not _is_wanted(given)
}

# A limit that cannot be read lets nothing pass; nor does a policy without any.
_is_young_enough(given, platform, proved, now) if now < _oldest(given, platform, proved, now).at + schedule.limit(given, now)

_is_young_enough(given, _, _, _) if {
	not schedule.is_limited(given)
	_has_cooldown(given)
}

_is_old_enough(given, platform, proved, now) if {
	now >= _since(given, platform, proved, now).at + duration.nanoseconds(given.minAge)
}

_is_old_enough(given, _, _, _) if not _has_cooldown(given)

# Whether it has to be known when the image was built: a cooldown by proof alone needs no other date.
_is_wanted(given) if schedule.is_limited(given)

_is_wanted(given) if not given.minAgeProof in object.keys(_without_proof)

# The oldest of all dates that count, and of the time by which the image was there; `{"at", "source"}`.
_oldest(given, platform, proved, now) := _first(array.concat(
	_dates(given, platform, proved, now),
	[[proved.existed, "log"] | proved.existed != null; "log" in given.dates],
))

# The oldest of the dates alone: that an image was there makes it no younger. Undefined where there is none.
_date(given, platform, proved, now) := _first(_dates(given, platform, proved, now))

_first(times) := {"at": at, "source": source} if [at, source] := min(times)

# The dates that count, each with its source.
_dates(given, platform, proved, now) := array.concat(
	[[built, platform.createdFrom] |
		built := _built(given, platform)
		built <= now + clock_skew
		is_possible(built, proved.existed)
	],
	[[proved.started, "provenance"] |
		proved.started != null
		"provenance" in given.dates
	],
)

# Since when an image is known to be there, by what has to show it. Undefined where nothing shows it.
_since(given, platform, proved, now) := {"at": proved.existed, "source": "log"} if {
	given.minAgeProof == "log"
	proved.existed != null
} else := {"at": proved.finished, "source": "provenance"} if {
	given.minAgeProof == "provenance"
	proved.finished != null
} else := _date(given, platform, proved, now) if {
	not given.minAgeProof in object.keys(_without_proof)
}

_without_proof := {
	"log": "is in no log, and has no timestamp, that shows since when it is there",
	"provenance": "has no provenance of a trusted builder that says when it was finished",
}

# METADATA
# description: Whether an image can have been built at a time, when it existed at another one at the latest.
is_possible(_, null)

is_possible(built, existed) if {
	existed != null
	built <= existed + clock_skew
}

# What its publisher says, where it is proved that it was there before. Undefined where nothing is known to be a lie.
_lie(given, platform, proved) := {"created": built, "existed": proved.existed, "source": proved.source} if {
	proved.existed != null
	built := _built(given, platform)
	not is_possible(built, proved.existed)
}

# METADATA
# description: What is said of a date that cannot be true, since the image was there before; "" where there is none.
contradiction(given, platform, proved) := sprintf("says it was built %s, but was %s", [_day(lie.created, lie.existed), _was_there(lie)]) if {
	lie := _lie(given, platform, proved)
} else := ""

_was_there(lie) := sprintf("in a log on %s", [_day(lie.existed, lie.created)]) if {
	lie.source == "log"
} else := sprintf("timestamped on %s", [_day(lie.existed, lie.created)])

# A day, or where the other time is on the same one, to the second.
_day(ns, other) := substring(moment(ns), 0, 10) if {
	substring(moment(ns), 0, 10) != substring(moment(other), 0, 10)
} else := moment(ns)

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
	built >= first_credible
}

# An answer of another shape is no undated image: nothing is known of it.
_is_readable(platform) if {
	is_string(platform.createdFrom)
	regex.match(`^-?[0-9]{1,30}$`, platform.createdNs)
}

_is_readable(platform) if platform.createdNs == null

_undated(given, platform) := sprintf("has no date of a source that counts (%s)", [concat(", ", given.dates)]) if {
	count({"config", "annotation"} & {source | some source in given.dates}) == 0
} else := "says when it was built in a way that is no RFC 3339" if {
	platform.createdNs == null
	is_string(platform.created)
} else := "does not say when it was built" if {
	platform.createdNs == null
} else := sprintf("has no date of a source that counts (%s)", [concat(", ", given.dates)]) if {
	not platform.createdFrom in given.dates
} else := sprintf("says that it was built %s, before there were such images", [built]) if {
	built := moment(to_number(platform.createdNs))
}

# By a log's time it is at least so old. `against` is what its publisher says against that.
_too_old(now, limit, known, due, against) := sprintf("%s, %s ago; %s %s allowed", [
	against,
	duration.words(now - known.at, duration.day),
	allowed,
	duration.is_or_are(allowed),
]) if {
	known.source == "log"
	against != ""
	allowed := duration.words(limit, 0)
} else := sprintf("is %s old, %s %s allowed (%s %s, best before %s)", [
	duration.words(now - known.at, (now - known.at) - limit),
	allowed,
	duration.is_or_are(allowed),
	_basis(known.source),
	moment(known.at),
	substring(moment(due), 0, 10),
]) if {
	allowed := duration.words(limit, 0)
}

_too_young(age, cooldown, since) := sprintf("is %s old, %s %s required (%s %s, old enough on %s)", [
	_span_words(max([age, 0]), cooldown - age),
	required,
	duration.is_or_are(required),
	_basis(since.source),
	moment(since.at),
	moment(since.at + cooldown),
]) if {
	required := duration.words(cooldown, 0)
}

# What a moment is the moment of.
_basis("log") := "known since"

_basis("provenance") := "by provenance"

_basis(source) := "built" if not source in {"log", "provenance"}

# Days are enough where there are some: the end stands beside it, to the second.
_span_words(age, _) := duration.words(age, duration.day) if age >= duration.day

_span_words(age, left) := duration.words(age, left) if age < duration.day

_details(given, platform, proved, now, known) := object.union_n([
	{"created": moment(known.at), "createdFrom": known.source, "age": duration.text(max([now - known.at, 0]))},
	{"bestBefore": moment(due) | due := schedule.due(given, _oldest(given, platform, proved, now).at, now)},
	{"oldEnough": moment(known.at + cooldown) | cooldown := duration.nanoseconds(given.minAge)},
	_bounded(given, proved, now),
])

# What is proved, and what the policy wants.
_bounded(given, proved, now) := object.union_n([
	{"existedBy": moment(proved.existed) | proved.existed != null},
	{"builtFrom": moment(proved.started) | proved.started != null},
	_limits(given, now),
])

_limits(given, now) := object.union(
	{"limit": duration.text(limit) | limit := schedule.limit(given, now)},
	{"cooldown": duration.text(cooldown) | cooldown := duration.nanoseconds(given.minAge)},
)
