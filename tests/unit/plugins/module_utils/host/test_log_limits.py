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

from ansible_collections.mailops.relay.plugins.module_utils.host import log_limits, rsyslog_config
from ansible_collections.mailops.relay.plugins.module_utils.host.log_limits import Limit

# As Debian 12 (systemd 252) and CentOS 7 (systemd 219) have it, without what is not about limits.
JOURNALD_252 = "# See journald.conf(5) for details.\n\n[Journal]\n#SyncIntervalSec=5m\n#RateLimitIntervalSec=30s\n#RateLimitBurst=10000\n"
JOURNALD_219 = "# See journald.conf(5) for details.\n\n[Journal]\n#SyncIntervalSec=5m\n#RateLimitInterval=30s\n#RateLimitBurst=1000\n"

RSYSLOG_DEBIAN_12 = """\
#### MODULES ####
module(load="imuxsock") # provides support for local system logging
module(load="imklog")   # provides kernel logging support
#module(load="immark")  # provides --MARK-- message capability
$FileOwner root
$IncludeConfig {0}/*.conf
mail.*\t\t\t\t-/var/log/mail.log
"""
RSYSLOG_DEBIAN_12_POSTFIX = (
    "# Create an additional socket in postfix's chroot\n$AddUnixListenSocket /var/spool/postfix/dev/log\n"
)

RSYSLOG_CENTOS_7 = """\
# The imjournal module bellow is now used as a message source instead of imuxsock.
$ModLoad imuxsock # provides support for local system logging (e.g. via logger command)
$ModLoad imjournal # provides access to the systemd journal
#$ModLoad imklog # reads kernel messages (the same are read from journald)
$WorkDirectory /var/lib/rsyslog
# Turn off message reception via local log socket;
$OmitLocalLogging on
$IMJournalStateFile imjournal.state
mail.*                                                  -/var/log/maillog
"""
RSYSLOG_EL_9 = """\
module(load="imuxsock" 	  # provides support for local system logging (e.g. via logger command)
       SysSock.Use="off") # Turn off message reception via local log socket;
module(load="imjournal" 	    # provides access to the systemd journal
       UsePid="system" # PID nummber is retrieved as the ID of the process the journal entry originates from
       FileCreateMode="0644" # Set the access permissions for the state file
       StateFile="imjournal.state") # File to store the position in the journal
include(file="{0}/*.conf" mode="optional")
"""


def limits_of(text):
    return log_limits.rsyslog_limits(rsyslog_config.parse(text))


def journald(*texts, **options):
    limit = log_limits.journald_limit(texts, options.get("version", 0))
    return limit.interval, limit.burst


@pytest.mark.parametrize(
    "texts, version, found",
    [
        ([JOURNALD_252], 252, (30, 10000)),
        ([JOURNALD_219], 219, (30, 1000)),
        ([], 219, (30, 1000)),
        ([], 252, (30, 10000)),
        # A distribution that raised it beforehand says so in its file.
        ([JOURNALD_252], 239, (30, 10000)),
        ([JOURNALD_252, "[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\n"], 252, (0, 0)),
        ([JOURNALD_219 + "RateLimitInterval=1min 30s\nRateLimitBurst = 15000\n"], 219, (90, 15000)),
        # A value of somebody's that was commented out is none, and neither is one of another section.
        (["[Journal]\n#RateLimitBurst=77\n; RateLimitBurst=78\n[Other]\nRateLimitBurst=79\n"], 252, (30, 10000)),
        (["[Journal]\nRateLimitBurst=many\nRateLimitIntervalSec=soon\n"], 252, (30, 10000)),
    ],
)
def test_journald(texts, version, found):
    assert journald(*texts, version=version) == found


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("30s", 30),
        ("30", 30),
        ("5min 20s", 320),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("0", 0),
        ("infinity", float("inf")),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("5 parsecs", None),
    ],
)
def test_time_span(text, seconds):
    assert log_limits.time_span(text) == seconds


@given(st.text(max_size=60))
def test_any_text_is_a_span_or_none_and_a_configuration(text):
    seconds = log_limits.time_span(text)
    assert seconds is None or seconds >= 0
    assert log_limits.journald_limit([text, "[Journal]\n" + text], 0).burst >= 0
    assert isinstance(limits_of(to_native(text)), list)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_limits_are_read_back_in_each_way_of_writing_them(interval, burst):
    modern = 'module(load="imjournal" RateLimit.Interval="{0}"\n ratelimit.burst="{1}")'.format(interval, burst)
    legacy = "$ModLoad imjournal\n$imjournalRatelimitInterval {0}\n$imjournalRatelimitBurst {1}\n".format(
        interval, burst
    )
    for text in (modern, legacy):
        assert limits_of(text) == [Limit("imjournal", interval, burst)]


