#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reports as people see them: pages in a real browser without a network, graphs through Graphviz. Speaks TAP.

    reports.py WRITE_REPORT REAL_RUN [FOLDER_FOR_SCREENSHOTS]

REAL_RUN is empty where there is no ODBC. A check whose program is not installed is skipped (Debian: chromium,
graphviz)."""
import html.parser
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
import zlib

WRITER, RUNNER = sys.argv[1:3]
KEPT = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DOT = shutil.which("dot")
LIGHT, DARK = 1, 0
TEMPORARY = tempfile.mkdtemp()
REAL = []


def check(truth, complaint):
    if not truth:
        raise AssertionError(complaint)


def equal(found, expected):
    check(found == expected, f"found    {found!r}\nexpected {expected!r}")


def report(picture, form):
    return subprocess.run([WRITER, picture, form], capture_output=True, timeout=60, check=True).stdout


def browse(page, scratch, *words, scheme=LIGHT):
    """What the browser prints, and what it says about the page."""
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [BROWSER, "--headless", *root, "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
         "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={scratch}/profile", "--enable-logging=stderr",
         f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1220,1900", "--hide-scrollbars", *words,
         page.as_uri()], capture_output=True, timeout=150, env={**os.environ, "HOME": str(scratch)})
    said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]
    return done.stdout.decode("utf-8"), said


def page_of(picture, scratch):
    page = scratch / f"{picture}.html"
    page.write_bytes(report(picture, "html"))
    return page


class Dom(html.parser.HTMLParser):
    """How many elements of each kind stand in the element with each id, and its text."""
    VOID = {"meta", "input", "link", "br", "img"}

    def __init__(self, text):
        super().__init__()
        self.open, self.inside, self.text, self.hidden = [], {}, {}, set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        for _, name in self.open:
            if name:
                self.inside[name][tag] = self.inside[name].get(tag, 0) + 1
        if "id" in attrs:
            self.inside[attrs["id"]] = {}
            self.text[attrs["id"]] = ""
            if "hidden" in attrs:
                self.hidden.add(attrs["id"])
        if tag not in self.VOID:
            self.open.append((tag, attrs.get("id")))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for _, name in self.open:
            if name:
                self.text[name] += data


def the_browser_tells_errors_of_a_page(scratch):
    page = scratch / "broken.html"
    page.write_text("<!DOCTYPE html><script>nothing.such();</script>")
    _, said = browse(page, scratch, "--dump-dom")
    check(any("nothing is not defined" in line for line in said), "an error of a page would not be seen")


def a_page_has_all_its_sections_and_no_error(scratch):
    text, said = browse(page_of("nightly", scratch), scratch, "--dump-dom")
    equal(said, [])
    dom = Dom(text)
    equal(dom.inside["graph"]["g"], 7)
    equal(dom.inside["graph"]["marker"], 1)
    check(dom.inside["timeline"]["rect"] == 5 + 98, f"{dom.inside['timeline']} in the timeline")
    check("customers \u2192 history \u2192 clean up" in dom.text["critical"], dom.text["critical"])
    equal(dom.inside["strip"]["g"], 91)
    check("Units (91)" in text and "\u2713 88 SUCCESS" in text, "the counts of the units")
    equal(dom.inside["failures"]["tr"], 1 + 3)
    equal(dom.text["resume"], 'incload_run_resume("0190c0ffee00700080000000deadbeef", NULL, &err)')
    # The script ran: it counts the rows of the table.
    equal((dom.text["shown"], "filter" in dom.hidden), ("91 of 91", False))


def a_page_with_hostile_names_runs_nothing_of_theirs(scratch):
    text, said = browse(page_of("hostile", scratch), scratch, "--dump-dom")
    equal(said, [])
    equal(len(re.findall(r"<script", text)), 2)
    dom = Dom(text)
    check("</script><script>alert(1)</script>" in dom.text["failures"], "a name has lost its characters")
    equal((dom.inside["graph"]["g"], dom.inside["failures"]["tr"]), (7, 4))


def large_and_empty_pages_have_no_error(scratch):
    for picture in ["lattice", "chunks", "empty"]:
        text, said = browse(page_of(picture, scratch), scratch, "--dump-dom")
        equal(said, [])
        check("</html>" in text, f"{picture} is cut off")


def first_pixel(path):
    """Red, green and blue of the corner, which no filter of the format changes."""
    data = path.read_bytes()
    equal(data[:8], b"\x89PNG\r\n\x1a\n")
    at, packed = 8, b""
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    return tuple(zlib.decompress(packed)[1:4])


def a_page_is_light_or_dark_as_the_reader_wishes(scratch):
    page = page_of("nightly", scratch)
    for scheme, name, colour in [(LIGHT, "light", (255, 255, 255)), (DARK, "dark", (18, 23, 29))]:
        picture = scratch / f"{name}.png"
        _, said = browse(page, scratch, f"--screenshot={picture}", scheme=scheme)
        equal(said, [])
        equal(first_pixel(picture), colour)
        if KEPT:
            shutil.copy(picture, KEPT)


def graphviz_draws_every_graph(_):
    for picture, nodes in [("nightly", 7), ("hostile", 7), ("wide", 4), ("lattice", 200), ("empty", 0)]:
        done = subprocess.run([DOT, "-Tsvg"], input=report(picture, "dot"), capture_output=True, timeout=100)
        equal((done.returncode, done.stderr.decode()), (0, ""))
        drawn = xml.etree.ElementTree.fromstring(done.stdout.decode("utf-8"))
        groups = [group.get("class") for group in drawn.iter("{http://www.w3.org/2000/svg}g")]
        equal(groups.count("node"), nodes)


def graphviz_shows_a_hostile_name_as_it_is(_):
    done = subprocess.run([DOT, "-Tsvg"], input=report("hostile", "dot"), capture_output=True, timeout=100, check=True)
    drawn = xml.etree.ElementTree.fromstring(done.stdout.decode("utf-8"))
    texts = [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")]
    whole = [text for text in texts if text.endswith("\u2717 FAILED")]
    equal(len(whole), 1)
    check(whole[0].startswith("a\"b'c</script><script>alert(1)</script><!--&amp;]]>`${x}`\\N\\\""), whole[0])


# ---- a real run ----

def url(path):
    return f"odbc:Driver=SQLite3;Database={path}"


def real(scratch):
    """The folder with all reports of one real run; it is made once."""
    if not REAL:
        with sqlite3.connect(scratch / "shop.db") as shop:
            for table in ["orders", "customers"]:
                shop.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, updated TIMESTAMP NOT NULL)")
                shop.executemany(f"INSERT INTO {table} VALUES (?, '2024-01-01 08:00:00')", [(i,) for i in range(2000)])
        folder = pathlib.Path(tempfile.mkdtemp(dir=TEMPORARY))
        subprocess.run([RUNNER, url(scratch / "shop.db"), url(scratch / "lake.db"), folder], timeout=100, check=True)
        REAL.append(folder)
    return REAL[0]


def a_page_of_a_real_run_shows_what_happened(scratch):
    text, said = browse(real(scratch) / "run.html", scratch, "--dump-dom")
    equal(said, [])
    dom = Dom(text)
    equal(dom.inside["graph"]["g"], 10)
    equal(dom.inside["strip"]["g"], 91)
    # Two that failed for good, and three attempts of the day: 88 days at once, 3 twice, 1 thrice, 3 of the flaky step.
    equal(dom.inside["failures"]["tr"], 1 + 2)
    equal(dom.inside["timeline"]["rect"], 8 + 87 + 3 * 2 + 3 + 3)
    check("customers \u2192 history \u2192 summary \u2192 unmount" in dom.text["critical"]
          or "orders \u2192 history \u2192 summary \u2192 unmount" in dom.text["critical"], dom.text["critical"])
    check("no file for this day <b>\"at all\"</b>" in dom.text["failures"], dom.text["failures"])
    check("Units (91)" in text and "\u2713 90 SUCCESS" in text, "the counts of the units")
    equal((dom.text["shown"], dom.text["resume"]), ("91 of 91", "incload_pipeline_run(pipeline, NULL, &err)"))


def nothing_of_a_page_lies_outside_of_a_narrow_window(scratch):
    """What is wider than the window scrolls in its own box: the page itself does not."""
    page = scratch / "measured.html"
    text = (real(scratch) / "run.html").read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", "<script>document.title = 'wide ' + document.documentElement.scrollWidth"
                                 " + ' of ' + window.innerWidth;</script></body>"), encoding="utf-8")
    for width in [500, 1220]:
        text, said = browse(page, scratch, f"--window-size={width},900", "--dump-dom")
        equal(said, [])
        found = re.search(r"<title>wide (\d+) of (\d+)</title>", text)
        check(found and int(found[1]) <= int(found[2]), f"at {width} the page is {found and found[0]}")


def graphviz_draws_a_real_run_and_its_pipeline(scratch):
    for name, words in [("run.dot", "\u2717 history"), ("graph.dot", "history")]:
        done = subprocess.run([DOT, "-Tsvg", real(scratch) / name], capture_output=True, timeout=100)
        equal((done.returncode, done.stderr.decode()), (0, ""))
        drawn = xml.etree.ElementTree.fromstring(done.stdout.decode("utf-8"))
        classes = [group.get("class") for group in drawn.iter("{http://www.w3.org/2000/svg}g")]
        # The cleanup waits for the three that nothing waits for.
        equal((classes.count("node"), classes.count("edge")), (10, 10 + 3))
        check(words in [text.text for text in drawn.iter("{http://www.w3.org/2000/svg}text")], f"{name} lacks {words}")


def mermaid_of_a_real_run_has_every_step_and_edge(scratch):
    for name, closed in [("run.mermaid", 1), ("graph.mermaid", 0)]:
        lines = (real(scratch) / name).read_text(encoding="utf-8").splitlines()
        equal(lines[0], "flowchart LR")
        nodes = [line for line in lines if re.fullmatch(r' +n\d+[\[({]+".*"[\])}]+:::s[0-5]', line)]
        edges = [line for line in lines if re.fullmatch(r" +n\d+ (-->|==>|-\.->)(\|\"[^\"]*\"\|)? n\d+", line)]
        equal((len(nodes), len(edges), sum("-.->" in line for line in edges)), (10, 13, closed))


def a_trace_of_a_real_run_adds_up(scratch):
    events = json.loads((real(scratch) / "run.trace").read_text(encoding="utf-8"))
    attempts = [event for event in events if event["ph"] == "X" and event["pid"] != 0]
    days = [event for event in attempts if event["args"]["step"] == "history"]
    equal((len(days), len({event["name"] for event in days})), (87 + 3 * 2 + 3, 91))
    equal(sum(event["args"]["rows"] for event in attempts), 2 * 2000 + 90 * 100)
    failed = [event["name"] for event in days if event["args"]["status"] == "FAILED"]
    equal(sorted(failed), ["2024-02-10", "2024-02-11", "2024-03-03"] + ["2024-03-17"] * 3)
    # No slot does two things at once, and no more slots than threads.
    slots = {}
    for event in attempts:
        slots.setdefault(event["tid"], []).append((event["ts"], event["ts"] + event["dur"]))
    check(len(slots) <= 6, f"{len(slots)} slots of 6 threads")
    for spans in slots.values():
        spans.sort()
        for before, after in zip(spans, spans[1:]):
            check(before[1] <= after[0], f"slices overlap: {before} {after}")
    steps = {event["name"]: event for event in events if event["ph"] == "X" and event["pid"] == 0}
    equal(len(steps), 8)
    for event in days:
        whole = steps["history"]
        check(whole["ts"] <= event["ts"] and event["ts"] + event["dur"] <= whole["ts"] + whole["dur"],
              f"{event['name']} lies outside of its step")


def lineage_of_a_real_run_starts_and_ends_each_once(scratch):
    events = [json.loads(line) for line in (real(scratch) / "run.openlineage").read_text("utf-8").splitlines()]
    kinds = {}
    for event in events:
        kinds.setdefault(event["run"]["runId"], []).append(event["eventType"])
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["eventTime"]), event["eventTime"])
    for types in kinds.values():
        check(len(types) == 2 and types[0] == "START" and types[1] in ("COMPLETE", "FAIL", "ABORT"), types)
    # The run, 8 steps that began, attempts of 91 days, and those of the 7 other steps, one of which was tried thrice.
    equal(len(kinds), 1 + 8 + 87 + 3 * 2 + 3 + 6 + 3)
    equal((events[0]["eventType"], events[-1]["eventType"]), ("START", "FAIL"))
    orders = [event for event in events if event["job"]["name"] == "nightly.orders"][-1]
    tables = [orders["inputs"][0], orders["outputs"][0]]
    check(all(re.fullmatch("sqlite:.*/(shop|lake).db", table["namespace"]) for table in tables), tables)
    equal([table["name"] for table in tables], ["orders", "orders"])
    equal(tables[1]["outputFacets"]["outputStatistics"]["rowCount"], 2000)
    equal(events[0]["run"]["runId"], events[-1]["run"]["runId"])


def progress_of_a_real_run_has_a_line_for_each_unit(scratch):
    lines = (real(scratch) / "lines.txt").read_text(encoding="utf-8").splitlines()
    days = [re.search(r"history (2024-\d\d-\d\d)", line) for line in lines]
    equal(len({found[1] for found in days if found}), 91)
    equal(lines[-1].split(" \u00b7 ")[:4], ["100/100", "0 running", "2 failed", "2 skipped"])
    failed = [line for line in lines if line.startswith("\u2717 FAILED")]
    equal(len(failed), 2)
    bar = (real(scratch) / "bar.txt").read_bytes().decode("utf-8")
    check(bar.count("\x1b[31m\u2717 FAILED\x1b[0m") == 2 and bar.endswith("\x1b[K\n"), bar)


CHECKS = [
    (the_browser_tells_errors_of_a_page, BROWSER), (a_page_has_all_its_sections_and_no_error, BROWSER),
    (a_page_with_hostile_names_runs_nothing_of_theirs, BROWSER), (large_and_empty_pages_have_no_error, BROWSER),
    (a_page_is_light_or_dark_as_the_reader_wishes, BROWSER), (graphviz_draws_every_graph, DOT),
    (graphviz_shows_a_hostile_name_as_it_is, DOT),
    (a_page_of_a_real_run_shows_what_happened, RUNNER and BROWSER),
    (nothing_of_a_page_lies_outside_of_a_narrow_window, RUNNER and BROWSER),
    (graphviz_draws_a_real_run_and_its_pipeline, RUNNER and DOT),
    (mermaid_of_a_real_run_has_every_step_and_edge, RUNNER), (a_trace_of_a_real_run_adds_up, RUNNER),
    (lineage_of_a_real_run_starts_and_ends_each_once, RUNNER),
    (progress_of_a_real_run_has_a_line_for_each_unit, RUNNER),
]


def main():
    failed = False
    print(f"1..{len(CHECKS)}")
    for number, (one, program) in enumerate(CHECKS, 1):
        title = one.__name__.replace("_", " ")
        if not program:
            print(f"ok {number} - {title} # SKIP what it needs is not there (chromium, graphviz, ODBC)", flush=True)
            continue
        try:
            with tempfile.TemporaryDirectory() as scratch:
                one(pathlib.Path(scratch))
            print(f"ok {number} - {title}", flush=True)
        except (AssertionError, KeyError, OSError, ValueError, subprocess.SubprocessError,
                xml.etree.ElementTree.ParseError) as problem:
            failed = True
            print(f"not ok {number} - {title}", flush=True)
            for line in f"{type(problem).__name__}: {problem}".splitlines():
                print(f"# {line}", file=sys.stderr)
    shutil.rmtree(TEMPORARY)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
