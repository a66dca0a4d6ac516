# SPDX-License-Identifier: Apache-2.0
"""The comments of the public headers, taken apart: what site and manual pages are made of."""
import dataclasses
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/abi"))
import declarations  # noqa: E402  (the one reader of the headers, which the suite `abi` checks)

TAGS = re.compile(r"@(brief|param|return|file)\b|(Errors):|(Threads):")
CALLS = re.compile(r"Threads:\s+(?P<threads>.*?)\s*Blocking:\s+(?P<blocking>.*?)\s*"
                   r"Callback-safe:\s+(?P<callback>.*?)\s*@since\s+(?P<since>\d+\.\d+)\s*", re.S)


@dataclasses.dataclass
class Comment:
    brief: str = ""
    parameters: list = dataclasses.field(default_factory=list)  # [(name, text)]
    result: str = ""
    body: list = dataclasses.field(default_factory=list)  # blocks of Markdown
    errors: str = ""
    calls: dict = dataclasses.field(default_factory=dict)  # threads, blocking, callback, since


def bare(comment):
    """The text without the stars at its left."""
    return "\n".join(re.sub(r"^\s*\* ?", "", line) for line in comment.splitlines()).strip()


def one_line(text):
    return " ".join(text.split())


def take_tagged(found, block):
    """A block that begins with @brief, @param or @return holds one or more of them, each up to the next."""
    for part in re.split(r"(?m)^(?=@)", block):
        tag, _, text = part.partition(" ")
        text = one_line(text)
        if tag == "@brief":
            found.brief = text
        elif tag == "@param":
            name, _, said = text.partition(" ")
            found.parameters.append((name, said.strip()))
        elif tag == "@return":
            found.result = text


def read(comment):
    found = Comment()
    text = bare(comment)
    calls = CALLS.search(text)
    if calls:
        found.calls = {key: one_line(value) for key, value in calls.groupdict().items()}
        text = text[:calls.start()] + text[calls.end():]
    else:
        text = re.sub(r"\s*@since\s+[\d.]+", "", text)
    errors = re.search(r"^Errors:\s+(.*)\Z", text, re.S | re.M)
    if errors:
        found.errors = one_line(errors[1])
        text = text[:errors.start()]
    for block in re.split(r"\n\s*\n", text.strip()):
        if block.startswith("@"):
            take_tagged(found, block)
        elif block:
            found.body.append(block)
    return found


def of_file(text):
    """The comment of a header as a whole."""
    comment = re.search(r"/\*\*((?:(?!\*/).)*@file(?:(?!\*/).)*)\*/", text, re.S)
    return read(re.sub(r"@file\s+\S+\s*\n", "\n", comment[1]) if comment else "")


def constants(enum):
    """[(name, value, text)] of an enumeration's declaration."""
    inner = enum[enum.index("{") + 1:enum.rindex("}")]
    form = re.compile(r"(\w+)\s*=\s*([^,/{}]+?)\s*(?:,|(?=/\*)|$)\s*(?:/\*\*<\s*(.*?)\s*\*/)?")
    return [(name, value.strip(), said or "") for name, value, said in form.findall(inner)]


def handles(text):
    """The opaque types of a header."""
    return re.findall(r"^typedef struct (incload_\w+) \1;", text, re.M)


def headers(include):
    """[(name, text, declarations)] of every public header, in the order of their names."""
    for path in declarations.headers_in(include):
        text = path.read_text(encoding="utf-8")
        yield path.name, text, declarations.parse(f"incload/{path.name}", text)
