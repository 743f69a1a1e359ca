# METADATA
# title: Waivers
# description: |
#   Denials that somebody let pass for a time. A Waiver is an object of the cluster, which Gatekeeper keeps a copy of, or an
#   entry in the Constraint's parameters. Whatever is not as it should be in one makes it hold for nothing, and the message
#   about the image says why; the others hold as before.
package lib.bestbefore.waivers

import future.keywords

import data.lib.bestbefore.duration
import data.lib.bestbefore.reference

# METADATA
# description: How many days a Waiver may hold where the policy does not say.
days := 90

# METADATA
# description: The longest span that a policy may allow, in days.
most_days := 366

# What is no verdict on the image, but on the policy, on the reference, or on this program.
_never := {"Internal", "ParametersInvalid", "ReferenceInvalid"}

_break_glass := duration.day

# By how much a cluster's clocks may differ. What was created later than that is not believed.
_clock_difference := duration.day / 24

# Of so many Waivers that cover an image it is looked why they do not hold.
_noted := 10

# So many that end last are looked at before all others.
_few := 4

_texts := {"until", "reason", "owner"}

_optional := {"ticket", "breakGlass"}

# The lists, and how long they may be.
_lists := {"policies": 16, "namespaces": 64, "images": 32}

_reason_characters := 10

# No text is longer.
_text_characters := 1024

# Names as the API server takes them: what a cluster has from a time before these bounds holds for nothing.
_names := {
	"policies": {"most": 253, "pattern": `^(\*|[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$`},
	"namespaces": {"most": 63, "pattern": `^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`},
}

# A repository with its registry, in which `*` stops at a slash and `**` does not, or one repository with a digest.
_glob := `^(\*\*|[a-z0-9._*-]+(:[0-9]{1,5})?(/[a-z0-9._*-]+)+|[a-z0-9._-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64})$`

# METADATA
# description: Whether a denial with this reason may be waived, as far as the policy's parameters have a say.
may_waive(parameters, reason) if {
	parameters.waivers.allowed == true
	not reason in _never
}

# METADATA
# description: |
#   The Waivers that name the policy and the namespace, whatever else they say: `{name, spec, since, planned}`. `synced`
#   are the cluster's for the namespace, in the same form. Of these `since` is when they were created; what stands in the
#   parameters says it itself, and is `planned`.
candidates(parameters, namespace, synced) := [near[place] | some place in its] if {
	parameters.waivers.allowed == true
	wanted := {parameters.name, "*"} - {""}
	written := [{"name": entry.name, "spec": spec, "since": entry.from, "planned": true} |
		some entry in parameters.waivers.entries
		namespace in entry.namespaces
		spec := object.remove(entry, ["name", "from"])
	]
	near := array.concat(written, synced)
	its := {place |
		some place, each in near
		some policy in wanted
		policy in each.spec.policies
	}
} else := []

# METADATA
# description: |
#   The Waiver that holds for an image now, of several the one that ends last: `{name, until, owner, ticket, reason,
#   breakGlass}`. Undefined where none does.
holding(candidates, parameters, text, now) := shown if {
	ranked := sort([[end, each.name, each.spec, each] |
		some each in _covering(candidates, text)
		end := _moment(each.spec.until)
		now < end
	])
	[_, name, spec, _] := _last(ranked, parameters, now)
	shown := object.union(
		{"ticket": "", "breakGlass": false},
		object.union({"name": name}, object.filter(spec, ["until", "owner", "ticket", "reason", "breakGlass"])),
	)
}

# The last that holds. Most often it is one of the last few, and then nothing is looked at of the others.
_last(ranked, parameters, now) := found[count(found) - 1] if {
	found := [each |
		some each in array.slice(ranked, count(ranked) - _few, count(ranked))
		_holds(each[3], parameters, now)
	]
	count(found) > 0
} else := found[count(found) - 1] if {
	found := [each | some each in ranked; _holds(each[3], parameters, now)]
}

# METADATA
# description: What to say of Waivers that cover the image and do not hold now; "" where there are none. Total.
note(candidates, parameters, text, now) := concat("; ", array.slice(notes, 0, 2)) if {
	notes := [sprintf("the Waiver %s%s", [each.name, _why_not(each, parameters, now)]) |
		some each in array.slice(_covering(candidates, text), 0, _noted)
		not _holds(each, parameters, now)
	]
} else := ""

# METADATA
# description: What the message about a waived image begins with.
said(waiver) := sprintf("Waived until %s by the Waiver %s%s.", [waiver.until, waiver.name, _owner(waiver)])

# METADATA
# description: The note that says what would be without the Waiver.
without(verdict) := sprintf("without it: %s: %s", [verdict.reason, trim_right(verdict.said, ".")]) if {
	verdict.said != ""
} else := sprintf("without it: %s", [verdict.reason])

# METADATA
# description: Whether a text names repositories as a Waiver does.
is_glob(text) if regex.match(_glob, text)

_owner(waiver) := sprintf(" (%s)", [substring(waiver.owner, 0, 63)])

# Every condition stands here as what has to be so: what is undefined holds for nothing.
_holds(candidate, parameters, now) if {
	span := _span(candidate)
	now < span.end
	span.start < span.end
	span.end - span.start <= _longest(candidate.spec, parameters)
	_has_begun(candidate, span, now)
	_is_well_formed(candidate.spec)
}

# A Waiver of the cluster holds as soon as it is there, also where the clocks are not quite the same.
_has_begun(candidate, span, now) if {
	candidate.planned == false
	now >= span.start - _clock_difference
}

_has_begun(candidate, span, now) if {
	candidate.planned == true
	now >= span.start
}

