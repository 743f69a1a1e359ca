# METADATA
# title: Compliance
# description: |
#   Reads what a policy's own `isCompliant` came to, as policy-controller does: a boolean, or a list of
#   `{result, error, warning}` of which the first passing one counts, or else the last one's error.
package lib.bestbefore.compliance

import future.keywords

_single := "policy is not compliant for query 'isCompliant = data.sigstore.isCompliant'"

_double := `policy is not compliant for query "isCompliant = data.sigstore.isCompliant"`

_prefix := "failed evaluating rego policy for type ClusterImagePolicy: "

# Of rules that were written in CUE: what does not comply comes as `{"cue": text}`.
_cue := "failed evaluating cue policy for ClusterImagePolicy: failed to evaluate the policy with error: "

_fields := {"error": "string", "result": "bool", "warning": "string"}

# METADATA
# description: |
#   The verdict on the values of `isCompliant` (none where it is undefined): `{"passed": true}`, or passed false with
#   `said`, the policy's own sentence ("" where it has none), and `line`, upstream's words.
default judged(_) := {"passed": false, "said": "", "line": "failed evaluating rego policy for type ClusterImagePolicy: policy is not compliant for query 'isCompliant = data.sigstore.isCompliant'"}

judged(values) := {"passed": true} if {
	values == [true]
} else := {"passed": true} if {
	# A list of plain results, one of which passes: what nearly every rule comes to, at a tenth of the cost. Nothing else
	# stands in them, and in no other spelling.
	count(values) == 1
	not is_object(values[0])
	some result in values[0]
	result.result == true
	every plain in values[0] {
		{"error": error, "result": passes} = plain
		is_string(error)
		is_boolean(passes)
	}
} else := {"passed": false, "said": said, "line": concat("", [_cue, said])} if {
	count(values) == 1
	is_object(values[0])
	said := values[0].cue
	is_string(said)
} else := _walked(values[0]) if {
	count(values) == 1
	is_array(values[0])
} else := _walked(sort(values[0])) if {
	count(values) == 1
	is_set(values[0])
}

# METADATA
# description: The same of the rule of an attestation, which upstream's words name.
judged_of(name, values) := object.union(verdict, {"line": line}) if {
	verdict := judged(values)
	startswith(verdict.line, _prefix)
	line := concat("", [sprintf("failed evaluating rego policy for type %s: ", [name]), trim_prefix(verdict.line, _prefix)])
} else := object.union(verdict, {"line": line}) if {
	verdict := judged(values)
	startswith(verdict.line, _cue)
	line := concat("", [replace(_cue, "ClusterImagePolicy", name), trim_prefix(verdict.line, _cue)])
} else := judged(values)

_walked(results) := {"passed": false, "said": "", "line": concat("", [_prefix, _double])} if {
	count(results) == 0
} else := _decided(results[first]) if {
	first := min([index | some index, result in results; _decides(result)])
} else := {"passed": false, "said": said, "line": concat("", [_prefix, _single, " with errors: ", said])} if {
	said := _value(results[count(results) - 1], "error", "")
}

# A result that ends the walk: it passes, or it is none.
_decides(result) if not is_object(result)

_decides(result) if _type_error(result)

_decides(result) if _value(result, "result", false) == true

_decided(result) := {"passed": false, "said": "", "line": concat("", [_prefix, _single, " due to parsing errors: ", why])} if {
	why := _type_error(result)
} else := {"passed": false, "said": warning, "line": sprintf("warning: %s", [warning])} if {
	warning := _value(result, "warning", "")
	warning != ""
} else := {"passed": true} if {
	_value(result, "result", false) == true
}

# Upstream decodes each result with Go's encoding/json: field names in any case, null is nothing, the last one wins.
_value(result, field, fallback) := last if {
	found := [result[key] | some key in _spellings(result, field); result[key] != null]
	last := found[count(found) - 1]
} else := fallback

_spellings(result, field) := sort([key | some key in object.keys(result); _folded(key) == field])

# Go takes the long s for an s.
_folded(key) := replace(lower(key), "\u017f", "s")

_type_error(result) := "isCompliant holds a result that is no object" if {
	not is_object(result)
} else := sprintf("json: cannot unmarshal %s into Go struct field CosignRuleResult.%s of type %s", [wrong.is, wrong.field, wrong.wanted]) if {
	errors := [{"field": _folded(key), "is": _json_type(result[key]), "wanted": wanted} |
		some key in sort(object.keys(result))
		wanted := _fields[_folded(key)]
		not _json_type(result[key]) in {wanted, "null"}
	]
	wrong := errors[0]
}

_json_type(value) := {
	"boolean": "bool",
	"set": "array",
	"string": "string",
	"number": "number",
	"array": "array",
	"object": "object",
	"null": "null",
}[type_name(value)]
