# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native
from ansible_collections.mailops.relay.plugins.module_utils.mail.message import Recipient
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue_files import (
    ControlError,
    bare_address,
    client_of,
    data_path,
    parse_control,
    places,
    queue_paths,
    with_quarantine,
)
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.cpu_time import at_most

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
QUEUE = os.path.join(FIXTURES, "queue-8.17.1.9")
REFUSED = "Deferred: Connection refused by relay.example.com."
MINIMAL = "V8\nT1795349160\nS<app@web.example.com>\nRPFD:<a@example.com>\n.\n"


def recorded(name):
    return read_native(os.path.join(QUEUE, name + ".bin"))


def test_message_with_two_recipients_has_one_reason_for_both():
    control = parse_control(recorded("qf6AMC65Fh001870"))
    assert control.created == 1795349165
    assert control.sender == "app@web.example.com"
    assert control.recipients == (Recipient("b@example.org", REFUSED), Recipient("a@example.com", REFUSED))
    assert control.quarantine is None
    assert control.data_directory is None
    assert client_of(control.origin) == ("localhost", "127.0.0.1")


def test_each_recipient_has_the_reply_that_it_got():
    recipients = parse_control(recorded("qf6AMC7PaJ001947")).recipients
    assert [item.address for item in recipients] == ["ok@example.com", "full@example.org", "slow@example.com"]
    for item in recipients:
        assert item.reason.startswith("Deferred: 451 4.3.5 <{0}>:".format(item.address))


def test_quoted_local_part_is_kept():
    assert parse_control(recorded("qf6AMC60Q1001855")).recipients == (Recipient('"a b"@example.com', REFUSED),)


def test_quarantine_and_null_sender():
    control = parse_control(recorded("hf6AMC601i001860"))
    assert (control.sender, control.quarantine) == ("", "too much mail")
    assert control.recipients == (Recipient("a@example.com", REFUSED),)


def test_names_and_comments_of_the_submission_program_are_no_part_of_addresses():
    control = parse_control(recorded("qf6AMC9wri002049"))
    assert [item.address for item in control.recipients] == [
        # It was submitted as root alone.
        "root@legacy01.example.com",
        '"q x"@example.com',
        "ann@example.org",
        "joe@example.com",
    ]
    assert client_of(control.origin) is None


def test_local_sender_has_the_domain_that_sendmail_gave_it():
    assert parse_control(recorded("qf6AMC9wW0002053")).sender == "daemon@legacy01.example.com"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("<>", ""),
        ("", ""),
        ("<a@example.com>", "a@example.com"),
        ("root", "root"),
        ("Joe (the (big) boss) <joe@example.com> (mail)", "joe@example.com"),
        ('"Smith <not@example.net>, J." <joe@example.com>', "joe@example.com"),
        ('<"a>b"@example.com>', '"a>b"@example.com'),
        (r'<"a\"(b"@example.com>', r'"a\"(b"@example.com'),
        (r"a\"b@example.com", r"a\"b@example.com"),
        ("ann@example.org (Ann \\) <x@example.net>)", "ann@example.org"),
        ("@hop.example.net:u@example.com", "u@example.com"),
        ("<@hop.example.net,@two.example.net:u@example.com>", "u@example.com"),
        ('"|/usr/bin/vacation (u)"', '"|/usr/bin/vacation (u)"'),
    ],
)
def test_bare_address(text, address):
    assert bare_address(text) == address


@pytest.mark.parametrize(
    ("origin", "client"),
    [
        ("mail.example.org [192.0.2.1]", ("mail.example.org", "192.0.2.1")),
        ("mail.example.org [192.0.2.1] (may be forged)", ("mail.example.org", "192.0.2.1")),
        ("joe@mail.example.org [192.0.2.1]", ("mail.example.org", "192.0.2.1")),
        ("[192.0.2.1]", ("", "192.0.2.1")),
        ("web [IPv6:2001:db8:0:0:0:0:0:1]", ("web", "2001:db8::1")),
        ("root@localhost", None),
        ("", None),
    ],
)
def test_client(origin, client):
    assert client_of(origin) == client


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "no end"),
        (MINIMAL[:-2], "no end"),
        (MINIMAL[:-1], "not whole"),
        (MINIMAL[:30], "not whole"),
        (MINIMAL + "RPFD:<b@example.com>\n", "follows its end"),
        (MINIMAL.replace("T1795349160\n", ""), "no time"),
        (MINIMAL.replace("S<app@web.example.com>\n", ""), "no sender"),
        (MINIMAL.replace("1795349160", "soon"), "not a number"),
        (MINIMAL.replace("RPFD:", "R"), "without flags"),
    ],
)
def test_a_file_that_is_not_whole_is_told(text, fault):
    with pytest.raises(ControlError) as caught:
        parse_control(text)
    assert fault in str(caught.value)


