"""Random policies and documents that have something to do with each other: few names, few values, much nesting."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

_NAMES: Final = ("a", "b", "c")
_LITERALS: Final = ("1", "2", "1.5", '"x"', '"yx"', '""', "true", "false", "null", "-1")
# The same values as few write them.
_SPELLINGS: Final = ("0x2", "1.50", "0b1", "15e-1", '#"x"#', '"\\u0078"', '"""\n  yx\n  """', "'x'", "1Ki", '"y" + "x"')
_TYPES: Final = ("int", "string", "bool", "number", "float", "_", "null", "uint", "int8", "uint16", "bytes")
_MOMENTS: Final = ("2026-01-31T12:00:00Z", "2025-06-01T00:00:00.5Z")
_BOUNDS: Final = (
    *(">1", ">=1", "<2", "<=1.5", "!=1", '!="x"', '>"x"', '<="x"', "!=null"),
    *('=~"x$"', '!~"^y"', '=~"^[xy]"'),
)
_FUNCTIONS: Final = (
    *("list.MinItems(1)", "list.MaxItems(1)", "struct.MaxFields(1)", "struct.MinFields(1)"),
    *("strings.MinRunes(1)", "strings.MaxRunes(1)", 'strings.HasPrefix("x")', 'strings.Contains("y")'),
    *('strings.HasSuffix("x")', 'list.Contains("x")', 'or(["x", "yx"])', 'or(["x"])', "time.Time"),
    *(f'{bound}time.Parse(time.RFC3339, "{each}")' for bound in ("", "<", ">=") for each in _MOMENTS),
)
_DEFINITIONS: Final = ("#P", "#Q")
# Definitions that say less than a struct, or leave it open: what closes is hard to tell.
_LOOSE: Final = ("_", "!=null", "[...]", "{a: _, b?: _}", "{a?: [...], b?: {...}}", "{...}", "_ | string")
_CONDITIONS: Final = (
    *("{} == 1", '{} == "x"', "{} != null", "{} > 1", '{} < "y"', "!{}", "{}", "{} == {}", "len({}) < 2"),
    *('list.Contains(["x", 1], {})', 'list.Contains({}, "x")', 'strings.HasPrefix({}, "x")', "{} == 1 && {} == 2"),
    *("{} == 1 || {} == true", '!list.Contains(["x"], {})', "{} != {}", '{} =~ "^x"', '{} !~ "y"', "{} >= {}"),
    *('strings.Contains({}, "y")', 'strings.HasSuffix({}, "x")', '"\\({})x" == "yx"', "{}.a == 1", '{}["b"] == "x"'),
    *("{} == 1 if {} != 2", "{}[0] == 1", "true", "false"),
)
# What is made of one other field, or of two.
_MADE: Final = (
    *('"x\\({})"', '"y" + {}', 'strings.Join([{}, "x"], "")', '"\\({})\\({})"', "{}", "{}.a", '{}["b"]', "{}[0]"),
    *('"\\({}.a)"', '#"\\#({})"#', 'strings.Join([{}, {}], "-")', '{}["a" + {}]', '"x" + {} + "y"'),
)


def _name() -> st.SearchStrategy[str]:
    return st.sampled_from(_NAMES)


def _scalar() -> st.SearchStrategy[str]:
    kinds = (_LITERALS, _LITERALS, _LITERALS, _TYPES, _TYPES, _BOUNDS, _BOUNDS, _SPELLINGS)
    return st.sampled_from(kinds).flatmap(st.sampled_from)


@st.composite
def _field(draw: st.DrawFn, depth: int, outer: tuple[str, ...]) -> str:
    mark = draw(st.sampled_from(["", "", "", "?", "!"]))
    inner = f"{draw(_name())}{draw(st.sampled_from(['', '?']))}: " if draw(st.integers(0, 11)) == 0 else ""
    name = draw(_name()) if draw(st.integers(0, 11)) else f'"{draw(_name())}"'
    end = draw(st.sampled_from([*[""] * 19, " @x(y)"]))
    return f"{name}{mark}: {inner}{draw(value(depth - 1, outer))}{end}"


@st.composite
def _guard(draw: st.DrawFn, names: tuple[str, ...], depth: int) -> str:
    condition = draw(_filled(_CONDITIONS, names))
    name = draw(st.sampled_from([*_NAMES, "d", "d", "d"]))
    asked = draw(st.one_of(_scalar(), _scalar(), _filled(_MADE, names), value(max(depth - 1, 0), names)))
    body = f"{name}: {asked}"
    if draw(st.integers(0, 9)) == 0:
        body = f"if {draw(_filled(_CONDITIONS, names))} {{{body}}}"
    return f"if {condition} {{{body}}}"


@st.composite
def _filled(draw: st.DrawFn, forms: tuple[str, ...], names: tuple[str, ...]) -> str:
    """A form with names in its places."""
    form = draw(st.sampled_from(forms))
    while "{}" in form:
        form = form.replace("{}", draw(st.sampled_from(names)), 1)
    return form


@st.composite
def structs(draw: st.DrawFn, depth: int, outer: tuple[str, ...] = (), *, top: bool = False) -> str:
    """A struct's text, without braces where it is the whole policy. `outer` names fields around it."""
    fields = draw(st.lists(_field(depth, outer), min_size=1 if top else 0, max_size=3))
    names = tuple(dict.fromkeys(each[0] for each in fields if each[0] != '"'))
    # Nothing but conditions, now and then: they alone make it a struct.
    around = names if draw(st.integers(0, 2)) else (*names, *outer)
    if around and not top and draw(st.integers(0, 4)) == 0:
        fields += draw(st.lists(_guard(around, depth), min_size=1, max_size=2))
    if names and draw(st.integers(0, 9)) == 0:
        fields.append(f"d: {draw(_filled(_MADE, names))}")
    if draw(st.integers(0, 14)) == 0:
        fields = [
            f"let L = {draw(_scalar())}",
            *fields,
            f"{draw(_name())}: {draw(st.sampled_from(['L', '[...L]', '*L | 2']))}",
        ]
    more = ["", "", "", "", "..."] if not top else [""]
    more += ["[string]: " + draw(value(depth - 1))] if draw(st.integers(0, 7)) == 0 else []
    patterns = ['[=~"^[ab]"]: ', '[!~"^[ab]"]: ', '["a"]: ']
    more += [draw(st.sampled_from(patterns)) + draw(value(depth - 1))] if draw(st.integers(0, 9)) == 0 else []
    more += [draw(st.sampled_from(_DEFINITIONS))] if draw(st.integers(0, 9)) == 0 and not top else []
    last = draw(st.sampled_from(more))
    fields += [last] if last else []
    return "\n".join(fields) if top else "{" + ", ".join(fields) + "}"


