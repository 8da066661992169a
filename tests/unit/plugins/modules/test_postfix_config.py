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

from ansible_collections.mailops.relay.plugins.doc_fragments import owner
from ansible_collections.mailops.relay.plugins.doc_fragments.config_files import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.modules import postfix_config

POSTFIX = os.path.join(os.path.dirname(__file__), "..", "module_utils", "postfix", "fixtures")


@pytest.fixture
def etc(tmp_path, programs):
    """A configuration directory, and programs in PATH that answer as Postfix 3.7.11 (recorded) does."""
    directory = tmp_path / "etc"
    directory.mkdir()
    (directory / "main.cf").write_bytes(
        b"smtpd_relay_restrictions = permit_mynetworks, reject\nmynetworks = 127.0.0.0/8\n"
    )
    (directory / "master.cf").write_bytes(b"smtp unix - - n - - smtp\n")
    recorded = os.path.abspath(os.path.join(POSTFIX, "postconf-d.3.7.11-bookworm.txt"))
    programs(
        postconf="[ $1 = -d ] && exec cat {0}\necho hash".format(recorded),
        postfix="exit 0",
        postmap='[ "$3" = -q ] || : > "${3#*:}.db"',
    )
    return directory


@pytest.fixture
def run(etc, run_module):
    """Calls the module with these options; returns whether it failed, and its result."""

    def call(**options):
        return run_module(postfix_config.main, **dict({"config_directory": str(etc)}, **options))

    return call


def test_check_mode_says_what_the_real_run_then_does_and_the_next_one_has_nothing_to_do(run, etc):
    wanted = dict(main={"myhostname": "a.example", "smtpd_helo_required": True})
    before = (etc / "main.cf").read_bytes()
    failed, predicted = run(check_mode=True, **wanted)
    assert not failed and predicted["changed"] and (etc / "main.cf").read_bytes() == before
    failed, result = run(**wanted)
    assert not failed and result == predicted
    assert (etc / "main.cf").read_bytes() == before + b"myhostname = a.example\nsmtpd_helo_required = yes\n"
    failed, result = run(**wanted)
    assert not failed and not result["changed"] and result["diff"] == []


def test_a_refusal_fails_with_the_findings(run, etc):
    failed, result = run(main={"mynetworks": "0.0.0.0/0"})
    assert failed
    assert "mynetworks = 0.0.0.0/0" in result["msg"]
    assert [finding["identifier"] for finding in result["findings"]] == ["open-relay-mynetworks"]


def test_secret_entries_are_hidden_and_written(run, etc):
    failed, result = run(tables=[{"path": str(etc / "passwd"), "type": "hash", "secret_entries": {"h": "u:s3cret"}}])
    assert not failed and result["changed"]
    assert "s3cret" not in json.dumps(result)
    assert b"h u:s3cret\n" in (etc / "passwd").read_bytes()


def test_passwords_are_neither_in_the_system_log_nor_in_the_result(run, etc, monkeypatch):
    logged = []

    def log(self, msg, log_args=None):
        logged.append(msg + repr(log_args))

    monkeypatch.setattr(basic.AnsibleModule, "log", log)
    (etc / "logins").write_bytes(b"h u:0ldpassword\n")
    options = {"smtp_sasl_password_maps": "hash:{0}, inline:{{h=u:f0urthpassword}}".format(etc / "logins")}
    failed, result = run(
        main={"smtp_sasl_password_maps": "hash:{0}".format(etc / "logins"), "x_password": "s3cretpassword"},
        if_supported={"y_password": "s3cretpassword"},
        master=[{"name": "smart", "type": "unix", "command": "smtp", "options": options}],
        tables=[{"path": str(etc / "logins"), "type": "hash", "entries": {"h": "u:n3wpassword"}}],
        files=[{"path": str(etc / "key"), "content": "-----BEGIN PRIVATE KEY-----\nth1rdpassword\n"}],
        accept_risks=["unknown-parameter", "table-type-missing"],
    )
    assert not failed and result["changed"]
    for text in logged + [json.dumps(result)]:
        for password in ("0ldpassword", "s3cretpassword", "n3wpassword", "th1rdpassword", "f0urthpassword"):
            assert password not in text
    assert [text.startswith("Invoked with accept_risks=") for text in logged] == [True]
    assert "main=(not logged)" in logged[0] and "backup=False" in logged[0]


