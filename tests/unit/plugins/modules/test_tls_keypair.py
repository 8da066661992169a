# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os

import pytest
import yaml
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import commands
from ansible_collections.mailops.relay.plugins.modules import tls_keypair


class Ended(Exception):
    """What the module would print."""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Calls the module with these options; returns whether it failed, and its result."""

    def call(check_mode=False, diff=False, **options):
        arguments = dict(
            privatekey_path=str(tmp_path / "relay.key"),
            certificate_path=str(tmp_path / "relay.crt"),
            common_name="relay.example.com",
            type="ECC",
            _ansible_check_mode=check_mode,
            _ansible_diff=diff,
            _ansible_remote_tmp=str(tmp_path),
        )
        arguments.update(options)
        arguments = dict((name, value) for name, value in arguments.items() if value is not None)
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": arguments})))
        # ansible-core 2.19 and later
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        ended = {}

        def finish(failed):
            def method(module, **result):
                ended.update(result, failed=failed)
                raise Ended()

            return method

        monkeypatch.setattr(basic.AnsibleModule, "exit_json", finish(False))
        monkeypatch.setattr(basic.AnsibleModule, "fail_json", finish(True))
        monkeypatch.setattr(
            basic.AnsibleModule, "warn", lambda module, text: ended.setdefault("warned", []).append(text)
        )
        with pytest.raises(Ended):
            tls_keypair.main()
        return ended

    return call


@pytest.fixture
def no_openssl(monkeypatch):
    monkeypatch.setattr(commands.Runner, "find", lambda self, program: None)


needs_openssl = pytest.mark.skipif(
    not any(os.path.exists(os.path.join(path, "openssl")) for path in os.environ["PATH"].split(":")),
    reason="there is no openssl program here",
)


@needs_openssl
def test_check_real_and_second_run(run, tmp_path):
    seen = run(check_mode=True, diff=True)
    assert (seen["failed"], seen["changed"], seen["certificate"]) == (False, True, None)
    done = run(diff=True)
    assert (done["failed"], done["changed"], done["reasons"]) == (False, True, seen["reasons"])
    again = run()
    assert (again["failed"], again["changed"], again["reasons"], "diff" in again) == (False, False, [], False)
    returned = yaml.safe_load(tls_keypair.RETURN)
    assert set(again) - set(["changed", "failed"]) == set(returned) - set(["csr", "csr_path"])
    key = (tmp_path / "relay.key").read_bytes()
    assert b"BEGIN PRIVATE KEY" in key
    assert "PRIVATE KEY" not in json.dumps([seen, done, again])


@needs_openssl
def test_a_key_of_another_kind_is_replaced_with_force_only(run):
    run()
    refused = run(type="RSA")
    assert refused["failed"] and "force=true" in refused["msg"]
    done = run(type="RSA", force=True)
    assert (done["failed"], done["changed"], len(done["backup_files"])) == (False, True, 2)


@needs_openssl
def test_request_is_returned(run, tmp_path):
    result = run(provider="csr", csr_path=str(tmp_path / "relay.csr"), certificate_path=None)
    assert result["csr"].startswith("-----BEGIN CERTIFICATE REQUEST-----")
    assert set(yaml.safe_load(tls_keypair.RETURN)) == set(result) - set(["changed", "failed"])


def test_check_mode_without_openssl_warns_and_reports_a_change(run, no_openssl):
    result = run(check_mode=True)
    assert (result["failed"], result["changed"]) == (False, True)
    assert ["no such program" in text for text in result["warned"]] == [True]
    assert "Install the package openssl" in run()["msg"]


@pytest.mark.parametrize("option, name", [("owner", "no-such-user"), ("group", "no-such-group")])
def test_unknown_owner_is_refused_but_only_warned_of_in_check_mode(run, option, name, tmp_path):
    result = run(**{option: name})
    assert result["failed"] and result["msg"].startswith("{0}: there is no {1}".format(option, name))
    assert os.listdir(str(tmp_path)) == []
    result = run(check_mode=True, **{option: name})
    assert not result["failed"] and any(name in text for text in result["warned"])


@pytest.mark.parametrize(
    "options, text",
    [
        ({"privatekey_mode": "0644"}, "privatekey_mode"),
        # 0640 without quotes in YAML 1.1
        ({"privatekey_mode": 416}, "privatekey_mode"),
        ({"provider": "ownca"}, "ownca_path"),
        ({"provider": "csr"}, "csr_path"),
        ({"certificate_path": None}, "certificate_path"),
        ({"size": 1024, "type": "RSA"}, "size: 1024"),
        ({"subject_alt_name": ["DNS:a b"]}, "subject_alt_name: 'DNS:a b'"),
    ],
)
def test_refusal_names_the_option_and_writes_nothing(run, tmp_path, options, text):
    result = run(**options)
    assert result["failed"] and text in result["msg"]
    assert os.listdir(str(tmp_path)) == []


def test_the_passphrase_is_kept_out_of_logs():
    assert tls_keypair.argument_spec()["ownca_privatekey_passphrase"]["no_log"] is True
