# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.qmail.control import (
    CONTROL_FILES,
    ControlError,
    checked,
    control_file,
    credential_routes,
    file_called,
    forward_file,
    has_credentials,
    parse,
    reason,
    same,
    write,
)

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")

LABELS = st.sampled_from(["a", "web03", "mail-1", "example", "xn--bcher-kva", "3com"])
NAMES = st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: str(".".join(labels + ["example", "com"])))
WILDCARDS = st.tuples(st.sampled_from(["", "."]), NAMES).map("".join)
ADDRESSES = st.integers(min_value=1, max_value=254).map("192.0.2.{0}".format)
USERS = st.sampled_from(["postmaster", "MAILER-DAEMON", "a.b+c"])
ROUTES = st.one_of(
    st.just(""),
    NAMES,
    ADDRESSES,
    ADDRESSES.map("[{0}]".format),
    st.builds("{0}:{1}".format, NAMES, st.integers(1, 65535)),
)
LINES = {
    "badmailfrom": st.tuples(st.sampled_from(["", "spam"]), NAMES).map("@".join),
    "locals": NAMES,
    "percenthack": NAMES,
    "qmqpservers": ADDRESSES,
    "rcpthosts": WILDCARDS,
    "morercpthosts": WILDCARDS,
}
NOTES = st.sampled_from(["# a note", "", "#", " \t", "#relay.example.com"])


def values(spec):
    if spec.kind == "number":
        return st.integers(*spec.check)
    if spec.kind == "list":
        return st.lists(LINES[spec.name], max_size=5, unique_by=lambda line: line.lower())
    if spec.name == "smtproutes":
        return st.dictionaries(st.one_of(st.just(""), WILDCARDS), ROUTES, max_size=5)
    if spec.name == "virtualdomains":
        keys = st.one_of(st.just(""), WILDCARDS, st.tuples(USERS, NAMES).map("@".join))
        return st.dictionaries(keys, st.sampled_from(["", "alias-x", "joe-foo"]), max_size=5)
    return {"word": USERS, "text": NAMES.map("{0} ready when you are".format), "name": NAMES}[spec.kind]


CASES = (
    st.sampled_from(sorted(CONTROL_FILES))
    .map(CONTROL_FILES.get)
    .flatmap(lambda spec: st.tuples(st.just(spec), values(spec), values(spec)))
)


@settings(max_examples=100)
@given(CASES)
def test_what_is_written_is_read_again(case):
    spec, value, _other = case
    value = checked(spec, value)
    text = write(spec, value)
    assert parse(spec, text) == value
    assert same(spec, text, value)


@settings(max_examples=100)
@given(CASES, st.lists(NOTES, max_size=4), st.booleans())
def test_a_change_keeps_comments_and_gives_what_is_wanted(case, notes, ends):
    spec, old, new = case
    if spec.kind not in ("list", "mapping"):
        return
    present = write(spec, checked(spec, old)).split("\n")[:-1]
    lines = [line for pair in zip(notes + [""] * len(present), present + ["# end"] * len(notes)) for line in pair]
    before = "".join(line + "\n" for line in lines)
    if lines and lines[-1] and not ends:
        before = before[:-1]
    after = write(spec, checked(spec, new), before)
    assert same(spec, after, new)
    foreign = [line for line in lines if not line.strip() or line.startswith("#")]
    kept = [line for line in after.split("\n")[:-1] if not line.strip() or line.startswith("#")]
    assert kept == foreign
    assert write(spec, checked(spec, new), after) == after


def test_each_file_of_a_real_showctl_is_known():
    with io.open(os.path.join(FIXTURES, "qmail-showctl.txt"), encoding="ascii") as stream:
        shown = re.findall(r"^([a-z]+): ", stream.read(), re.MULTILINE)
    # concurrencyincoming is read by a run script, so qmail-showctl does not know it.
    assert sorted(set(shown)) == sorted(set(CONTROL_FILES) - set(["concurrencyincoming"]))


@pytest.mark.parametrize(
    "name, default",
    [
        ("concurrencylocal", 10),
        ("timeoutconnect", 60),
        ("timeoutremote", 1200),
        ("timeoutsmtpd", 1200),
        ("databytes", 0),
    ],
)
def test_defaults_are_those_of_a_real_showctl(name, default):
    assert CONTROL_FILES[name].default == str(default)


def test_who_reads_what_and_what_a_change_needs():
    hup = sorted(name for name, spec in CONTROL_FILES.items() if spec.action == "hup")
    restart = sorted(name for name, spec in CONTROL_FILES.items() if spec.action == "restart")
    assert hup == ["locals", "virtualdomains"]
    assert restart == [
        "bouncefrom",
        "bouncehost",
        "concurrencylocal",
        "concurrencyremote",
        "doublebouncehost",
        "doublebounceto",
        "envnoathost",
        "me",
        "percenthack",
        "queuelifetime",
    ]
    assert reason(CONTROL_FILES["smtproutes"]) == "each qmail-remote reads it when it starts"
    assert "restart the service of qmail-smtpd" in reason(CONTROL_FILES["concurrencyincoming"])