def test_a_password_in_the_arguments_is_not_in_a_refusal(run):
    for main in (
        {"smtp_sasl_password_maps": "static:u:s3cretpassword", "mynetworks": "0.0.0.0/0"},
        {"smtp_sasl_password_maps": "static:u:s3cretpassword\0"},
        {"smtp_sasl_password_maps": ["static:u:s3cretpassword", {}]},
    ):
        failed, result = run(main=main)
        assert failed and "s3cretpassword" not in json.dumps(result)


@pytest.mark.parametrize(
    "request_",
    [
        dict(tables=[{"path": "/nowhere/sasl_passwd", "type": "hash", "entries": {"h": "u:s3cretpassword"}}]),
        dict(tables=[{"path": "{etc}/sasl_passwd", "type": "hash", "entries": {"a b": "u:s3cretpassword"}}]),
        dict(tables=[{"path": "{etc}/sasl_passwd", "type": "hash", "entries": [{"a": "u:s3cretpassword", "b": "c"}]}]),
        dict(tables=[{"path": "{etc}/sasl_passwd", "type": "hash", "entries": "u:s3cretpassword"}]),
        dict(files=[{"path": "/nowhere/x.pem", "content": "-----BEGIN PRIVATE KEY-----\ns3cretpassword"}]),
        dict(files=[{"path": "/nowhere/x.cf", "content": "password = s3cretpassword"}]),
        # It fails before main.cf could say which of them is a secret.
        dict(tables=[{"path": "{etc}/t", "type": "hash", "entries": {"h": "u:s3cretpassword"}}], accept_risks=["x"]),
        dict(files=[{"path": "{etc}/t", "content": "h u:s3cretpassword"}], main={"a b": 1}),
    ],
)
def test_a_refused_call_does_not_show_what_its_tables_and_files_would_hold(etc, monkeypatch, capsys, request_):
    arguments = json.loads(json.dumps(dict(request_, config_directory="{etc}")).replace("{etc}", str(etc)))
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": arguments})))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        postfix_config.main()
    # The whole of it: with the arguments as they were given.
    output = capsys.readouterr()[0]
    assert json.loads(output)["failed"] and "invocation" in output
    assert "s3cretpassword" not in output


def test_entries_and_secret_entries_exclude_each_other(run, etc):
    failed, result = run(tables=[{"path": str(etc / "t"), "entries": {"a": "b"}, "secret_entries": {"a": "b"}}])
    assert failed and "mutually exclusive" in result["msg"]


def test_documentation_and_arguments_say_the_same():
    documented = {}
    for text in (
        postfix_config.DOCUMENTATION,
        ModuleDocFragment.DOCUMENTATION,
        ModuleDocFragment.OWNED_FILES,
        owner.ModuleDocFragment.DOCUMENTATION,
    ):
        documented.update(yaml.safe_load(text)["options"])
    spec = postfix_config.argument_spec()
    assert set(documented) == set(spec)
    for name, option in spec.items():
        suboptions = documented[name].get("suboptions", {})
        assert set(suboptions) == set(option.get("options", {}))
        for key, suboption in suboptions.items():
            assert suboption.get("required", False) == option["options"][key].get("required", False)


def test_the_examples_name_only_options_that_exist():
    spec = postfix_config.argument_spec()
    for task in yaml.safe_load(postfix_config.EXAMPLES):
        arguments = task.get("mailops.relay.postfix_config", {})
        assert set(arguments) <= set(spec)
        for name in ("master", "tables", "files"):
            for item in arguments.get(name, []):
                assert set(item) <= set(spec[name]["options"])
