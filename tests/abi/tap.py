# SPDX-License-Identifier: Apache-2.0
"""What the checks of this folder share: TAP output."""
import sys


def run(checks):
    """Runs {title: function}; a function returns its complaints. The exit code for the program."""
    print(f"1..{len(checks)}")
    failed = False
    for number, (title, check) in enumerate(checks.items(), 1):
        complaints = list(check())
        failed = failed or bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} {number} - {title}", flush=True)
        for complaint in complaints:
            print(f"# {complaint}", file=sys.stderr)
    return int(failed)
