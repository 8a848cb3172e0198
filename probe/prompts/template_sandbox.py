"""Templates of strangers under a meter: what one may do is bounded, whatever it is written to do.

transformers renders chat templates in a sandbox that keeps them from the machine and not from its time and memory.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterator
from types import BuiltinMethodType
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

__all__ = ["BUDGET", "PASS", "SECONDS", "Metered", "MeteredEnvironment"]

BUDGET = 10_000_000
"""Characters that a template may write or build for one conversation; a pass of a loop counts as `PASS` of them."""

PASS = 20
SECONDS = 2.0
"""However little it writes."""

_AMPLIFIERS = frozenset(
    {"center", "expandtabs", "format", "format_map", "indent", "join", "ljust", "replace", "rjust", "tojson"}
    | {"batch", "slice", "translate", "wordwrap", "xmlattr", "zfill"}
)
"""Filters and methods whose result can be as large as the product of what they are given."""

_WIDE = re.compile(r"\d{5}|\*|\{[^}]*\{")
"""A width of five digits, or one that is given elsewhere."""


class MeteredEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox of transformers, counting passes of loops and macros, and characters."""

    intercepted_binops = frozenset({"+", "*", "**", "%"})

    exhausted = False
    """Whether it has cost too much before: then it is not tried again."""

    def reset(self) -> None:
        """Begin with a full budget.

        Raises:
            SecurityError: It has cost too much before.
        """
        self._left, self._end = 0 if self.exhausted else BUDGET, time.monotonic() + SECONDS
        self.spend(int(self.exhausted))

    def spend(self, amount: int = PASS) -> None:
        """Count work.

        Raises:
            SecurityError: The budget is spent.
        """
        self._left -= amount
        if self._left < 0 or time.monotonic() > self._end:
            self.exhausted = True
            raise SecurityError(
                f"it does more than {BUDGET // PASS} passes of loops, writes more than {BUDGET} characters or takes "
                f"more than {SECONDS:g} s for one conversation"
            )

    def shown(self, value: object) -> object:
        """A value on its way into the text."""
        self.spend(_length(value))
        return value

    def joined(self, *values: object) -> str:
        """Values written together."""
        texts = [str(value) for value in values]
        self.spend(sum(map(len, texts)))
        return "".join(texts)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401  jinja's own
        """An operation whose result may be large."""
        if operator == "%" and isinstance(left, str):
            _refuse_wide(left)
        elif operator in {"*", "**"}:
            _refuse_large((left, right))
        elif operator == "+":
            self.spend(_length(left) + _length(right))
        found = super().call_binop(context, operator, left, right)
        self.spend(_length(found))
        return found

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401, N805  jinja's own
        """A call of a method or function in a template."""
        own = getattr(__obj, "__self__", None)
        if own is __self:
            return __obj(*args)
        if isinstance(__obj, BuiltinMethodType) and __obj.__name__ in _AMPLIFIERS:
            _check_amplifier(__obj.__name__, (own, *args, *kwargs.values()))
        found = super().call(__context, __obj, *args, **kwargs)
        __self.spend(_length(found))
        return found

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:  # noqa: ANN401  jinja's own
        """A string's own `format`, if it pads nothing to a great width."""
        if isinstance(value, BuiltinMethodType) and isinstance(value.__self__, str) and "format" in value.__name__:
            _refuse_wide(value.__self__)
        return super().wrap_str_format(value)

    def from_string(self, *args: Any, **kwargs: Any) -> Metered:  # type: ignore[override]  # noqa: ANN401  jinja's own
        """A template that is metered; filters that were set before are, too."""
        self.filters.update({name: self._metered(name, filter_) for name, filter_ in self.filters.items()})
        self.reset()
        return Metered(super().from_string(*args, **kwargs), self)

    def _metered(self, name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(filter_)
        def metered(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  jinja's own
            counted = [self._counted(one) if isinstance(one, Iterator) else one for one in args]
            if name in _AMPLIFIERS:
                own = counted[1:] if hasattr(filter_, "jinja_pass_arg") else counted
                _check_amplifier(name, (*own, *kwargs.values()))
            found = filter_(*counted, **kwargs)
            self.spend(_length(found))
            return found

        return metered

    def _counted(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.spend(PASS + _length(item))
            yield item

    def _generate(self, source: nodes.Template, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401  jinja's own
        return super()._generate(_Meter().visit(source), *args, **kwargs)


class Metered:
    """A compiled template, each of whose renders starts with a full budget."""

    def __init__(self, template: Any, environment: MeteredEnvironment) -> None:  # noqa: ANN401  jinja2 types no subclass
        """Wrap what jinja has compiled."""
        self._template = template
        self.environment = environment

    def render(self, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401  a template's own names
        """The text.

        Raises:
            SecurityError: It costs too much.
        """
        self.environment.reset()
        return str(self._template.render(*args, **kwargs))


class _Meter(NodeTransformer):
    """Puts the meter into a parsed template, where no name of the template's own can hide it."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  jinja's name
        self.generic_visit(node)
        node.body.insert(0, _spending(PASS, node.lineno))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802
        self.generic_visit(node)
        node.body.insert(0, _spending(PASS, node.lineno))
        return node

    def visit_CallBlock(self, node: nodes.CallBlock) -> nodes.CallBlock:  # noqa: N802
        self.generic_visit(node)
        node.body.insert(0, _spending(PASS, node.lineno))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Call:  # noqa: N802
        self.generic_visit(node)
        return _own("joined", node.nodes, node.lineno)

    def visit_Output(self, node: nodes.Output) -> list[nodes.Stmt]:  # noqa: N802
        self.generic_visit(node)
        written = sum(len(one.data) for one in node.nodes if isinstance(one, nodes.TemplateData))
        node.nodes = [
            one if isinstance(one, nodes.TemplateData) else _own("shown", [one], node.lineno) for one in node.nodes
        ]
        return [_spending(written, node.lineno), node]


def _own(method: str, args: list[nodes.Expr], line: int) -> nodes.Call:
    call = nodes.Call(nodes.EnvironmentAttribute(method), args, [], None, None)
    call.set_lineno(line)
    return call


def _spending(amount: int, line: int) -> nodes.ExprStmt:
    statement = nodes.ExprStmt(_own("spend", [nodes.Const(amount)], line))
    statement.set_lineno(line)
    return statement


def _length(value: object) -> int:
    if isinstance(value, str | bytes | list | tuple | dict):
        return len(value)
    return 0


def _size(value: object) -> int:
    """What a value can contribute to the size of a result."""
    if isinstance(value, str | bytes):
        return len(value) + 1
    if isinstance(value, int):
        return abs(value) + 1
    if isinstance(value, list | tuple):
        return 1 + len(value) + sum(map(_length, value))
    return len(value) + 1 if isinstance(value, dict | range) else 1


def _check_amplifier(name: str, values: tuple[object, ...]) -> None:
    if name in {"format", "format_map"}:
        for value in values:
            if isinstance(value, str):
                _refuse_wide(value)
        return
    _refuse_large(values[:1] + values[2:] if name == "replace" else values)


def _refuse_large(values: tuple[object, ...]) -> None:
    product = 1
    for value in values:
        product *= _size(value)
        if product > BUDGET:
            raise SecurityError("it builds something too large in one step")


def _refuse_wide(text: str) -> None:
    if len(text) > BUDGET // 10 or _WIDE.search(text):
        raise SecurityError("it pads text to a width of five digits or more")
