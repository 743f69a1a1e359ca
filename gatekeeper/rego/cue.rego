# METADATA
# title: CUE
# description: |
#   What the Rego of a policy that was written in CUE is made of: what is wrong with a value, in CUE's words, and the
#   functions of its conditions. A list of texts says what is wrong; an empty one, nothing.
package lib.bestbefore.cue

import future.keywords

# METADATA
# description: The kind of a value. In what Go has written, a whole number below 1e21 has digits only.
kind(value) := "struct" if {
	is_object(value)
} else := "list" if {
	is_array(value)
} else := "string" if {
	is_string(value)
} else := "bool" if {
	is_boolean(value)
} else := "null" if {
	is_null(value)
} else := "int" if {
	is_number(value)
	regex.match(`^-?[0-9]+$`, json.marshal(value))
} else := "float" if {
	is_number(value)
}

# METADATA
# description: All problems as one text, as CUE says several.
summary(problems) := problems[0] if {
	count(problems) == 1
} else := sprintf("%s (and %d more errors)", [problems[0], count(problems) - 1])

# METADATA
# description: The path of a field, whose name is given as CUE writes it.
at(path, label) := label if {
	path == ""
} else := concat(".", [path, label])

# METADATA
# description: The same of a field by its name.
at_key(path, key) := at(path, key) if {
	regex.match(`^[A-Za-z$][A-Za-z0-9$_]*$`, key)
} else := at(path, json.marshal(key))

# METADATA
# description: What is wrong with a value that several tests are about; `late` is whether CUE meets them after the value.
problems(value, path, tests, late) := [] if {
	every test in tests {
		_holds(value, test)
	}
} else := [_line(path, _said(value, failed, late))] if {
	failed := [test | some test in tests; not _holds(value, test)][0]
}

# METADATA
# description: The same of a value that is made of the document (see `reference`).
problems_of(made, path, tests, late) := [] if {
	made.unknown
} else := [_line(path, made.error)] if {
	made.error
} else := problems(made.value, path, tests, late)

# METADATA
# description: What is wrong with a value that has to pass one of several lists of tests, of `ways`.
any_of(value, path, alternatives, ways) := [] if {
	some tests in alternatives
	problems(value, path, tests, false) == []
} else := none_of(path, [problems(value, path, tests, false) | some tests in alternatives], ways)

# METADATA
# description: What is wrong where no way of a disjunction fits; `failed` has the problems of each.
none_of(path, failed, ways) := array.concat([_line(path, sprintf("%d errors in empty disjunction:", [ways]))], all) if {
	gone := [path | some number in numbers.range(1, ways); number > count(failed)]
	all := array.concat([problem | some one in failed; some problem in one], gone)
}

# METADATA
# description: What is wrong with any value where nothing fits.
never(path, sentence) := [_line(path, sentence)]

# METADATA
# description: What is wrong with a value that is no struct or list, where one of that text is wanted.
mismatch(value, path, wanted, text) := [_line(path, said)] if {
	wanted == "struct"
	said := sprintf("conflicting values %s and %s (mismatched types %s and struct)", [shown(value), text, kind(value)])
} else := [_line(path, said)] if {
	said := sprintf("conflicting values %s and %s (mismatched types %s and %s)", [text, shown(value), wanted, kind(value)])
}

# METADATA
# description: What is wrong with a list that is too short or too long.
lengths(path, value, wanted) := [_line(path, sprintf("incompatible list lengths (%d and %d)", [least, most]))] if {
	least := min([count(value), wanted])
	most := max([count(value), wanted])
}

# METADATA
# description: The fields that a closed struct must not have; of what closes it, each says names and tests of names.
unknown(value, path, closed) := [_line(at_key(path, key), "field not allowed") |
	some key in object.keys(value)
	not _allowed(key, closed)
]

_allowed(key, closed) if {
	every allowing in closed {
		_allows(key, allowing[0], allowing[1])
	}
}

_allows(key, names, _) if key in names

_allows(key, _, patterns) if _fits_any(key, patterns)

# METADATA
# description: The fields of a struct that are not named and whose names pass the tests.
keys(value, named, tests) := [key |
	some key in object.keys(value)
	not key in named
	problems(key, "", tests, false) == []
]

# METADATA
# description: The problems of several parts as one list.
all_of(parts) := [problem | some part in parts; some problem in part]

# METADATA
# description: |
#   The problems of a struct: its own, or else those of conditions that cannot be decided for what the document has.
decided(path, found, verdicts) := found if {
	count(found) > 0
} else := [_line(path, verdict.error) | some verdict in verdicts; verdict.error]

# METADATA
# description: Of several conditions those that hold, by their numbers.
holding(verdicts) := {number | some number, verdict in verdicts; verdict.value == true}

