# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.doc_fragments import owner
from ansible_collections.mailops.relay.plugins.doc_fragments.config_files import ModuleDocFragment
from ansible_collections.mailops.relay.plugins.modules import sendmail_config

# A sendmail that reads the smart host and knows one mailer, with the answers of 8.17.1.9.
SENDMAIL = r"""# ADDRESS TEST MODE: by this it is taken for sendmail's.
cat > /dev/null
case "$*" in *-d0.1*) echo 'Version 8.17.1.9'; exit 0;; esac
echo "> $(sed -n 's/^DS//p' "$2")
> Undefined
> Undefined
> mailer 8 (relay): P=[IPC] A=TCP \$h"
"""
CF = b"DS\n# kept\nMrelay,\t\tP=[IPC],\n\t\tA=TCP $h\n"
MC = b"dnl kept\nMAILER(`smtp')dnl\n"


@pytest.fixture
def etc(tmp_path, programs):
    """A configuration directory, and a sendmail without the macros in PATH."""
    directory = tmp_path / "mail"
    directory.mkdir()
    (directory / "sendmail.mc").write_bytes(MC)
    (directory / "sendmail.cf").write_bytes(CF)
    programs(sendmail=SENDMAIL)
    return directory


@pytest.fixture
def run(etc, run_module):
    """Calls the module with these options; returns whether it failed, and its result."""

    def call(**options):
        return run_module(sendmail_config.main, **dict({"config_directory": str(etc)}, **options))

    return call


def test_check_mode_says_what_the_real_run_then_does_and_the_next_one_has_nothing_to_do(run, etc):
    failed, predicted = run(check_mode=True, smart_hosts=["a.example.com"])
    assert not failed and predicted["changed"] and (etc / "sendmail.cf").read_bytes() == CF
    failed, result = run(smart_hosts=["a.example.com"])
    assert not failed and result == predicted and result["restart_required"]
    assert (etc / "sendmail.cf").read_bytes() == CF.replace(b"DS\n", b"DS[a.example.com]\n")
    assert (etc / "sendmail.mc").read_bytes() == MC.replace(
        b"MAILER", b"define(`SMART_HOST', `[a.example.com]')dnl\nMAILER"
    )
    failed, result = run(smart_hosts=["a.example.com"])
    assert not failed and not result["changed"] and not result["restart_required"]


@pytest.mark.parametrize(
    "options, word",
    [
        ({"smart_hosts": ["[a.example.com"]}, "half a bracket"),
        ({"smart_hosts": ["a"], "port": 99999}, "port: 99999"),
        ({"smart_hosts": ["a"], "tls_level": "secure"}, "secure"),
        ({"smart_hosts": ["a"], "mailer": "uucp"}, "uucp"),
    ],
)
def test_bad_input_is_refused_and_nothing_changes(run, etc, options, word):
    failed, result = run(**options)
    assert failed and word in result["msg"]
    assert (etc / "sendmail.cf").read_bytes() == CF and (etc / "sendmail.mc").read_bytes() == MC


def test_documentation_and_arguments_say_the_same():
    documented = {}
    for text in (
        sendmail_config.DOCUMENTATION,
        ModuleDocFragment.DOCUMENTATION,
        ModuleDocFragment.FILES,
        owner.ModuleDocFragment.DOCUMENTATION,
    ):
        documented.update(yaml.safe_load(text)["options"])
    spec = sendmail_config.argument_spec()
    assert set(documented) == set(spec)
    for name, option in spec.items():
        suboptions = documented[name].get("suboptions", {})
        assert set(suboptions) == set(option.get("options", {}))
        for key, suboption in suboptions.items():
            assert suboption.get("required", False) == option["options"][key].get("required", False)
        assert documented[name].get("choices") == option.get("choices")


def test_the_examples_name_only_options_that_exist():
    spec = sendmail_config.argument_spec()
    for task in yaml.safe_load(sendmail_config.EXAMPLES):
        arguments = task.get("mailops.relay.sendmail_config", {})
        assert set(arguments) <= set(spec)
        for item in arguments.get("files", []):
            assert set(item) <= set(spec["files"]["options"])
