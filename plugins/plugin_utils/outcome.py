# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a playbook ends, whichever it is: the lines of its verdict, and its exit code."""

from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Ansible's own: 2 when a task has failed, 4 when a host did not answer; see executor/task_queue_manager of ansible-core.
WELL, BAD, INCOMPLETE = 0, 2, 4


def outcome(lines, ok, summary, silent):
    """The end of a playbook.

    Args:
        lines: iterable of str: the verdict for a reader.
        ok: bool, whether all is well with what is known.
        summary: str, one sentence that says what is not.
        silent: dict: inventory name of a host that did not answer -> str, why.

    Returns:
        dict: C(lines), list of str, of printable characters; C(code), the exit code; C(summary) and C(silent) as given.
    """
    return {
        "lines": [printable(line) for line in lines],
        "code": INCOMPLETE if silent else WELL if ok else BAD,
        "summary": printable(summary),
        "silent": {host: printable(silent[host]) for host in silent},
    }
