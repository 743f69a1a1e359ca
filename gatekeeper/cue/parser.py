"""Reads a CUE text into its parts.

Precedence is CUE's: `|`, `&`, `||`, `&&`, comparisons, `+ -`, `* /`, then what stands before an operand. What this
parser does not know is refused; it never guesses.
"""

from __future__ import annotations

from typing import Final

from gatekeeper.cue.cursor import Cursor
from gatekeeper.cue.lexer import CueToken, Kind, tokens
from gatekeeper.cue.refusal import CueError
from gatekeeper.cue.syntax import (
    Binary,
    Bottom,
    CueField,
    Declaration,
    EmbeddedValue,
    Expression,
    File,
    FunctionCall,
    Guard,
    Import,
    IndexOf,
    Interpolation,
    Let,
    ListLiteral,
    Literal,
    Mark,
    Name,
    Pattern,
    Rest,
    Selector,
    StructLiteral,
    Unary,
)
from provider.limits import POLICY_BYTES

_PRECEDENCE: Final = {
    "|": 1,
    "&": 2,
    "||": 3,
    "&&": 4,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "=~", "!~"), 5),
    "+": 6,
    "-": 6,
    "*": 7,
    "/": 7,
}
_UNARY: Final = frozenset({"+", "-", "!", "!=", "<", "<=", ">", ">=", "=~", "!~", "*"})
_CONSTANTS: Final[dict[str, bool | None]] = {"null": None, "true": True, "false": False}
_KEYWORDS: Final = frozenset({"func", "for", "in", "if", "let", "import", "package", *_CONSTANTS})


def parsed(text: str) -> File:
    """The parts of a text.

    Raises:
        CueError: it is no CUE, or none that is taken.
    """
    if len(text.encode("utf-8", "surrogatepass")) > POLICY_BYTES:
        raise CueError(1, f"a CUE text has at most {POLICY_BYTES} bytes")
    return _Parser(tokens(text.removeprefix("\ufeff"))).file()


