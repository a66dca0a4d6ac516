#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every report with a parser of its format, also those of a run whose names try to break it. Speaks TAP.

    reports.py WRITE_REPORT"""
import collections
import html.parser
import json
import re
import subprocess
import sys
import uuid

WRITER = sys.argv[1]
PICTURES = ["nightly", "hostile", "running", "wide", "chunks", "months", "lattice", "empty"]


def report(picture, form, *limits):
    done = subprocess.run([WRITER, picture, form, *map(str, limits)], capture_output=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{picture} as {form}: {done.stderr.decode()}")
    text = done.stdout.decode("utf-8")  # strict: no report holds bytes that are no text
    unfit = re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", text)
    check(unfit is None, f"{picture} as {form} holds {unfit and unfit[0]!r}")
    return text


def check(truth, complaint):
    if not truth:
        raise AssertionError(complaint)


def equal(found, expected):
    check(found == expected, f"found    {found!r}\nexpected {expected!r}")


# ---- Chrome trace ----

def a_trace_is_json_with_whole_events():
    for picture in PICTURES:
        for event in json.loads(report(picture, "trace")):
            check(event["ph"] in "XMCisf", f"phase {event['ph']}")
            check(isinstance(event["name"], str) and event["ts"] >= 0, "name and time")
            check(event["ph"] != "X" or event["dur"] >= 0, "duration")


def any_prefix_of_a_trace_loads():
    lines = report("nightly", "trace").splitlines()
    equal((lines[0], lines[-1]), ("[", "]"))
    for count in range(2, len(lines)):
        json.loads("\n".join(lines[:count]).rstrip(",") + "]")


def a_trace_has_each_attempt_on_its_worker_and_slot():
    events = json.loads(report("nightly", "trace"))
    names = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
    equal(sorted(names.values()), ["alpha:101", "beta:202", "nightly"])
    attempts = [event for event in events if event["ph"] == "X" and event["pid"] != 0]
    equal(len(attempts), 91 + 3 * 2 + 1)
    day = [event for event in attempts if event["name"] == "2024-01-06"]
    equal([(names[event["pid"]], event["tid"], event["args"]["status"]) for event in day],
          [("beta:202", 0, "FAILED"), ("beta:202", 0, "SUCCESS")])
    equal(sum(event["args"]["rows"] for event in attempts), 88 * 1000)
    equal(sum(event["name"] == "tried again" for event in events), 7)
    equal(sum(event["name"] == "cancelled" for event in events), 1)


def arrows_of_a_trace_begin_and_end_within_slices():
    events = json.loads(report("nightly", "trace"))
    slices = {(event["pid"], event["tid"]): (event["ts"], event["ts"] + event["dur"]) for event in events
              if event["ph"] == "X" and event["pid"] == 0}
    ends = collections.Counter()
    for event in events:
        if event["ph"] in "sf":
            first, last = slices[event["pid"], event["tid"]]
            check(first <= event["ts"] < max(last, first + 1), f"arrow {event['id']} lies outside")
            ends[event["id"]] += 1
    check(ends and set(ends.values()) == {2}, "each arrow has two ends")


def counters_of_a_trace_end_at_none_running_and_all_rows():
    events = [event for event in json.loads(report("nightly", "trace")) if event["ph"] == "C"]
    running = [event["args"]["units"] for event in events if event["name"] == "running"]
    equal((min(running), running[-1], max(running) <= 5), (0, 0, True))
    equal([event["args"]["written"] for event in events if event["name"] == "rows"][-1], 88 * 1000)


# ---- OpenLineage ----

def lineage(picture):
    return [json.loads(line) for line in report(picture, "lineage").splitlines()]


def lineage_events_have_what_the_specification_requires():
    for picture in ["nightly", "hostile", "running", "months", "empty"]:
        for event in lineage(picture):
            equal(event["schemaURL"], "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent")
            check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", event["eventTime"]), event["eventTime"])
            check(re.match(r"[a-z]+:", event["producer"]), "the producer is no URI")
            equal(uuid.UUID(event["run"]["runId"]).version, 7)
            check(isinstance(event["job"]["namespace"], str) and isinstance(event["job"]["name"], str), "job")
            facets = [event["run"]["facets"], event["job"]["facets"]]
            for table in event["inputs"] + event["outputs"]:
                check(isinstance(table["namespace"], str) and isinstance(table["name"], str), "table")
                facets += [table["facets"], table.get("outputFacets", {})]
            for facet in [facet for group in facets for facet in group.values()]:
                check({"_producer", "_schemaURL"} <= set(facet), "a facet lacks its producer or schema")


def each_run_of_the_lineage_starts_once_and_ends_once():
    for picture in ["nightly", "hostile", "months"]:
        kinds = collections.defaultdict(list)
        for event in lineage(picture):
            kinds[event["run"]["runId"]].append((event["eventType"], event["eventTime"]))
        for events in kinds.values():
            equal(len(events), 2)
            equal(events[0][0], "START")
            check(events[1][0] in ("COMPLETE", "FAIL", "ABORT") and events[0][1] <= events[1][1], events)


def what_goes_on_has_no_end_in_the_lineage():
    kinds = collections.Counter(event["eventType"] for event in lineage("running"))
    # The run, history, and two of its units.
    equal(kinds["START"] - kinds["COMPLETE"] - kinds["FAIL"] - kinds["ABORT"], 4)


def attempts_are_children_of_their_step_and_steps_of_the_run():
    events = lineage("nightly")
    run = events[0]["run"]["runId"]
    steps = {event["job"]["name"]: event["run"]["runId"] for event in events
             if event["job"]["facets"]["jobType"]["jobType"] == "STEP"}
    for event in events[1:]:
        parent = event["run"]["facets"].get("parent")
        if parent is None:
            equal(event["run"]["runId"], run)
            continue
        unit = event["job"]["facets"]["jobType"]["jobType"] == "UNIT"
        equal(parent["run"]["runId"], steps["nightly.history"] if unit else run)
        equal(parent["root"]["run"]["runId"], run)
    failed = [event for event in events if event["eventType"] == "FAIL" and "nominalTime" in event["run"]["facets"]]
    equal(failed[0]["run"]["facets"]["nominalTime"]["nominalStartTime"], "2024-01-06T00:00:00.000000Z")
    equal(collections.Counter(event["eventType"] for event in events)["ABORT"], 1)


def the_lineage_tells_rows_and_columns_of_the_target():
    done = [event for event in lineage("nightly") if event["eventType"] == "COMPLETE"
            and event["job"]["name"] == "nightly.orders"][0]
    table = done["outputs"][0]
    equal((table["namespace"], table["name"]), ("postgres://lake:5432", "lake.public.orders"))
    equal(table["outputFacets"]["outputStatistics"]["rowCount"], 1900000)
    equal([field["name"] for field in table["facets"]["schema"]["fields"]], ["id", "updated_at"])
    equal(table["facets"]["lifecycleStateChange"]["lifecycleStateChange"], "OVERWRITE")


# ---- Mermaid ----

LABEL = r'(?:[ .,\-/+=0-9A-Za-z\x80-\U0010ffff]|#\d+;|<br/>)*'
BRACKETS = [(r"\[\"", r"\"\]"), (r"\(\"", r"\"\)"), (r"\[\[\"", r"\"\]\]"), (r"\{\{\"", r"\"\}\}"),
            (r"\(\[\"", r"\"\]\)")]
FLOWCHART = re.compile("|".join(
    [r"flowchart LR", r"  classDef s\d stroke:#[0-9a-f]{6}", r"  end", r"    style n\d+ stroke-width:4px",
     rf'  subgraph g\d+\["{LABEL}"\]', rf'  n\d+ (?:-->|==>|-\.->)(?:\|"{LABEL}"\|)? n\d+']
    + [rf"    n\d+{left}{LABEL}{right}:::s\d" for left, right in BRACKETS]))
GANTT = re.compile(rf"gantt|  title {LABEL}|  dateFormat x|  axisFormat %H:%M:%S|  section {LABEL}"
                   rf"|    {LABEL} :(?:crit, )?(?:(?:done|active), )?\d+, \d+")


def every_line_of_a_flowchart_is_a_statement_of_mermaid():
    for picture in PICTURES:
        for line in report(picture, "mermaid").splitlines():
            check(FLOWCHART.fullmatch(line), f"{picture}: {line}")


def every_line_of_a_gantt_chart_is_a_statement_of_mermaid():
    for picture in PICTURES:
        for line in report(picture, "gantt").splitlines():
            check(GANTT.fullmatch(line), f"{picture}: {line}")


def a_closed_edge_is_dotted_and_the_critical_path_thick():
    text = report("nightly", "mermaid")
    equal((text.count("-.->"), text.count("==>"), text.count("stroke-width:4px")), (1, 1, 3))


def graphs_are_collapsed_to_the_nodes_that_were_asked_for():
    for form, node in [("mermaid", r"^    n\d+\W"), ("dot", r"^    n\d+ \[")]:
        equal(len(re.findall(node, report("lattice", form), re.M)), 200)
        equal(len(re.findall(node, report("lattice", form, 30), re.M)), 30)
        check("\u00d7362" in report("wide", form), f"{form}: 362 steps alike are one node")


# ---- HTML ----

class Page(html.parser.HTMLParser):
    VOID = {"meta", "input"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.scripts, self.ids, self.links = [], collections.Counter(), [], set(), []
        self.feed(text)
        self.close()
        equal(self.open, [])

    def handle_starttag(self, tag, attrs):
        self.tags[tag] += 1
        for name, value in attrs:
            check(not name.startswith("on"), f"{tag} has {name}")
            if name == "id":
                check(value not in self.ids, f"two elements have the id {value}")
                self.ids.add(value)
            if name in ("src", "href", "action", "data", "xlink:href"):
                self.links.append(value)
        if tag == "script":
            self.scripts.append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag):
        equal(tag, self.open.pop())

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts[-1] += data


def a_page_is_well_nested_and_asks_for_nothing_from_elsewhere():
    for picture in PICTURES:
        text = report(picture, "html")
        page = Page(text)
        equal((page.links, page.tags["link"], page.tags["img"], page.tags["iframe"]), ([], 0, 0, 0))
        check("default-src 'none'" in text and "@import" not in text, "the page may ask for something")


def a_page_has_two_scripts_whatever_the_names():
    for picture in PICTURES:
        page = Page(report(picture, "html"))
        equal((page.tags["script"], len(page.scripts)), (2, 2))
        check(len(page.scripts[1].splitlines()) < 100, "the page's script is long")


def the_data_of_a_page_is_json_and_holds_the_run():
    for picture in PICTURES:
        data = json.loads(Page(report(picture, "html")).scripts[0])
        check(data["format"] == 1 and isinstance(data["units"], list), "data")
    data = json.loads(Page(report("nightly", "html")).scripts[0])
    equal(collections.Counter(unit["status"] for unit in data["units"]), {"SUCCESS": 88, "FAILED": 3})
    name = json.loads(Page(report("hostile", "html")).scripts[0])["name"]
    check("</script><script>alert(1)</script>" in name and "\U0001f680" in name, "a name has lost its characters")


def a_page_shows_what_there_is():
    everything = {"failures", "resume", "graph", "timeline", "critical", "strip", "durations", "steps", "units",
                  "run-data"}
    equal(everything - Page(report("nightly", "html")).ids, set())
    equal(everything & Page(report("empty", "html")).ids, {"steps", "run-data"})


def a_strip_has_a_cell_for_each_unit_and_stays_within_bounds():
    equal(len(re.findall(r'<g class="s\d" data-label', report("nightly", "html"))), 91)
    equal(len(re.findall(r'<g class="s\d" data-label', report("months", "html"))), 30)
    text = report("chunks", "html")
    cells = re.findall(r'<g class="s(\d)" data-label="([^"]*)"', text)
    equal(len(cells), 1429)  # 10,000 units, seven to a cell
    equal([label for state, label in cells if state == "4"], ["1234000..1234999"])
    check(len(report("chunks", "html", 0, 100)) < 400000, "the limit of units is not kept")


CHECKS = [value for name, value in list(globals().items())
          if callable(value) and getattr(value, "__module__", "") == __name__ and name.count("_") >= 3]


def main():
    failed = False
    print(f"1..{len(CHECKS)}")
    for number, one in enumerate(CHECKS, 1):
        title = one.__name__.replace("_", " ")
        try:
            one()
            print(f"ok {number} - {title}", flush=True)
        except (AssertionError, KeyError, ValueError, subprocess.SubprocessError) as problem:
            failed = True
            print(f"not ok {number} - {title}", flush=True)
            for line in f"{type(problem).__name__}: {problem}".splitlines():
                print(f"# {line}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