def test_recipients_of_the_first_format_have_no_flags():
    text = MINIMAL.replace("V8\n", "").replace("RPFD:", "R")
    assert parse_control(text).recipients == (Recipient("a@example.com", ""),)


names = st.text(alphabet="aZ09.!#%'*+-/=?^_`{|}~", min_size=1, max_size=12).filter(lambda text: text.strip("."))
quoted = st.text(alphabet="a Z@<>()!#:;,.", max_size=12).map('"{0}"'.format)
addresses = st.tuples(names | quoted, st.sampled_from(["example.com", "EXAMPLE.com.au", "x.example.org"])).map("@".join)
# What a relay may say; sendmail makes spaces of its line breaks.
replies = st.text(alphabet='aZ 09.@"\\<>()!#:;,-\t', max_size=30)
recipients = st.lists(st.tuples(addresses, replies), max_size=4)


def written(created, sender, message_reason, waiting, quarantine):
    """A control file as queueup() in sendmail's queue.c writes it."""
    lines = ["V8", "T{0}".format(created), "K{0}".format(created + 9), "N1", "P30019"]
    lines += ["M" + message_reason] * bool(message_reason) + ["Fbs", "$_localhost [127.0.0.1]", "${daemon_flags}"]
    lines += ["q" + quarantine] * bool(quarantine) + ["S<{0}>".format(sender)]
    for address, reason in waiting:
        lines += ["M" + reason] * bool(reason)
        lines += ["C:<{0}>".format(address), "rRFC822; " + address, "RPFD:<{0}>".format(address)]
    lines += ["H?P?Return-Path: <$g>", "H??Received: from x", "\tby y; Sun", "\tRPFD: folded", " q"]
    lines += ["H??Subject: q", "."]
    return "".join(line + "\n" for line in lines)


@settings(max_examples=80)
@given(st.integers(0, 4000000000), addresses | st.just(""), replies, recipients, replies)
def test_what_sendmail_writes_is_read_back(created, sender, message_reason, waiting, quarantine):
    control = parse_control(written(created, sender, message_reason, waiting, quarantine))
    assert (control.created, control.sender, control.quarantine) == (created, sender, quarantine or None)
    assert control.recipients == tuple(Recipient(address, reason or message_reason) for address, reason in waiting)


@settings(max_examples=60)
@given(addresses, recipients, replies)
def test_quarantine_changes_nothing_else(sender, waiting, reason):
    free = written(1795349160, sender, "Deferred", waiting, "")
    held = with_quarantine(free, "for " + reason)
    assert parse_control(held) == parse_control(free)._replace(quarantine="for " + reason)
    assert with_quarantine(held, None) == free
    assert with_quarantine(held, "other") == with_quarantine(free, "other")


def test_quarantine_is_written_as_sendmail_writes_it():
    held = recorded("hf6AMC601i001860")
    assert with_quarantine(with_quarantine(held, None), "too much mail") == held


def test_generated_files_name_their_queues():
    paths = [
        queue_paths(read_native(os.path.join(FIXTURES, name + "-8.17.1.9-bookworm.cf")))
        for name in ("sendmail", "submit")
    ]
    assert paths == [["/var/spool/mqueue"], ["/var/spool/mqueue-client"]]


