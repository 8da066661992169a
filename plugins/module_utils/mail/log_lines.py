# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a log: when, which program, what. No line is dropped in silence.

Formats: syslog (RFC 3164, the year is not in it; with a year as some daemons write it), rsyslog's and journalctl's RFC
3339, RFC 5424, an optional priority before each, and multilog's TAI64N with and without tai64nlocal. The loop is what
every line of a log goes through, so it does little: a line whose hour is that of the line before needs no look at its
time.

A line may have been written by anyone who can log, so no line asks for more work or memory than a few of its kind, and what is
not counted for that reason is said.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import calendar
import operator
import re
import sys
import time

from ansible_collections.mailops.relay.plugins.module_utils.mail.message import printable

# So many of the lines that cannot be read are kept, each so long.
MOST_SAMPLES = 10
SAMPLE_LENGTH = 200
# So many different programs and process numbers are known at a time.
_MOST_ORIGINS = 20000
_DAY = 86400
# 2^62 is TAI64's label of 1970; what is later than the year 9999 is not a time.
_TAI64_1970 = 1 << 62
_LATEST = 253402300800
_MONTHS = dict(
    (name, number) for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
)
_MONTH_NUMBERS = dict((name.encode("ascii"), number) for name, number in _MONTHS.items())
_DAYS = re.compile(b"^(?:<[0-9]{1,3}>)?([A-Z][a-z]{2} [ 0-9][0-9]) [0-9]{2}:", re.M)
# days. Lines of several hosts or of a wrong clock may be so much out of order.
_OUT_OF_ORDER = 3
_A_YEAR = 372
_NO_YEAR = re.compile(r"([A-Z][a-z]{2}) ([ 0-9][0-9]) ([0-9]{2}):([0-9]{2}):([0-9]{2})(?=[ .])")
_YEAR_FIRST = re.compile(r"([0-9]{4}) ([A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8}) ")
_YEAR_LAST = re.compile(r"([A-Z][a-z]{2} [ 0-9][0-9]) ([0-9]{4}) ([0-9:]{8}) ")
_RFC3339 = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]{1,9}))?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?\Z"
)
_TAI64NLOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}) ")
_TAI64N = re.compile(r"@[0-9a-f]{24}(?= )")
_BYTE_ORDER_MARK = "\xef\xbb\xbf" if bytes is str else "\ufeff"
_RFC5424 = re.compile(
    r"<[0-9]{1,3}>1 (\S+) (\S+) (\S+) (\S+) \S+ (?:-|(?:\[(?:[^\]\\]|\\.)*\])+) ?(?:" + _BYTE_ORDER_MARK + r")?(.*)\Z",
    re.S,
)
_PRIORITY = re.compile(r"\A<[0-9]{1,3}>")
# Longer than any name of a host or a program; what is longer is none.
_LONGEST_NAME = 255
_TAG = re.compile(r"([^\s:\[\]]{1,255})(?:\[([0-9]{1,20})\])?:\Z")
# A program in the place of the host: C([postfix/smtpd]), as metalog writes it, or C(postfix/smtpd[10]).
_NO_HOST = re.compile(r"[\[(<]|[^\[]{1,255}\[[0-9]{1,20}\]\Z")
# Solaris writes a number, facility and level before the text.
_MESSAGE_ID = re.compile(
    r"^(\S[^\n]{14,40} \S{1,255} \S{1,300}: )\[ID [0-9]{1,10} [a-z0-9]{1,20}\.[a-z]{1,10}\] ", re.M
)
# What journalctl writes between lines: where a boot began, and from when to when there are any.
_JOURNAL_NOTE = re.compile(r"-- (?:Boot [0-9a-f]+|Reboot|No entries|Journal begins at .*|Logs begin at .*) --\Z")
# What copies by way of Windows and terminals leave at the end of a line. rsyslog writes a carriage return as #015, a NUL, with
# which some programs end their messages, as #000, and a line feed as #012; sysklogd and the BSDs' syslogd a carriage return as ^M.
_ESCAPED_ENDS = ("#015", "#000", "#012")
_CARET_END = "^M"
_LINE_ENDS = frozenset(" \t\r\f\v")
_last_character = operator.itemgetter(-1)
# FreeBSD's syslogd names itself before C(last message repeated). So each line of its own is looked at.
_SYSLOGD = "syslogd"
_LAST_REPEATED = re.compile(r"message repeated ([0-9]{1,9}) times?\Z")
_REPEATED = re.compile(r"message repeated ([0-9]{1,9}) times?: \[ ?(.*)\]\Z", re.S)
# More than this is not an honest number of repetitions.
_MOST_REPEATED = 1000000
# So many of them are counted for one line, and for all lines together so many more than there are lines.
_MOST_AT_ONCE = 1000
_MORE_THAN_LINES = 10000