class _Parser(Cursor):
    def file(self) -> File:
        self._attributes_alone()
        self._package()
        self._attributes_alone()
        imports = self._imports()
        line = self.token.line
        declarations = self._declarations(Kind.END)
        return File(tuple(imports), StructLiteral(line, declarations))

    def whole(self) -> Expression:
        """The expression that is all of the tokens."""
        found = self._expression()
        if self.token.kind is not Kind.END:
            raise self.unexpected("end of the interpolation")
        return found

    def _package(self) -> None:
        if not self.is_word("package"):
            return
        self.at += 1
        if self.token.kind is not Kind.NAME or self.token.text in _KEYWORDS or "#" in self.token.text:
            raise self.unexpected("the name of a package")
        self.at += 1
        self._end_of_declaration(Kind.END)

    def _attributes_alone(self) -> None:
        """Attributes that are declarations of their own, each on its line."""
        while self.token.kind is Kind.ATTRIBUTE:
            self.at += 1
            self._end_of_declaration(Kind.END)

    def _imports(self) -> list[Import]:
        found: list[Import] = []
        while self.is_word("import"):
            self.at += 1
            if self.taken("("):
                while not self.taken(")"):
                    found.append(self._import())
                    if not self.comma() and not self.mark_is(")"):
                        raise self.unexpected("')'")
            else:
                found.append(self._import())
            self._end_of_declaration(Kind.END)
        return found

    def _import(self) -> Import:
        line, name = self.token.line, ""
        if self.token.kind is Kind.NAME:
            name = self.token.text
            if name in _KEYWORDS or name.startswith(("#", "_")):
                raise CueError(line, f"`{name}` as the name of an import is not taken")
            self.at += 1
        if self.token.kind is not Kind.TEXT or self.token.parts or not self.token.plain:
            raise self.unexpected("the path of an import")
        path = self.token.text
        self.at += 1
        return Import(line, name or path.rpartition("/")[2], path)

    def _declarations(self, end: Kind | str) -> tuple[Declaration, ...]:
        found: list[Declaration] = []
        while not self._at_end(end):
            if self.token.kind is Kind.COMMA and not self.token.newline:
                raise self.unexpected("a field")
            if self.token.kind is Kind.ATTRIBUTE:
                self.at += 1
            else:
                found.append(self._declaration())
            self._end_of_declaration(end)
        return tuple(found)

    def _at_end(self, end: Kind | str) -> bool:
        if self.token.kind is Kind.END and end is not Kind.END:
            raise CueError(self.token.line, f"expected '{end}', found 'EOF'", wrong=True)
        return self.token.kind is Kind.END if end is Kind.END else self.mark_is(str(end))

    def _end_of_declaration(self, end: Kind | str) -> None:
        if not self.comma() and not self._at_end(end):
            raise self.unexpected("a comma or a new line")

    def _declaration(self) -> Declaration:
        line = self.token.line
        if self.taken("..."):
            if self.token.kind is not Kind.COMMA and not self.mark_is("}") and self.token.kind is not Kind.END:
                raise CueError(line, "a struct's `...` with a constraint is not taken")
            return Rest(line, None)
        if self._is_label():
            return self._field()
        if self.mark_is("["):
            return self._bracketed()
        if self.is_word("let") and self.ahead(1).kind is Kind.NAME:
            return self._let()
        if (self.is_word("if") or self.is_word("for")) and not self.mark_is(":", 1):
            return self._guard()
        value = self._expression()
        if self.mark_is(":") or self.mark_is("=") or self.mark_is("~"):
            raise CueError(line, "such a name of a field (computed, or with an alias) is not taken")
        return EmbeddedValue(value)

    def _is_label(self) -> bool:
        if self.token.kind not in {Kind.NAME, Kind.TEXT} or self.token.octets:
            return False
        if self.mark_is(":", 1):
            return True
        return (self.mark_is("?", 1) or self.mark_is("!", 1)) and self.mark_is(":", 2)

    def _field(self) -> CueField:
        label = self.token
        if label.kind is Kind.TEXT and label.parts:
            raise CueError(label.line, "a computed name of a field is not taken")
        if label.kind is Kind.TEXT and not label.plain:
            raise CueError(label.line, "a text over lines as the name of a field is not taken")
        self.at += 1
        mark = Mark.REGULAR
        if not self.mark_is(":"):
            mark = Mark(self.token.text)
            self.at += 1
        self.at += 1
        return CueField(label.line, label.text, label.kind is Kind.TEXT, mark, self._field_value())

    def _field_value(self) -> Expression:
        """What stands behind a colon: a value, or another field (`a: b: 1`)."""
        self.deeper()
        line = self.token.line
        if self._is_label():
            found: Expression = StructLiteral(line, (self._field(),))
        elif self.mark_is("[") and self._closes_as_pattern():
            found = StructLiteral(line, (self._pattern(),))
        else:
            found = self._expression()
            if self.mark_is("=") or self.mark_is(":") or self.mark_is("~"):
                raise CueError(line, "such a name of a field (computed, or with an alias) is not taken")
            while self.token.kind is Kind.ATTRIBUTE:
                self.at += 1
        self.depth -= 1
        return found

    def _bracketed(self) -> Declaration:
        return self._pattern() if self._closes_as_pattern() else EmbeddedValue(self._expression())

    def _closes_as_pattern(self) -> bool:
        """Whether a colon stands behind the bracket that closes the one here."""
        depth = 0
        for ahead, token in enumerate(self.code[self.at :], start=self.at):
            if token.kind is Kind.MARK:
                depth += (token.text in "([{") - (token.text in ")]}")
            if depth == 0:
                following = self.code[min(ahead + 1, len(self.code) - 1)]
                return following.kind is Kind.MARK and following.text in {":", "?", "!"}
        return False

    def _pattern(self) -> Pattern:
        line = self.token.line
        self.expect("[")
        if self.mark_is("=", 1):
            raise CueError(line, "an alias of a pattern is not taken")
        names = self._expression()
        self.comma()
        self.expect("]")
        if not self.taken(":"):
            raise CueError(line, "a computed name of a field is not taken")
        return Pattern(line, names, self._field_value())

    def _let(self) -> Let:
        line, name = self.token.line, self.ahead(1).text
        self.at += 2
        self.expect("=")
        return Let(line, name, self._expression())

    def _guard(self) -> Guard:
        line = self.token.line
        conditions = []
        while True:
            if self.is_word("for"):
                raise CueError(self.token.line, "`for` is not taken")
            if not self.is_word("if"):
                break
            self.at += 1
            conditions.append(self._expression())
            self.comma()
        if not self.mark_is("{"):
            raise self.unexpected("'{'")
        return Guard(line, tuple(conditions), self._struct())

    def _expression(self, least: int = 1) -> Expression:
        self.deeper()
        left = self._unary()
        while self.token.kind is Kind.MARK and _PRECEDENCE.get(self.token.text, 0) >= least:
            operator, line = self.token.text, self.token.line
            self.at += 1
            left = Binary(line, operator, left, self._expression(_PRECEDENCE[operator] + 1))
        self.depth -= 1
        return left

    def _unary(self) -> Expression:
        token = self.token
        if token.kind is Kind.MARK and token.text in _UNARY:
            self.deeper()
            self.at += 1
            operand = self._unary()
            self.depth -= 1
            return Unary(token.line, token.text, operand)
        return self._suffixed(self._operand())

    def _suffixed(self, found: Expression) -> Expression:
        while self.token.kind is Kind.MARK:
            line = self.token.line
            if self.taken("."):
                named = self.code[self.at]
                if named.kind not in {Kind.NAME, Kind.TEXT} or named.parts or named.octets:
                    raise self.unexpected("a selector")
                found = Selector(line, found, named.text)
                self.at += 1
            elif self.taken("["):
                key = self._expression()
                if self.mark_is(":"):
                    raise CueError(line, "a part of a list (`list[a:b]`) is not taken")
                self.expect("]")
                found = IndexOf(line, found, key)
            elif self.taken("("):
                found = FunctionCall(line, found, tuple(self._arguments()))
            else:
                break
        return found

    def _arguments(self) -> list[Expression]:
        found: list[Expression] = []
        while not self.taken(")"):
            found.append(self._expression())
            if not self.comma() and not self.mark_is(")"):
                raise self.unexpected("',' or ')'")
        return found

    def _operand(self) -> Expression:  # noqa: PLR0911 - a form a line
        token = self.token
        if token.kind is Kind.NUMBER and token.number is not None:
            self.at += 1
            return Literal(token.line, token.number)
        if token.kind is Kind.TEXT:
            self.at += 1
            return self._text(token)
        if token.kind is Kind.NAME:
            self.at += 1
            if token.text in _CONSTANTS:
                return Literal(token.line, _CONSTANTS[token.text])
            if token.text in _KEYWORDS:
                raise CueError(token.line, f"expected operand, found '{token.text}'", wrong=True)
            return Name(token.line, token.text)
        if self.taken("_|_"):
            return Bottom(token.line)
        if self.mark_is("{"):
            return self._struct()
        if self.mark_is("["):
            return self._list()
        if self.taken("("):
            found = self._expression()
            self.expect(")")
            return found
        raise self.unexpected("operand")

    def _text(self, token: CueToken) -> Expression:
        if token.octets:
            if token.parts:
                raise CueError(token.line, "an interpolation of bytes is not taken")
            return Literal(token.line, token.text.encode())
        if not token.parts:
            return Literal(token.line, token.text)
        parts = tuple(part if isinstance(part, str) else _Parser(part, self.depth + 1).whole() for part in token.parts)
        return Interpolation(token.line, parts)

    def _struct(self) -> StructLiteral:
        self.deeper()
        line = self.token.line
        self.expect("{")
        declarations = self._declarations("}")
        self.expect("}")
        self.depth -= 1
        return StructLiteral(line, declarations)

    def _list(self) -> ListLiteral:
        self.deeper()
        line = self.token.line
        self.expect("[")
        items: list[Expression] = []
        rest: Rest | None = None
        while not self.taken("]"):
            if self.token.kind is Kind.NAME and self.token.text in {"for", "if"}:
                raise CueError(self.token.line, "a list that is computed (`for`, `if`) is not taken")
            if self.mark_is("..."):
                rest = self._rest()
            else:
                items.append(self._expression())
            if not self.comma() and not self.mark_is("]"):
                raise self.unexpected("',' or ']'")
            if rest is not None and not self.mark_is("]"):
                raise self.unexpected("']'")
        self.depth -= 1
        return ListLiteral(line, tuple(items), rest)

    def _rest(self) -> Rest:
        line = self.token.line
        self.expect("...")
        if self.token.kind is Kind.COMMA or self.mark_is("]"):
            return Rest(line, None)
        return Rest(line, self._expression())
