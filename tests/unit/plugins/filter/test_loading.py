# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each run pays for: Ansible loads all filter files for one filter, and nothing of them is compiled beforehand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.mailops.relay.plugins.filter import relays

COLLECTION = "ansible_collections.mailops.relay.plugins"
FILTERS = sorted(f"filter.{path.stem}" for path in Path(relays.__file__).parent.glob("*.py") if path.stem != "__init__")
LOADS = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"
# Of single playbooks: the log's readers, the report, the verdicts, what asks the DNS and speaks SMTP, the lint.
FOR_SOME = (
    "module_utils.host.keypair_plan",
    "module_utils.mail.log_lines",
    "module_utils.mail.queue",
    "module_utils.mail.relay_certificate",
    "module_utils.mail.relay_matrix",
    "module_utils.postfix.lint",
    "module_utils.postfix.lint_tables",
    "module_utils.preflight.relay_host",
    "plugin_utils.delivery_verdict",
    "plugin_utils.flow_merge",
    "plugin_utils.flow_page",
    "plugin_utils.trace",
)


@pytest.mark.parametrize("names", [FILTERS, ["plugin_utils.playbook_variables"], ["plugin_utils.postfix_client"]])
def test_a_run_loads_nothing_that_only_another_playbook_needs(names):
    command = [sys.executable, "-c", LOADS, *(f"{COLLECTION}.{name}" for name in names)]
    done = subprocess.run(
        command, env=dict(os.environ, PYTHONPATH=":".join(sys.path)), capture_output=True, text=True, check=True
    )
    loaded = done.stdout.split()
    assert f"{COLLECTION}.{names[0]}" in loaded
    assert [name for name in (*FOR_SOME, "dns") if f"{COLLECTION}.{name}" in loaded or name in loaded] == []
