# SPDX-License-Identifier: Apache-2.0
"""The tools: how each is installed for this run alone, and the command that does a job with it.

NO_MODE says of jobs why the tool cannot do them."""
import datetime
import os
import pathlib
import re
import shutil
import subprocess
import sys

from environment import ROOT, command, install, install_incload
from sides import psql

HERE = pathlib.Path(__file__).resolve().parent
# No tool tells its maker of this run.
ENVIRONMENT = {'RUNTIME__DLTHUB_TELEMETRY': 'false', 'SLING_DISABLE_TELEMETRY': 'TRUE',
               'INGESTR_DISABLE_TELEMETRY': 'true', 'TELEMETRY_OPTOUT': '1'}


class Missing(Exception):
    """The tool could not be had; says why."""


def said(*words, **environment):
    """What a program says of its version; Missing when it cannot be started."""
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          env={**os.environ, **ENVIRONMENT, **environment}, check=False)
    if done.returncode != 0:
        raise Missing(f'{pathlib.Path(words[0]).name} does not start')
    return done.stdout.strip()


def first_that_starts(home, pattern, *choices, **environment):
    """Installs the first of `choices` that brings a program which starts; returns that and its version."""
    for packages in ((), *choices):
        if packages and not install(home, *packages, check=False):
            continue
        for program in home.glob(pattern):
            program.chmod(0o755)
            try:
                return program, said(program, '--version', **environment).split()[-1]
            except Missing:
                pass
    raise Missing('no package that holds the program can be installed here')


def python_version(python, *packages):
    code = 'import importlib.metadata, sys; print(*map(importlib.metadata.version, sys.argv[1:]))'
    versions = said(python, '-c', code, *packages).split()
    return ', '.join(f'{name} {version}' for name, version in zip(packages, versions))


class Tool:
    name = ''
    own_tables = False   # it wants to make the target's tables itself
    own_first_load = False  # what it knows of the last load is not in the target's rows
    NO_MODE = {}  # job: reason
    REMARK = {}   # job: what it does otherwise than the others
    environment = {}

    def __init__(self, place, programs):
        """`place`: a directory that outlives the run, for what is installed; `programs`: those of the build."""
        self.place, self.programs = place, programs
        self.version = self.install()

    def install(self):
        """Returns the version, or raises Missing."""
        raise NotImplementedError

    # The command of each job that is not in NO_MODE.

    def copy(self, source, target, table, work):
        raise NotImplementedError

    def increment(self, source, target, table, key, cursor, work):
        raise NotImplementedError

    def days(self, source, target, table, cursor, first, count, work):
        raise NotImplementedError


class Incload(Tool):
    name = 'libincload, from C'
    own_first_load = True

    def install(self):
        version = re.search(r"version: '([^']+)'", (ROOT / 'meson.build').read_text()).group(1)
        try:
            return f'{version} at {said("git", "-C", ROOT, "rev-parse", "--short", "HEAD")}'
        except (Missing, FileNotFoundError):
            return version

    def once(self, source, target, table, preset, options):
        return [self.programs / 'load_once', source, table, target, table, preset, options]

    def copy(self, source, target, table, work):
        return self.once(source, target, table, 'append', '')

    def increment(self, source, target, table, key, cursor, work):
        return self.once(source, target, table, 'timestamp', f'cursor={cursor} key={key}')

    def days(self, source, target, table, cursor, first, count, work):
        last = datetime.date.fromisoformat(first) + datetime.timedelta(days=count - 1)
        # Under a new name no day counts as done.
        return [self.programs / 'backfill_once', source, table, target, table, cursor, first, last, 2, work.name]


class OfPython(Tool):
    """Those that share an environment and tests/bench/peers/python_side.py."""
    side = ''
    packages = ()

    def install(self):
        self.python = self.place / 'python' / 'bin' / 'python'
        if not install(self.place / 'python', 'pyarrow', *self.packages, check=False):
            raise Missing(f'{self.packages[0]} cannot be installed here')
        return python_version(self.python, *self.packages)

    def run(self, job, *words):
        return [self.python, HERE / 'python_side.py', self.side, job, *words]

    def copy(self, source, target, table, work):
        return self.run('copy', source, target, table)

    def increment(self, source, target, table, key, cursor, work):
        return self.run('increment', source, target, table, key, cursor)

    def days(self, source, target, table, cursor, first, count, work):
        return self.run('days', source, target, table, cursor, first, count)


