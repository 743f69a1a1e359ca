# METADATA
# title: Template of our own policies
# description: |
#   What Gatekeeper evaluates; the package is called after the policy's kind, and `rule` is the policy's library. Two
#   Constraints of the kind stand side by side, one that denies and one that warns; each reports its own class of verdicts.
package template_own

import future.keywords

import data.lib.bestbefore.age as rule
import data.lib.bestbefore.answers
import data.lib.bestbefore.judgement
import data.lib.bestbefore.messages
import data.lib.bestbefore.waivers
import data.lib.bestbefore.workload

# An image is reported unless its verdict is none of this Constraint's business.
violation contains messages.own(image, object.union(verdict, {"policy": rule.name, "reasonsUrl": _each.given.reasonsUrl})) if {
	some image in _images
	own := [each | judgement.is_open(_each, image); some each in rule.verdicts(_each, image, _of(image))]
	some found in judgement.verdicts(_each, image, own)
	verdict := _waived(image, found)
	not judgement.settled(_each, verdict)
}

violation contains messages.unreadable(input) if not _images

_context := judgement.context(rule.complete(input.parameters), rule.problems(input.parameters), input.review)

_images := rule.images(_context)

_each := judgement.for_each(_context)

# Waivers are looked at once, and only where there is something to waive.
_waived(image, verdict) := judgement.waived(_each, image, verdict, _candidates) if {
	judgement.may_waive(_each, verdict)
} else := verdict

_candidates := waivers.candidates(_each.given, workload.namespace(input.review), _synced)

# The Waivers of the cluster for the namespace, in a template that reads them.
_synced := []

# None about images of which an answer would decide nothing.
questions := sort({question |
	some image in _images
	judgement.is_open(_each, image)
	some question in rule.questions(_each, image)
})

_answered := answers.taken(answers.by_key(_response, questions), _each.given)

# What was said of one image.
_of(image) := {key: _answered[key] | some key in rule.questions(_each, image)}

# An undefined call must not admit.
default _response := {}

_response := external_data({"provider": answers.provider(input.review), "keys": questions}) if count(questions) > 0