# METADATA
# description: |
#   What a path comes to in a struct: `{"value": x}`, `{"error": text}`, or where the document lacks it the fallback.
reference(struct, path, fallback) := {"value": found} if {
	found := object.get(struct, path, _missing)
	found != _missing
} else := {"error": sprintf("invalid operand %s (found %s, want list or struct)", [shown(value), kind(value)])} if {
	some far in numbers.range(1, count(path) - 1)
	far > 0
	value := object.get(struct, array.slice(path, 0, far), _missing)
	value != _missing
	not is_object(value)
} else := fallback

# No document has it: it is a set.
_missing := {"missing"}

# METADATA
# description: A field of a struct, or an item of a list.
item(of, key) := {"error": sprintf("invalid operand %s (found %s, want list or struct)", [shown(of.value), kind(of.value)])} if {
	has_value(of)
	not is_object(of.value)
	not is_array(of.value)
} else := made if {
	made := _lacking([of, key])
} else := {"value": of.value[key.value]} if {
	is_object(of.value)
	is_string(key.value)
	key.value in object.keys(of.value)
} else := {"value": of.value[key.value]} if {
	is_array(of.value)
	kind(key.value) == "int"
	key.value >= 0
	key.value < count(of.value)
} else := {"error": sprintf("index out of range [%d] with length %d", [key.value, count(of.value)])} if {
	is_array(of.value)
	kind(key.value) == "int"
	key.value >= 0
} else := {"unknown": true} if {
	is_object(of.value)
	is_string(key.value)
} else := {"error": sprintf("invalid index %s (type %s)", [shown(key.value), kind(key.value)])}

# METADATA
# description: Whether something is known, and no error.
has_value(made) if "value" in object.keys(made)

# METADATA
# description: A condition by itself.
truth(made) := made if {
	not has_value(made)
} else := made if {
	is_boolean(made.value)
} else := {"error": sprintf("cannot use %s (type %s) as type bool", [shown(made.value), kind(made.value)])}

# METADATA
# description: The conjunction of two conditions. CUE looks at both of them, whatever the first one says.
both(left, right) := made if {
	made := _unsure(left, right)
} else := {"value": left.value == right.value} if {
	left.value == true
} else := {"value": false}

# METADATA
# description: The disjunction of two conditions; of these too CUE looks at both.
either(left, right) := made if {
	made := _unsure(left, right)
} else := {"value": right.value} if {
	left.value == false
} else := {"value": true}

# What is no bool is wrong only where both are known.
_unsure(left, right) := made if {
	made := _lacking([left, right])
} else := _lacking([truth(left), truth(right)])

# The first error of several things, or else the first that is not known; undefined where all are.
_lacking(all) := wrong[0] if {
	wrong := [made | some made in all; made.error]
	count(wrong) > 0
} else := open[0] if {
	open := [made | some made in all; made.unknown]
	count(open) > 0
}

# METADATA
# description: The opposite of a condition.
opposite(made) := {"value": made.value == false} if {
	is_boolean(made.value)
} else := truth(made)

# METADATA
# description: The comparison of two values.
compared(operator, left, right) := made if {
	made := _lacking([left, right])
} else := {"value": _compares(operator, left.value, right.value)} if {
	_comparable(operator, left.value, right.value)
} else := {"error": said} if {
	said := sprintf("invalid operands %s and %s to '%s' (type %s and %s)", [
		shown(left.value),
		shown(right.value),
		operator,
		kind(left.value),
		kind(right.value),
	])
}

_comparable(operator, left, right) if {
	_family(left) != _family(right)
	operator in {"==", "!="}
}

_comparable(_, left, right) if {
	_family(left) == _family(right)
	_family(left) in {"string", "number"}
}

_comparable(operator, left, right) if {
	_family(left) == _family(right)
	_family(left) in {"bool", "null"}
	operator in {"==", "!="}
}

_comparable(operator, left, right) if {
	is_array(left)
	is_array(right)
	operator in {"==", "!="}
	every item in array.concat(left, right) {
		not is_object(item)
		not is_array(item)
	}
}

_family(value) := "number" if {
	is_number(value)
} else := kind(value)

_compares("==", left, right) := left == right

_compares("!=", left, right) := left != right

_compares("<", left, right) := left < right

_compares("<=", left, right) := left <= right

_compares(">", left, right) := left > right

_compares(">=", left, right) := left >= right

# METADATA
# description: Two texts as one.
sum(left, right) := made if {
	made := _lacking([left, right])
} else := {"value": concat("", [left.value, right.value])} if {
	is_string(left.value)
	is_string(right.value)
} else := {"error": sprintf("invalid operands %s and %s to '+'", [shown(left.value), shown(right.value)])}