class IncloadPython(OfPython):
    name = 'libincload, from Python'
    side = 'incload'
    own_first_load = True

    def install(self):
        super().install()
        install_incload(self.place / 'python', self.programs.parent.parent / 'lib')
        return python_version(self.python, 'incload')


class Pandas(OfPython):
    name = 'pandas'
    side = 'pandas'
    packages = ('pandas', 'sqlalchemy', 'psycopg2-binary')


class Adbc(OfPython):
    name = 'ADBC'
    side = 'adbc'
    packages = ('adbc-driver-postgresql', 'adbc-driver-manager')


class ConnectorX(OfPython):
    name = 'ConnectorX + ADBC'
    side = 'connectorx'
    packages = ('connectorx', 'adbc-driver-postgresql')


class Dlt(Tool):
    name = 'dlt'
    own_tables = own_first_load = True

    def install(self):
        self.python = self.place / 'dlt' / 'bin' / 'python'
        if not install(self.place / 'dlt', 'dlt[postgres,parquet]', 'sqlalchemy', 'psycopg[binary]', 'psycopg2-binary',
                       'pyarrow', 'adbc-driver-manager', 'adbc-driver-postgresql', check=False):
            raise Missing('dlt cannot be installed here')
        return python_version(self.python, 'dlt', 'adbc-driver-postgresql')

    def run(self, work, job, *words):
        return [self.python, HERE / 'dlt_side.py', work / 'dlt', job, *words]

    def copy(self, source, target, table, work):
        return self.run(work, 'copy', source, target, table)

    def increment(self, source, target, table, key, cursor, work):
        return self.run(work, 'increment', source, target, table, key, cursor)

    def days(self, source, target, table, cursor, first, count, work):
        return self.run(work, 'days', source, target, table, cursor, first, count)


class Sling(Tool):
    name = 'Sling'
    REMARK = {'days': 'the range in one piece'}

    def install(self):
        home = self.place / 'sling'
        self.environment = {'SLING_HOME_DIR': str(home / 'home')}
        # Packages named sling fetch the program from elsewhere; this one holds it.
        self.program, version = first_that_starts(home, '**/sling-linux-amd64', ['sling-linux-amd64'],
                                                  **self.environment)
        return version

    def run(self, source, target, table, *words):
        return [self.program, 'run', '--src-conn', f'{source}?sslmode=disable', '--src-stream', f'public.{table}',
                '--tgt-conn', f'{target}?sslmode=disable', '--tgt-object', f'public.{table}', *words]

    def copy(self, source, target, table, work):
        return self.run(source, target, table, '--mode', 'truncate')

    def increment(self, source, target, table, key, cursor, work):
        return self.run(source, target, table, '--mode', 'incremental', '--primary-key', key, '--update-key', cursor)

    def days(self, source, target, table, cursor, first, count, work):
        last = datetime.date.fromisoformat(first) + datetime.timedelta(days=count - 1)
        return self.run(source, target, table, '--mode', 'backfill', '--primary-key', 'id', '--update-key', cursor,
                        '--range', f'{first},{last}')


class Ingestr(Tool):
    name = 'ingestr'

    def install(self):
        # From version 1 on the package fetches its program from elsewhere, which may not be reached.
        self.program, version = first_that_starts(self.place / 'ingestr', 'bin/ingestr', ['ingestr'], ['ingestr<1'])
        return version

    def run(self, source, target, table, strategy, *words):
        return [self.program, 'ingest', '--source-uri', source, '--source-table', f'public.{table}', '--dest-uri',
                target, '--dest-table', f'public.{table}', '--yes', '--progress', 'log', '--incremental-strategy',
                strategy, *words]

    def copy(self, source, target, table, work):
        return self.run(source, target, table, 'truncate+insert')

    def increment(self, source, target, table, key, cursor, work):
        # It keeps no position of its own between batches: its user says from where on, here by what the target has.
        since = psql(target, f"""SELECT to_char(max({cursor}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
                                 FROM {table}""")
        return self.run(source, target, table, 'merge', '--primary-key', key, '--incremental-key', cursor,
                        *(['--interval-start', since] if since else []))

    def days(self, source, target, table, cursor, first, count, work):
        script, day = ['set -e'], datetime.date.fromisoformat(first)
        for _ in range(count):
            words = self.run(source, target, table, 'delete+insert', '--incremental-key', cursor,
                             '--interval-start', f'{day}', '--interval-end', f'{day}T23:59:59')
            script.append(' '.join(f"'{word}'" for word in words))
            day += datetime.timedelta(days=1)
        return ['sh', '-c', '\n'.join(script)]


