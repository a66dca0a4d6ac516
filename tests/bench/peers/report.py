# SPDX-License-Identifier: Apache-2.0
"""Makes the tables of doc/peers.md, between its two marks, and doc/peers.svg of a result of tests/bench/peers.py:

    python3 tests/bench/peers/report.py RESULT.json"""
import html
import json
import math
import pathlib
import statistics
import sys

DOC = pathlib.Path(__file__).resolve().parent.parent.parent.parent / 'doc'
BEGIN, END = '<!-- measured: begin -->', '<!-- measured: end -->'
OURS = 'libincload, from C'
TITLES = {'copy': 'Full copy', 'increment': 'Increment', 'noop': 'Increment with nothing new',
          'days': 'Backfill by days'}


def column(row, key):
    return [run[key] for run in row.get('runs', [])]


def number(value):
    """Three digits, and no more zeros than that."""
    if value >= 100 or value == 0:
        return f'{value:,.0f}'
    return f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def middle(row, key):
    return statistics.median(column(row, key)) if column(row, key) else None


def short(row):
    """Why there is no figure, in a cell of the first table."""
    return 'no such mode' if 'whole tables' in row['reason'] else 'failed'


def table(head, rows):
    yield '| ' + ' | '.join(head) + ' |'
    yield '|---|' + '---:|' * (len(head) - 1)
    for row in rows:
        yield '| ' + ' | '.join(row) + ' |'
    yield ''


def overview(result):
    jobs = {name: rows for name, rows in result['jobs'].items() if name != 'lost'}
    gone = result['jobs'].get('lost', {})

    def cells(tool):
        for rows in jobs.values():
            value = middle(rows[tool], 'wall')
            yield short(rows[tool]) if value is None else number(value)
        if gone:
            row = gone[tool]
            yield f'{row["missing"]:,} of {row["rows"]:,}' if 'missing' in row else short(row)
        yield number(max(max(column(rows[tool], 'rss'), default=0) for rows in jobs.values()))

    head = ['', *(f'{TITLES[name].lower()}, s' for name in jobs), *(['rows lost'] if gone else []), 'most memory, MB']
    tools = list(next(iter(jobs.values())))
    yield from table(head, [[tool, *cells(tool)] for tool in tools])


def in_full(result):
    for name, rows in result['jobs'].items():
        if name == 'lost':
            yield f'### Rows lost: {result["sizes"]["lost"]}'
            yield ''
            yield from table(['', 'rows written', 'loads', 'missing at the end'],
                             [[tool, f'{row["rows"]:,}', f'{row["loads"]:,}', f'{row["missing"]:,}'] if 'rows' in row
                              else [tool, row['reason'], '', ''] for tool, row in rows.items()])
            continue
        yield f'### {TITLES[name]}: {result["sizes"][name]}'
        yield ''
        ours = column(rows.get(OURS, {}), 'wall')
        lines = []
        for tool, row in rows.items():
            wall = column(row, 'wall')
            tool += f' ({row["remark"]})' if row.get('remark') else ''
            if not wall:
                lines.append([tool, row['reason'], '', '', '', ''])
                continue
            ratio = statistics.median(a / b for a, b in zip(wall, ours)) if ours else None
            lines.append([tool, number(statistics.median(wall)), f'{number(min(wall))} to {number(max(wall))}',
                          number(ratio) if ratio else '', number(middle(row, 'cpu')),
                          number(max(column(row, 'rss')))])
        yield from table(['', 'median, s', 'least to most', f'of {OURS}', 'CPU, s', 'memory, MB'], lines)


def faster(result):
    """The jobs at which another tool was faster."""
    for name, rows in result['jobs'].items():
        ours = middle(rows.get(OURS, {}), 'wall')
        if name == 'lost' or ours is None:
            continue
        ahead = [f'{tool} ({number(middle(row, "wall") / ours)} of its time)' for tool, row in rows.items()
                 if column(row, 'wall') and not tool.startswith('libincload') and middle(row, 'wall') < ours]
        if ahead:
            yield f'- {TITLES[name]}: faster than {OURS} in this run: {", ".join(ahead)}.'


def measured(result):
    machine, load = result['machine'], result['load']
    yield (f'Run on {result["date"]}: {machine["cores"]} cores ({machine["processor"]}), {machine["memory_gb"]} GB of '
           f'memory, {machine["system"]}, PostgreSQL {result["server"]} with every fsync on, '
           f'rounds: {result["sizes"]["rounds"]}. The load average was {min(load.values()):.1f} to '
           f'{max(load.values()):.1f} when a job began; of that, this run itself makes 1 to 2.')
    if min(load.values()) > 3:
        gave_way = ', and this run and its server gave way to it' if machine.get('gives_way') else ''
        yield (f'**Other work had most of the machine meanwhile{gave_way}: take these figures for a trial, not for a '
               'measurement.** CPU time and memory tell more than the seconds here.')
    if result.get('note'):
        yield result['note']
    yield ''
    yield '![The same figures as dots on a logarithmic scale](peers.svg)'
    yield ''
    yield from overview(result)
    behind = list(faster(result))
    yield from behind or ['No other tool was faster at any of these jobs in this run.']
    yield ''
    yield from in_full(result)
    yield '### Versions'
    yield ''
    yield from table(['', 'version'], [*([tool, f'`{version}`'] for tool, version in result['versions'].items()),
                                       *([tool, f'left out: {why}'] for tool, why in result['missing'].items())])


