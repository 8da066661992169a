# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf, MasterCfError

PATH = "/etc/postfix/master.cf"
FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")

SUBMISSION = """\
submission inet  n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
# a comment between
  -o smtpd_tls_security_level=encrypt
  -o { smtpd_client_restrictions = permit_mynetworks, reject }
#  -o smtpd_sasl_auth_enable=yes
#cyrus     unix  -       n       n       -       -       pipe
smtp      unix  -       -       y       -       -       smtp
"""


def edit(text, *args, **kwargs):
    master = MasterCf(text, PATH)
    master.set(*args, **kwargs)
    return master.render()


def options(text, index=0):
    return MasterCf(text, PATH).services()[index]["options"]


def test_services_are_what_postfix_2_10_lists():
    """fixtures/postconf-M.2.10.1.txt is what postconf -M of Postfix 2.10.1 printed."""
    with io.open(os.path.join(FIXTURES, "postconf-M.2.10.1.txt"), encoding="ascii") as stream:
        text = str(stream.read())
    services = MasterCf(text, PATH).services()
    assert len(services) == 25
    assert services[-1] == {
        "name": "submission",
        "type": "inet",
        "chroot": "n",
        "maxproc": "-",
        "command": "smtpd",
        "arguments": [],
        "options": [("syslog_name", "postfix/submission"), ("smtpd_tls_security_level", "encrypt")],
        "words": ["-o", "syslog_name=postfix/submission", "-o", "smtpd_tls_security_level=encrypt"],
    }
    assert MasterCf(text, PATH).render() == text


def test_both_forms_of_o_are_read_across_comments():
    assert options(SUBMISSION) == [
        ("syslog_name", "postfix/submission"),
        ("smtpd_tls_security_level", "encrypt"),
        ("smtpd_client_restrictions", "permit_mynetworks, reject"),
    ]
    assert [service["name"] for service in MasterCf(SUBMISSION, PATH).services()] == ["submission", "smtp"]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ("smtpd -oa=b -v -o c=d", [("a", "b"), ("c", "d")]),
        ("smtpd -o a=b=c", [("a", "b=c")]),
        ("smtpd -o {a = {b c} d}", [("a", "{b c} d")]),
        ("smtpd -o a = b", []),
        ("smtpd -o {a=b", [("{a", "b")]),
        ("smtpd -n x -o a=b", [("a", "b")]),
        ("pipe -o a=b flags=R argv=/bin/x -o c=d", [("a", "b")]),
        ("pipe user=nobody argv=/usr/bin/scan -e /usr/sbin/sendmail -oi -f ${sender} -o c=d", []),
        ("spawn -o a=b user=nobody argv=/usr/bin/postgrey --inet=1 -o c=d", [("a", "b")]),
        ("lmtp -o a=b flags=DX -o c=d", [("a", "b")]),
        ("smtpd -o a=b - -o c=d", [("a", "b")]),
        ("smtpd -o a=b -- -o c=d", [("a", "b")]),
        ("smtpd -vo a=b -voc=d -vo{ e = f g } -v", [("a", "b"), ("c", "d"), ("e", "f g")]),
        ("smtpd -i 5s -m 1 -r 1 -o a=b", [("a", "b")]),
    ],
)
def test_options_end_where_the_daemons_stop_reading_them(arguments, expected):
    assert options("x unix - - - - - " + arguments + "\n") == expected


def test_an_option_is_changed_in_its_place():
    assert edit(SUBMISSION, "submission", "inet", options={"smtpd_tls_security_level": "may"}) == SUBMISSION.replace(
        "=encrypt", "=may"
    )


def test_what_is_there_already_changes_nothing():
    wanted = {
        "syslog_name": "postfix/submission",
        "smtpd_client_restrictions": "permit_mynetworks,  reject",
        "not_there": None,
    }
    fields = {"private": "n", "chroot": "y", "wakeup": None}
    assert edit(SUBMISSION, "submission", "inet", fields, "smtpd", wanted) == SUBMISSION


def test_an_option_is_added_behind_the_others_and_one_is_taken_out():
    assert edit(
        SUBMISSION, "submission", "inet", options={"syslog_name": None, "x": "1", "y": "a b"}
    ) == SUBMISSION.replace("  -o syslog_name=postfix/submission\n", "").replace(
        "reject }\n", "reject }\n  -o x=1\n  -o { y = a b }\n"
    )


def test_options_of_one_line_can_be_taken_out():
    text = "relay unix - - n - - smtp -o a=1 -o b=2 -o c=3\n"
    assert edit(text, "relay", "unix", options={"b": None}) == "relay unix - - n - - smtp -o a=1 -o c=3\n"
    assert edit(text, "relay", "unix", options={"a": None, "b": None, "c": None}) == "relay unix - - n - - smtp\n"


