# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mail.units import OtherSystemError, Units, parse_units


def shown(**units):
    """What systemctl show prints; each unit is LoadState, ActiveState, UnitFileState (made up, in the form of systemd 252)."""
    return "\n\n".join(
        "Id={0}.service\nLoadState={1}\nActiveState={2}\nUnitFileState={3}".format(name, *states.split("/"))
        for name, states in sorted(units.items())
    )


GONE = "not-found/inactive/"
FRESH = {"exim": GONE, "exim4": GONE, "postfix": GONE, "sendmail": "loaded/active/enabled"}


class Host(object):
    """A ``Runner`` with a systemctl, or without one."""

    def __init__(self, answer, enabled=0):
        self.answer = answer
        self.enabled = enabled

    def find(self, program):
        return None if self.answer is None else "/bin/" + program

    def run(self, argv, check=True):
        if argv[1] == "is-enabled":
            return Result(self.enabled, "", "")
        return Result(1 if self.answer == "" else 0, self.answer, "")


def program_of(tmp_path, leads_to):
    """str: a program like /usr/sbin/sendmail, which leads to one of this name as EL's alternatives have it."""
    alternatives = tmp_path / "alternatives"
    alternatives.mkdir()
    os.symlink(str(tmp_path / leads_to), str(alternatives / "mta"))
    os.symlink("alternatives/mta", str(tmp_path / "program"))
    return str(tmp_path / "program")


@pytest.fixture
def alone(tmp_path):
    """Calls is_alone of a mail system with these units, and what /usr/sbin/sendmail leads to."""

    def call(leads_to="sendmail.sendmail", of="sendmail", **units):
        program = program_of(tmp_path, leads_to)
        return Units(Host(shown(**dict(FRESH, **units))), of, program).is_alone

    return call


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (GONE, True),
        # EL: beside sendmail, stopped and switched off by the role before.
        ("loaded/inactive/disabled", True),
        ("loaded/failed/disabled", True),
        ("masked/inactive/masked", True),
        ("loaded/active/disabled", False),
        ("loaded/activating/disabled", False),
        ("loaded/inactive/enabled", False),
        ("loaded/inactive/enabled-runtime", False),
        # Debian 13: its package is gone, its processes are not.
        ("not-found/active/", False),
        # Debian: the init script that the package has left.
        ("loaded/active/generated", True),
    ],
)
@pytest.mark.parametrize("name", ["postfix", "exim", "exim4"])
def test_whether_another_mail_system_is_in_the_way(alone, name, unit, expected):
    assert alone(**{name: unit}) is expected


@pytest.mark.parametrize(
    ("leads_to", "expected"), [("sendmail.sendmail", True), ("sendmail.postfix", False), ("sendmail-mta", True)]
)
def test_what_other_programs_call_is_sendmails_own(alone, leads_to, expected):
    assert alone(leads_to) is expected


OFF = "loaded/inactive/disabled"


@pytest.mark.parametrize(
    ("leads_to", "sendmail", "services", "program"),
    [
        ("sendmail.postfix", OFF, [], ""),
        # A Postfix that was built from source, or Debian's.
        ("sendmail", OFF, [], ""),
        # EL: sendmail was installed later, and the alternatives prefer it.
        ("sendmail.sendmail", OFF, [], "sendmail.sendmail"),
        ("sendmail.postfix", "loaded/active/enabled", ["sendmail.service"], ""),
        ("sendmail.postfix", "loaded/inactive/enabled", ["sendmail.service"], ""),
        # Debian: the init script that the package has left.
        ("sendmail", "loaded/active/generated", [], ""),
    ],
)
def test_what_is_beside_postfix(tmp_path, leads_to, sendmail, services, program):
    answer = shown(exim=GONE, exim4=GONE, postfix="loaded/active/enabled", sendmail=sendmail)
    units = Units(Host(answer), "postfix", program_of(tmp_path, leads_to))
    assert units.other_services == services
    assert units.other_program == (str(tmp_path / program) if program else "")
    assert units.is_alone is not bool(services or program)


@pytest.mark.parametrize("name", ["postfix", "sendmail"])
def test_a_program_that_is_a_link_to_exim_again_is_exims(tmp_path, name):
    # EL's package: sendmail.exim is a link to exim.
    (tmp_path / "exim").write_bytes(b"")
    os.symlink("exim", str(tmp_path / "sendmail.exim"))
    units = Units(Host(shown(**FRESH)), name, program_of(tmp_path, "sendmail.exim"))
    assert units.other_program == str(tmp_path / "sendmail.exim")


