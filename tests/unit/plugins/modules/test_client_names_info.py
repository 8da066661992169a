# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.modules import client_names_info

TOLD = {
    "web01.example.com": [],
    "web02.example.com": ["mail.example.com"],
    "web03.example.com": None,
    "web04.example.com": None,
}


def test_names_are_told_apart_by_the_dns_and_the_table_of_before(run_module, monkeypatch, tmp_path):
    monkeypatch.setattr(client_names_info, "exchangers", lambda names, servers, seconds: dict(TOLD))
    monkeypatch.setattr(client_names_info, "_keeps_root_mail", lambda runner: True)
    (tmp_path / "names").write_bytes(b"web03.example.com error:5.1.1 x\n")
    failed, result = run_module(
        client_names_info.main, names=sorted(TOLD), taken=False, known_in=str(tmp_path / "names")
    )
    assert not failed and not result["changed"]
    assert result["names"] == ["web01.example.com", "web03.example.com"]
    assert result["elsewhere"] == {"web02.example.com": ["mail.example.com"]}
    assert result["unknown"] == ["web04.example.com"]
    assert result["root_kept"]
    refused, elsewhere, unknown = result["warnings"]
    assert "Set relay_server_local_recipient" in refused
    assert "web02.example.com" in elsewhere and "web04.example.com" in unknown


def test_where_somebody_gets_roots_mail_the_aliases_are_not_asked(run_module, monkeypatch):
    monkeypatch.setattr(client_names_info, "exchangers", lambda names, servers, seconds: {})
    monkeypatch.setattr(client_names_info, "_keeps_root_mail", lambda runner: 1 // 0)
    failed, result = run_module(client_names_info.main, names=[])
    assert not failed and result["root_kept"] is False


@pytest.mark.parametrize("name", ["web01", "web 01.example.com", "a" * 64 + ".example.com"])
def test_what_is_no_name_is_refused(run_module, name):
    failed, result = run_module(client_names_info.main, names=["web01.example.com", name])
    assert failed and "names: {0!r} is not a full host name.".format(name) in result["msg"]


def test_documentation_and_arguments_say_the_same():
    spec = client_names_info.argument_spec()
    documented = yaml.safe_load(client_names_info.DOCUMENTATION)["options"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        assert (option["type"], option.get("required", False)) == (
            spec[name]["type"],
            spec[name].get("required", False),
        )
