# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be changed in a host's /etc/hosts, so that its own name leads to its own addresses (hosts(5)).

What others have written stays: aliases, comments and white space. Only a line is changed that has to be.
"""

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_loopback, plain, read_address

# Address, white space, names, and a comment.
_LINE = re.compile(r"(\s*)([0-9A-Fa-f.:%\w]+)(\s+)((?:[^#\s]|\s+(?=[^#\s]))*)(\s*(?:#.*)?)\Z", re.DOTALL)
# Stands for bytes that are not UTF-8, which could not be written back.
_DAMAGED = "\ufffd"


class _Line:
    """One line that names an address.

    Args:
        text: str.

    Raises:
        ValueError: it names none.
    """

    def __init__(self, text):
        match = _LINE.match(text)
        if match is None or _DAMAGED in text or read_address(match[2]) is None:
            raise ValueError(text)
        self.text = text
        self._begin = match[1] + match[2] + match[3]
        self._names, self._end = match[4], match[5]
        self.address = read_address(match[2])
        self.names = match[4].split()

    def without(self, names):
        """str: the line without these names; the others keep their places."""
        kept = re.sub(r"(\S+)(\s*)", lambda match: "" if match[1].lower() in names else match[0], self._names).strip()
        return self._begin + kept + self._end if kept else ""

    def beginning_with(self, names):
        """str: the line with these names before the others."""
        lower = [name.lower() for name in names]
        rest = re.sub(r"(\S+)(\s*)", lambda match: "" if match[1].lower() in lower else match[0], self._names).strip()
        blank = " " if not rest and self._end.startswith("#") else ""
        return self._begin + " ".join(names + ([rest] if rest else [])) + blank + self._end


def _lines(text):
    for line in text.split("\n"):
        try:
            yield _Line(line)
        except ValueError:
            continue


def edits(text, addresses, hostname, others=()):
    """list of dict: changes for M(ansible.builtin.lineinfile), each with C(why) (str), C(state), C(regexp) and C(line).

    Args:
        text: str, the file.
        addresses: list of str, the host's own that are to have its name.
        hostname: str, its full name; the first label is its alias.
        others: collection of str, further addresses of the host; a line that gives them its name is right.
    """
    names = list(dict.fromkeys([hostname, hostname.partition(".")[0]]))
    lower = [name.lower() for name in names]
    own = {plain(address) for address in [*addresses, *others]}
    lines, found = list(_lines(text)), []
    for line in lines:
        stale = line.address.address not in own and not is_loopback(line.address)
        # A name without domain may be somebody else's.
        if stale and lower[0] in [name.lower() for name in line.names]:
            found.append(_change(line, line.without(lower), f"{line.address.address} is not an address of {hostname}"))
    for address in addresses:
        mine = [line for line in lines if line.address.address == plain(address)]
        mine.sort(key=lambda line: _rank(line, lower))
        why = f"{address} is {hostname}"
        if not mine:
            found.append({"why": why, "state": "present", "regexp": r"\A(?!)", "line": " ".join([address, *names])})
        elif _rank(mine[0], lower):
            found.append(_change(mine[0], mine[0].beginning_with(names), why))
    return found


def _rank(line, lower):
    """int: how much is missing, 0 for nothing: the full name is to be the first, since that is the canonical one."""
    have = [name.lower() for name in line.names]
    if lower[0] not in have:
        return 3
    return 2 if have[0] != lower[0] else 0 if set(lower) <= set(have) else 1


def _change(line, text, why):
    return {
        "why": why,
        "state": "present" if text else "absent",
        "regexp": "^" + re.escape(line.text) + "$",
        "line": text or line.text,
    }
