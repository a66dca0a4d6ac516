#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every order of claim, heartbeat, reclaim, commit and fault, for a few workers and units. Speaks TAP.

The steps are those of lib/state (claim.c, worker.c, reclaim.c, complete.c, applied.c), each as atomic as its
transaction. A worker may crash, be paused for longer than its lease and wake (a zombie), or lose the answer to a
COMMIT, at any point, as often as the budget of faults allows. Checked: no unit lands twice, and from every state that
can be reached one can be reached where all have landed and the ledger knows it. A model without its fence must break
the first rule: that shows that the model could."""
import sys
from collections import defaultdict, deque

PENDING, RUNNING, SUCCESS = range(3)
IDLE, WORKS, UNKNOWN, LANDED = range(4)  # what a process is at with its unit

# A unit: status, epoch, owner (worker, generation); what landed: how often, epoch of the last.
# A worker: generation, its lease holds, the process is there, phase, unit, epoch, what became of an unknown commit.


def start(workers, units):
    return (0, tuple((PENDING, 0, None, 0, 0) for _ in range(units)),
            tuple((0, True, True, IDLE, None, 0, False) for _ in range(workers)))


def put(items, at, value):
    return items[:at] + (value,) + items[at + 1:]


class Model:
    """one_database: the target keeps the run, so a unit's row is in the data's transaction. fence: completions compare
    epochs."""

    def __init__(self, one_database, fence=True, reads_ledger=True):
        self.one_database, self.fence, self.reads_ledger = one_database, fence, reads_ledger

    def passes(self, unit, epoch):
        status, owned, _, times, applied = unit
        if not self.fence:
            return True
        if self.one_database:
            return status == RUNNING and owned == epoch
        # Only the row in `applied`: a later epoch, and nothing landed in this run.
        return times == 0 and applied < epoch

    def landed(self, unit, epoch):
        status, owned, owner, times, _ = unit
        if self.one_database:
            return (SUCCESS, owned, None, times + 1, epoch)
        return (status, owned, owner, times + 1, epoch)

    def steps(self, state, epoch_now):
        """(faults, next state) for each thing that can happen."""
        _, units, workers = state
        for w, worker in enumerate(workers):
            yield from self.worker_steps(units, workers, w, worker, epoch_now)
        for u, (status, epoch, owner, times, applied) in enumerate(units):
            if status == RUNNING and (workers[owner[0]][0] != owner[1] or not workers[owner[0]][1]):
                yield 0, put(units, u, (PENDING, epoch, None, times, applied)), workers

    def worker_steps(self, units, workers, w, worker, epoch_now):
        generation, lease, here, phase, u, epoch, committed = worker
        if not here:
            if lease:
                yield 0, units, put(workers, w, (generation, False, False, IDLE, None, 0, False))
            yield 0, units, put(workers, w, (generation + 1, True, True, IDLE, None, 0, False))
            return
        yield 1, units, put(workers, w, (generation, lease, False, IDLE, None, 0, False))  # crash
        if lease:
            yield 1, units, put(workers, w, (generation, False, True, phase, u, epoch, committed))  # pause
        else:  # the heartbeat learns of it
            yield 0, units, put(workers, w, (generation + 1, True, True, IDLE, None, 0, False))
        idle = put(workers, w, (generation, lease, True, IDLE, None, 0, False))
        if phase == IDLE and lease:
            for v, (status, _, _, times, applied) in enumerate(units):
                if status == PENDING:
                    yield (0, put(units, v, (RUNNING, epoch_now, (w, generation), times, applied)),
                           put(workers, w, (generation, True, True, WORKS, v, epoch_now, False)))
                    break
        elif phase == WORKS:
            yield from self.commit(units, workers, w, worker, idle)
        elif phase == UNKNOWN:
            yield from self.resolve(units, workers, w, worker, idle)
        elif phase == LANDED:  # the news of it goes to the database that keeps the run
            status, owned, owner, times, applied = units[u]
            if status == RUNNING and owned == epoch:
                yield 0, put(units, u, (SUCCESS, owned, None, times, applied)), idle
            else:
                yield 0, units, idle

    def after_commit(self, units, workers, w, worker, idle):
        generation, lease, _, _, u, epoch, _ = worker
        return idle if self.one_database else put(workers, w, (generation, lease, True, LANDED, u, epoch, True))

    def commit(self, units, workers, w, worker, idle):
        generation, lease, _, _, u, epoch, _ = worker
        if not self.passes(units[u], epoch):
            # Refused and rolled back. It may have landed, and only the news of it was lost.
            seen = not self.one_database and units[u][3] > 0
            yield 0, units, self.after_commit(units, workers, w, worker, idle) if seen else idle
            return
        after = put(units, u, self.landed(units[u], epoch))
        yield 0, after, self.after_commit(units, workers, w, worker, idle)
        yield 1, after, put(workers, w, (generation, lease, True, UNKNOWN, u, epoch, True))
        yield 1, units, put(workers, w, (generation, lease, True, UNKNOWN, u, epoch, False))

    def resolve(self, units, workers, w, worker, idle):
        generation, lease, _, _, u, epoch, _ = worker
        status, owned, _, times, applied = units[u]
        known = (status == SUCCESS and owned == epoch) if self.one_database else (times > 0 and applied == epoch)
        if self.reads_ledger and known:
            yield 0, units, self.after_commit(units, workers, w, worker, idle)
        else:
            yield 0, units, put(workers, w, (generation, lease, True, WORKS, u, epoch, False))


def is_done(state):
    return all(unit[0] == SUCCESS and unit[3] >= 1 for unit in state[1])


def explore(model, workers, units, faults):
    """(states, twice, stuck): all that can be reached, whether a unit landed twice, states with no way to the end."""
    first = start(workers, units)
    seen, todo, before = {first}, deque([first]), defaultdict(list)
    twice = False
    while todo:
        state = todo.popleft()
        if any(unit[3] > 1 for unit in state[1]):
            twice = True
            if not model.fence or not model.reads_ledger:
                return len(seen), True, 0
        # Only the order of epochs counts, so the next is one more than any there is.
        epoch = 1 + max([0] + [n for unit in state[1] for n in (unit[1], unit[4])] + [w[5] for w in state[2]])
        for cost, after_units, after_workers in model.steps(state, epoch):
            if state[0] + cost > faults:
                continue
            after = (state[0] + cost, after_units, after_workers)
            before[after].append(state)
            if after not in seen:
                seen.add(after)
                todo.append(after)
    good = {state for state in seen if is_done(state)}
    todo = deque(good)
    while todo:
        for state in before[todo.popleft()]:
            if state not in good:
                good.add(state)
                todo.append(state)
    return len(seen), twice, len(seen - good)


SIZES = [(2, 2, 3), (3, 2, 2), (2, 1, 4)]


def main():
    number, failed = 0, False
    checks = [(f"{name}, {w} workers, {u} units, {f} faults: each unit lands once, and all do", one, w, u, f)
              for name, one in (("one database", True), ("two databases", False)) for w, u, f in SIZES]
    print(f"1..{len(checks) + 3}")
    for name, one, w, u, f in checks:
        states, twice, stuck = explore(Model(one), w, u, f)
        number += 1
        print(f"{'ok' if not twice and not stuck else 'not ok'} {number} - {name}")
        print(f"# {states} states, {stuck} without a way to the end", file=sys.stderr)
        failed |= twice or stuck > 0
    for name, model in (("one database", Model(True, fence=False)), ("two databases", Model(False, fence=False))):
        number += 1
        _, twice, _ = explore(model, 2, 1, 2)
        print(f"{'ok' if twice else 'not ok'} {number} - {name} without the fence: a unit lands twice")
        failed |= not twice
    number += 1
    _, twice, _ = explore(Model(True, fence=False, reads_ledger=False), 1, 1, 1)
    print(f"{'ok' if twice else 'not ok'} {number} - an unknown commit repeated unasked, no fence: twice as well")
    return int(failed or not twice)


if __name__ == "__main__":
    sys.exit(main())
