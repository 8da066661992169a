# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import time

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_lookup, spf
from ansible_collections.mailops.relay.plugins.modules import mail_dns_info

RELAY = {"hostname": "relay.example.com", "addresses": ["203.0.113.4"], "nameservers": ["127.0.0.1"]}


@pytest.fixture
def silent_port():
    """A port on which somebody listens and says nothing."""
    handle = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    handle.bind(("127.0.0.1", 0))
    yield handle.getsockname()[1]
    handle.close()


def test_a_resolver_that_says_nothing_is_a_verdict_in_time(run_module, silent_port):
    start = time.time()
    failed, result = run_module(mail_dns_info.main, port=silent_port, timeout=1, **RELAY)
    assert time.time() - start < 4
    assert not failed and not result["changed"] and result["verdict"] == "failed"
    assert [entry["id"] for entry in result["checks"] if entry["status"] == "failed"] == ["dns_resolver"]
    assert result["nameservers"] == ["127.0.0.1"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"hostname": ""}, "hostname: it is empty"),
        ({"addresses": ["203.0.113"]}, "addresses: '203.0.113'"),
        ({"nameservers": ["ns.example.com"]}, "nameservers: 'ns.example.com'"),
        ({"port": 70000}, "port: 70000"),
        ({"timeout": 0}, "timeout: 0 s"),
    ],
)
def test_bad_input_is_refused_by_name(run_module, options, words):
    failed, result = run_module(mail_dns_info.main, **dict(RELAY, **options))
    assert failed and words in result["msg"]


def test_a_missing_library_is_named(run_module, monkeypatch):
    monkeypatch.setattr(spf, "IMPORT_ERROR", "Traceback")
    failed, result = run_module(mail_dns_info.main, **RELAY)
    assert failed and result["msg"].endswith("-m pip install pyspf")
    monkeypatch.setattr(dns_lookup, "IMPORT_ERROR", "Traceback")
    failed, result = run_module(mail_dns_info.main, **RELAY)
    assert failed and " lacks dnspython and pyspf; " in result["msg"] and result["exception"] == "Traceback"


def test_documentation_and_arguments_say_the_same():
    spec = mail_dns_info.argument_spec()
    documented = yaml.safe_load(mail_dns_info.DOCUMENTATION)["options"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))