def test_of_a_repeated_option_the_last_counts():
    text = "x unix - - n - - smtp\n  -o a=1\n  -o b=2\n  -o a=3\n"
    assert edit(text, "x", "unix", options={"a": "3"}) == text
    assert edit(text, "x", "unix", options={"a": "1"}) == "x unix - - n - - smtp\n  -o b=2\n  -o a=1\n"


def test_fields_keep_their_columns():
    text = "smtp      inet  n       -       y       -       -       smtpd\n"
    assert (
        edit(text, "smtp", "inet", {"chroot": "n", "maxproc": "100"})
        == "smtp      inet  n       -       n       -       100     smtpd\n"
    )
    assert edit("a unix - - - - - b\n", "a", "unix", {"wakeup": "1000?"}) == "a unix - - - 1000? - b\n"


def test_a_command_with_arguments_is_replaced_and_options_stay_in_front():
    text = "x unix - n n - - pipe -o a=1\n  flags=R user=x argv=/bin/x -o z\ny unix - - n - - smtp\n"
    changed = edit(text, "x", "unix", command="pipe flags=R user=y argv=/bin/y")
    services = MasterCf(changed, PATH).services()
    assert services[0]["options"] == [("a", "1")]
    assert services[0]["words"] == ["-o", "a=1", "flags=R", "user=y", "argv=/bin/y"]
    assert services[1] == MasterCf(text, PATH).services()[1]
    assert edit(changed, "x", "unix", command="pipe flags=R user=y argv=/bin/y") == changed
    assert options(edit(changed, "x", "unix", options={"b": "2"})) == [("a", "1"), ("b", "2")]


def test_a_new_service_is_appended_with_safe_fields():
    assert edit("", "10025", "inet", command="smtpd -v", options={"a": "1"}) == (
        "10025     inet  n       -       n       -       -       smtpd\n  -o a=1 -v\n"
    )
    assert edit("# end", "amavis", "unix", {"maxproc": "2"}, "smtp") == (
        "# end\namavis    unix  -       -       n       -       2       smtp\n"
    )


# Made up after the manuals of the programs and of common guides: what stands in mail servers.
STRANGERS = """\
filter    unix  -       n       n       -       -       pipe user=nobody argv=/usr/bin/scan -e /usr/sbin/sendmail -oi -f ${sender} ${recipient}
spamassassin unix -     n       n       -       -       pipe
  user=spamd argv=/usr/bin/spamc -f -e
# this is where it goes on
  /usr/sbin/sendmail -oi -f ${sender} ${recipient}
dovecot   unix  -       n       n       -       -       pipe
  flags=DRhu user=vmail:vmail argv=/usr/lib/dovecot/deliver -f ${sender} -d ${recipient} -o mail_location=maildir:~/x
policyd-spf unix -      n       n       -       0       spawn
  user=policyd-spf argv=/usr/bin/policyd-spf -o debug
postgrey  unix  -       n       n       -       -       spawn user=nobody argv={ /usr/sbin/postgrey --inet=10023 -o x = y }
amavis    unix  -       -       -       -       2       smtp
\t-o smtp_data_done_timeout=1200
\t-o smtp_send_xforward_command=yes
localdelivery unix -    -       n       -       -       lmtp -o disable_dns_lookups=yes flags=DORX
own       unix  -       n       n       -       -       /usr/local/sbin/own-daemon -o nothing -oi x
"""
FIRST_OF_PROGRAM = [
    "user=nobody",
    "user=spamd",
    "flags=DRhu",
    "user=policyd-spf",
    "user=nobody",
    None,
    "flags=DORX",
]


def test_what_belongs_to_the_program_is_never_edited():
    text = str(STRANGERS)
    master = MasterCf(text, PATH)
    assert master.render() == text
    services = master.services()
    assert [dict(service["options"]) for service in services] == [{}] * 5 + [
        {"smtp_data_done_timeout": "1200", "smtp_send_xforward_command": "yes"},
        {"disable_dns_lookups": "yes"},
        {},
    ]
    for service in services[:-1]:
        master.set(service["name"], "unix", options={"syslog_name": "x", "x": None, "mail_location": None, "i": None})
    changed = master.render()
    assert changed.count("-o syslog_name=x") == 7
    for before, after, first in zip(services, MasterCf(changed, PATH).services(), FIRST_OF_PROGRAM):
        if first:
            assert after["words"][after["words"].index(first) :] == before["words"][before["words"].index(first) :]
            assert ("syslog_name", "x") in after["options"]
    again = MasterCf(changed, PATH)
    for service in services[:-1]:
        again.set(service["name"], "unix", options={"syslog_name": "x"})
    assert again.render() == changed
    for service in services[:-1]:
        again.set(service["name"], "unix", options={"syslog_name": None})
    assert [service["words"] for service in again.services()] == [service["words"] for service in services]


