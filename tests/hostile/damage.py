"""Ways to spoil bytes, text and JSON, all of them functions of a seeded generator."""

import json
import random
from typing import Any

_STRANGE = (
    "", " ", "\x00", "\n", "-1", "0", "1e999", "nan", "NaN", "inf", "-inf", "9" * 400, "1_0", "0x10", "١٢", "½",
    "neutral", "happy",
    "happy=", "=1", "AU12", "AU99", "../../../etc/passwd", "/etc/passwd", "..\\..\\x", "C:\\x", "~", "%s%n", "{}", "[]",
    "${HOME}", "`id`", "$(id)", "__import__('os')", "\ufeff", "\u202e", "\ud83d\ude00", "a" * 5000, ",", '"', "'", ";",
    "\t",
)  # fmt: skip
_NUMBERS = (0, -1, 1, 2**31, 2**63, -(2**63), 10**400, 0.5, 1e308, float("nan"), float("inf"))


def spoil_bytes(r: random.Random, content: bytes) -> bytes:
    """Cuts, flips, repeats, overwrites or appends, some times over."""
    data = bytearray(content)
    for _ in range(r.choice((1, 1, 2, 5, 20))):
        at = r.randrange(len(data)) if data else 0
        # The beginning holds the headers, where a change means most.
        at = r.choice((at, min(at, 40), min(at, 200)))
        way = r.randrange(7)
        if way == 0:
            del data[at:]
        elif way == 1 and data:
            data[at] ^= 1 << r.randrange(8)
        elif way == 2:
            data[at : at + r.choice((1, 2, 4, 8))] = r.choice((b"\xff" * 4, b"\x00" * 4, b"\x7f\xff\xff\xff", b"\x80"))
        elif way == 3:
            data[at:at] = r.randbytes(r.choice((1, 4, 64)))
        elif way == 4:
            del data[at : at + r.choice((1, 4, 64))]
        elif way == 5:
            data[at:at] = data[at : at + r.choice((4, 64, 1024))]
        else:
            data[at : at + 16] = r.randbytes(16)
    return r.choice((bytes(data), bytes(data), bytes(data), b"", r.randbytes(100))) if r.random() < 0.1 else bytes(data)


def strange_text(r: random.Random) -> str:
    """Returns a text that nobody expects, or one of random characters."""
    if r.random() < 0.6:
        return r.choice(_STRANGE)
    alphabet = r.choice(("abcAU=,.0123456789- ", "\x00\x01\x7f\u0301\u2028\ud7ff\U0001f600ß", "=,;'\"\\/()[]{}<>|&"))
    return "".join(r.choice(alphabet) for _ in range(r.choice((1, 3, 12, 60))))


def spoil_text(r: random.Random, text: str) -> str:
    """Puts strange texts into a text, cuts it, or repeats parts of it."""
    for _ in range(r.choice((1, 1, 2, 6))):
        at, end = sorted((r.randint(0, len(text)), r.randint(0, len(text))))
        end = min(end, at + r.choice((0, 1, 5, 40)))
        text = text[:at] + r.choice((strange_text(r), "", text[at:end] * 3)) + text[end:]
    return text


def spoil_json(r: random.Random, text: str) -> str:
    """Replaces, removes, renames or nests values of a JSON document, or spoils its text."""
    if r.random() < 0.15:
        return spoil_text(r, text)
    document = json.loads(text)
    for _ in range(r.choice((1, 1, 2, 4))):
        document = _spoil_value(r, document)
    return json.dumps(document)


def _spoil_value(r: random.Random, value: Any) -> Any:
    if isinstance(value, dict) and value and r.random() < 0.85:
        key = r.choice(list(value))
        way = r.random()
        if way < 0.15:
            return {name: inner for name, inner in value.items() if name != key}
        if way < 0.2:
            return value | {strange_text(r): value[key]}
        return value | {key: _spoil_value(r, value[key])}
    if isinstance(value, list) and value and r.random() < 0.7:
        at = r.randrange(len(value))
        return value[:at] + r.choice(([], [_spoil_value(r, value[at])], [value[at]] * 2)) + value[at + 1 :]
    other = r.choice((None, True, [], {}, [[[]]], {"a": {}}, strange_text(r), r.choice(_NUMBERS)))
    return [value] if r.random() < 0.1 else other
