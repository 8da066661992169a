# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What programs of master.cf stop at. Limits were run on Postfix 3.7.11, pipe on 3.10.13 too; nqmgr and oqmgr on none."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf

from .test_lint import Host
from .test_lint_services import DEBIAN, FIXTURES, master

IDENTIFIERS = ("process-limit", "pipe-attributes")


def found(text, main=()):
    """list of Finding: of this master.cf."""
    services = text if isinstance(text, list) else MasterCf(text, "/etc/postfix/master.cf").services()
    findings = lint.check(dict(DEBIAN, **dict(main)), services, Host("3.7.11-bookworm"))
    return [finding for finding in findings if finding.identifier in IDENTIFIERS]


@pytest.mark.parametrize(
    "command, wanted",
    # "fatal: service NAME requires a process limit of 1", and 0
    [(name, "1") for name in ("postscreen", "anvil", "pickup", "qmgr", "scache", "tlsmgr", "verify")]
    + [(name, "0") for name in ("bounce", "cleanup", "dnsblog", "flush", "tlsproxy")],
)
def test_a_process_limit_that_the_program_refuses(command, wanted):
    line = "x unix n - y - {0} " + command + "\n"
    for limit in ("0", "1", "2", "50", "-"):
        findings = found(line.format(limit))
        assert [finding.identifier for finding in findings] == ([] if limit == wanted else ["process-limit"])
    (finding,) = findings
    assert (finding.severity, finding.parameter, finding.value) == ("error", "x/unix maxproc", "-")
    assert finding.message == (
        "{0} stops as soon as it is started, unless its process limit is {1}; here it is 100, the default_process_limit".format(
            command, wanted
        )
    )
    assert finding.fix == "maxproc: '{0}' for x/unix".format(wanted)
    assert finding.file.endswith("master.cf") and not lint.KNOWN_IDENTIFIERS["process-limit"]


def test_the_default_is_that_of_main_cf_alone():
    line = "smtp inet n - y - - postscreen\n"
    assert found(line, {"default_process_limit": "1"}) == []
    assert len(found("smtp inet n - y - - postscreen -o default_process_limit=1\n")) == 1
    # What cannot be told is left.
    assert found(line, {"default_process_limit": "$nowhere_to_be_found"}) == []


@pytest.mark.parametrize(
    "command", ["smtpd", "smtp", "proxymap", "trivial-rewrite", "showq", "error", "local", "postlogd"]
)
def test_others_run_with_any(command):
    assert [found("x unix n - y - {0} {1}\n".format(limit, command)) for limit in "012-"] == [[]] * 4


def test_each_master_cf_that_comes_with_postfix_is_fine():
    assert found(master()) == []
    for name in ("postconf-M.2.10.1.txt", "postconf-M.examples.3.7.11-bookworm.txt"):
        with io.open(os.path.join(FIXTURES, name), encoding="ascii") as stream:
            assert found(str(stream.read())) == []


@pytest.mark.parametrize(
    "arguments, words",
    [
        # missing user= command-line attribute
        ("argv=/bin/cat", "it has no user="),
        ("", "it has no user="),
        ("flags=R argv=/bin/cat", "it has no user="),
        ("argv=/bin/cat user=nobody", "it has no user="),
        ("-o user=nobody argv=/bin/cat", "it has no user="),
        # get_service_attr: unknown username:
        ("user= argv=/bin/cat", "user= names no user"),
        ("user=:nogroup argv=/bin/cat", "user= names no user"),
        # user= command-line attribute specifies root privileges, privileged group id 0
        ("user=root argv=/bin/cat", "user= is root"),
        ("user=nobody:root argv=/bin/cat", "user= is root"),
        # specifies mail system owner postfix, mail system postdrop group id
        ("user=postfix argv=/bin/cat", "user= is of the mail system itself"),
        ("user=nobody:postdrop argv=/bin/cat", "user= is of the mail system itself"),
        # missing argv= command-line attribute
        ("user=nobody", "it has no argv="),
    ],
)
def test_what_pipe_stops_at(arguments, words):
    (finding,) = found("mp unix - n n - - pipe {0}\n".format(arguments))
    assert (finding.identifier, finding.severity) == ("pipe-attributes", "error") and words in finding.message
    what = "argv=" if "argv" in words else "user="
    assert finding.parameter == "mp/unix " + what and finding.fix.startswith(what)


@pytest.mark.parametrize(
    "arguments",
    [
        "user=nobody argv=/bin/cat",
        "user=nobody:nogroup argv=/bin/cat",
        "flags=R user=nobody argv=/bin/cat",
        "{user=nobody} argv=/bin/cat",
        "-v user=nobody argv=/bin/cat",
        "-o soft_bounce=yes -- user=nobody argv=/bin/cat user=root",
        "USER=nobody ARGV=/bin/cat",
    ],
)
def test_what_pipe_takes(arguments):
    assert found("mp unix - n n - - pipe {0}\n".format(arguments)) == []