# METADATA
# description: |
#   The texts of an interpolation, put together. CUE goes from left to right: what comes first decides, something wrong
#   or something that is not known.
glued(parts) := {"value": concat("", texts)} if {
	texts := [text | some part in parts; text := _inserted(part.value)]
	count(texts) == count(parts)
} else := made if {
	made := _lacking([part | some part in parts; not has_value(part)])
	made.error
} else := first if {
	first := [part | some part in parts; not _is_insertable(part)][0]
	first.unknown
} else := {"error": sprintf("invalid interpolation: cannot use %s (type %s)", [shown(wrong[0]), kind(wrong[0])])} if {
	wrong := [part.value | some part in parts; has_value(part); not _is_insertable(part)]
}

_is_insertable(part) if _inserted(part.value)

_inserted(value) := value if {
	is_string(value)
} else := json.marshal(value) if {
	kind(value) in {"int", "bool"}
} else := json.marshal(value) if {
	kind(value) == "float"
	regex.match(`^-?[0-9]+[.][0-9]+$`, json.marshal(value))
}

# METADATA
# description: |
#   Texts with a separator between them. CUE looks at the separator first, then at the texts from left to right.
joined(parts, separator) := {"value": concat(separator.value, [part.value | some part in parts])} if {
	every part in array.concat(parts, [separator]) {
		is_string(part.value)
	}
} else := made if {
	made := _lacking([part | some part in array.concat([separator], parts); not has_value(part)])
	made.error
} else := first if {
	first := [part | some part in array.concat([separator], parts); not _is_text(part)][0]
	first.unknown
} else := {"error": sprintf("cannot use value %s (%s) as string", [shown(wrong[0]), kind(wrong[0])])} if {
	wrong := [part.value | some part in array.concat([separator], parts); has_value(part); not _is_text(part)]
}

_is_text(part) if is_string(part.value)

# METADATA
# description: How long a list or a struct is, or a text in bytes.
length(made) := made if {
	not has_value(made)
} else := {"value": count(made.value)} if {
	kind(made.value) in {"struct", "list"}
} else := {"value": count(hex.encode(made.value)) / 2} if {
	is_string(made.value)
} else := {"error": sprintf("cannot use %s (type %s) as (string|bytes|list|struct) in argument 1 to len", [
	shown(made.value),
	kind(made.value),
])}

# METADATA
# description: Whether a list has a value. CUE looks at the type of the list before it misses the value.
has_item(list, wanted) := {"error": sprintf("cannot use %s (type %s) as list in argument 1 to list.Contains", [
	shown(list.value),
	kind(list.value),
])} if {
	has_value(list)
	not is_array(list.value)
} else := made if {
	made := _lacking([list, wanted])
} else := {"value": _among(wanted.value, list.value)}

_among(wanted, list) if {
	some each in list
	each == wanted
} else := false

# METADATA
# description: Whether a text begins with another one.
has_prefix(text, part) := _asked("strings.HasPrefix", text, part)

# METADATA
# description: Whether a text ends with another one.
has_suffix(text, part) := _asked("strings.HasSuffix", text, part)

# METADATA
# description: Whether a text holds another one.
has_text(text, part) := _asked("strings.Contains", text, part)

# METADATA
# description: Whether an expression is found in a text, or not found. CUE looks at the types of both before it misses one.
matched(operator, text, pattern) := text if {
	not has_value(text)
} else := {"value": regex.match(pattern, text.value)} if {
	is_string(text.value)
	operator == "=~"
} else := {"value": regex.match(pattern, text.value) == false} if {
	is_string(text.value)
} else := {"error": sprintf("cannot use %s (type %s) as type string in %s", [shown(text.value), kind(text.value), operator])}

_asked(name, text, part) := {"value": _text_test(name, text.value, part.value)} if {
	is_string(text.value)
	is_string(part.value)
} else := {"error": sprintf("cannot use %s (type %s) as string in argument %d to %s", [
	shown(wrong.value),
	kind(wrong.value),
	wrong.number,
	name,
])} if {
	wrong := [{"number": number + 1, "value": each.value} |
		some number, each in [text, part]
		has_value(each)
		not is_string(each.value)
	][0]
} else := _lacking([text, part])

_text_test("strings.HasPrefix", text, part) := startswith(text, part)

_text_test("strings.HasSuffix", text, part) := endswith(text, part)

_text_test("strings.Contains", text, part) := contains(text, part)

# METADATA
# description: A value as CUE writes it, to a length.
shown(value) := substring(text, 0, 500) if {
	marshalled := regex.replace(json.marshal(value), `"([A-Za-z$][A-Za-z0-9$_]*)":`, "$1:")
	text := replace(replace(replace(marshalled, "\\u003c", "<"), "\\u003e", ">"), "\\u0026", "&")
}

