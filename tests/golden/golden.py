"""Golden files: the cases that a text holds (README.md has the language). Nothing here talks to a server."""
import base64
import hashlib
import pathlib
import re
import zlib
from dataclasses import dataclass, field

VERBS = "GET HEAD PUT POST DELETE OPTIONS PATCH".split()


class Wrong(Exception):
    """What a case says does not hold, or says nothing. args: (line number, the words)."""


@dataclass
class Exchange:
    line: int
    verb: str = ""
    target: str = ""
    headers: list = field(default_factory=list)  # (name, value)
    body: list = field(default_factory=list)  # texts and generators, joined by line ends
    notes: dict = field(default_factory=dict)  # @ lines: how it is signed and sent
    expected: list = field(default_factory=list)  # (line, kind, ...)


@dataclass
class Case:
    path: pathlib.Path
    line: int
    title: str
    number: int
    proves: str = ""
    shows: list = field(default_factory=list)
    buckets: list = field(default_factory=list)  # (variable, words)
    exchanges: list = field(default_factory=list)
    text: str = ""


def generated(words, where):
    """`bytes 10 ab`: 10 bytes of "abab..."; `hex 00ff`: these."""
    kind, _, rest = words.partition(" ")
    if kind == "bytes":
        count, _, pattern = rest.partition(" ")
        pattern = (pattern or "a").encode()
        return (pattern * (int(count) // len(pattern) + 1))[:int(count)]
    if kind == "hex":
        return bytes.fromhex(rest)
    raise Wrong(where, f"no generator `{kind}`: bytes, hex")


CHECK = re.compile(r"(!?)(\S+?)(?:\s+(=|~|#)(?:\s(.*))?)?$")


def element(words, where):
    found = CHECK.match(words.strip())
    if not found or (not found[1]) != bool(found[3]):
        raise Wrong(where, f"not `Path = text`, `Path ~ pattern`, `Path # count` or `!Path`: {words}")
    return (where, "element", found[2], "!" if found[1] else found[3], found[4] or "")


def answer_line(words, where, exchange):
    """One line that begins with `<`; the words after it."""
    expected = exchange.expected
    in_body = bool(expected) and expected[-1][1] == "body"
    if words.startswith("< "):
        expected.append((where, "bytes", generated(words[2:], where)))
    elif in_body:
        expected[-1][2].append(words[1:])
    elif not words.strip():
        expected.append((where, "body", []))
    elif words.startswith("  "):
        expected.append(element(words, where))
    elif found := re.fullmatch(r" (\d{3})(?: (\S+?)(?:: (.*))?)?", words):
        expected.append((where, "status", int(found[1]), found[2], found[3]))
    elif found := re.fullmatch(r" !(\S+)", words):
        expected.append((where, "header", found[1], "!", ""))
    elif found := re.fullmatch(r" ([A-Za-z0-9-]+):(?: (.*))?", words):
        expected.append((where, "header", found[1], "=", found[2] or ""))
    elif found := re.fullmatch(r" ([A-Za-z0-9-]+) ~ (.*)", words):
        expected.append((where, "header", found[1], "~", found[2]))
    else:
        raise Wrong(where, f"no answer line: <{words}")


def request_line(words, where, case, exchange, notes, before):
    """One line that begins with `>`; returns the exchange it belongs to."""
    if before != ">":
        verb, _, target = words.strip().partition(" ")
        if verb not in VERBS or not target:
            raise Wrong(where, f"a request begins with a verb and a target: >{words}")
        exchange = Exchange(where, verb, target.strip(), notes=notes)
        exchange.in_body = False
        case.exchanges.append(exchange)
    elif words.startswith("> "):
        exchange.in_body = True
        exchange.body.append(generated(words[2:], where))
    elif exchange.in_body:
        exchange.body.append(words[1:])
    elif not words.strip():
        exchange.in_body = True
    else:
        name, colon, value = words.strip().partition(":")
        if not colon:
            raise Wrong(where, f"a header, or an empty line before the body: >{words}")
        exchange.headers.append((name, value.strip()))
    return exchange


def head_line(words, where, case):
    name, _, rest = words.partition(" ")
    if name == "proves":
        case.proves = rest.strip()
    elif name == "shows":
        case.shows += rest.split()
    elif name == "bucket":
        case.buckets.append(rest.split())
    else:
        raise Wrong(where, f"neither proves, shows nor bucket, nor a line of an exchange: {words}")


def read(path):
    """The cases of one file."""
    cases, case, exchange, notes, before = [], None, None, {}, ""
    for where, line in enumerate(path.read_text().split("\n"), 1):
        start = line[:1]
        if line.startswith("== "):
            case = Case(path, where, line[3:].strip(), len(cases) + 1)
            exchange, notes = None, {}
            cases.append(case)
        elif start == "#" or not line.strip():
            pass
        elif case is None:
            raise Wrong(where, "a case begins with == and a sentence")
        elif start == "@":
            name, _, rest = line[1:].strip().partition(" ")
            notes.setdefault(name, []).append((where, rest.strip()))
        elif start == ">":
            exchange = request_line(line[1:], where, case, exchange, notes, before)
            notes = {}
        elif start == "<" and exchange:
            answer_line(line[1:], where, exchange)
        elif start == "$" and exchange:
            name, sign, what = line[1:].partition("=")
            if not sign:
                raise Wrong(where, "a capture is `$name = Header-Or/Element`")
            exchange.expected.append((where, "capture", name.strip(), what.strip()))
        else:
            head_line(line, where, case)
        before = start
        if case:
            case.text += line + "\n"
    return cases


# --- values ---

def crc(body, polynomial, bits):
    """A reflected CRC, bit by bit over a table."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (polynomial if byte & 1 else 0)
        table.append(byte)
    mask = value = (1 << bits) - 1
    for byte in body:
        value = value >> 8 ^ table[(value ^ byte) & 255]
    return (value ^ mask).to_bytes(bits // 8, "big")


DIGESTS = {
    "md5": lambda body: hashlib.md5(body).digest(),
    "sha1": lambda body: hashlib.sha1(body).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": lambda body: crc(body, 0x82F63B78, 32),
    "crc64nvme": lambda body: crc(body, 0x9A6C9329AC4BC9B5, 64),
}


def digest(name, body):
    return base64.b64encode(DIGESTS[name](body)).decode()


def fill(text, values, where):
    """$name by its value, $$ by $; `$?` stays for pattern()."""
    def value(found):
        name = found[1]
        if name in "$?":
            return "$" if name == "$" else "$?"
        if name not in values:
            raise Wrong(where, f"no value is called ${name}")
        return values[name]() if callable(values[name]) else str(values[name])
    return re.sub(r"\$(\$|\?|[a-z][a-z0-9_]*)", value, text)


def fits(want, got):
    """Equal, where $? in what is wanted stands for anything but a tag or a line's end."""
    return re.fullmatch(r"[^<\n]*".join(re.escape(piece) for piece in want.split("$?")), got) is not None