class OfDebian(Tool):
    """A Debian package, unpacked beside the others: nothing is installed in the system."""
    package = ''
    libraries = ()
    NO_MODE = {'increment': 'copies whole tables', 'noop': 'copies whole tables', 'days': 'copies whole tables',
               'lost': 'copies whole tables'}

    def install(self):
        root = self.place / 'debian'
        self.program = root / 'usr' / 'bin' / self.package
        library = root / 'usr' / 'lib' / f'{os.uname().machine}-linux-gnu'
        self.environment = {'LD_LIBRARY_PATH': str(library)}
        if not self.program.exists():
            held = self.place / 'packages'
            held.mkdir(exist_ok=True)
            if not shutil.which('apt-get'):
                raise Missing('there is no apt-get')
            if command('apt-get', '-q', 'download', self.package, *self.libraries, cwd=held, check=False,
                       stderr=subprocess.DEVNULL).returncode != 0:
                raise Missing('no such Debian package')
            for archive in held.glob('*.deb'):
                command('dpkg', '-x', archive, root)
        return said(self.program, '--version', **self.environment)


class PgLoader(OfDebian):
    name = 'pgloader'
    package = 'pgloader'
    libraries = ('libsybdb5',)

    def install(self):
        super().install()
        return said('dpkg-deb', '-f', next((self.place / 'packages').glob('pgloader_*.deb')), 'Version')

    def copy(self, source, target, table, work):
        # With the default of 100,000 rows its heap overflows on a table as wide as this.
        (work / 'pgloader.load').write_text(f"""
            LOAD DATABASE FROM {source} INTO {target}
            WITH data only, workers = 2, concurrency = 1, prefetch rows = 10000
            INCLUDING ONLY TABLE NAMES MATCHING '{table}' IN SCHEMA 'public';""")
        return [self.program, work / 'pgloader.load']


class PgCopyDb(OfDebian):
    name = 'pgcopydb'
    package = 'pgcopydb'

    def install(self):
        return super().install().splitlines()[0].split()[-1]

    def copy(self, source, target, table, work):
        shutil.rmtree(work / 'pgcopydb', ignore_errors=True)
        return [self.program, 'copy', 'table-data', '--source', source, '--target', target, '--dir', work / 'pgcopydb',
                '--table-jobs', 2]


class Psql(Tool):
    name = 'psql to psql'
    NO_MODE = OfDebian.NO_MODE

    def install(self):
        return said('psql', '--version').split()[2]

    def copy(self, source, target, table, work):
        return ['sh', '-c', f"psql -Xq '{source}' -c 'COPY {table} TO STDOUT (FORMAT binary)' | "
                            f"psql -Xq '{target}' -c 'COPY {table} FROM STDIN (FORMAT binary)'"]


TOOLS = [Incload, IncloadPython, Psql, PgCopyDb, PgLoader, Adbc, ConnectorX, Pandas, Dlt, Sling, Ingestr]


def install_tools(place, programs, wanted):
    """The tools that are here, and of the others why not, by name."""
    tools, missing = [], {}
    place.mkdir(parents=True, exist_ok=True)
    for kind in TOOLS:
        if wanted and not any(word in kind.name.lower() for word in wanted):
            continue
        try:
            tools.append(kind(place, programs))
            print(f'{kind.name}: {tools[-1].version}', file=sys.stderr)
        except Missing as reason:
            missing[kind.name] = str(reason)
            print(f'{kind.name}: {reason}', file=sys.stderr)
    return tools, missing