def test_the_files_of_journald(tmp_path):
    directories = [str(tmp_path / name) for name in ("etc", "run", "lib")]
    for path in (
        "etc/journald.conf.d/20-b.conf",
        "run/journald.conf.d/20-b.conf",
        "lib/journald.conf.d/10-a.conf",
        "lib/journald.conf",
    ):
        folder = os.path.dirname(str(tmp_path / path))
        if not os.path.isdir(folder):
            os.makedirs(folder)
        (tmp_path / path).write_bytes(b"")
    found = [path[len(str(tmp_path)) + 1 :] for path in log_limits.journald_files(directories)]
    assert found == ["lib/journald.conf", "lib/journald.conf.d/10-a.conf", "etc/journald.conf.d/20-b.conf"]
    assert log_limits.journald_files([str(tmp_path / "none")]) == []


@pytest.fixture
def rsyslog(tmp_path):
    def read(text, included=u""):  # fmt: skip
        (tmp_path / "included").mkdir()
        (tmp_path / "included" / "postfix.conf").write_bytes(to_bytes(included))
        (tmp_path / "rsyslog.conf").write_bytes(to_bytes(text.replace("{0}", str(tmp_path / "included"))))
        return log_limits.rsyslog_limits(rsyslog_config.statements(str(tmp_path / "rsyslog.conf")))

    return read


def test_rsyslog_of_debian_has_no_limit(rsyslog):
    found = rsyslog(RSYSLOG_DEBIAN_12, RSYSLOG_DEBIAN_12_POSTFIX)
    assert found == [Limit("imuxsock", 0, 200), Limit("imuxsock /var/spool/postfix/dev/log", 0, 200)]
    assert all(limit.off for limit in found)


@pytest.mark.parametrize("text", [RSYSLOG_CENTOS_7, RSYSLOG_EL_9])
def test_rsyslog_of_el_limits_the_journal(rsyslog, text):
    assert rsyslog(text) == [Limit("imjournal", 600, 20000)]


def test_rsyslog_of_el_without_the_limit(rsyslog):
    assert rsyslog(RSYSLOG_CENTOS_7, u"") == [Limit("imjournal", 600, 20000)]  # fmt: skip
    assert limits_of(RSYSLOG_CENTOS_7 + "$imjournalRatelimitInterval 0\n")[0].off
    # What mail_log_limits writes comes after the module with its parameters, and counts.
    loaded = 'module(load="imjournal" Ratelimit.Interval="600" Ratelimit.Burst="20")\n'
    assert limits_of(loaded + "$imjournalRatelimitInterval 0\n")[0].off


def test_directives_hold_for_the_sockets_after_them():
    text = (
        "$ModLoad imuxsock\n$SystemLogRateLimitInterval 5\n$SystemLogRateLimitBurst 300\n$AddUnixListenSocket /a\n"
        '$IMUXSockRateLimitInterval 2\n$AddUnixListenSocket /b\ninput(type="imuxsock" Socket="/c" RateLimit.Interval="7")\n'
    )
    assert limits_of(text) == [
        Limit("imuxsock", 5, 300),
        Limit("imuxsock /a", 0, 200),
        Limit("imuxsock /b", 2, 200),
        Limit("imuxsock /c", 7, 200),
    ]


@pytest.mark.parametrize(
    "text, found",
    [
        # rsyslog complains about a directive of a module that is not loaded yet, and goes on.
        ('$imjournalRatelimitInterval 0\nmodule(load="imjournal")', [Limit("imjournal", 600, 20000)]),
        ('module(load="imjournal" Ratelimit.Burst="7")\n$ModLoad imjournal', [Limit("imjournal", 600, 7)]),
        (
            'module(load="imjournal" Ratelimit.Burst="7")\nmodule(load="imjournal" Ratelimit.Burst="9")',
            [Limit("imjournal", 600, 7)],
        ),
        (
            "$ModLoad imjournal.so\n$imjournalRatelimitInterval 5#seconds\n$imjournalRatelimitInterval soon",
            [Limit("imjournal", 5, 20000)],
        ),
        ('/* module(load="imjournal") */', []),
        ('module(load="imuxsock")\n$OmitLocalLogging on\n$SystemLogRateLimitInterval 5', [Limit("imuxsock", 0, 200)]),
        (
            '$AddUnixListenSocket /early\ninput(type="imuxsock" Socket="/early")\n$ModLoad imuxsock',
            [Limit("imuxsock", 0, 200)],
        ),
    ],
)
def test_statements_count_as_and_when_rsyslog_takes_them(text, found):
    """As rsyslog 8.2302 does, by its source and what rsyslogd -N1 says."""
    assert limits_of(text) == found


def test_files_that_include_each_other_end(tmp_path):
    path = tmp_path / "rsyslog.conf"
    path.write_text(u'module(load="imjournal")\n$IncludeConfig {0}\n'.format(path))  # fmt: skip
    assert log_limits.rsyslog_limits(rsyslog_config.statements(str(path))) == [Limit("imjournal", 600, 20000)]
    assert log_limits.rsyslog_limits(rsyslog_config.statements(str(tmp_path / "none"))) == []