def test_what_qmail_reads_of_untidy_files():
    assert parse(CONTROL_FILES["queuelifetime"], " 20\n") is None
    assert parse(CONTROL_FILES["queuelifetime"], "20 seconds\n") == 20
    assert parse(CONTROL_FILES["me"], "web03.example.com \t\nsecond.example.com\n") == "web03.example.com"
    assert parse(CONTROL_FILES["me"], "#web03.example.com\n") == "#web03.example.com"
    assert parse(CONTROL_FILES["locals"], "a.example.com\r\n#no\n\n b\nA.EXAMPLE.com\r\n") == ["a.example.com\r", " b"]
    assert parse(CONTROL_FILES["smtproutes"], "junk\n:one\n:two:25  \n") == {"": "two:25"}


def test_equal_is_what_qmail_takes_as_equal():
    locals_, servers = CONTROL_FILES["locals"], CONTROL_FILES["qmqpservers"]
    assert same(locals_, "# b\nB.example.com\na.example.com \n", ["a.example.com", "b.example.com"])
    assert not same(locals_, "a.example.com\r\n", ["a.example.com"])
    assert not same(servers, "192.0.2.1\n192.0.2.2\n", ["192.0.2.2", "192.0.2.1"])
    assert write(servers, ["192.0.2.2", "192.0.2.1"], "192.0.2.1\n#x\n192.0.2.2\n") == "#x\n192.0.2.2\n192.0.2.1\n"
    assert write(CONTROL_FILES["smtproutes"], {"": "new", "b.example": ""}, "#x\n:old\n#y\n:older\njunk\n") == (
        "#x\n#y\n:new\njunk\nb.example:\n"
    )


@pytest.mark.parametrize(
    "name, value, says",
    [
        ("me", 42, "is a number where a host name belongs"),
        ("me", "42", "number or an address where a host name belongs"),
        ("me", "10.0.0.1", "number or an address where a host name belongs"),
        ("me", "web03", "is not fully qualified"),
        ("me", "web03.example.com.", "is not a host name"),
        ("me", "web 03.example.com", "white space"),
        ("me", u"b\u00fccher.example.com", "xn--"),
        ("me", ["web03.example.com"], "is a list where a host name belongs"),
        ("me", "", "is empty"),
        ("bouncefrom", 5, "is a number where a user name belongs"),
        ("bouncefrom", "a@example.com", "bouncehost"),
        ("smtpgreeting", "web03.example.com ready ", "space at an end"),
        ("smtpgreeting", "1 ready", "host name"),
        ("queuelifetime", "one week", "is not a whole number from 0 to 2147483647"),
        ("queuelifetime", True, "is not a whole number"),
        ("timeoutremote", 0, "from 1 to"),
        ("concurrencyremote", -1, "from 0 to 65535"),
        ("databytes", 4294967295, "from 0 to 4294967294"),
        ("locals", ".example.com", "wildcard"),
        ("locals", 7, "is not a list"),
        ("locals", [7], "is a number where a text belongs"),
        ("rcpthosts", ["10.0.0.0/8"], "is a network where a domain name belongs"),
        ("rcpthosts", ["@example.com"], "write example.com"),
        ("rcpthosts", ["*.example.com"], ".example.com"),
        ("rcpthosts", ["# a note"], "is a comment"),
        ("badmailfrom", ["example.com"], "@domain"),
        ("qmqpservers", ["qmqp.example.com"], "IPv4"),
        ("smtproutes", {"": "relay.example.com 25"}, "white space"),
        ("smtproutes", [": relay.example.com"], "white space"),
        ("smtproutes", {"": "2001:db8::1"}, "IPv6"),
        ("smtproutes", [":[2001:db8::1]:25"], "IPv6"),
        ("smtproutes", {"": "10.0.0.0/8"}, "routes to a network"),
        ("smtproutes", {"10.0.0.0/8": "relay.example.com"}, "is a network where a domain name belongs"),
        ("smtproutes", {"": "relay.example.com:0"}, "port"),
        ("smtproutes", {"": "relay.example.com:"}, "port"),
        ("smtproutes", {"": ":25"}, "port without a relay"),
        ("smtproutes", ["relay.example.com"], "no colon"),
        ("smtproutes", {"": 25}, "is a number"),
        ("smtproutes", 25, "neither a mapping nor a list"),
        ("smtproutes", ["a.example:x", "A.example:y"], "more than once"),
        ("virtualdomains", {"example.com": "joe foo"}, "white space"),
        ("virtualdomains", {"a b@example.com": "joe"}, "white space"),
    ],
)  # fmt: skip
def test_what_qmail_could_not_use_is_refused_by_name(name, value, says):
    with pytest.raises(ControlError) as caught:
        checked(control_file(name), value)
    assert str(caught.value).startswith("control file {0}: ".format(name))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "name, value",
    [
        ("locals", ["localhost", "[192.0.2.1]", "web03.example.com"]),
        ("defaulthost", "web03+"),
        ("rcpthosts", [".example.com"]),
        ("smtproutes", {"": "192.0.2.1", ".example.org": "[192.0.2.1]:26", "example.org": None}),
        ("badmailfrom", "@example.com"),
        ("queuelifetime", "604800"),
    ],
)
def test_what_qmail_can_use_is_taken(name, value):
    checked(control_file(name), value)


