# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compressed logs, expanded a little at a time: by this Python where it can, else by a program.

An archive holds a few blocks in memory and never more, and for xz and zstd the window that the file asks for, at most
WINDOW. One that is damaged gives what can be read of it.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import sys
import zlib
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.log_blocks import BLOCK, gathered

# bytes that xz may take to expand a file; xz -9 needs 65 MiB. zstd's own limit is the same.
WINDOW = 128 << 20
# bytes that are expanded at a time: so much may be lost before the damage of an archive.
_EXPANDED = 16384
_COMPRESSED = 16384


class _Gunzip(object):
    """zlib's decompressor with the interface of those of bz2, lzma and zstd."""

    def __init__(self):
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self.needs_input = True
        self.eof = False
        self.unused_data = b""

    def decompress(self, data, most):
        """bytes: at most so many; the rest comes when it is called again without data."""
        output = self._stream.decompress(self._stream.unconsumed_tail + data, most)
        self.unused_data = self._stream.unused_data
        waiting = self._stream.unconsumed_tail
        self.eof = self._stream.eof if sys.version_info[0] > 2 else self._ended(waiting)
        self.needs_input = not waiting and len(output) < most
        return output

    def _ended(self, waiting):
        """bool: Python 2 only tells the end by what follows it."""
        if self.unused_data or waiting:
            return bool(self.unused_data)
        probe = self._stream.copy()
        try:
            probe.decompress(b"\0", 1)
        except zlib.error:
            return False
        return bool(probe.unused_data)


# Each of these: (callable that makes a decompressor, what that raises), or None where this Python has none.


def _gzip():
    return _Gunzip, zlib.error


def _bzip2():
    if sys.version_info[0] < 3:
        # That of Python 2 may give 46 MB for a single byte, and there is no way to stop it.
        return None
    try:
        from bz2 import BZ2Decompressor
    except ImportError:
        return None
    return BZ2Decompressor, EnvironmentError


def _xz():
    try:
        from lzma import FORMAT_XZ, LZMADecompressor, LZMAError
    except ImportError:
        return None
    return lambda: LZMADecompressor(format=FORMAT_XZ, memlimit=WINDOW), LZMAError


def _zstd():
    try:
        from compression.zstd import ZstdDecompressor, ZstdError
    except ImportError:
        return None
    return ZstdDecompressor, ZstdError


# name: str; starts: callable (bytes), whether it begins so; module: callable, one of the above; argv: the program that
# does it otherwise, from standard input to standard output. It is in a package of the format's name.
_Format = namedtuple("_Format", "name starts module argv")

# bytes: so much of a file tells its format.
LONGEST_MAGIC = 6
_FORMATS = (
    _Format("gzip", re.compile(b"\\x1f\\x8b\\x08").match, _gzip, ["gzip", "-dc"]),
    _Format("bzip2", re.compile(b"BZh[1-9](?:1A|\\x17r)").match, _bzip2, ["bzip2", "-dc"]),
    _Format(
        "xz",
        re.compile(b"\\xfd7zXZ\\x00").match,
        _xz,
        ["xz", "-dc", "--memlimit-decompress={0}".format(WINDOW)],
    ),
    # The second is a frame to be skipped, with which pzstd begins.
    _Format("zstd", re.compile(b"\\x28\\xb5\\x2f\\xfd|[\\x50-\\x5f]\\x2a\\x4d\\x18").match, _zstd, ["zstd", "-dc"]),
)


def _streams(pieces, form, make, error, complain):
    """Expand all streams of an archive, a little at a time.

    Args:
        pieces: iterable of bytes.
        form: _Format.
        make: callable () -> decompressor.
        error: class, what that raises.
        complain: callable (str).

    Yields:
        bytes.
    """
    pieces = iter(pieces)
    stream, data = make(), b""
    while True:
        if stream is None:
            # Zeros fill up what was written to a tape, and separate streams of xz.
            data = data.lstrip(b"\0")
            while len(data) < LONGEST_MAGIC:
                piece = next(pieces, b"")
                if not piece:
                    break
                data = (data + piece).lstrip(b"\0")
            if not data:
                return
            if not form.starts(data):
                complain("what follows the end of its {0} data is not {0} data, and was left out".format(form.name))
                return
            stream = make()
        if stream.needs_input and not data:
            data = next(pieces, b"")
            if not data:
                complain("it ends in the middle of its {0} data; what comes before was read".format(form.name))
                return
        try:
            output = stream.decompress(data, _EXPANDED)
        except (error, EOFError, ValueError) as exc:
            complain("its {0} data is damaged ({1}); what comes before was read".format(form.name, exc))
            return
        data = b""
        if output:
            yield output
        if stream.eof:
            stream, data = None, stream.unused_data


def format_of(start):
    """A format, as C(expanded) takes it, or None for what is not compressed.

    Args:
        start: bytes, the first LONGEST_MAGIC of a file.
    """
    for form in _FORMATS:
        if form.starts(start):
            return form
    return None


def expanded(form, handle, read, runner, complain):
    """Expand a file.

    Args:
        form: what C(format_of) says of it.
        handle: binary file, at its beginning.
        read: callable (handle, int) -> bytes: the next bytes of it, at most so many.
        runner: Runner, for a program that does what this Python cannot; None does without.
        complain: callable (str), gets what could not be expanded, and why.

    Returns:
        iterable of bytes.
    """
    module = form.module()
    if module is None:
        return _by_program(form, handle, runner, complain)
    compressed = iter(lambda: read(handle, _COMPRESSED), b"")
    return gathered(_streams(compressed, form, module[0], module[1], complain), BLOCK - _EXPANDED)


def _by_program(form, handle, runner, complain):
    if runner is None or runner.find(form.argv[0]) is None:
        complain("it is compressed with {0}, and nothing on this host can expand that; install {0}".format(form.name))
        return
    try:
        for piece in runner.blocks(form.argv, stdin=handle, size=BLOCK):
            yield piece
    except CommandError as exc:
        complain("its {0} data is damaged ({1}); what comes before was read".format(form.name, exc))
