# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs as the tests of their readers want them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import bz2
import os
import subprocess
import zlib

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result, Runner
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import BLOCK, MAX_LINE
from ansible_collections.mailops.relay.plugins.module_utils.host.log_source import find_files

LINE = b"Nov 25 12:00:00 relay postfix/smtp[%d]: 3F2A91C40%02X: to=<user@example.net>, status=sent (250 caf\xe9 \xff)\n"
# So many that an archive of them consists of several blocks, and hardly compressible.
TEXT = b"".join(LINE % (number * 7919 % 99991, number % 256) for number in range(6000))


def found_in_path(program):
    for directory in os.environ["PATH"].split(os.pathsep):
        path = os.path.join(directory, program)
        if os.access(path, os.X_OK):
            return path
    return None


class Module(object):
    def __init__(self, missing=()):
        self.missing = missing

    def get_bin_path(self, program, opt_dirs=None):
        return None if program in self.missing else found_in_path(program)


def runner(*missing):
    return Runner(Module(missing))


def write(path, data, mtime=None):
    with open(str(path), "wb") as stream:
        stream.write(data)
    if mtime is not None:
        os.utime(str(path), (mtime, mtime))
    return str(path)


def names(found):
    return [os.path.basename(source.name) for source in found]


def log(path, *missing):
    (source,) = find_files([str(path)], runner=runner(*missing))
    return source


def read(source):
    blocks = list(source.blocks())
    assert all(block.endswith(b"\n") and len(block) <= BLOCK + MAX_LINE for block in blocks)
    return b"".join(blocks)


def peak_of(work):
    """int: bytes that the work takes at most; Python 2 does not know, and only does it."""
    try:
        import tracemalloc
    except ImportError:
        work()
        return 0
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def compressed(form, data):
    if form == "gzip":
        out = zlib.compressobj(6, zlib.DEFLATED, 31)
        return out.compress(data) + out.flush()
    if form == "bzip2":
        return bz2.compress(data)
    program = found_in_path(form)
    if program is None:
        pytest.skip("no program {0} on this machine, which makes the files of this test".format(form))
    process = subprocess.Popen([program, "-c"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    return process.communicate(data)[0]


class Journalctl(object):
    """A runner on a host whose journalctl gives these bytes."""

    def __init__(self, output, version="systemd 252 (252.39-1~deb12u2)\n", complaints="", rc=0):
        self.output = output
        self.version = version
        self.complaints = complaints
        self.rc = rc
        self.asked = []

    def find(self, program):
        return None if self.output is None else "/usr/bin/" + program

    def run(self, argv, check=True):
        self.asked.append(argv)
        return Result(0, self.version, "")

    def blocks(self, argv, env=None, size=1000):
        self.asked.append(argv)
        for at in range(0, len(self.output), 777):
            yield self.output[at : at + 777]
        if self.rc:
            raise CommandError(argv, self.rc, "", self.complaints)
