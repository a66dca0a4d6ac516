# SPDX-License-Identifier: Apache-2.0
"""Reads the public headers: functions, callback types and constants with the comments before them."""
import dataclasses
import pathlib
import re


@dataclasses.dataclass
class Declaration:
    header: str
    line: int
    kind: str  # "function", "callback", "struct" or "enum"
    name: str
    comment: str
    text: str  # the declaration itself, on one line

    @property
    def place(self):
        return f"{self.header}:{self.line}: {self.name}"

    def parameters(self):
        """[(type, name)] of a function or callback."""
        start = self.text.index("(", self.text.index(self.name))
        inner = self.text[start + 1:self.text.rindex(")")].strip()
        if inner in ("", "void"):
            return []
        found = []
        for parameter in inner.split(","):
            match = re.match(r"^(?P<type>.*?)(?P<name>\w+)$", parameter.strip())
            found.append((match["type"].strip(), match["name"]) if match else (parameter.strip(), ""))
        return found

    def result(self):
        """The type a function or callback returns."""
        if self.kind == "callback":
            return re.match(r"typedef\s+(.*?)\(\s*\*", self.text)[1].strip()
        return self.text[:self.text.index(self.name)].strip()


COMMENT = r"(?:/\*\*(?P<comment>(?:(?!\*/).)*)\*/\s*)?"
FORMS = {
    "function": re.compile(COMMENT + r"INCLOAD_API\s+(?P<text>[^;{]*?\b(?P<name>incload_\w+)\s*\([^;{]*\))\s*;", re.S),
    "callback": re.compile(COMMENT + r"(?P<text>typedef\s+[^;{]*?\(\s*\*\s*(?P<name>incload_\w+)\s*\)\s*\([^;{]*\))"
                                     r"\s*;", re.S),
    "struct": re.compile(COMMENT + r"(?P<text>typedef\s+struct\s+(?P<name>incload_\w+)\s*\{.*?\}\s*\w+)\s*;", re.S),
    "enum": re.compile(COMMENT + r"(?P<text>enum\s*(?P<name>\w*)\s*\{.*?\})\s*;", re.S),
}


def headers_in(folder):
    return sorted((pathlib.Path(folder) / "incload").rglob("*.h"))


def parse(name, text):
    """Every declaration of one header's text, in its order."""
    found = []
    for kind, form in FORMS.items():
        for match in form.finditer(text):
            line = text.count("\n", 0, match.start("text")) + 1
            found.append(Declaration(name, line, kind, match["name"] or "enum", match["comment"] or "",
                                     " ".join(match["text"].split())))
    return sorted(found, key=lambda one: one.line)


def read(folder):
    """Every declaration of every header below include/."""
    found = []
    for path in headers_in(folder):
        found += parse(f"incload/{path.name}", path.read_text(encoding="utf-8"))
    return found


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


# The version is the one number that is meant to change.
MACRO = re.compile(r"^#define[ \t]+(?!INCLOAD_VERSION_)(\w+)[ \t]+-?\d", re.M)


def constants_of(text):
    """The names of all enumerators, and of all macros that are numbers, in a header's text."""
    names = MACRO.findall(without_comments(text))
    for match in re.finditer(r"\benum\s*\w*\s*\{(.*?)\}", without_comments(text), re.S):
        names += re.findall(r"(?:^|,)\s*(\w+)", match[1])
    return names