def test_directories_of_wildcards_groups_and_kinds_of_files_are_found(tmp_path):
    base = str(tmp_path / "mqueue")
    for name in ("q1", "q2/qf", "q2/df", "other", "slow"):
        os.makedirs(os.path.join(base, name))
    open(os.path.join(base, "q3"), "w").close()
    text = "O QueueDirectory={0}/q*\nQmqueue\nQslow, P={0}/slow, F=f,\n  R=2\n#Qx, P=/nowhere\n".format(base)
    found = places("mta", text)
    assert [(place.control[len(base) :], place.data[len(base) :]) for place in found] == [
        ("/q1", "/q1"),
        ("/q2/qf", "/q2/df"),
        ("/slow", "/slow"),
    ]
    control = parse_control(MINIMAL.replace("S<", "dq2\nS<"))
    assert data_path(found[2], control, "X") == base + "/q2/df/dfX"
    assert data_path(found[1], parse_control(MINIMAL), "X") == base + "/q2/df/dfX"


def test_a_configuration_without_a_queue_has_no_places():
    assert places("mta", "DSrelay\n") == []


def native(text):
    return text if str is not bytes else text.encode("utf-8")


# Lines of a control file, whole and not.
PIECES = [
    "V8",
    "T1795349160",
    "T",
    "T-1",
    "T\u00b2",
    "Sa@example.com",
    "R",
    "RPFD:<b@x>",
    "Ddf",
    "$_x [1]",
    "H??a: b",
    "\tc",
    ".",
    "\n",
    "d../x",
]


@settings(max_examples=200)
@given(
    st.tuples(
        st.sampled_from(["", "V8\nT1795349160\nSa@example.com\n"]),
        st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=8).map("\n".join),
        st.sampled_from(["", "\n.\n"]),
    ).map(lambda parts: native("".join(parts)))
)
@example("V8\nT" + "9" * 5000 + "\nSa\n.\n")
def test_any_text_is_a_control_file_or_a_control_error(text):
    try:
        control = parse_control(text)
    except ControlError:
        return
    assert isinstance(control.sender, str) and all(isinstance(item, Recipient) for item in control.recipients)
    # It is one still when it is put on hold and released.
    assert parse_control(with_quarantine(text, "held")).quarantine == "held"
    assert parse_control(with_quarantine(text, None)) == control._replace(quarantine=None)


@settings(max_examples=200)
@given(
    addresses,
    st.sampled_from(["{0}", "<{0}>", "A B <{0}>", '"x, <y>" <{0}>', "(a (b) <c>) {0}", "<@a,@b:{0}> (c)", " {0} "]),
)
def test_an_address_is_found_whatever_is_around_it(address, around):
    # What is in quotes is no comment, and no bracket.
    assert bare_address(around.format(address)) == address


@given(st.text(alphabet=native(u'a@<>()"\\\\:, \u00e4'), max_size=30))  # fmt: skip
def test_an_address_is_a_part_of_what_was_written(text):
    found = bare_address(text)
    rest = iter(text)
    assert all(character in rest for character in found)


@given(
    st.sampled_from(["", "web01", "mail.example.com"]),
    st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    st.sampled_from(["", "u@"]),
)
def test_a_client_is_read_back(name, address, user):
    shown = "IPv6:" + address if ":" in address else address
    assert client_of("{0}{1} [{2}] (may be forged)".format(user, name, shown)) == (name, address)


@given(st.text(max_size=30).map(native))
def test_any_text_names_queues_and_a_client_or_none(text):
    assert client_of(text) is None or len(client_of(text)) == 2
    assert all(isinstance(path, str) for path in queue_paths(text) + queue_paths("O QueueDirectory=/q\nQx, P=" + text))


@pytest.mark.parametrize("piece", ["(", "<", '"', "\\", ":", "@", "a", "[", "a@", " ", "R", "\n", "\n ", "Qx, P=", "9"])
def test_long_texts_take_no_long_time(piece):
    text = piece * (50000 // len(piece))
    with at_most(4):
        bare_address(text)
        client_of(text)
        queue_paths("O QueueDirectory=/q\nQx, P=" + text)
        for whole in ("V8\nT1\nSa\nR" + text + "\n.\n", "V8\nT1\nS" + text + "\n.\n", "V8\nT" + text + "\nSa\n.\n"):
            try:
                parse_control(whole)
            except ControlError:
                pass