# The picture

NAMES, PANEL, GAP, LINE, TOP, MARGIN = 170, 250, 40, 20, 46, 16


def panel(title, unit, values, left, top, labels):
    """`values`: {tool: [figures]} as dots at their medians, with lines from the least to the most."""
    known = [value for figures in values.values() for value in figures if value > 0] or [1]
    low, high = (step(math.log10(edge)) for step, edge in ((math.floor, min(known)), (math.ceil, max(known))))
    high = max(high, low + 1)

    def x(value):
        # Nothing has no place on a logarithmic scale: its dot is on the left edge.
        return left + (math.log10(value) - low) / (high - low) * PANEL if value > 0 else left

    bottom = top + len(values) * LINE
    yield f'<text x="{left}" y="{top - 22}" class="title">{html.escape(title)}</text>'
    for power in range(low, high + 1):
        yield f'<line x1="{x(10 ** power):.1f}" y1="{top}" x2="{x(10 ** power):.1f}" y2="{bottom}" class="grid"/>'
        yield f'<text x="{x(10 ** power):.1f}" y="{top - 6}" class="tick">{10 ** power:g} {unit}</text>'
    for index, (tool, figures) in enumerate(values.items()):
        y, kind = top + (index + 0.5) * LINE, 'ours' if tool.startswith('libincload') else 'other'
        if labels:
            yield f'<text x="{left - 12}" y="{y + 4}" class="name {kind}">{html.escape(tool)}</text>'
        if not figures:
            yield f'<text x="{left + 4}" y="{y + 4}" class="none">no such mode</text>'
            continue
        at = x(statistics.median(figures))
        yield f'<line x1="{x(min(figures)):.1f}" y1="{y}" x2="{x(max(figures)):.1f}" y2="{y}" class="range {kind}"/>'
        yield f'<circle cx="{at:.1f}" cy="{y}" r="4.5" class="{kind}"/>'
        right = at + 60 < left + PANEL
        yield (f'<text x="{at + (9 if right else -9):.1f}" y="{y + 4}" class="value" '
               f'text-anchor="{"start" if right else "end"}">{number(statistics.median(figures))}</text>')


def picture(result):
    jobs = {name: rows for name, rows in result['jobs'].items() if name != 'lost'}
    panels = [(TITLES[name], 's', {tool: column(row, 'wall') for tool, row in rows.items()})
              for name, rows in jobs.items()]
    tools = list(next(iter(jobs.values())))
    panels.append(('Memory, of all these jobs', 'MB', {
        tool: [max(sizes)] if (sizes := [size for rows in jobs.values() for size in column(rows[tool], 'rss')]) else []
        for tool in tools}))
    if 'lost' in result['jobs']:
        panels.append(('Rows lost, of those written', '%', {
            tool: [100 * row['missing'] / row['rows']] if row.get('rows') else []
            for tool, row in result['jobs']['lost'].items()}))
    height = TOP + len(tools) * LINE + GAP
    width = NAMES + 2 * PANEL + GAP + 2 * MARGIN + 20
    total = height * ((len(panels) + 1) // 2) + MARGIN
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {total}" width="{width}" height="{total}" '
           'role="img" aria-label="Seconds and memory of each tool for each job">')
    yield ('<style>text{font:12px sans-serif;fill:#333}.title{font-weight:bold;font-size:13px}.tick{font-size:10px;'
           'fill:#777;text-anchor:middle}.grid{stroke:#ddd}.name{text-anchor:end}.none{fill:#999;font-style:italic}'
           '.value{font-size:11px}.range{stroke-width:3;stroke-opacity:.35}circle.ours{fill:#0b6bcb}'
           'circle.other{fill:#8a8a8a}line.ours{stroke:#0b6bcb}line.other{stroke:#8a8a8a}'
           'text.ours{font-weight:bold;fill:#0b6bcb}</style>')
    yield f'<rect width="{width}" height="{total}" fill="#fff"/>'
    for index, (title, unit, values) in enumerate(panels):
        yield from panel(title, unit, values, MARGIN + NAMES + index % 2 * (PANEL + GAP),
                         TOP + index // 2 * height, index % 2 == 0)
    yield '</svg>'


def main(path):
    result = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    page = DOC / 'peers.md'
    before, _, rest = page.read_text(encoding='utf-8').partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f'{before}{BEGIN}\n' + '\n'.join(measured(result)).rstrip() + f'\n{END}{after}', encoding='utf-8')
    (DOC / 'peers.svg').write_text('\n'.join(picture(result)) + '\n', encoding='utf-8')


main(sys.argv[1])
