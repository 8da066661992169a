# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import explained
from ansible_collections.mailops.relay.plugins.module_utils.host.firewalld_faults import check_regular, faults


def configuration(tmp_path, **contents):
    for name, text in dict({"direct__xml": "<direct/>", "zones__good": "<zone/>"}, **contents).items():
        path = str(tmp_path / name.replace("__xml", ".xml").replace("__", "/"))
        path += "" if path.endswith(".xml") else ".xml"
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        with open(path, "w") as stream:
            stream.write(text)
    return str(tmp_path)


# What firewalld 1.3.3 (Debian 12) says, and the file that made it say so.
@pytest.mark.parametrize(
    "said, contents, named",
    [
        (
            "Error: INVALID_ZONE: not a valid zone file: unclosed token: line 1, column 0",
            {"zones__web": "<zone"},
            "zones/web.xml is not XML: unclosed token: line 1, column 0",
        ),
        (
            "Error: INVALID_SERVICE: not a valid service file: unclosed token: line 1, column 0",
            {"services__web": "<service"},
            "services/web.xml is not XML: unclosed token: line 1, column 0",
        ),
        (
            "Error: INVALID_PORT: port number in '99999' is too big",
            {"zones__web": '<zone><port port="99999" protocol="tcp"/></zone>'},
            "zones/web.xml has '99999'",
        ),
        (
            "Error: INVALID_IPSET: nope",
            {"zones__web": "<zone><source ipset='nope'/></zone>"},
            "zones/web.xml has 'nope'",
        ),
        ("Error: x", {"zones__web": "<service/>"}, "zones/web.xml begins with <service>, not <zone>"),
        ("Error: x", {"zones__web__part": ""}, "zones/web/part.xml is not XML: no element found: line 1, column 0"),
        ("Error: x", {"direct__xml": "<direct>"}, "direct.xml is not XML: no element found: line 1, column 8"),
        (
            "Error: INVALID_ADDR: 1.2.3",
            {"ipsets__a": "<ipset><entry>1.2.3</entry></ipset>"},
            "ipsets/a.xml has '1.2.3'",
        ),
    ],
)
def test_the_file_at_fault_is_named(tmp_path, said, contents, named):
    etc = configuration(tmp_path, **contents)
    assert faults(etc, said) == [os.path.join(etc, named)]


def test_where_no_file_is_at_fault_none_is_named(tmp_path):
    assert faults(configuration(tmp_path), "Error: COMMAND_FAILED: 'python-nftables' failed") == []
    assert faults(str(tmp_path / "none"), "") == []


@pytest.mark.parametrize(
    "make, reason",
    [
        (os.mkfifo, "it is a FIFO, not a regular file"),
        (lambda path: os.symlink("/dev/zero", path), "it is a device, not a regular file"),
        (os.mkdir, "it is a directory, not a regular file"),
        (lambda path: os.symlink("/nowhere/x", path), "No such file or directory"),
    ],
)
@pytest.mark.parametrize("name", ["zones/web.xml", "services/web.xml", "zones/part/web.xml"])
def test_what_is_no_file_is_named_before_firewalld_reads_it(tmp_path, make, reason, name):
    etc = configuration(tmp_path, services__good="<service/>", zones__part__a="<zone/>")
    check_regular(etc)
    make(os.path.join(etc, name))
    with pytest.raises(EnvironmentError) as caught:
        check_regular(etc)
    assert explained(caught.value).startswith("{0}: {1}; ".format(os.path.join(etc, name), reason))
    if reason.startswith("it is"):
        assert faults(etc, "Error: x")[0].startswith("{0}: {1}; ".format(os.path.join(etc, name), reason))
