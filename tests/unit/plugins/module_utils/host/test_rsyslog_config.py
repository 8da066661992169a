# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from ansible.module_utils.common.text.converters import to_bytes, to_native
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.rsyslog_config import parse, statements

# As the distributions ship it, shortened, and rules as administrators add them.
DEBIAN = """\
module(load="imuxsock") # provides support for local system logging
#module(load="immark")  # provides --MARK-- message capability
$FileOwner root
$IncludeConfig /etc/rsyslog.d/*.conf
*.*;auth,authpriv.none\t\t-/var/log/syslog
mail.*\t\t\t\t-/var/log/mail.log # module(load="no")
*.emerg\t\t\t\t:omusrmsg:*
"""
EL9 = """\
module(load="imuxsock" \t  # provides support for local system logging (e.g. via logger command)
       SysSock.Use="off") # Turn off message reception via local log socket;
module(load="imjournal"             # journal
       UsePid="system" # PID
       FileCreateMode="0644"
       StateFile="imjournal.state")
# include(file="/etc/other.d/*.conf")
include(file="/etc/rsyslog.d/*.conf" mode="optional")
"""
RULES = """\
if $msg contains "module(load=\\"no\\")" or
   $programname == '$ModLoad no' then { /* $ModLoad no
   */ stop }
:msg, contains, "/* \\"no" ~
set $.x = "include(file=\\"no\\")"; include(file="/a")
$template t,"%msg% /*"
ruleset(name="r") { action(type="omfile" file="/b") call other }
$ModLoad last
"""


def said(text):
    """What a text says, without the parameters."""
    return [(statement.name, statement.module or statement.included or statement.value) for statement in parse(text)]


@pytest.mark.parametrize(
    "text, found",
    [
        # To rsyslog, a quote that nothing closes is a character like any other.
        ('module(load="a" b="c)\n$ModLoad x\n', [("module", "a"), ("$modload", "x")]),
        ('module(load="a" b=\\"c\\")\n$ModLoad x\n', [("module", "a"), ("$modload", "x")]),
        ("if $a == 'b then stop\n$ModLoad x\n", [("$modload", "x")]),
        (DEBIAN, [("module", "imuxsock"), ("$fileowner", "root"), ("$includeconfig", "/etc/rsyslog.d/*.conf")]),
        (EL9, [("module", "imuxsock"), ("module", "imjournal"), ("include", "/etc/rsyslog.d/*.conf")]),
        (RULES, [("include", "/a"), ("$template", 't,"%msg%'), ("ruleset", ""), ("action", ""), ("$modload", "last")]),
        ("$ModLoad imjournal # journal\n#$ModLoad imklog\n", [("$modload", "imjournal")]),
        (
            "$ModLoad imjournal.so\n$modload /usr/lib64/rsyslog/imuxsock.so",
            [("$modload", "imjournal"), ("$modload", "imuxsock")],
        ),
        # The name is that of a file.
        ('MODULE ( Load = "imjournal" )\nmodule(load="IMJOURNAL")', [("module", "imjournal"), ("module", "IMJOURNAL")]),
        ('/* module(load="a")\n$includeconfig b */ $includeconfig c\n', [("$includeconfig", "c")]),
        ('module(load="a")/* $b c\n*/ $d e', [("module", "a"), ("$d", "e")]),
        ("$includeconfig /a/*.conf\n$modload b */\n", [("$includeconfig", "/a/*.conf"), ("$modload", "b")]),
        ("# a \\\n$b c\n$d \\\n  e\n\r\n$f g\\ \r\n\r\n$h", [("$d", "e"), ("$f", "g"), ("$h", "")]),
        (
            'module(load="a" config.enabled="off") include(file="b" config.enabled="off") module(load="c" config.enabled="on")',
            [("module", "c")],
        ),
        ("$a b\0 c\n$d e", [("$a", "b"), ("$d", "e")]),
        ("mail.* /*\n*/ $a b", [("$a", "b")]),
        ("mail.* -/*\n$a b", [("$a", "b")]),
        ("/* $a b", []),
        ("", []),
    ],
)
def test_what_a_file_says(text, found):
    assert said(text) == found


def test_parameters():
    (statement,) = parse(
        'input(type="imuxsock" # )\n/* Socket="/no" ) */ Socket="/dev/\\"(#)log" RateLimit.Interval = "5"\nx=`echo $Y )`)',
        "/f",
    )
    assert statement.parameters == {"type": "imuxsock", "socket": '/dev/"(#)log', "ratelimit.interval": "5"}
    assert statement.path == "/f"


WORDS = st.text("aZ09/*._-", min_size=1, max_size=8)
NAMES = st.from_regex(r"\A[a-z][a-z0-9]{0,6}(\.[a-z]{1,4})?\Z")
VALUES = st.text(u"aZ09 /*#()\"\\'`$,;=\u00e4", max_size=10)  # fmt: skip
WRITTEN = st.one_of(
    st.tuples(NAMES.filter(lambda name: "." not in name and name != "includeconfig"), WORDS).map(
        lambda pair: ("${0} {1} # $no no".format(*pair), ("$" + pair[0], pair[1], {}))
    ),
    WORDS.map(lambda pattern: ("$IncludeConfig {0}".format(pattern), ("$includeconfig", pattern, {}))),
    st.tuples(
        st.sampled_from(["module", "input", "include", "action"]), st.dictionaries(NAMES, VALUES, max_size=3)
    ).map(
        lambda pair: (written(*pair), (pair[0], "", dict((name, to_native(value)) for name, value in pair[1].items())))
    ),
)
BETWEEN = st.sampled_from(
    [
        "\n",
        "\n\n",
        "\n# $no no\n",
        '\n/* module(load="no")\n*/',
        "\n\t",
        "\nmail.* -/var/log/mail.log # */\n",
        "\n& stop\n",
    ]
)


