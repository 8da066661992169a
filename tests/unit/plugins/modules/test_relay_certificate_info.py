# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.modules import relay_certificate_info


def test_what_cannot_be_read_is_a_result_in_check_mode_too(run_module):
    for check_mode in (False, True):
        failed, result = run_module(
            relay_certificate_info.main,
            check_mode=check_mode,
            path="/nowhere/server.crt",
            servers=["127.0.0.1"],
            ports=[9],
        )
        assert not failed and not result["changed"]
        assert result["problem"]["missing"] and result["chain"]["status"] == "refused"
        assert not result["served"][0]["answered"]


@pytest.mark.parametrize("options, words", [({"timeout": -1}, "timeout: -1 s"), ({"ports": [0]}, "ports: 0")])
def test_bad_input_is_refused_by_name(run_module, options, words):
    failed, result = run_module(relay_certificate_info.main, **options)
    assert failed and words in result["msg"]


def test_documentation_and_arguments_say_the_same():
    documented = yaml.safe_load(relay_certificate_info.DOCUMENTATION)["options"]
    spec = relay_certificate_info.argument_spec()
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "default"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))