@pytest.mark.parametrize(
    "name, says",
    [("smtproute", "did you mean smtproutes?"), ("morercpthosts.cdb", "name that one"), ("xyz", "qmail-control(5)")],
)
def test_a_file_that_qmail_does_not_know(name, says):
    with pytest.raises(ControlError) as caught:
        control_file(name)
    assert name in str(caught.value) and says in str(caught.value)


def credentials(**other):
    item = {"domain": "", "relay": "smtp.example.org", "port": 587, "user": "web03", "password": "s3cret"}
    item.update(other)
    return [item]


def test_credentials_in_each_format():
    assert credential_routes(credentials(), "pipe") == {"": "smtp.example.org:587|web03|s3cret"}
    assert credential_routes(credentials(domain="example.net"), "space") == {
        "example.net": "smtp.example.org:587 web03 s3cret"
    }
    for style in ("pipe", "space"):
        text = write(CONTROL_FILES["smtproutes"], credential_routes(credentials(), style))
        assert has_credentials(text)
    assert not has_credentials(":smtp.example.org:587 \n# a | b\n")


@pytest.mark.parametrize(
    "other",
    [
        {"password": "s3cret with space"},
        {"password": "s3cret|"},
        {"password": u"s3cret\u00e4"},
        {"user": ""},
        {"port": 0},
        {"relay": "2001:db8::1"},
        {"relay": ""},
        {"domain": "a b"},
    ],
)  # fmt: skip
def test_credentials_that_cannot_be_written(other):
    with pytest.raises(ControlError) as caught:
        credential_routes(credentials(**other), "pipe")
    assert "s3cret" not in str(caught.value)


def test_credentials_in_the_open_are_refused_and_not_repeated():
    for value in ("smtp.example.org:587|web03|s3cret", "smtp.example.org web03 s3cret"):
        with pytest.raises(ControlError) as caught:
            checked(CONTROL_FILES["smtproutes"], {"": value})
        assert "option 'credentials'" in str(caught.value) and "s3cret" not in str(caught.value)


_LOCAL = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~.", min_size=1, max_size=20).filter(lambda user: user[0] != "&")
_NAMES = st.lists(st.text("abcxyz019_", min_size=1, max_size=8), min_size=1, max_size=3).map("-".join)


@given(_NAMES, _LOCAL, st.sampled_from(["example.net", "a.b.example.org"]))
def test_a_forward_is_one_instruction_that_sends_to_the_address(name, user, domain):
    spec = forward_file(name)
    address = checked(spec, "{0}@{1}".format(user, domain))
    text = write(spec, address)
    assert same(spec, text, address) and same(spec, "# note\n" + text.rstrip("\n") + " \t", address)
    # dot-qmail(5): what an ampersand begins is an address, to the end of the line.
    assert text.count("\n") == 1 and text[0] == "&" and text[1:-1] == address
    assert file_called(spec.name) == spec
    assert not same(spec, text + "./Mailbox\n", address) and not same(spec, "", address)


@pytest.mark.parametrize(
    "value, said",
    [
        ("root", "is no address; write USER@DOMAIN"),
        ("|/bin/false", "is no address"),
        ("./Maildir/", "is no address"),
        ("@example.net", "is no address"),
        ("ops@", "is no address"),
        ("", "is empty"),
        ("&ops@example.net", "write USER@DOMAIN alone"),
    ],
)
def test_what_is_another_instruction_of_dot_qmail_is_refused_by_its_name(value, said):
    with pytest.raises(ControlError) as caught:
        checked(forward_file("root"), value)
    assert said in str(caught.value) and "'{0}'".format(value) in str(caught.value)


@pytest.mark.parametrize("name", ["Root", "a.b", "", "../root", "root-", "r\u00f6\u00f6t", "root~", None, 5])
def test_a_name_that_qmail_would_not_look_for_is_refused(name):
    with pytest.raises(ControlError, match="no name of an alias"):
        forward_file(name)


@pytest.mark.parametrize(
    "address",
    [
        "ops",
        "ops@example",
        "@example.net",
        "ops@example.net\n|rm",
        "a b@example.net",
        "<ops@example.net>",
        "a@b@example.net",
        "",
        5,
    ],
)
def test_an_address_that_qmail_local_could_not_use_is_refused(address):
    with pytest.raises(ControlError, match=r"\.qmail-root"):
        checked(forward_file("root"), address)


@pytest.mark.parametrize("name", [".qmail-root.2026-11-22@07:44:01~", ".qmail", "locals~", "qmail-root"])
def test_other_files_are_not_ours(name):
    assert file_called(name) is None
