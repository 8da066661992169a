# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import (
    WHOLE,
    Claims,
    OwnershipError,
    check_request,
    fingerprint,
)

PATIENT = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
THING = "/etc/postfix/main.cf"


class Host(object):
    """A file of keys with lines of others, as modules change it: read, settle, write, record."""

    def __init__(self, values, comments=("# a line of others",)):
        self.values = dict(values)
        self.comments = list(comments)
        self.section = {}
        self.warned = []

    @property
    def text(self):
        return render(self.values, self.comments)

    def call(self, owner, wanted):
        claims = Claims(owner, self.section)
        changes = dict(wanted)
        changes.update(claims.settle(THING, wanted, self.values))
        after = dict(self.values)
        for key, value in changes.items():
            after.pop(key, None)
            if value is not None:
                after[key] = value
        text = claims.text(THING, self.text, render(after, self.comments))
        self.section = claims.after
        self.warned += claims.changed_since
        # What is in the file then, which is not always what was put together.
        lines = text.splitlines()
        self.comments = [line for line in lines if line.startswith("#")]
        self.values = dict(line.split("=", 1) for line in lines if not line.startswith("#"))
        return text


def render(values, comments):
    return "".join(line + "\n" for line in comments) + "".join("%s=%s\n" % item for item in sorted(values.items()))


def test_what_is_no_longer_named_returns_to_what_it_was():
    host = Host({"relayhost": "old", "other": "x"})
    host.call("client", {"relayhost": "new", "added": "1", "other": None})
    assert host.values == {"relayhost": "new", "added": "1"}
    host.call("client", {"relayhost": "newer"})
    assert host.values == {"relayhost": "newer", "other": "x"}
    host.call("client", {})
    assert host.values == {"relayhost": "old", "other": "x"}
    assert host.section == {} and host.warned == []


def test_what_somebody_else_has_changed_stays_and_is_told_once():
    host = Host({"relayhost": "old"})
    host.call("client", {"relayhost": "new"})
    host.values["relayhost"] = "by hand"
    host.call("client", {})
    assert host.values == {"relayhost": "by hand"}
    assert host.warned == [(THING, "relayhost")]
    host.call("client", {})
    assert host.warned == [(THING, "relayhost")]


def test_what_somebody_else_has_put_back_needs_no_word():
    host = Host({"relayhost": "old"})
    host.call("client", {"relayhost": "new"})
    host.values["relayhost"] = "old"
    host.call("client", {})
    assert host.values == {"relayhost": "old"} and host.warned == []


def test_a_second_owner_shares_a_value_and_is_refused_another():
    host = Host({"relayhost": "old"})
    host.call("first", {"relayhost": "new"})
    with pytest.raises(OwnershipError, match="relayhost: the owner first has set it to another value"):
        host.call("second", {"relayhost": "newer"})
    host.call("second", {"relayhost": " new "})
    with pytest.raises(OwnershipError, match="the owner second"):
        host.call("first", {"relayhost": "newer"})
    host.call("first", {})
    assert host.values == {"relayhost": " new "}
    host.call("second", {})
    assert host.values == {"relayhost": "old"}


def test_the_whole_and_a_key_of_one_thing_have_one_owner():
    claims = Claims("first", {})
    claims.claim("/t", WHOLE, "all\n", None)
    with pytest.raises(OwnershipError, match="first has set the whole of it"):
        Claims("second", claims.after).claim("/t", "key", "v", None)
    keyed = Claims("first", {})
    keyed.settle("/t", {"key": "v"}, {})
    with pytest.raises(OwnershipError, match="first has set key"):
        Claims("second", keyed.after).claim("/t", WHOLE, "all\n", None)


def test_one_owner_goes_from_the_whole_to_keys_and_back():
    first = Claims("one", {})
    first.claim("/t", WHOLE, "a b\n", {"text": "old\n"})
    keys = Claims("one", first.after)
    assert keys.settle("/t", {"a": "b"}, {"a": "b"}) == {}
    assert keys.text("/t", "a b\n", "a b\n") == "a b\n"
    whole = Claims("one", keys.after)
    whole.claim("/t", WHOLE, "c d\n", {"text": "a b\n"})
    assert whole.left_out() == []
    last = Claims("one", whole.after)
    assert last.left_out() == [("/t", WHOLE)]
    assert last.release("/t", WHOLE, "c d\n")
    assert last.before("/t", WHOLE) == {"text": "old\n"}


