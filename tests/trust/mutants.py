"""The mutants of a source file, by the operators of mutmut: one token changed in each.

Left alone is what no run could show: types, docstrings, imports, decorators, assertions, the part for another system,
the encoding of a file (that of this system anyway), and the wording of messages, which tests of both languages hold.
"""

import ast
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.mutators import mutation_operators

LEFT_ALONE = (cst.Annotation, cst.Decorator, cst.Import, cst.ImportFrom, cst.Assert)
SURE_TO_FAIL = ("isinstance", "len")  # with any argument changed: mutmut leaves them out too


class Mutant(NamedTuple):
    """A change in a file: its place among the changes of that file, its line, the line before and after."""

    path: str
    number: int
    line: int
    before: str
    after: str


class Mutable:
    """A source file and every change that can be made to it."""

    def __init__(self, root: Path, path: str) -> None:
        self.path = path
        self.text = (root / path).read_text(encoding="utf-8")
        wrapper = MetadataWrapper(cst.parse_module(self.text))
        finder = _Finder()
        wrapper.visit(finder)
        self._module, self._changes = wrapper.module, finder.changes
        self._tree = ast.dump(ast.parse(self.text))

    def __len__(self) -> int:
        return len(self._changes)

    def changed(self, number: int) -> str:
        """The text of the file with that change; the text itself where the change means the same."""
        old, new, _ = self._changes[number]
        text = self._module.deep_replace(old, new).code
        return self.text if ast.dump(ast.parse(text)) == self._tree else text

    def mutant(self, number: int) -> Mutant | None:
        """The mutant of that number; None where nothing is changed by it."""
        old, new, line = self._changes[number]
        if self.changed(number) == self.text:
            return None
        code = self._module.code_for_node
        return Mutant(self.path, number, line, _short(code(old)), _short(code(new)))


class _Finder(cst.CSTVisitor):
    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[tuple[cst.CSTNode, cst.CSTNode, int]] = []
        self._left: set[cst.CSTNode] = set()

    def on_visit(self, node: cst.CSTNode) -> bool:
        if node in self._left or isinstance(node, LEFT_ALONE) or _is_type(node) or _is_text(node):
            return False
        if isinstance(node, cst.If) and "sys.platform" in cst.Module([]).code_for_node(node.test):
            self._left |= {node.test, node.body}
        if isinstance(node, cst.Arg) and node.keyword is not None and node.keyword.value == "encoding":
            return False
        if isinstance(node, cst.Call) and _is_called(node, SURE_TO_FAIL):
            return False
        if isinstance(node, cst.Call) and _is_called(node, ("cast",)):
            self._left.add(node.args[0])
            return True
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                line = self.get_metadata(PositionProvider, node).start.line
                self.changes += [(node, new, line) for new in operator(node) if _counts(node, new)]
        return True


def _is_type(node: cst.CSTNode) -> bool:
    """Whether a statement names a type: its name is written in camel case."""
    target: cst.CSTNode | None = None
    if isinstance(node, cst.Assign):
        target = node.targets[0].target
    elif isinstance(node, cst.AnnAssign):
        target = node.target
    return isinstance(target, cst.Name) and target.value[:1].isupper() and not target.value.isupper()


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


def _short(code: str) -> str:
    """Code on one line."""
    return " ".join(code.split())
