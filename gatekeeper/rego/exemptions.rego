# METADATA
# title: Exemptions
# description: |
#   Images that a policy leaves alone for a time. An exemption whose end has passed, or cannot be read, is none; the message
#   about the image says so.
package lib.bestbefore.exemptions

import future.keywords

import data.lib.bestbefore.glob

# METADATA
# description: |
#   Whether an exemption covers the image in this namespace now. `until` is the moment when it ends (RFC 3339), or the
#   last day on which it holds, in UTC.
in_force(exemptions, text, namespace, now) if {
	some exemption in exemptions
	_covers(exemption, text, namespace)
	now < _end(exemption)
}

# METADATA
# description: What to say of an exemption that covers the image and is not in force; "" where there is none.
note(exemptions, text, namespace, now) := notes[0] if {
	notes := [said |
		some exemption in exemptions
		_covers(exemption, text, namespace)
		said := _why_not(exemption, now)
	]
	count(notes) > 0
} else := ""

_why_not(exemption, now) := sprintf("the exemption for %s%s ended on %s", [exemption.image, _owner(exemption), until]) if {
	until := exemption.until
	now >= _end(exemption)
} else := sprintf("the exemption for %s%s does not hold, because its `until` is no RFC 3339 date or time", [
	exemption.image,
	_owner(exemption),
]) if {
	not _end(exemption)
}

_owner(exemption) := sprintf(" (%s)", [owner]) if {
	owner := object.get(exemption, "owner", "")
	is_string(owner)
	owner != ""
} else := ""

_covers(exemption, text, namespace) if {
	is_string(exemption.image)
	glob.covers(exemption.image, text)
	object.get(exemption, "namespace", "") in {"", namespace}
}

_end(exemption) := time.parse_rfc3339_ns(exemption.until) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T`, exemption.until)
} else := time.parse_rfc3339_ns(concat("", [exemption.until, "T00:00:00Z"])) + 86400000000000 if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, exemption.until)
}
