# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from ansible.module_utils.basic import AnsibleModule
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, without_secrets

CHECK = {"id": "port_25", "status": "ok", "port": 25, "seen": "it says: 535 secret25 is wrong"}
SAID = {"changed": False, "verdict": "failed", "checks": [CHECK], "relay": {"hostname": "relay.example.com"}}


def main():
    spec = {"password": {"type": "str", "no_log": True}, "shown": {"type": "str"}}
    module = RelayModule(argument_spec=spec)
    module.exit_json(words=["relay"], **SAID)


# Each of these is a word of the result, a part of one, or the text of one of its numbers and truth values.
@pytest.mark.parametrize(
    "password",
    [
        "ok",
        "25",
        "2",
        "true",
        "True",
        "False",
        "failed",
        "fail",
        "port_25",
        "port",
        "relay",
        "example.com",
        "relay.example.com",
    ],
)
def test_a_password_that_is_a_word_of_the_result_changes_no_verdict(run_module, password):
    failed, result = run_module(main, password=password, shown="x")
    invocation = result.pop("invocation")
    assert not failed and result == SAID
    # It is shown nowhere for that.
    assert invocation["module_args"]["password"] != password and invocation["module_args"]["shown"] == "x"


def test_what_others_say_is_still_without_it(run_module):
    _failed, result = run_module(main, password="secret25", shown="secret25")
    assert "secret25" not in str(result) and "535 ******** is wrong" in result["checks"][0]["seen"]


@pytest.mark.parametrize(
    "value", ["\xe4", b"\xc3\xa4", b"\xe4", {b"\xc3\xa4": [1, None]}, set([3]), (1.5, True), "\udce4"]
)
def test_a_result_is_the_json_that_ansible_makes_of_it(value):
    module = RelayModule.__new__(RelayModule)
    assert module.jsonify({"is": value}) == AnsibleModule.jsonify(module, {"is": value})


texts = st.text(alphabet="abc25", max_size=8)
results = st.recursive(
    st.one_of(texts, st.integers(0, 300), st.booleans(), st.none(), st.floats(0, 9)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["id", "seen", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


def leaves(value, named=False):
    if isinstance(value, (dict, list)):
        for name, one in value.items() if isinstance(value, dict) else enumerate(value):
            for leaf in leaves(one, named or name == "id"):
                yield leaf
    else:
        yield named, value


@given(results, st.sets(st.text(alphabet="abc25", min_size=1, max_size=3), max_size=3))
@settings(max_examples=200, deadline=None)
def test_no_text_has_a_secret_in_it_and_all_else_is_as_it_was(result, secrets):
    before, after = list(leaves(result)), list(leaves(without_secrets(result, secrets, ("id",))))
    assert len(before) == len(after)
    for (named, old), (_named, new) in zip(before, after):
        if named or old is None or not hasattr(old, "split"):
            assert new == old and type(new) is type(old)
        else:
            assert not [one for one in secrets if one in new] and (new == old or [one for one in secrets if one in old])


def test_a_warning_has_no_secret_in_it_even_where_a_number_looks_like_it(run_module):
    def warned():
        module = RelayModule(argument_spec={"password": {"type": "str", "no_log": True}})
        module.exit_json(changed=False, size=1202500, warnings=["the line is: login 2025"])

    _failed, result = run_module(warned, password="2025")
    assert result["size"] == 1202500 and result["warnings"] == ["the line is: login ********"]
