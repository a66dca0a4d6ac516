# SPDX-License-Identifier: Apache-2.0
"""What every benchmark needs: run commands as whole processes, side by side, and say how their medians relate."""
import os
import statistics
import subprocess
import sys
import time


class Run:
    """One finished process (or pipe of processes): seconds of wall and CPU time, resident size at its largest in MB."""

    def __init__(self, wall, cpu, rss):
        self.wall, self.cpu, self.rss = wall, cpu, rss


def run(*commands):
    """Runs commands as a pipe and waits for them; fails loudly when one fails."""
    began = time.monotonic()
    processes, stdin = [], subprocess.DEVNULL
    for i, command in enumerate(commands):
        last = i == len(commands) - 1
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.DEVNULL if last else subprocess.PIPE)
        if stdin is not subprocess.DEVNULL:
            stdin.close()
        stdin = process.stdout
        processes.append(process)
    cpu = rss = 0
    for process, command in zip(processes, commands):
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f'{command[0]} failed with {process.returncode}')
        cpu += usage.ru_utime + usage.ru_stime
        rss += usage.ru_maxrss / 1024
    return Run(time.monotonic() - began, cpu, rss)


def psql(url, sql):
    """Runs SQL and returns what it prints, without headers."""
    done = subprocess.run(['psql', '--no-psqlrc', '-XqAt', '-v', 'ON_ERROR_STOP=1', url], input=sql, text=True,
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.strip()


def other_database(url, name):
    """The same PostgreSQL server, another database."""
    head, tail = url.split('@/', 1)
    return head + '@/' + name + tail[tail.index('?'):]


def median(values):
    return statistics.median(values)


def spread(values, form='{:.2f}'):
    return f'{form.format(median(values))} [{form.format(min(values))}-{form.format(max(values))}]'


class Bars:
    """Collects `BAR` lines; done() exits with 1 when one is short."""

    def __init__(self):
        self.short = False

    def at_least(self, name, value, limit):
        self._say(name, value, limit, value >= limit)

    def at_most(self, name, value, limit):
        self._say(name, value, limit, value <= limit)

    def _say(self, name, value, limit, good):
        self.short |= not good
        print(f'BAR {name} {value:.3g} {limit:g} {"ok" if good else "short"}')

    def done(self):
        sys.exit(1 if self.short else 0)