if sys.version_info[0] > 2:
    _has = operator.contains
else:

    def _has(block, character):
        """bool: whether a character is in it; Python 2 finds at once what it is to replace, and takes twenty times as long with C(in)."""
        return len(block.replace(character, "")) != len(block)


def repeated(text):
    """(int, str) or None: how often, and which text, where rsyslog has folded equal messages into one line."""
    match = _REPEATED.match(text)
    return (min(int(match.group(1)), _MOST_REPEATED), match.group(2)) if match else None


def _without_line_end(line):
    """str: a line without what is no part of it at its end. Where its text is empty, the blank before that stays."""
    stripped = line.rstrip(" \t\r\f\v")
    while stripped.endswith(_ESCAPED_ENDS) or stripped.endswith(_CARET_END):
        stripped = stripped[: -2 if stripped.endswith(_CARET_END) else -4].rstrip(" \t\r\f\v")
    if line[len(stripped) :][:1] == " " and (stripped[-1:] == ":" or stripped.count(" ") < 2):
        stripped += " "
    return stripped


class Years(object):
    """Whether a log without years covers more than one, which its times cannot tell then.

    Attributes:
        several: bool.
    """

    def __init__(self):
        self._begin = self._last = None
        self._turns = 0
        self.several = False

    def follow(self, block):
        """Look at a further block of whole lines.

        Args:
            block: bytes.
        """
        first = block[:6]
        if first[:3] not in _MONTH_NUMBERS and first[:1] != b"<":
            return
        if self._last is not None and first == self._last[1] == block[block.rfind(b"\n", 0, -1) + 1 :][:6]:
            return
        for day in _DAYS.findall(block):
            if self._last is None or day != self._last[1]:
                self._next(day)

    def _next(self, day):
        month = _MONTH_NUMBERS.get(day[:3])
        if month is None:
            return
        number = 31 * month + int(day[4:])
        if self._last is None:
            self._begin = number
        elif number < self._last[0] - _OUT_OF_ORDER:
            self._turns += 1
        elif number < self._last[0] or number > self._last[0] + _A_YEAR - _OUT_OF_ORDER:
            # A line that came late, perhaps one of before New Year.
            return
        self._last = (number, day)
        if self._turns > 1 or (self._turns and number >= self._begin):
            self.several = True


class Origin(object):
    """The process that wrote a line; made once for each, so that a reader can keep here what it knows of it.

    Attributes:
        host: str, as the line names it.
        tag: str, without the process number, for example C(postfix/submission/smtpd).
        instance: str, the part of it that tells the instance: C(postfix-out) of C(postfix-out/submission/smtpd).
        pid: str of digits, or empty.
        mta: str, C(postfix), C(sendmail), C(qmail), or empty.
        program: str, for example C(smtpd).
        agent: str, what has made the attempt that is being told, in Postfix's words; see C(log_events.Events.delivery).
        read: callable (stamp, origin, text) -> bool, whether the line is known.
        tls: str, of the connection that an SMTP server's process has now.
        new_tls: str, of the connection that an SMTP client's process has just made.
        new_to: str, with which server it has made it, C(name[address]:port).
        used: (str, str, str) or None, queue ID, relay and TLS of the connection that it has used last.
    """

    __slots__ = (
        "host",
        "tag",
        "pid",
        "mta",
        "program",
        "agent",
        "read",
        "tls",
        "new_tls",
        "new_to",
        "used",
        "instance",
    )

    def __init__(self, host, tag, pid):
        self.host = host
        self.tag = tag
        self.instance = tag.partition("/")[0]
        self.pid = pid
        self.mta = ""
        self.program = self.agent = ""
        self.read = None
        self.tls = self.new_tls = self.new_to = ""
        self.used = None


def _is_host(word):
    """bool: whether it can be a host. Where a line has none, its program is in this place."""
    return len(word) <= _LONGEST_NAME and not (word[-1:] == ":" and _TAG.match(word)) and not _NO_HOST.match(word)