def test_a_command_with_options_of_its_own_is_written_once():
    command = "pipe -v user=nobody argv=/usr/bin/scan -e /usr/sbin/sendmail -oi -f ${sender}"
    text = edit("", "filter", "unix", command=command, options={"a": "b"})
    assert edit(text, "filter", "unix", command=command, options={"a": "b"}) == text
    assert options(text) == [("a", "b")]
    assert MasterCf(text, PATH).services()[0]["words"][-4:] == ["/usr/sbin/sendmail", "-oi", "-f", "${sender}"]


def test_letters_before_an_option_stay():
    text = "x unix - - n - - smtpd -vo a=b -c\n"
    assert edit(text, "x", "unix", options={"a": "c"}) == "x unix - - n - - smtpd -v -o a=c -c\n"
    assert edit(text, "x", "unix", options={"a": None}) == "x unix - - n - - smtpd -v -c\n"
    assert edit(text, "x", "unix", command="smtpd -c") == "x unix - - n - - smtpd -o a=b\n    -c\n"


def test_every_example_of_debian_is_read():
    """fixtures/postconf-M.examples…: Debian 12's master.cf with all its examples switched on, as postconf -M shows it."""
    with io.open(os.path.join(FIXTURES, "postconf-M.examples.3.7.11-bookworm.txt"), encoding="ascii") as stream:
        text = str(stream.read())
    master = MasterCf(text, PATH)
    assert master.render() == text
    # The delivered commands have -a, -e, -m, -n, -r and -z; none of these is Postfix's.
    assert [service["name"] for service in master.services() if service["options"]] == [
        "submission",
        "submissions",
        "relay",
    ]
    for service in master.services():
        master.set(service["name"], service["type"], options=dict(service["options"]))
    assert master.render() == text


def test_a_removed_service_leaves_comments():
    master = MasterCf(SUBMISSION, PATH)
    master.remove_service("submission", "inet")
    assert master.render() == "# a comment between\n" + SUBMISSION[SUBMISSION.index("#  -o") :]


@pytest.mark.parametrize(
    "arguments, reason",
    [
        (dict(name="x", kind="unix"), "a new one needs a command"),
        (dict(name="x", kind="unix", command="smtp", fields={"maxproc": "many"}), "maxproc: 'many' is not a number"),
        (dict(name="x", kind="unix", command="smtp", fields={"chroot": "maybe"}), "chroot: 'maybe' is not y, n or -"),
        (dict(name="x", kind="unix", command="smtp -o a=b"), "belong in options"),
        (dict(name="x", kind="unix", command="smtpd -m 100 -vo a=b"), "belong in options"),
        (dict(name="x", kind="unix", command="pipe -oa=b argv=/bin/x"), "belong in options"),
        (dict(name="x y", kind="unix", command="smtp"), "no such service can be"),
        (dict(name="x", kind="unix", command="smtp", options={"a": "b {c"}), "do not match"),
        (dict(name="x", kind="unix", command="smtp", options={"a": "b c"}, braces=False), "Postfix before 3.0"),
        (dict(name="x", kind="unix", command="smtp", options={"a b": "c"}), "is not a parameter name"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason(arguments, reason):
    with pytest.raises(MasterCfError) as error:
        MasterCf("", PATH).set(**arguments)
    assert reason in str(error.value)
    assert PATH in str(error.value)


def test_an_entry_with_too_few_fields_is_named():
    with pytest.raises(MasterCfError) as error:
        MasterCf("# c\nsmtp inet n - y - smtpd\n", PATH)
    assert "line 2: 7 fields" in str(error.value)


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.text(alphabet="xy$:,= ", max_size=8).map(lambda text: text.strip(" "))
LAYOUTS = st.sampled_from([" -o {0}", "\n  -o {0}", "\n# between\n\t-o {0}", " -o {0} -v"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES, LAYOUTS), max_size=4), st.dictionaries(NAMES, st.one_of(st.none(), VALUES)))
def test_options_written_are_read_back_and_others_stay(present, wanted):
    text = "# head\nsvc unix - - n - - smtp"
    for name, value, layout in present:
        setting = "{0}={1}".format(name, value) if " " not in value else "{{ {0} = {1} }}".format(name, value)
        text += layout.format(setting)
    text += "\nother unix - - n - - smtp -o a=b\n"
    assert MasterCf(text, PATH).render() == text
    before = dict(options(text))
    changed = edit(text, "svc", "unix", options=wanted)
    expected = dict(before, **wanted)
    assert dict((name, " ".join(value.split())) for name, value in options(changed)) == dict(
        (name, " ".join(value.split())) for name, value in expected.items() if value is not None
    )
    assert options(changed, 1) == [("a", "b")]
    assert changed.count("# between") == text.count("# between")
    assert edit(changed, "svc", "unix", options=wanted) == changed