@pytest.mark.parametrize(
    ("leads_to", "sendmail", "said"),
    [
        ("sendmail.postfix", "loaded/active/enabled", ["sendmail.service runs", "disable --now sendmail.service)"]),
        ("sendmail.sendmail", OFF, [" leads to ", "sendmail.sendmail. See that", "(alternatives --config mta)"]),
        (
            "sendmail.sendmail",
            "loaded/inactive/enabled",
            ["sendmail.service runs, or starts at boot, /", "sendmail.service; alternatives"],
        ),
    ],
)
def test_another_mail_system_is_refused_where_that_is_asked(tmp_path, leads_to, sendmail, said):
    answer = shown(exim=GONE, exim4=GONE, postfix="loaded/active/enabled", sendmail=sendmail)
    with pytest.raises(OtherSystemError) as caught:
        Units(Host(answer), "postfix", program_of(tmp_path, leads_to)).refuse_others("Postfix", True)
    assert [
        part for part in said + ["than Postfix is", "set refuse_other_mta=false"] if part not in str(caught.value)
    ] == []


def test_a_mail_system_that_is_alone_is_not_refused(tmp_path):
    answer = shown(exim=GONE, exim4=GONE, postfix="loaded/active/enabled", sendmail=OFF)
    Units(Host(answer), "postfix", program_of(tmp_path, "sendmail.postfix")).refuse_others("Postfix", True)


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize(
    ("sendmail", "is_used"),
    [
        ("loaded/active/generated", True),
        ("loaded/inactive/generated", False),
        ("loaded/failed/generated", False),
        (GONE, False),
    ],
)
def test_one_that_a_script_of_debian_runs_is_refused_before_its_package_is_replaced(
    tmp_path, installed, sendmail, is_used
):
    # With Postfix there, only the script of sendmail's package is left.
    answer = shown(exim=GONE, exim4=GONE, postfix=GONE, sendmail=sendmail)
    (tmp_path / "sendmail").write_bytes(b"")
    units = Units(Host(answer), "postfix", str(tmp_path / "sendmail"))
    if installed or not is_used:
        units.refuse_others("Postfix", installed)
    else:
        with pytest.raises(OtherSystemError, match="disable --now sendmail.service"):
            units.refuse_others("Postfix", installed)
    # No mail system is left at all: only its script.
    Units(Host(answer), "postfix", str(tmp_path / "gone")).refuse_others("Postfix", installed)


def test_a_wrapper_that_somebody_has_put_there_is_no_mail_system(tmp_path):
    os.symlink("sendmail.wrapper", str(tmp_path / "sendmail"))
    assert Units(Host(shown(**FRESH)), "postfix", str(tmp_path / "sendmail")).other_program == ""


def test_links_in_a_circle_lead_nowhere(tmp_path):
    os.symlink("sendmail", str(tmp_path / "sendmail"))
    assert Units(Host(shown(**FRESH)), "postfix", str(tmp_path / "sendmail")).other_program == ""


@pytest.mark.parametrize(
    ("state", "is_enabled", "expected"),
    [
        ("enabled", 1, True),
        ("disabled", 0, False),
        # Debian's init script: the links of /etc/rc?.d say it.
        ("generated", 0, True),
        ("generated", 1, False),
        ("", 0, None),
    ],
)
def test_whether_it_starts_at_boot(state, is_enabled, expected):
    answer = shown(exim=GONE, exim4=GONE, postfix=GONE, sendmail="loaded/active/" + state)
    units = Units(Host(answer, is_enabled), "sendmail")
    assert units.starts_at_boot is expected


@pytest.mark.parametrize("answer", [None, "", "Failed to connect to bus\n"])
def test_what_systemd_does_not_say_is_unknown(answer):
    units = Units(Host(answer), "sendmail")
    assert units.starts_at_boot is None and units.is_alone is None and units.other_services == []


def test_properties_of_several_units():
    assert parse_units(shown(sendmail="loaded/active/enabled", exim=GONE))["exim.service"] == {
        "Id": "exim.service",
        "LoadState": "not-found",
        "ActiveState": "inactive",
        "UnitFileState": "",
    }
