# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import stat
import subprocess

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.module_utils.host import transaction
from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record
from ansible_collections.mailops.relay.plugins.modules import dkim_key

pytestmark = pytest.mark.skipif(
    not any(os.path.exists(os.path.join(path, "openssl")) for path in os.environ["PATH"].split(":")),
    reason="there is no openssl program here",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "etc" / "keys" / "relay01._domainkey.example.com.pem"


@pytest.fixture
def run(run_module, path):
    def call(**options):
        options = dict({"domain": "example.com", "selector": "relay01", "path": str(path), "size": 1024}, **options)
        return run_module(dkim_key.main, **options)

    return call


def mode(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def test_check_real_and_second_run(run, path):
    failed, seen = run(check_mode=True, diff=True)
    assert not failed and seen["changed"] and seen["record"] is None and not path.parent.parent.exists()
    failed, done = run(diff=True)
    assert not failed and done["changed"] and done["reasons"] == seen["reasons"]
    key = path.read_bytes()
    assert b"BEGIN PRIVATE KEY" in key and "PRIVATE KEY" not in str([seen, done])
    assert (mode(path), mode(path.parent), os.listdir(str(path.parent))) == (0o600, 0o700, [path.name])
    assert done["record_name"] == "relay01._domainkey.example.com" and done["size"] == 1024
    assert dkim_record.compare([done["record"].encode("ascii")], done["public_key"]).verdict == "same"
    assert (
        "".join(done["record_strings"]) == done["record"]
        and "".join(re.findall('"(.*)"', done["zone_record"])) == done["record"]
    )
    failed, again = run(diff=True)
    assert not failed and not again["changed"] and again["reasons"] == [] and path.read_bytes() == key
    assert again["diff"]["before"] == again["diff"]["after"] == done["diff"]["after"]
    assert again["record"] == done["record"]
    returned = yaml.safe_load(dkim_key.RETURN)
    assert set(again) - {"changed", "diff"} == set(returned)


def test_a_key_of_another_size_that_verifiers_take_is_kept_unless_another_is_asked_for(run, path):
    run()
    key = path.read_bytes()
    failed, kept = run(size=2048)
    assert not failed and not kept["changed"] and kept["size"] == 1024 and path.read_bytes() == key
    failed, made = run(size=2048, force=True)
    assert not failed and made["size"] == 2048 and "1024 bits" in made["reasons"][0]
    (backup,) = made["backup_files"]
    with open(backup, "rb") as stream:
        assert stream.read() == key
    assert mode(backup) == 0o600
    failed, again = run(size=2048, force=True)
    assert not failed and not again["changed"]


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "openssl cannot read it"),
        (b"-----BEGIN PRIVATE KEY-----\nMIIC\n-----END PRIVATE KEY-----\n", "openssl cannot read it"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIC\n-----END ENCRYPTED PRIVATE KEY-----\n", "passphrase"),
    ],
)
def test_what_may_be_somebodys_key_is_replaced_with_force_only(run, path, content, words):
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    failed, result = run()
    assert failed and words in result["msg"] and "force=true" in result["msg"] and path.read_bytes() == content
    failed, result = run(force=True)
    assert not failed and result["size"] == 1024 and len(result["backup_files"]) == 1


@pytest.mark.parametrize(
    "options, words",
    [
        (["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1"], "it is no RSA key"),
        (["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"], "it has 512 bits"),
    ],
)
def test_a_key_that_verifiers_do_not_take_is_refused(run, path, options, words):
    path.parent.mkdir(parents=True)
    subprocess.check_output(["openssl", "genpkey", "-out", str(path)] + options, stderr=subprocess.STDOUT)
    failed, result = run()
    assert failed and words in result["msg"] and str(path) in result["msg"]


def test_a_mode_that_differs_is_set_and_the_key_stays(run, path):
    run()
    key = path.read_bytes()
    os.chmod(str(path), 0o644)
    failed, seen = run(check_mode=True, diff=True)
    assert not failed and seen["changed"] and mode(path) == 0o644 and seen["record"]
    failed, done = run(diff=True)
    assert not failed and done["changed"] and mode(path) == 0o600 and path.read_bytes() == key
    assert "0644" in done["diff"]["before"] and "0600" in done["diff"]["after"] and done["diff"] == seen["diff"]


def test_a_key_is_never_readable_for_others_and_whole_when_it_fails(run, path, monkeypatch):
    run()
    key = path.read_bytes()
    real, seen = os.rename, []

    def rename(source, destination):
        if destination == str(path):
            seen.append((mode(source), mode(os.path.dirname(source))))
            if len(seen) == 1:
                raise OSError(28, "No space left on device", destination)
        real(source, destination)

    monkeypatch.setattr(transaction.os, "rename", rename)
    failed, result = run(size=2048, force=True)
    assert failed and "make room" in result["msg"] and path.read_bytes() == key
    assert os.listdir(str(path.parent)) == [path.name]
    failed, result = run(size=2048, force=True)
    assert not failed and set(seen) == {(0o600, 0o700)}


def test_what_a_killed_run_left_goes(run, path):
    run()
    left = path.parent / ".mailops-stage.abc.mailops-new"
    left.mkdir()
    (left / path.name).write_bytes(b"a key")
    failed, result = run()
    assert not failed and not result["changed"] and os.listdir(str(path.parent)) == [path.name]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"selector": "a.b"}, "selector: 'a.b' is not a DNS label"),
        ({"domain": "example.com."}, "domain: 'example.com.'"),
        ({"size": 512}, "size: 512 bits"),
        ({"size": 8192}, "size: 8192 bits"),
        ({"owner": "no-such-user"}, "owner: there is no no-such-user"),
        ({"group": "no-such-group"}, "group: there is no no-such-group"),
    ],
)
def test_a_refusal_names_the_option_and_writes_nothing(run, tmp_path, options, words):
    failed, result = run(**options)
    assert failed and words in result["msg"] and os.listdir(str(tmp_path)) == []


def test_check_mode_warns_of_what_an_earlier_task_may_bring(run, monkeypatch):
    monkeypatch.setattr(dkim_key.Runner, "find", lambda self, program: None)
    failed, result = run(check_mode=True, owner="no-such-user")
    assert not failed and result["changed"] and len(result["warnings"]) == 2
    failed, result = run()
    assert failed and "Install the package openssl" in result["msg"]


def test_documentation_and_arguments_say_the_same():
    spec = dkim_key.argument_spec()
    documented = yaml.safe_load(dkim_key.DOCUMENTATION)["options"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))