def _zone(stamp):
    """str: the zone of a stamp of RFC 3339, as it is written; empty where it has none."""
    match = _RFC3339.match(stamp)
    return (match.group(8) or "") if match else ""


class _Format(object):
    """How to read further lines with the same beginning.

    prefix: what they have in common, up to the hour; short: whether the stamp is RFC 3164's; zone: of one that is not; parts: for the
    loop, prefix, its length, short, and what slices of a line are the stamp, and all from the zone on: to make a slice takes longer
    than to use one.
    """

    __slots__ = ("prefix", "short", "zone", "parts")

    def __init__(self, prefix, width, short, zone):
        self.prefix = prefix
        self.short = short
        self.zone = zone
        self.parts = prefix, len(prefix), short, slice(width), slice(width - len(zone), None)


# No line begins so: the next one is looked at anew.
_NO_FORMAT = _Format("\n", 0, False, "")


class Lexer(object):
    """Takes lines apart.

    Args:
        resolve: callable (Origin) -> None; sets C(mta), C(program) and C(read) of a new one.
        reference: float, seconds since the epoch: no line is later than this, but for a day. It tells the year where
            lines have none; the time of a file's last change is right.

    Attributes:
        hour: int, seconds since the epoch: when the hour of the present record began; its minute after C(by_minute).
        lines, unreadable, unknown: int, counters. unknown are lines of a mail program that its reader does not know.
        samples: list of str, the first of these, printable.
        rfc5424: bool, whether there was a line of RFC 5424, in which no bracket is around the process number.
        uncounted: int, how many repetitions of lines that were folded into one are not counted, since they are too many.
        others: dict: program that is not a mail system's -> number of its lines.
    """

    def __init__(self, resolve, reference=None):
        self._resolve = resolve
        self._reference = time.time() if reference is None else reference
        # By host and tag as they stand in the line, the blank before included: C( mx postfix/smtpd[10]).
        self._origins = {}
        # Those that were seen in the present zone, by it, host and tag.
        self._known = {}
        self._format = _NO_FORMAT
        self._bases = {}
        self._minutes = {}
        self._last = None
        self.hour = 0
        self._step = 3600
        self.lines = self.unreadable = self.unknown = self.uncounted = 0
        self._repetitions = 0
        self.rfc5424 = False
        self.samples = []
        self.others = {}

    def by_minute(self):
        """C(hour) tells the minute from now on. Said before the first line."""
        self._step = 60

    def begin(self, reference):
        """Another file begins, which was last changed then (seconds since the epoch)."""
        self._reference = reference
        self._forget_format()
        self._bases = {}

    def end(self):
        """No more lines come. Readers and lexer are given up, which know each other, so that memory is free at once."""
        self._resolve = self._last = None
        self._origins.clear()
        self._known.clear()

    def read(self, block):
        """Give each line of a block to the reader of its program.

        Args:
            block: str, whole lines.
        """
        # Backwards: a line has more blanks than colons, and at each of what a text begins or ends with the search stops.
        if block.rfind(": [ID ") >= 0:
            block = _MESSAGE_ID.sub(r"\1", block)
        lines = block.split("\n")
        if lines[-1] == "":
            lines.pop()
        if _has(block, "\r"):
            # No mail system writes one within a line.
            lines = [part for line in lines for part in line.rstrip("\r").split("\r")]
            block = "\n".join(lines) + "\n"
        # To look for each of these ends in the whole block takes five times as long.
        try:
            ends = set(map(_last_character, lines))
        except IndexError:
            ends = set(line[-1:] for line in lines)
        if (
            not _LINE_ENDS.isdisjoint(ends)
            or (not ends.isdisjoint("502") and _has(block, "#") and any(end + "\n" in block for end in _ESCAPED_ENDS))
            or ("M" in ends and _CARET_END + "\n" in block)
        ):
            lines = [_without_line_end(line) for line in lines]
        self.lines += len(lines)
        known = self._format
        prefix, length, short, stamp_of, rest_of = known.parts
        origins, last = self._known, None
        # Most blocks are of one hour: then no line of it needs a look at that.
        uniform = len(lines) > 1 and lines[0][:length] == prefix and block.count("\n" + prefix) == len(lines) - 1
        for line in lines:
            if uniform or line[:length] == prefix:
                stamp = line[stamp_of]
                # With the zone, which a log of several hosts or the end of summer time changes within what seems one hour.
                head, colon, text = line[rest_of].partition(": ")
                try:
                    origin = origins[head]
                except KeyError:
                    origin = None
                # A stamp of RFC 3339 may be shorter than the one before, and a line may end before its text.
                if origin is not None and colon and (short or " " not in stamp):
                    if not origin.read(stamp, origin, text):
                        self._unknown(line, stamp, origin, text)
                    last = line
                    continue
                read = self._further
            else:
                read = self._other_hour
            if last is not None:
                self._note_last(last)
                last = None
            read(line)
            known = self._format
            uniform = uniform and known.prefix == prefix
            prefix, length, short, stamp_of, rest_of = known.parts
        if last is not None:
            self._note_last(last)

    def _note_last(self, line):
        """The last of the lines that were like the one before."""
        _prefix, _length, _short, stamp_of, rest_of = self._format.parts
        head, _colon, text = line[rest_of].partition(": ")
        self._last = line[stamp_of], self._known[head], text

    # What follows is for lines that are not like the line before.

    def _further(self, line):
        """A line that begins like the one before, but of a process that is not known yet, of another zone, or that cannot be read."""
        if self._format.short:
            if line[15:16] != "." or not self._usual(line):
                self._single(line[:15], line[16:], line)
            return
        stamp, _blank, rest = line.partition(" ")
        if _zone(stamp) == self._format.zone or not self._usual(line):
            self._single(stamp, rest, line)

    def _other_hour(self, line):
        """A line of another hour or another format."""
        # Logs of several hosts change the hour with every few lines, so the usual formats come first; none of the others is one.
        if line[:1] != "@" and self._usual(line):
            return
        self._forget_format()
        if line.startswith(_BYTE_ORDER_MARK):
            line = line[len(_BYTE_ORDER_MARK) :]
        if not line.strip():
            self.unreadable += bool(line)
            return
        if line[:3] == "-- " and _JOURNAL_NOTE.match(line):
            return
        if line[:1] == "<" and not self._from_rfc5424(line):
            line = _PRIORITY.sub("", line, 1)
        elif line[:1] == "<":
            return
        match = _TAI64N.match(line)
        if match:
            self._multilog(match.group(0), line[match.end() + 1 :])
            return
        match = _TAI64NLOCAL.match(line)
        if match:
            self._multilog("{0}T{1}".format(*match.groups()), line[match.end() :])
            return
        for pattern, order in ((_YEAR_FIRST, (1, 2)), (_YEAR_LAST, (2, 1, 3))):
            match = pattern.match(line)
            if match:
                parts = [match.group(number) for number in order]
                self._whole_stamp(parts[0], " ".join(parts[1:]), line[match.end() :])
                return
        if not self._usual(line):
            self._unreadable(line)

    def _usual(self, line):
        """bool: whether a line begins like RFC 3164 or with a stamp of RFC 3339; it is read then, and so are those like it."""
        short = _NO_YEAR.match(line) is not None
        stamp = line[:15] if short else line.split(" ", 1)[0]
        try:
            self.hour = self._hour_of(stamp)
        except ValueError:
            return False
        if short and line[15] == ".":
            # Fractions of a second that a template of rsyslog's has added.
            fraction = line[15:].split(" ", 1)
            if len(fraction) == 2 and fraction[0][1:].isdigit():
                self._forget_format()
                self._single(stamp, fraction[1], line)
                return True
        length = (9 if short else 13) + (3 if self._step == 60 else 0)
        prefix = line[:length]
        zone = "" if short else _zone(stamp)
        if zone != self._format.zone:
            self._known.clear()
        self._format = _Format(prefix, len(stamp), short, zone)
        self._single(stamp, line[16:] if short else line[len(stamp) + 1 :], line)
        return True

    def _forget_format(self):
        """The hour may be another than that of the lines before."""
        self._format = _NO_FORMAT
        self._known.clear()

    def _hour_of(self, stamp):
        """int: when the hour of a stamp began. Raises ValueError when it is not a stamp."""
        base = self._minutes.get(stamp[:17] + stamp[-6:])
        if base is not None and _RFC3339.match(stamp):
            # A minute and a zone that have been looked at.
            return int(base) - (int(stamp[14:16]) * 60 if self._step == 3600 else 0)
        seconds = self._parse(stamp)
        short = len(stamp) == 15 and stamp[3] == " "
        minute, second = (stamp[10:12], stamp[13:15]) if short else (stamp[14:16], stamp[17:19])
        return int(seconds) - int(second) - (int(minute) * 60 if self._step == 3600 else 0)

    def _whole_stamp(self, year, rest, remainder):
        """A line with a year outside of RFC 3339; it is given on as a line with one."""
        line = "{0} {1} {2}".format(year, rest, remainder)
        match = _NO_YEAR.match(rest + " ")
        number = _MONTHS.get(match.group(1)) if match else None
        if not number:
            self._unreadable(line)
            return
        day = match.group(2).replace(" ", "0")
        stamp = "{0}-{1:02d}-{2}T{3}:{4}:{5}".format(year, number, day, *match.groups()[2:])
        try:
            self.hour = self._hour_of(stamp)
        except ValueError:
            self._unreadable(line)
            return
        self._single(stamp, remainder, line)

    def _from_rfc5424(self, line):
        """bool: whether it was a line of RFC 5424, which is read then."""
        match = _RFC5424.match(line)
        if not match:
            return False
        stamp, host, program, pid, text = match.groups()
        try:
            self.hour = self._hour_of(stamp)
        except ValueError:
            return False
        self.rfc5424 = True
        tag = program + ("[{0}]:".format(pid) if pid != "-" else ":")
        self._single(stamp, "{0} {1} {2}".format(host, tag, text), line)
        return True

    def _single(self, stamp, rest, line):
        """Read one line whose stamp is known."""
        words = rest.split(" ", 2)
        if len(words) < 3 or not _is_host(words[0]):
            self._unreadable(line)
            return
        host, tag, text = words
        if tag[:7] == _SYSLOGD and text[:5] == "last ":
            tag, text = "last", text[5:]
        origin = self._origin(host, tag)
        if origin is None:
            self._odd_tag(line, host, tag, text)
            return
        if not origin.read(stamp, origin, text):
            self._unknown(line, stamp, origin, text)
        self._last = (stamp, origin, text)

    def _multilog(self, stamp, text):
        """A line of a qmail program's own log, which names neither host nor program."""
        origin = self._origin(self._last[1].host if self._last else "", "qmail-send:")
        try:
            self.hour = int(self._parse(stamp)) // self._step * self._step
        except ValueError:
            self._unreadable("{0} {1}".format(stamp, text))
            return
        if not origin.read(stamp, origin, text):
            self._unknown(text, stamp, origin, text)

    def _origin(self, host, tag):
        """Origin or None: None when this is not a tag."""
        key = " {0} {1}".format(host, tag[:-1])
        origin = self._origins.get(key) if tag[-1:] == ":" else None
        if origin is None:
            match = _TAG.match(tag)
            if not match:
                return None
            if len(self._origins) >= _MOST_ORIGINS:
                self._origins.clear()
                self._known.clear()
            origin = self._origins[key] = Origin(host, match.group(1), match.group(2) or "")
            self._resolve(origin)
            if origin.read is None:
                origin.read = self._count_other
        if origin.tag != _SYSLOGD:
            if len(self._known) >= _MOST_ORIGINS:
                self._known.clear()
            self._known[self._format.zone + key] = origin
        return origin

    def _count_other(self, _stamp, origin, _text):
        """A line of a program that is not a mail system's."""
        name = origin.tag
        if name not in self.others and len(self.others) >= MOST_SAMPLES * 10:
            name = "(others)"
        self.others[name] = self.others.get(name, 0) + 1
        return True

    def _odd_tag(self, line, host, tag, text):
        """The third word is not a tag: syslogd's note that the line before came again, or nothing that can be read."""
        match = _LAST_REPEATED.match(text) if tag == "last" else None
        if not match or self._last is None or self._last[1].host != host:
            self._unreadable(line)
            return
        stamp, origin, last_text = self._last
        for _time in range(self._counted(int(match.group(1)))):
            origin.read(stamp, origin, last_text)

    def _counted(self, number):
        """int: how many of so many repetitions are counted."""
        counted = max(0, min(number, _MOST_AT_ONCE, self.lines + _MORE_THAN_LINES - self._repetitions))
        self._repetitions += counted
        self.uncounted += number - counted
        return counted

    def _unknown(self, line, stamp, origin, text):
        folded = repeated(text)
        if folded is not None and folded[0] and origin.read(stamp, origin, folded[1]):
            for _time in range(self._counted(folded[0] - 1)):
                origin.read(stamp, origin, folded[1])
            return
        self.unknown += 1
        self._sample(line)

    def _unreadable(self, line):
        self.unreadable += 1
        self._sample(line)

    def _sample(self, line):
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append(printable(line[:SAMPLE_LENGTH]))

    # Time.

    def seconds(self, stamp, hour=None):
        """float: seconds since the epoch.

        A stamp without a zone is in this host's time. One that only begins like a stamp is as good as its hour: that of the present
        record unless one is given.
        """
        try:
            if stamp[3:4] == " ":
                return self._bases[stamp[:9]] + int(stamp[10:12]) * 60 + int(stamp[13:15])
            # 2026-11-25T12:41:10.336422+00:00 in a minute and a zone that have been looked at.
            base, second = self._minutes[stamp[:17] + stamp[-6:]], float(stamp[17:-6])
            return base + second if 0 <= second < 61 else self._parse(stamp)
        except (KeyError, ValueError):
            try:
                return self._parse(stamp)
            except ValueError:
                return float(self.hour if hour is None else hour)

    def _parse(self, stamp):
        """float: seconds since the epoch. Raises ValueError."""
        if stamp[:1] == "@":
            # https://cr.yp.to/libtai/tai64.html; djb's clocks are 10 s ahead of the epoch's.
            seconds = int(stamp[1:17], 16) - _TAI64_1970 - 10
            if not 0 <= seconds < _LATEST:
                raise ValueError(stamp)
            return seconds + int(stamp[17:25], 16) / 1e9
        if stamp[3:4] == " ":
            base = self._bases.get(stamp[:9])
            if base is None:
                base = self._bases[stamp[:9]] = self._base_without_year(stamp)
            return base + int(stamp[10:12]) * 60 + int(stamp[13:15])
        match = _RFC3339.match(stamp)
        if not match:
            raise ValueError(stamp)
        fraction, zone = match.group(7), match.group(8)
        minute = stamp[:16] + (zone or "")
        base = self._bases.get(minute)
        if base is None:
            if len(self._bases) > _MOST_ORIGINS:
                self._bases.clear()
            base = self._bases[minute] = self._minute(match.groups()[:5], zone)
        if zone is not None and len(zone) == 6:
            if len(self._minutes) > _MOST_ORIGINS:
                self._minutes.clear()
            self._minutes[stamp[:17] + zone] = base
        seconds = base + int(match.group(6))
        return seconds + (int(fraction) / 10.0 ** len(fraction) if fraction else 0.0)

    @staticmethod
    def _minute(parts, zone):
        """float: when this minute began. Raises ValueError."""
        year, month, day, hour, minute = (int(part) for part in parts)
        if not (1 <= month <= 12 and hour < 24 and minute < 60 and year >= 1970):
            raise ValueError(year)
        if not 1 <= day <= calendar.monthrange(year, month)[1]:
            raise ValueError(day)
        moment = (year, month, day, hour, minute, 0, 0, 0, -1)
        if zone is None:
            return time.mktime(moment)
        if zone == "Z":
            return float(calendar.timegm(moment))
        digits = zone[1:].replace(":", "")
        offset = int(digits[:2]) * 3600 + int(digits[2:]) * 60
        return float(calendar.timegm(moment) - (offset if zone[0] == "+" else -offset))

    def _base_without_year(self, stamp):
        """float: when the hour of this stamp began, in the last year in which it is not later than the reference."""
        match = _NO_YEAR.match(stamp + " ")
        month = _MONTHS.get(match.group(1)) if match else None
        if not month:
            raise ValueError(stamp)
        day, hour = int(match.group(2)), int(match.group(3))
        latest = time.localtime(self._reference + _DAY).tm_year
        # Eight years apart are the leap days around 2100.
        for year in range(latest, latest - 9, -1):
            if day > calendar.monthrange(year, month)[1] or day < 1 or hour > 23:
                continue
            base = time.mktime((year, month, day, hour, 0, 0, 0, 0, -1))
            if base <= self._reference + _DAY:
                return base
        raise ValueError(stamp)
