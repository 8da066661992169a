# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A delegated task whose host does not answer."""

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.mailops.relay.plugins.action import mail_log_info, relay_certificate_info, site_ca


class Task:
    """What the action plugins ask of a task."""

    async_val = 0
    check_mode = False

    def __init__(self, delegate_to):
        self.delegate_to = delegate_to


@pytest.fixture
def act(monkeypatch):
    monkeypatch.setattr("ansible.plugins.action.ActionBase.run", lambda self, tmp, task_vars: {})

    def call(module, answer, delegate_to="relay2", check_mode=False):
        def execute(self, **options):
            if isinstance(answer, Exception):
                raise answer
            return dict(answer)

        action = module.ActionModule.__new__(module.ActionModule)
        action._task = Task(delegate_to)
        action._task.check_mode = check_mode
        monkeypatch.setattr(module.ActionModule, "_execute_module", execute)
        return action.run(task_vars={})

    return call


@pytest.mark.parametrize("module", [mail_log_info, relay_certificate_info])
@pytest.mark.parametrize("error", [AnsibleConnectionFailure("no route"), AnsibleError("Missing sudo password")])
def test_it_fails_and_nobody_is_unreachable(act, module, error):
    result = act(module, error)
    assert result["failed"] and result["no_answer"] and "unreachable" not in result and str(error) in result["msg"]
    with pytest.raises(AnsibleError):
        act(module, error, delegate_to=None)


@pytest.mark.parametrize(("host", "as_root"), [("localhost", False), ("ca01", True)])
def test_the_ca_of_the_site_is_asked_on_the_controller_as_who_runs_ansible(act, monkeypatch, host, as_root):
    class Connection:
        become = "sudo"

        def set_become_plugin(self, plugin):
            self.become = plugin

    connection = Connection()
    monkeypatch.setattr(site_ca.ActionModule, "_connection", connection, raising=False)
    assert act(site_ca, {"certificate": "x"}, delegate_to=host) == {"certificate": "x"}
    assert bool(connection.become) is as_root


def test_a_ca_that_does_not_answer_leaves_the_relay_as_it_is_and_says_what_to_do(act):
    result = act(site_ca, AnsibleConnectionFailure("no route"), delegate_to="ca01")
    assert result["failed"] and "unreachable" not in result
    assert "asked on ca01" in result["msg"] and "no route" in result["msg"] and "keeps what it has" in result["msg"]


READ = {"problem": {"path": "", "reason": "", "missing": False}}
MISSING = {"problem": {"path": "/x", "reason": "No such file", "missing": True}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (AnsibleConnectionFailure("no route"), "no route"),
        ({"failed": True, "module_stderr": "python3: not found", "msg": "MODULE FAILURE"}, "python3: not found"),
        (MISSING, "/x: No such file"),
    ],
)
def test_one_warning_names_the_relay_whose_certificate_cannot_be_read(act, answer, words):
    (warning,) = act(relay_certificate_info, answer)["warnings"]
    assert warning.startswith("The certificate of relay2 could not be read: " + words + ".") and "stays" in warning


@pytest.mark.parametrize(
    ("answer", "options"), [(READ, {}), (MISSING, {"delegate_to": None}), (MISSING, {"check_mode": True})]
)
def test_there_is_none_otherwise(act, answer, options):
    assert act(relay_certificate_info, answer, **options) == answer
