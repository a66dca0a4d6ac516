# SPDX-License-Identifier: Apache-2.0
"""How the site is made; doc/site.sh calls it. Nothing unresolved is let through: it turns warnings into errors."""
import re

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.transforms import SphinxTransform

project = "libincload"
author = "the authors of libincload"
copyright = "the authors of libincload, Apache-2.0"
extensions = ["myst_parser"]
myst_enable_extensions = ["fieldlist"]
myst_heading_anchors = 4
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["doc/examples", "doc/site", "include"]
html_theme = "furo"
html_title = "libincload"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
c_id_attributes = ["INCLOAD_API"]
nitpicky = True
STANDARD = ["int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t", "size_t",
            "ArrowSchema", "ArrowArray", "ArrowArrayStream"]
nitpick_ignore = [("c:identifier", name) for name in STANDARD]


class NamesBecomeLinks(SphinxTransform):
    """`incload_run_wait()` in a text is a link to its place in the reference, and `reference/calls.md` to that page,
    which the repository does not have; an error when there is none."""

    default_priority = 500
    page = re.compile(r"(reference/\w+)\.md$")
    kinds = [(re.compile(r"(incload_\w+)\(.*\)$"), "func"), (re.compile(r"(INCLOAD_E_\w+|INCLOAD_OK)$"), "enumerator")]

    def apply(self):
        for literal in list(self.document.findall(nodes.literal)):
            if isinstance(literal.parent, (pending_xref, nodes.reference)):
                continue
            page = self.page.match(literal.astext())
            if page:
                self.link(literal, "std", "doc", f"/doc/{page[1]}")
            for form, kind in self.kinds:
                match = form.match(literal.astext())
                if match and not match[1].endswith("_"):
                    self.link(literal, "c", kind, match[1])

    def link(self, literal, domain, kind, target):
        link = pending_xref("", refdomain=domain, reftype=kind, reftarget=target, refwarn=True,
                            refdoc=self.env.docname, refexplicit=True)
        literal.replace_self(link)
        link += literal


def setup(app):
    app.add_transform(NamesBecomeLinks)
    return {"parallel_read_safe": True}
