# SPDX-License-Identifier: Apache-2.0
"""What planning a backfill costs: a million units of integers, minutes, hours and days in a zone with summer time, a
third of them loaded before in stretches of a thousand. The plan looks at every unit; then the missing ones are taken in
order. CPU time, so that the bar holds on a busy machine; medians; the slowest kind counts.

    INCLOAD_BENCH_ROUNDS (default 9)
"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'lib'))
from sides import Bars, median

ROUNDS = os.environ.get('INCLOAD_BENCH_ROUNDS', '9')
PROGRAM = os.path.join(os.environ['INCLOAD_BENCH_PROGRAMS'], 'plan_units')
KINDS = ['integers', 'minutes', 'hours', 'days']


def measure(kind):
    """Milliseconds of the plan and of the taking."""
    lines = subprocess.run([PROGRAM, kind, ROUNDS], check=True, capture_output=True, text=True).stdout.splitlines()
    rounds = [[float(word) for word in line.split()] for line in lines]
    return [median(column) for column in zip(*rounds)]


times = {kind: measure(kind) for kind in KINDS}
print(f'{"1 million units":18}{"plan ms":>10}{"take ms":>10}')
for kind, (plan, take) in times.items():
    print(f'{kind:18}{plan:10.1f}{take:10.1f}')
bars = Bars()
bars.at_most('plan_million', max(plan for plan, take in times.values()), 50)
bars.done()
