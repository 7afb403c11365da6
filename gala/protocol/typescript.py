"""The wire's types for browsers: ``gala/web/src/protocol.gen.ts``, written from `gala.protocol`,
`gala.protocol.door`, `gala.protocol.crew` and `gala.protocol.trace`.

Two things come out for every message. An interface whose fields are all present, with the docstrings and
the remarks beside the fields; and an entry in ``SHAPES``: what an absent field means and which fields hold
further messages. A default is never sent, so the page completes what it receives once, at the edge
(``src/wire/complete.ts``), and has no "or else" anywhere behind it.

Deterministic: the order is that of the declarations.
"""

import inspect
import json
import re
from enum import StrEnum
from types import ModuleType

import msgspec
from msgspec import inspect as shapes

from gala import protocol
from gala.protocol import crew as protocol_crew
from gala.protocol import door as protocol_door
from gala.protocol import trace as protocol_trace
from games.game import Reason

HEAD = """\
// Written by gala/protocol/typescript.py from gala/protocol*.py: change those, then run
//   gala protocol > gala/web/src/protocol.gen.ts

"""


def wire() -> str:
    """What the pages' file must hold now."""
    return typescript((protocol, protocol_door, protocol_crew, protocol_trace), (Reason,))


def typescript(declared: tuple[ModuleType, ...], enums: tuple[type[StrEnum], ...] = ()) -> str:
    """The whole file: the messages of these modules as they are declared, then these lists of words."""
    messages: list[type[msgspec.Struct]] = [
        found
        for module in declared
        for found in vars(module).values()
        if isinstance(found, type)
        and issubclass(found, protocol.Message)
        and found is not protocol.Message
        and found.__module__ == module.__name__
    ]
    parts = [_interface(message) for message in messages]
    parts += [_words(enum) for enum in enums]
    names = ",\n".join(f"  {message.__name__}: {message.__name__}" for message in messages)
    parts.append(f"/** Every message by its name. */\nexport interface Messages {{\n{names},\n}}\n")
    parts.append(_shapes(messages))
    return HEAD + "\n".join(parts)


def _interface(message: type[msgspec.Struct]) -> str:
    remarks = _remarks(message)
    lines = [_comment(inspect.getdoc(message) or "", "")] if message.__doc__ else []
    lines.append(f"export interface {message.__name__} {{")
    for field in msgspec.structs.fields(message):
        if field.name in remarks:
            lines.append(f"  /** {remarks[field.name]} */")
        mark = "?" if field.default is msgspec.UNSET else ""
        lines.append(f"  {field.encode_name}{mark}: {_type(shapes.type_info(field.type))};")
    return "\n".join([*lines, "}", ""])


def _remarks(message: type[msgspec.Struct]) -> dict[str, str]:
    """The remarks written beside the fields in the source, by field."""
    beside = re.compile(r"    (\w+): .*  # (.+)")
    found = (beside.fullmatch(line) for line in inspect.getsource(message).splitlines())
    return {hit[1]: hit[2] for hit in found if hit is not None}


def _comment(text: str, indent: str) -> str:
    lines = text.replace("``", "`").replace("*/", "*\\/").splitlines()
    if len(lines) == 1:
        return f"{indent}/** {lines[0]} */"
    body = "\n".join(f"{indent} * {line}".rstrip() for line in lines)
    return f"{indent}/**\n{body}\n{indent} */"


def _type(kind: shapes.Type) -> str:
    match kind:
        case shapes.StrType():
            return "string"
        case shapes.IntType() | shapes.FloatType():
            return "number"
        case shapes.BoolType():
            return "boolean"
        case shapes.NoneType():
            return "null"
        case shapes.AnyType():
            return "unknown"
        case shapes.LiteralType(values=values):
            return " | ".join(json.dumps(value) for value in values)
        case shapes.ListType(item_type=item):
            inner = _type(item)
            return f"({inner})[]" if "|" in inner else f"{inner}[]"
        case shapes.DictType(value_type=value):
            return f"Record<string, {_type(value)}>"
        case shapes.StructType(cls=cls):
            return cls.__name__
        case shapes.UnionType(types=types):
            return " | ".join(_type(part) for part in types)
    raise TypeError(f"no TypeScript for {kind}")


def _words(enum: type[StrEnum]) -> str:
    words = ", ".join(json.dumps(word.value) for word in enum)
    head = _comment(inspect.getdoc(enum) or enum.__name__, "")
    return (
        f"{head}\nexport const {enum.__name__.upper()}S = [{words}] as const;\n"
        f"export type {enum.__name__} = (typeof {enum.__name__.upper()}S)[number];\n"
    )


def _shapes(messages: list[type[msgspec.Struct]]) -> str:
    rows = "".join(f"  {message.__name__}: {_shape(message)},\n" for message in messages)
    return (
        "/** What an absent field means, and which fields hold messages: one, a list or a map of them. */\n"
        "export const SHAPES: Record<keyof Messages, Shape> = {\n" + rows + "};\n\n"
        "export interface Shape {\n"
        "  absent: Record<string, unknown>;\n"
        '  parts: Record<string, { of: keyof Messages; as: "one" | "list" | "map" }>;\n'
        "}\n"
    )


def _shape(message: type[msgspec.Struct]) -> str:
    absent: dict[str, object] = {}
    parts: dict[str, dict[str, str]] = {}
    for field in msgspec.structs.fields(message):
        if field.default is not msgspec.NODEFAULT and field.default is not msgspec.UNSET:
            absent[field.encode_name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            absent[field.encode_name] = field.default_factory()
        held = _held(shapes.type_info(field.type))
        if held is not None:
            parts[field.encode_name] = {"of": held[0], "as": held[1]}
    return f"{{ absent: {json.dumps(absent, ensure_ascii=False)}, parts: {json.dumps(parts)} }}"


def _held(kind: shapes.Type) -> tuple[str, str] | None:
    match kind:
        case shapes.StructType(cls=cls):
            return cls.__name__, "one"
        case shapes.ListType(item_type=shapes.StructType(cls=cls)):
            return cls.__name__, "list"
        case shapes.DictType(value_type=shapes.StructType(cls=cls)):
            return cls.__name__, "map"
        case shapes.UnionType(types=types):
            found = [held for part in types if (held := _held(part)) is not None]
            return found[0] if found else None
    return None