@st.composite
def _list(draw: st.DrawFn, depth: int, outer: tuple[str, ...] = ()) -> str:
    items = draw(st.lists(value(depth - 1, outer), max_size=2))
    rest = draw(st.sampled_from(["", "...", "..." + draw(value(depth - 1, outer))]))
    return "[" + ", ".join([*items, *([rest] if rest else [])]) + "]"


@st.composite
def value(draw: st.DrawFn, depth: int, outer: tuple[str, ...] = ()) -> str:  # noqa: C901, PLR0911 - a form a line
    """What a field may be asked to be."""
    if depth <= 0:
        return draw(_scalar())
    form = draw(st.integers(0, 19))
    match form:
        case 0 | 1 | 2 | 3 | 4:
            return draw(_scalar())
        case 5 | 6 | 7 | 8:
            return draw(structs(depth, outer or _NAMES if draw(st.integers(0, 9)) == 0 else outer))
        case 9 | 10 | 11:
            return draw(_list(depth, outer))
        case 12 | 13:
            return " | ".join(draw(st.lists(value(depth - 1), min_size=2, max_size=3)))
        case 14:
            first, *rest = draw(st.lists(value(depth - 1), min_size=2, max_size=3))
            return " | ".join([f"*{first}" if " " not in first else f"*({first})", *rest])
        case 15:
            return " & ".join(f"({each})" for each in draw(st.lists(value(depth - 1), min_size=2, max_size=2)))
        case 16:
            joined = draw(st.one_of(structs(depth - 1), _list(depth - 1)))
            return f"{draw(st.sampled_from(_DEFINITIONS))} & {joined}"
        case 17:
            return f"close({draw(structs(depth))})"
        case 18:
            return draw(st.sampled_from(_FUNCTIONS))
        case _:
            return draw(st.sampled_from(_DEFINITIONS))


@st.composite
def policies(draw: st.DrawFn) -> str:
    """A policy's text, with the imports that it uses."""
    text = draw(structs(3, top=True))
    definitions = ""
    for name in reversed(_DEFINITIONS):
        if name in text + definitions:
            inner = draw(st.one_of(value(2), value(2), st.sampled_from(_LOOSE))).replace(name, "int")
            definitions = f"{name}: {inner if name == '#P' else inner.replace('#P', 'string')}\n" + definitions
    whole = definitions + text
    used = [name for name in ("list", "strings", "struct", "time") if f"{name}." in whole]
    head = draw(st.sampled_from([*[""] * 9, "package p\n", "@x()\n\n", "// why\n"]))
    return head + "".join(f'import "{name}"\n' for name in used) + whole


def _json(depth: int) -> st.SearchStrategy[Any]:
    plain = st.sampled_from([1, 2, 1.5, "x", "yx", "", True, False, None, -1, 3, "xx", 1024, *_MOMENTS])
    if depth <= 0:
        return plain
    inner = _json(depth - 1)
    return st.one_of(plain, documents(depth - 1), documents(depth - 1), st.lists(inner, max_size=3))


def documents(depth: int = 3) -> st.SearchStrategy[Any]:
    """A document, as Go writes it: whole numbers without a point."""
    return st.dictionaries(st.sampled_from([*_NAMES, *_NAMES, "d", "d", "e"]), _json(depth), max_size=3)


def pairs() -> st.SearchStrategy[list[tuple[str, Any]]]:
    """A policy with each of two documents."""
    return st.tuples(policies(), documents(), documents()).map(lambda drawn: [(drawn[0], each) for each in drawn[1:]])
