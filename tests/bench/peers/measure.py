# SPDX-License-Identifier: Apache-2.0
"""A command as a whole: seconds of wall and CPU time, and what all its processes together held in memory."""
import os
import pathlib
import signal
import subprocess
import threading
import time

PAGE = os.sysconf('SC_PAGE_SIZE')
LOOK_EVERY = 0.02  # seconds


class Failed(Exception):
    """The command did not end well."""


def resident(pid):
    """Bytes that a process and its descendants hold; pages that they share count in each."""
    process = pathlib.Path('/proc') / str(pid)
    try:
        size = int((process / 'statm').read_text().split()[1]) * PAGE
        children = [child for task in (process / 'task').iterdir() for child in (task / 'children').read_text().split()]
    except (OSError, IndexError):
        return 0  # it has ended
    return size + sum(resident(child) for child in children)


def watch(pid, ended, peak):
    while not ended.is_set():
        peak[0] = max(peak[0], resident(pid))
        ended.wait(LOOK_EVERY)


def measure(command, log, limit, **environment):
    """{'wall', 'cpu', 'rss'}: seconds, seconds, MB. What the command prints goes to the file `log`."""
    began = time.monotonic()
    with log.open('wb') as out:
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=out,
                                   stderr=subprocess.STDOUT, cwd=log.parent, env={**os.environ, **environment},
                                   start_new_session=True)
    ended, peak, late = threading.Event(), [0], []

    def stop():
        late.append(True)
        os.killpg(process.pid, signal.SIGKILL)

    timer, watcher = threading.Timer(limit, stop), threading.Thread(target=watch, args=(process.pid, ended, peak))
    timer.start()
    watcher.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)  # a run that is broken off leaves nothing at work
        raise
    finally:
        timer.cancel()
        ended.set()
        watcher.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if late:
        raise Failed(f'not done after {limit} s')
    if process.returncode != 0:
        raise Failed(f'ended with {process.returncode}')
    return {'wall': wall, 'cpu': usage.ru_utime + usage.ru_stime, 'rss': peak[0] / 1e6}
