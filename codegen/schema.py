"""The operator schema notation of TorchScript, parsed to frozen dataclasses.

Every node prints back to exactly the text it was parsed from; a text that would not is an error, so
that the catalogue, the run-time parser and saved files cannot drift apart. No semantics are decided
here; the C++ spelling of types and defaults is in cpp_types.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


class SchemaError(ValueError):
    """A schema that cannot be read; the message opens with where it stands and ends with its text."""


@dataclass(frozen=True)
class Alias:
    """`(a!)`, `(a|b)`, `(*)` or `(a -> *)` behind a type: what it may share memory with."""

    before: tuple[str, ...]
    is_write: bool = False
    after: tuple[str, ...] = ()

    def __str__(self) -> str:
        tail = " -> " + "|".join(self.after) if self.after else ""
        return f"({'|'.join(self.before)}{'!' if self.is_write else ''}{tail})"


@dataclass(frozen=True)
class BaseType:
    name: str
    alias: Alias | None = None

    def __str__(self) -> str:
        return self.name + (str(self.alias) if self.alias else "")


@dataclass(frozen=True)
class ListType:
    elem: Type
    size: int | None = None

    def __str__(self) -> str:
        return f"{self.elem}[{'' if self.size is None else self.size}]"


@dataclass(frozen=True)
class OptionalType:
    elem: Type

    def __str__(self) -> str:
        return f"{self.elem}?"


Type = BaseType | ListType | OptionalType


def base_of(t: Type) -> BaseType:
    """The innermost type: Tensor(a!) for Tensor(a!)[]."""
    while not isinstance(t, BaseType):
        t = t.elem
    return t


@dataclass(frozen=True)
class Arg:
    type: Type
    name: str
    default: str | None = None
    kwarg_only: bool = False

    def __str__(self) -> str:
        return f"{self.type} {self.name}" + ("" if self.default is None else f"={self.default}")

    @property
    def alias(self) -> Alias | None:
        return base_of(self.type).alias

    @property
    def is_write(self) -> bool:
        return self.alias is not None and self.alias.is_write


@dataclass(frozen=True)
class Return:
    type: Type
    name: str | None = None

    def __str__(self) -> str:
        return str(self.type) + (f" {self.name}" if self.name else "")


@dataclass(frozen=True)
class FunctionSchema:
    name: str  # with its name space where the text has one: "aten::add"
    overload: str
    args: tuple[Arg, ...]
    kwonly: tuple[Arg, ...]
    returns: tuple[Return, ...]

    @property
    def full_name(self) -> str:
        return f"{self.name}.{self.overload}" if self.overload else self.name

    @property
    def base_name(self) -> str:
        """Without the name space: "add_" for "aten::add_"."""
        return self.name.rsplit("::", 1)[-1]

    @property
    def all_args(self) -> tuple[Arg, ...]:
        return self.args + self.kwonly

    @property
    def out_args(self) -> tuple[Arg, ...]:
        """The keyword-only arguments that are written: those of an `out=` form."""
        return tuple(a for a in self.kwonly if a.is_write)

    @property
    def is_inplace(self) -> bool:
        """The first argument is written: add_, __iand__, resize_."""
        return not self.out_args and bool(self.args) and self.args[0].is_write

    def __str__(self) -> str:
        args = [str(a) for a in self.args]
        if self.kwonly:
            args += ["*"] + [str(a) for a in self.kwonly]
        returns = ", ".join(str(r) for r in self.returns)
        if len(self.returns) != 1:
            returns = f"({returns})"
        return f"{self.full_name}({', '.join(args)}) -> {returns}"


# The types of which the catalogue may speak. SymInt is a thin int64; Dimname does not exist here.
BASE_TYPES = frozenset(
    "Tensor int SymInt float bool SymBool str complex Scalar ScalarType Layout Device "
    "MemoryFormat Generator Storage Stream QScheme Any".split())

_TOKEN = re.compile(
    r"""\s*(->|::|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[A-Za-z_]\w*"""
    r"""|-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|[()\[\],*?!|=.])""")
# What a number looks like as a default.
NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_NAME = re.compile(r"[A-Za-z_]\w*$")


class _Parser:
    def __init__(self, text: str, where: str):
        self.text, self.where, self.i = text, where, 0
        self.tokens: list[tuple[str, int]] = []
        pos = 0
        while text[pos:].strip():
            m = _TOKEN.match(text, pos)
            if not m:
                raise self.error(f"unexpected character {text[pos:].strip()[0]!r}", pos)
            self.tokens.append((m[1], m.start(1)))
            pos = m.end()

    def error(self, what: str, pos: int | None = None) -> SchemaError:
        if pos is None:
            pos = self.tokens[self.i][1] if self.i < len(self.tokens) else len(self.text)
        where = f"{self.where}: " if self.where else ""
        return SchemaError(f"{where}{what} at column {pos + 1} of: {self.text}")

    def peek(self) -> str:
        return self.tokens[self.i][0] if self.i < len(self.tokens) else ""

    def take(self) -> str:
        self.i += 1
        return self.tokens[self.i - 1][0]

    def accept(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.i += 1
        return True

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise self.error(f"expected {token!r} but found {self.peek() or 'the end'!r}")

    def ident(self, what: str) -> str:
        if not _NAME.match(self.peek()):
            raise self.error(f"expected {what} but found {self.peek() or 'the end'!r}")
        return self.take()

    def function(self) -> FunctionSchema:
        name = self.ident("the name of the operator")
        while self.accept("::"):
            name += "::" + self.ident("a name")
        overload = self.ident("the name of the overload") if self.accept(".") else ""
        self.expect("(")
        args: list[Arg] = []
        kwonly: list[Arg] = []
        star = False
        while self.peek() != ")":
            if args or kwonly or star:
                self.expect(",")
            if self.peek() == "*" and not star:
                self.take()
                star = True
                continue
            self.arg(kwonly if star else args, star)
        self.expect(")")
        if star and not kwonly:
            raise self.error("'*' with no keyword-only argument behind it")
        if len({a.name for a in args + kwonly}) < len(args) + len(kwonly):
            raise self.error("two arguments have the same name")
        self.expect("->")
        returns = self.returns()
        if self.peek():
            raise self.error(f"unexpected {self.peek()!r}")
        return FunctionSchema(name, overload, tuple(args), tuple(kwonly), returns)

    def arg(self, into: list[Arg], kwarg_only: bool) -> None:
        t = self.type()
        name = self.ident("the name of the argument")
        default = self.default(t) if self.accept("=") else None
        if default is None and not kwarg_only and into and into[-1].default is not None:
            raise self.error(f"argument {name!r} without a default follows one that has one")
        into.append(Arg(t, name, default, kwarg_only))

    def returns(self) -> tuple[Return, ...]:
        if not self.accept("("):
            return (self.one_return(),)
        out: list[Return] = []
        while not self.accept(")"):
            if out:
                self.expect(",")
            out.append(self.one_return())
        return tuple(out)

    def one_return(self) -> Return:
        t = self.type()
        return Return(t, self.take() if _NAME.match(self.peek()) else None)

    def type(self) -> Type:
        name = self.ident("a type")
        if name not in BASE_TYPES:
            self.i -= 1
            raise self.error(f"unknown type {name!r}")
        t: Type = BaseType(name, self.alias() if self.accept("(") else None)
        while True:
            if self.accept("["):
                size = int(self.take()) if self.peek().isdigit() else None
                self.expect("]")
                t = ListType(t, size)
            elif self.accept("?"):
                if isinstance(t, OptionalType):
                    raise self.error("an optional of an optional")
                t = OptionalType(t)
            else:
                return t

    def alias(self) -> Alias:
        before, write, after = self.alias_set(), self.accept("!"), ()
        if self.accept("->"):
            after = self.alias_set()
        self.expect(")")
        return Alias(before, write, after)

    def alias_set(self) -> tuple[str, ...]:
        out = []
        while True:
            out.append("*" if self.accept("*") else self.ident("an alias set"))
            if not self.accept("|"):
                return tuple(out)

    def default(self, t: Type) -> str:
        start = self.tokens[self.i][1] if self.i < len(self.tokens) else len(self.text)
        if self.accept("["):
            while not self.accept("]"):
                self.value()
                if self.peek() != "]":
                    self.expect(",")
        else:
            self.value()
        last, pos = self.tokens[self.i - 1]
        text = self.text[start:pos + len(last)]
        if text == "None" and not isinstance(t, OptionalType):
            raise self.error(f"None as the default of a {t}")
        return text

    def value(self) -> None:
        t = self.peek()
        if not (_NAME.match(t) or NUMBER.match(t) or t[:1] in ("'", '"')) or not t:
            raise self.error(f"expected a default value but found {t or 'the end'!r}")
        self.i += 1


def parse_function(text: str, where: str = "") -> FunctionSchema:
    """Parses `aten::add.Tensor(Tensor self, ...) -> Tensor`; `where` (file:line) opens errors."""
    text = text.strip()
    parser = _Parser(text, where)
    schema = parser.function()
    if str(schema) != text:
        raise parser.error(f"not in canonical form, which is {schema}", 0)
    return schema
