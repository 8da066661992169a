# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys
import time

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_lookup
from ansible_collections.mailops.relay.plugins.modules import dkim_published_info

KEY = {"domain": "example.com", "selector": "relay01", "public_key": "MIIB"}


def test_without_an_answer_it_is_unknown_in_time(run_module):
    start = time.time()
    # Nobody listens on port 9 of the host itself.
    failed, result = run_module(dkim_published_info.main, keys=[KEY], nameservers=["127.0.0.1"], port=9, timeout=1)
    assert time.time() - start < 4 and not failed and not result["changed"]
    assert [(found["record_name"], found["verdict"]) for found in result["records"]] == [
        ("relay01._domainkey.example.com", "unknown")
    ]
    contains = yaml.safe_load(dkim_published_info.RETURN)["records"]["contains"]
    assert set(contains) == set(result["records"][0])


@pytest.mark.parametrize(
    "options, words",
    [
        ({"keys": [dict(KEY, selector="a.b")]}, "selector: 'a.b'"),
        ({"keys": [dict(KEY, domain="localhost")]}, "domain: 'localhost'"),
        ({"nameservers": ["ns.example.com"]}, "nameservers: 'ns.example.com'"),
        ({"port": 0}, "port: 0"),
        ({"timeout": 0}, "timeout: 0 s"),
    ],
)
def test_bad_input_is_refused_by_name(run_module, options, words):
    failed, result = run_module(
        dkim_published_info.main, **dict({"keys": [KEY], "nameservers": ["127.0.0.1"]}, **options)
    )
    assert failed and words in result["msg"]


def test_a_missing_library_is_named(run_module, monkeypatch):
    monkeypatch.setattr(dns_lookup, "IMPORT_ERROR", "Traceback")
    failed, result = run_module(dkim_published_info.main, keys=[KEY])
    assert failed and result["msg"].endswith(
        " lacks dnspython; there: {0} -m pip install dnspython".format(sys.executable)
    )


def test_documentation_and_arguments_say_the_same():
    spec = dkim_published_info.argument_spec()
    documented = yaml.safe_load(dkim_published_info.DOCUMENTATION)["options"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))
