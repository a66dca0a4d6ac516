# SPDX-License-Identifier: Apache-2.0
"""Environments of Python for benchmarks: others' packages, and the package of this build."""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
BUILD_TOOLS = ['meson', 'meson-python', 'ninja', 'cffi', 'typing_extensions']


def command(*words, **options):
    """Runs a command; what it prints is no part of a benchmark's output."""
    return subprocess.run([str(word) for word in words], stdout=sys.stderr, **{'check': True, **options})


def install(place, *packages, check=True):
    """Installs packages into the environment at `place`, which is made if need be; says whether that worked."""
    if not (place / 'bin' / 'pip').exists():
        command('python3', '-m', 'venv', place)
    return command(place / 'bin' / 'pip', 'install', '-q', '--disable-pip-version-check', '--prefer-binary', *packages,
                   check=check).returncode == 0


def install_incload(place, library):
    """The Python package, built from this tree against the library in the directory `library`."""
    install(place, *BUILD_TOOLS)
    (place / 'incload.pc').write_text('Name: incload\nDescription: the library of this build\nVersion: 0.1.0\n'
                                      f'Libs: -L{library} -lincload\nCflags: -I{ROOT}/include\n')
    command('rm', '-rf', place / 'package')
    command('cp', '-R', ROOT / 'bindings' / 'python', place / 'package')
    command(place / 'bin' / 'pip', 'install', '-q', '--disable-pip-version-check', '--no-build-isolation', '--no-deps',
            '--force-reinstall', place / 'package',
            env={**os.environ, 'PATH': f'{place}/bin:{os.environ["PATH"]}', 'PKG_CONFIG_PATH': str(place),
                 'LDFLAGS': f'-Wl,-rpath,{library}'})
