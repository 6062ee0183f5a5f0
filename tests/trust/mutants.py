"""The mutants of a source file, by the operators of mutmut: one token changed in each.

Left alone is what no run could show: types, docstrings, imports, decorators, assertions, the part for another system,
the encoding of a file (that of this system anyway), and the wording of messages, which tests of both languages hold.
"""

import ast
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

LEFT_ALONE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Assert)
NEAR = 24  # characters shown on either side of a change
SURE_TO_FAIL = ("isinstance", "len")  # with any argument changed: mutmut leaves them out too


class Mutant(NamedTuple):
    """A file with one change: its line, the code there before and after, and the text of the whole file.

    `within` is the first line of the function that the change is in; 0 where it takes effect once and for all tests.
    """

    path: str
    line: int
    within: int
    before: str
    after: str
    text: str


class Mutable:
    """A source file and every change that can be made to it."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8")
        wrapper = MetadataWrapper(cst.parse_module(self.text))
        module = wrapper.module
        finder = _Finder(module)
        wrapper.visit(finder)
        self._module, self._changes = module, finder.changes
        self._statements = [module.code_for_node(statement) for statement in module.body]
        self._head = "".join(module.code_for_node(line) for line in module.header)
        self._foot = "".join(module.code_for_node(line) for line in module.footer)
        assert "".join((self._head, *self._statements, self._foot)) == self.text

    def __len__(self) -> int:
        return len(self._changes)

    def mutant(self, number: int) -> Mutant | None:
        """The mutant of that number; None where the change means the same."""
        where, old, new, line, within = self._changes[number]
        code = self._module.code_for_node
        changed = code(self._module.body[where].deep_replace(old, new))
        if ast.dump(ast.parse(changed)) == ast.dump(ast.parse(self._statements[where])):
            return None
        others = self._statements
        text = "".join((self._head, *others[:where], changed, *others[where + 1 :], self._foot))
        before, after = _apart(_flat(code(old)), _flat(code(new)))
        return Mutant(self.path, line, within, before, after, text)


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, module: cst.Module) -> None:
        super().__init__()
        self.changes: list[tuple[int, cst.CSTNode, cst.CSTNode, int, int]] = []
        self._left: set[cst.CSTNode] = set()
        self._statements: dict[cst.CSTNode, int] = {
            statement: index for index, statement in enumerate(module.body)
        }
        self._where = 0
        self._functions: set[cst.CSTNode] = set()
        self._bodies: list[cst.CSTNode] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        self._where = self._statements.get(node, self._where)
        if isinstance(node, cst.FunctionDef) and not any(map(_is_cached, node.decorators)):
            self._functions.add(node.body)
        if node in self._functions:
            self._bodies.append(node)
        if node in self._left or isinstance(node, LEFT_ALONE) or _is_type(node) or _is_text(node):
            return False
        if isinstance(node, cst.If) and "sys.platform" in cst.Module([]).code_for_node(node.test):
            self._left |= {node.test, node.body}
        if (
            isinstance(node, cst.Arg)
            and node.keyword is not None
            and node.keyword.value == "encoding"
        ):
            return False
        if isinstance(node, cst.Call) and _is_called(node, SURE_TO_FAIL):
            return False
        if isinstance(node, cst.Call) and _is_called(node, ("cast",)):
            self._left.add(node.args[0])
            return True
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                line = self._line(node)
                within = self._line(self._bodies[-1]) if self._bodies else 0
                self.changes += [
                    (self._where, node, new, line, within)
                    for new in operator(node)
                    if _counts(node, new)
                ]
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if original_node in self._functions:
            self._bodies.pop()

    def _line(self, node: cst.CSTNode) -> int:
        line: int = self.get_metadata(PositionProvider, node).start.line
        return line


def _is_cached(decorator: cst.Decorator) -> bool:
    """Whether a function runs once for all tests, which only the first of them shows."""
    return isinstance(decorator.decorator, cst.Name) and decorator.decorator.value == "cache"


def _is_type(node: cst.CSTNode) -> bool:
    """Whether a statement names a type: its name is written in camel case."""
    target: cst.CSTNode | None = None
    if isinstance(node, cst.Assign):
        target = node.targets[0].target
    elif isinstance(node, cst.AnnAssign):
        target = node.target
    return (
        isinstance(target, cst.Name) and target.value[:1].isupper() and not target.value.isupper()
    )


def _is_text(node: cst.CSTNode) -> bool:
    """Whether a string stands by itself, as a docstring does, or holds words for people."""
    if isinstance(node, cst.Expr):
        return isinstance(node.value, cst.BaseString)
    if not isinstance(node, cst.SimpleString) or "r" in node.prefix:
        return False
    value = node.raw_value
    return not value.isascii() or " " in value.strip()


def _is_called(node: cst.Call, names: Sequence[str]) -> bool:
    return isinstance(node.func, cst.Name) and node.func.value in names


def _counts(node: cst.CSTNode, new: cst.CSTNode) -> bool:
    """Whether a change of a call is of more than the encoding of a file."""
    if not isinstance(node, cst.Call) or not isinstance(new, cst.Call):
        return True
    kept = {id(argument) for argument in new.args}
    gone = [argument for argument in node.args if id(argument) not in kept]
    return not any(arg.keyword is not None and arg.keyword.value == "encoding" for arg in gone)


def _flat(code: str) -> str:
    """Code on one line."""
    return " ".join(code.split())


def _apart(before: str, after: str) -> tuple[str, str]:
    """Two lines without the most of what is alike before and behind the difference."""
    alike = _alike(before, after)
    left, behind = alike - NEAR, _alike(before[alike:][::-1], after[alike:][::-1]) - NEAR

    def cut(line: str) -> str:
        shown = line[: len(line) - behind] + "…" if behind > 0 else line
        return "…" + shown[left:] if left > 0 else shown

    return cut(before), cut(after)


def _alike(one: str, other: str) -> int:
    """How many characters two lines share from their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