@pytest.mark.parametrize(
    "owner", ["", " ", "a" * 101, "a\nb", " a", "a ", "a  b", "../a", "a\x00", "a\x7f", "a\u2028b"]
)
def test_an_owner_has_a_name(owner):
    with pytest.raises(OwnershipError, match="owner: .* is no name"):
        check_request(owner, "present")


def test_absent_needs_an_owner():
    check_request(None, "present")
    check_request("a", "absent")
    with pytest.raises(OwnershipError, match="name it in owner"):
        check_request(None, "absent")


def test_white_space_counts_in_the_whole_of_a_file_only():
    assert fingerprint("a  b\n", "key") == fingerprint("a b", "key")
    assert fingerprint("a  b\n") != fingerprint("a b\n")
    assert fingerprint(None) != fingerprint("")
    assert fingerprint({"text": "a"}) == fingerprint("a")


def test_while_a_change_is_made_the_old_and_the_new_value_are_known():
    first = Claims("one", {})
    first.settle(THING, {"a": "1", "gone": "1"}, {"a": "0"})
    change = Claims("one", first.after)
    change.settle(THING, {"a": "2"}, {"a": "1", "gone": "1"})
    # Killed before or after the file was moved in; what follows takes it all back.
    for values in ({"a": "1", "gone": "1"}, {"a": "2"}):
        healed = Claims("one", change.during)
        back = healed.settle(THING, {}, values)
        assert back["a"] == "0" and healed.changed_since == []
        assert ("gone" in back) == ("gone" in values)


KEYS = st.sampled_from(["a", "b", "c"])
VALUES = st.none() | st.sampled_from(["1", "2", "3"])
CALLS = st.tuples(st.sampled_from(["first", "second"]), st.dictionaries(KEYS, VALUES, max_size=3))
HANDS = st.tuples(st.just(None), KEYS | st.just("#"), VALUES)


class Model(object):
    """What must be: for each key who wants what, and what was there before the first of them."""

    def __init__(self, values):
        self.values = dict(values)
        self.wants = {}
        self.before = {}

    def refuses(self, owner, wanted):
        return any(
            name != owner and value != wanted[key] for key in wanted for name, value in self.wants.get(key, {}).items()
        )

    def call(self, owner, wanted):
        for key, value in wanted.items():
            wants = self.wants.setdefault(key, {})
            if not wants:
                self.before[key] = self.values.get(key)
            wants[owner] = value
            self.put(key, value)
        for key in [key for key in self.wants if key not in wanted]:
            wants = self.wants[key]
            if owner in wants:
                value = wants.pop(owner)
                if not wants and self.values.get(key) == value:
                    self.put(key, self.before[key])
            if not wants:
                del self.wants[key]

    def put(self, key, value):
        self.values.pop(key, None)
        if value is not None:
            self.values[key] = value


@PATIENT
@given(st.dictionaries(KEYS, st.sampled_from(["1", "2", "3"])), st.lists(CALLS | HANDS, max_size=12))
def test_any_sequence_of_sets_and_removals_ends_as_a_model_predicts(values, steps):
    host, model = Host(values), Model(values)
    start, untouched, comments = host.text, True, list(host.comments)
    for step in steps:
        if step[0] is None and step[1] == "#":
            untouched = False
            host.comments.append("# {0}".format(step[2]))
            comments.append(host.comments[-1])
            continue
        if step[0] is None:
            untouched = untouched and host.values.get(step[1]) == step[2]
            for side in (host, model):
                side.values.pop(step[1], None)
                if step[2] is not None:
                    side.values[step[1]] = step[2]
            continue
        owner, wanted = step
        if model.refuses(owner, wanted):
            before = host.text, host.section
            with pytest.raises(OwnershipError):
                host.call(owner, wanted)
            assert (host.text, host.section) == before
            continue
        host.call(owner, wanted)
        model.call(owner, wanted)
        assert host.values == model.values
    for owner in ("first", "second"):
        text = host.call(owner, {})
        model.call(owner, {})
    assert (host.values, host.comments) == (model.values, comments)
    assert host.section == {}
    assert not untouched or text == start
