# METADATA
# title: Rescheduling
# description: |
#   What a controller makes of a workload that was admitted long ago. To deny it would turn a drained node, a crash or a
#   growing load into an outage, so MaximumImageAge lets a person choose. It is safe only where the Constraint matches
#   workloads too: then an image that stands in one was judged when somebody applied it.
package lib.bestbefore.rescheduling

import future.keywords

import data.lib.bestbefore.controllers
import data.lib.bestbefore.duration
import data.lib.bestbefore.glob

_classes := {"allow": "pass", "warn": "warn"}

# METADATA
# description: Whether the parameters treat what controllers make otherwise than what people apply.
in_force(given) if {
	given.workloadsMatched == true
	_ = _classes[given.reschedule]
}

# METADATA
# description: |
#   The class for an image that a controller brings; `due` is since when it is too old, null where its date is not known.
#   Undefined where it is judged in full.
class(context, image, due) := _classes[context.given.reschedule] if {
	made(context)
	not _injected(context, image)
	_within_grace(context, due)
}

# METADATA
# description: Whether a controller made the object, and the parameters treat what it makes otherwise.
made(context) if {
	in_force(context.given)
	is_made(context)
}

# METADATA
# description: Whether a controller made the object, whatever the parameters do with that.
is_made(context) if _maker(context)

# METADATA
# description: What to say of it to whom an image is reported; "" for nothing.
default note(_, _, _) := ""

note(context, image, due) := "`reschedule` has no effect, because this Constraint does not match every kind of workload" if {
	context.given.reschedule != "deny"
	not in_force(context.given)
} else := "" if {
	not made(context)
} else := sprintf("%s made it, so it is let through (`reschedule`)", [_maker(context)]) if {
	class(context, image, due)
} else := sprintf("%s made it, but what `injected` names is judged in full", [_maker(context)]) if {
	_injected(context, image)
} else := sprintf("%s made it, but its grace of %s is over", [_maker(context), context.given.grace]) if {
	is_number(due)
} else := sprintf("%s made it, but the grace is only for images whose age is known", [_maker(context)])

# Who made the object, in words.
_maker(context) := "a controller" if {
	controllers.made(context.review)
} else := account if {
	account := controllers.account(context.review)
	account in context.given.controllers
	controllers.could_make(context.review)
}

# What a webhook adds to a controller's Pod stood in no workload. Nobody can see which image that is, so a person says.
_injected(context, image) if {
	some pattern in context.given.injected
	glob.covers(pattern, image.text)
}

_within_grace(context, _) if context.given.grace == ""

_within_grace(context, due) if {
	is_number(due)
	context.now < due + duration.nanoseconds(context.given.grace)
}