_why_not(candidate, parameters, now) := " does not hold, as it has not the form of one" if {
	not _is_well_formed(candidate.spec)
} else := " does not hold, as its times cannot be read" if {
	not _span(candidate)
} else := sprintf(" ended on %s", [candidate.spec.until]) if {
	_over(candidate) <= now
} else := sprintf(" does not hold, as it lasts more than %s", [duration.words(longest, duration.day)]) if {
	span := _span(candidate)
	longest := _longest(candidate.spec, parameters)
	span.end - span.start > longest
} else := sprintf(" does not hold before %s", [candidate.since]) if {
	not _has_begun(candidate, _span(candidate), now)
} else := " does not hold"

_over(candidate) := _span(candidate).end

_span(candidate) := {"start": _moment(candidate.since), "end": _moment(candidate.spec.until)}

_moment(text) := time.parse_rfc3339_ns(text) if {
	is_string(text)
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$`, text)
}

_longest(spec, parameters) := _break_glass if {
	spec.breakGlass == true
} else := object.get(parameters.waivers, "maxDays", days) * duration.day if {
	number := object.get(parameters.waivers, "maxDays", days)
	number <= most_days
}

_is_well_formed(spec) if {
	count(object.keys(spec) - (object.keys(_lists) | (_texts | _optional))) == 0
	every name, most in _lists {
		_is_list(spec[name], most)
	}
	every name in _texts {
		_is_readable(spec[name])
	}
	every list, bound in _names {
		every name in spec[list] {
			count(name) <= bound.most
			regex.match(bound.pattern, name)
		}
	}
	every glob in spec.images {
		is_glob(glob)
	}
	count(spec.reason) >= _reason_characters
	_is_short(object.get(spec, "ticket", ""))
	is_boolean(object.get(spec, "breakGlass", false))
	_is_bounded(spec)
}

# What has no width is as good as not there.
_is_readable(text) if {
	_is_short(text)
	regex.match(`[\p{L}\p{N}]`, text)
}

_is_list(list, most) if {
	is_array(list)
	count(list) > 0
	count(list) <= most
	every text in list {
		_is_short(text)
		text != ""
	}
}

_is_short(text) if {
	is_string(text)
	count(text) <= _text_characters
}

# All policies at once, or no ticket, only in an emergency with a ticket.
_is_bounded(spec) if {
	object.get(spec, "breakGlass", false) == false
	not "*" in spec.policies
}

_is_bounded(spec) if {
	spec.breakGlass == true
	_is_readable(spec.ticket)
}

# Those that cover the image. What is no reference is covered by none. By far most have no star, and nothing to compile.
_covering(candidates, text) := [candidates[place] | some place in (plain | starred)] if {
	canonical := reference.canonical(text)
	repository := _repository(canonical)
	plain := {place |
		some written in (_spellings(repository) | _spellings(canonical))
		some place, each in candidates
		written in each.spec.images
	}
	starred := {place |
		some place in _hopeful(candidates, repository)
		some glob in candidates[place].spec.images
		_matches(glob, repository)
	}
} else := []

# Those with a glob that begins as the repository up to its first star, and with one that ends so from its last star on.
# It is asked of all globs of a Waiver at once, because one by one they cost a denial the most of all.
_hopeful(candidates, repository) := {place |
	some place in starred
	strings.any_prefix_match(candidates[place].spec.images, beginnings)
	strings.any_suffix_match(candidates[place].spec.images, ends)
} if {
	starred := _starred(candidates)
	count(starred) > 0
	spellings := _spellings(repository)
	beginnings := {sprintf("%s*", [substring(each, 0, length)]) | some each in spellings; some length in numbers.range(0, count(each))}
	ends := {sprintf("*%s", [substring(each, start, -1)]) | some each in spellings; some start in numbers.range(0, count(each))}
} else := set()

_starred(candidates) := {place |
	some place, each in candidates
	contains(concat(" ", each.spec.images), "*")
}

_matches(glob, repository) if {
	contains(glob, "*")
	usual := _usual(glob)
	parts := split(usual, "*")
	startswith(repository, parts[0])
	endswith(repository, parts[count(parts) - 1])
	is_glob(glob)
	regex.match(_pattern(usual), repository)
}

# How a Waiver may write a name: Docker Hub's also without `index.`, and without `library/`.
_spellings(canonical) := {canonical} | {text |
	some hub in ["docker.io/", "index.docker.io/"]
	some official in ["", "library/"]
	prefix := concat("", ["index.docker.io/", official])
	startswith(canonical, prefix)
	path := substring(canonical, count(prefix), -1)
	_is_whole(official, path)
	text := concat("", [hub, path])
}

_is_whole("", _)

_is_whole("library/", path) if not contains(split(path, "@")[0], "/")

# A glob with a star, with Docker Hub by the name that `reference.canonical` gives it.
_usual(glob) := concat("", ["index.docker.io/library/", path]) if {
	path := trim_prefix(trim_prefix(glob, "index."), "docker.io/")
	glob in {concat("", ["docker.io/", path]), concat("", ["index.docker.io/", path])}
	not contains(path, "/")
	not contains(path, "**")
} else := concat("", ["index.", glob]) if {
	startswith(glob, "docker.io/")
} else := glob

_repository(canonical) := split(canonical, "@")[0] if {
	contains(canonical, "@")
} else := substring(canonical, 0, count(canonical) - (count(tag) + 1)) if {
	parts := split(canonical, ":")
	tag := parts[count(parts) - 1]
}

# Double stars are set aside first, so that the single star's replacement does not meet them.
_pattern(glob) := sprintf("^%s$", [replace(single, "#", ".*")]) if {
	escaped := replace(glob, ".", `\.`)
	double := replace(escaped, "**", "#")
	single := replace(double, "*", "[^/]*")
}