def written(name, parameters):
    """An object as an administrator writes it."""
    lines = []
    for parameter, value in parameters.items():
        value = to_native(value).replace("\\", "\\\\").replace('"', '\\"')
        lines.append('{0} = "{1}" # "no)"\n'.format(parameter.upper(), value))
    return "{0} (\n{1})".format(name, "/* ) */ ".join(lines))


@given(st.lists(st.tuples(WRITTEN, BETWEEN), max_size=6))
def test_what_is_written_is_read_back(parts):
    text = "".join(line + between for (line, unused), between in parts)
    found = [(statement.name, statement.value, statement.parameters) for statement in parse(text)]
    assert found == [expected for (unused, expected), unused in parts]


@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(
                [
                    "module(",
                    "include(file=",
                    '"',
                    ")",
                    "$IncludeConfig ",
                    "/*",
                    "*/",
                    "#",
                    "\\",
                    "\n",
                    "if ",
                    " then ",
                    "[z-a]",
                    "/etc/",
                    "\0",
                    "../",
                ]
            ),
        ),
        max_size=12,
    ).map(u"".join)
)  # fmt: skip
def test_any_text_can_be_read(text):
    text = to_native(text)
    assert all(statement.name and statement.path == "/f" for statement in parse(text, "/f"))
    assert all(statement.path for statement in statements("/f", "/nonexistent", {"/f": text, "/etc/g": text}))


@pytest.fixture
def host(tmp_path):
    """Writes files below a directory; returns the values of all $at in the order in which they are read."""

    def read(files, **options):
        for path, text in files.items():
            place = str(tmp_path) + path
            if not os.path.isdir(os.path.dirname(place)):
                os.makedirs(os.path.dirname(place))
            with open(place, "wb") as stream:
                stream.write(to_bytes(text + "\n$at " + path))
        return [statement.value for statement in statements(root=str(tmp_path), **options) if statement.name == "$at"]

    return read


MAIN = "/etc/rsyslog.conf"
A, B, HIDDEN, DEEP, BESIDE = "/etc/d/a.conf", "/etc/d/b.conf", "/etc/d/.c.conf", "/etc/d/sub/s", "/etc/d.old/o.conf"


@pytest.mark.parametrize(
    "pattern, found",
    [
        ("/etc/d/*.conf", [A, B]),
        ("/etc/d/b.conf", [B]),
        ("/etc/*.conf", []),
        ("/etc/d/", [A, B, DEEP]),
        ("/etc/d/*", [A, B, DEEP]),
        # rsyslog 8.2302 puts a star behind the name of a directory, even without the slash.
        ("/etc/d", [BESIDE, A, B, DEEP]),
        ("/etc/d/.*.conf", [HIDDEN]),
        ("/etc/nothing/*", []),
        ("/etc/d/[z-a]*", []),
    ],
)
@pytest.mark.parametrize("line", ["$IncludeConfig {0}", 'include(file="{0}")'])
def test_included_files_come_in_order_in_the_place_of_the_include(host, line, pattern, found):
    files = dict((path, "") for path in (A, B, HIDDEN, DEEP, BESIDE))
    files[MAIN] = "$at begin\n" + line.format(pattern)
    if pattern == "/etc/d":
        # The order of "d" and "d.old" is that of the names.
        assert sorted(host(files)) == sorted(["begin"] + found + [MAIN])
    else:
        assert host(files) == ["begin"] + found + [MAIN]


def test_files_that_include_each_other_end_as_rsyslog_ends_them(host):
    """As rsyslog 8.2302 reads three such files: what waits to be read is not included again, what has been read is."""
    everything = "$IncludeConfig /etc/d/*"
    assert host({MAIN: everything + "\n$IncludeConfig " + MAIN, A: everything, B: "$at b\n" + everything}) == [
        A,
        "b",
        A,
        B,
        MAIN,
    ]
    many = dict(("/etc/d/{0}".format(number), everything) for number in range(20))
    assert host(many)[-1] == MAIN


def test_directories_that_contain_themselves_end(host, tmp_path):
    host({MAIN: "$IncludeConfig /etc/d/", A: ""})
    os.symlink(str(tmp_path / "etc" / "d"), str(tmp_path / "etc" / "d" / "again"))
    assert host({})[0] == A


@pytest.mark.parametrize(
    "pattern, read",
    [
        ("/etc/d/*.conf", True),
        ("/etc/d/", True),
        ("/etc/d/zz.conf", True),
        ("/etc/*/*.conf", True),
        ("/etc/*.conf", False),
        ("/etc/d/y*", False),
    ],
)
def test_a_file_that_is_only_planned_is_read_in_its_place(host, pattern, read):
    planned = {"/etc/d/zz.conf": "$at planned"}
    for files in ({MAIN: "$IncludeConfig " + pattern}, {A: "", "/etc/d/zz.conf": "$at old", "/etc/d/zzz.conf": ""}):
        found = host(files, planned=planned)
        assert "old" not in found and ("planned" in found) == read
    if pattern.endswith("*.conf") and read:
        assert found == [A, "planned", "/etc/d/zzz.conf", MAIN]


def test_no_configuration_says_nothing(tmp_path):
    assert list(statements(root=str(tmp_path))) == []