_line(path, sentence) := sentence if {
	path == ""
} else := concat(": ", [path, sentence])

_fits_any(key, patterns) if {
	some tests in patterns
	problems(key, "", tests, false) == []
}

_holds(_, test) if {
	test.op == "made"
	test.of.unknown
}

_holds(value, test) if {
	test.op == "made"
	has_value(test.of)
	kind(value) == kind(test.of.value)
	value == test.of.value
}

_holds(value, test) if {
	test.op != "made"
	kind(value) in test.kinds
	_passes(test.op, value, test)
}

_passes("kind", _, _)

_passes("is", value, test) if value == test.value

_passes("!=", value, test) if value != test.value

_passes("<", value, test) if value < test.value

_passes("<=", value, test) if value <= test.value

_passes(">", value, test) if value > test.value

_passes(">=", value, test) if value >= test.value

_passes("=~", value, test) if regex.match(test.value, value)

_passes("!~", value, test) if regex.match(test.value, value) == false

_passes("list.MinItems", value, test) if count(value) >= test.value

_passes("list.MaxItems", value, test) if count(value) <= test.value

# A struct may get more fields: CUE never holds too few against it.
_passes("struct.MinFields", _, _)

_passes("struct.MaxFields", value, test) if count(_labels(value, test)) <= test.value

_passes("strings.MinRunes", value, test) if count(value) >= test.value

_passes("strings.MaxRunes", value, test) if count(value) <= test.value

_passes("list.Contains", value, test) if _among(test.value, value)

_passes("time.Time", value, _) if time.parse_rfc3339_ns(_in_our_days(value))

_passes(name, value, test) if {
	startswith(name, "strings.")
	_text_test(name, value, test.value)
}

# A time in a year that nanoseconds can count to, with as many days: CUE takes every year, Rego counts.
_in_our_days(time) := concat("", ["2000", substring(time, 4, -1)]) if {
	_is_leap(_year(time))
} else := concat("", ["2001", substring(time, 4, -1)]) if {
	_year(time)
} else := time

_year(time) := to_number(concat("", ["1", substring(time, 0, 4)])) - 10000 if regex.match(`^[0-9]{4}-`, time)

_is_leap(year) if {
	year % 4 == 0
	year % 100 != 0
}

_is_leap(year) if year % 400 == 0

_labels(value, test) := object.keys(value) | {label | some label in test.labels}

_said(value, test, late) := test.of.error if {
	test.op == "made"
	test.of.error
} else := _conflict(shown(test.of.value), shown(value), kind(test.of.value), kind(value)) if {
	test.op == "made"
} else := _conflict(shown(value), test.text, kind(value), test.type) if {
	not kind(value) in test.kinds
	_second(test, late)
	not _comes_last(value, late)
} else := _conflict(test.text, shown(value), test.type, kind(value)) if {
	not kind(value) in test.kinds
} else := _conflict(test.text, shown(value), test.type, kind(value)) if {
	test.op == "is"
	_late(test, late)
} else := _conflict(shown(value), test.text, kind(value), test.type) if {
	test.op == "is"
} else := sprintf("invalid value %s (out of bound %s)", [shown(value), test.text]) if {
	test.op in {"<", "<=", ">", ">=", "!=", "=~", "!~"}
} else := sprintf("invalid value %s (does not satisfy %s)%s", [shown(value), trim_suffix(test.text, "()"), _why(value, test)])

# CUE names a struct or a list of the document last.
_comes_last(value, false) if kind(value) in {"struct", "list"}

# Whether CUE names what is wanted after the value, where their kinds differ.
_second(test, late) if {
	test.op in {"kind", "is"}
	_late(test, late)
}

_late(_, true)

_late(test, false) if test.late

_second(test, _) if not test.op in {"kind", "is"}

_conflict(first, second, kind_one, kind_two) := sprintf("conflicting values %s and %s", [first, second]) if {
	kind_one == kind_two
} else := sprintf("conflicting values %s and %s (mismatched types %s and %s)", [first, second, kind_one, kind_two])

# What CUE adds of the functions that count.
_why(value, test) := sprintf(": len(list) < MinItems(%d) (%d < %d)", [test.value, count(value), test.value]) if {
	test.op == "list.MinItems"
} else := sprintf(": len(list) > MaxItems(%d) (%d > %d)", [test.value, count(value), test.value]) if {
	test.op == "list.MaxItems"
} else := sprintf(": len(fields) > MaxFields(%d) (%d > %d)", [test.value, count(_labels(value, test)), test.value]) if {
	test.op == "struct.MaxFields"
} else := sprintf(": error in call to time.Time: invalid time %s", [shown(value)]) if {
	test.op == "time.Time"
} else := ""
