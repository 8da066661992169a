# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What filters read of the hosts of a play: their names, and what a task has registered for each."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def known_names(hostvars, host):
    """dict: C(names) and C(addresses), how logs may call a host, from what the inventory and cached facts say."""
    variables = hostvars[host]
    facts = variables.get("ansible_facts", {})
    names = [host]
    addresses = list(facts.get("all_ipv4_addresses", ())) + list(facts.get("all_ipv6_addresses", ()))
    for value in (
        variables.get("ansible_host"), variables.get("relay_server_hostname"), variables.get("relay_server_address"), facts.get("fqdn"),
    ):  # fmt: skip
        if isinstance(value, str) and value and "{{" not in value:
            (addresses if value.replace(".", "").isdigit() or ":" in value else names).append(value)
    return {"names": names, "addresses": addresses}


def result_of(registered):
    """dict or None: a task's registered result; None where the task was skipped.

    Where the host has given none: C(problem) (str), and C(unreachable) (bool), whether nothing could be run there.
    """
    if not registered or registered.get("skipped"):
        return None
    if registered.get("unreachable"):
        return {"problem": registered.get("msg", "no answer"), "unreachable": True}
    if registered.get("failed"):
        # A module that could not even begin says nothing itself; a connection plugin may, as community.docker's of a stopped host.
        began = "module_stderr" not in registered
        said = (registered.get("module_stderr") or "").strip().split("\n")[-1]
        return {"problem": said or registered.get("msg", "no answer"), "unreachable": not began}
    return registered


def log_problems(host, result):
    """list of str: why what a host's log tells may not be all.

    Args:
        host: str, inventory name.
        result: dict, of M(mailops.relay.mail_log_info), or with C(problem) (str).
    """
    if "problem" in result:
        return ["{0} could not be asked: {1}".format(host, result["problem"])]
    log = result["log"]
    problems = ["{0}: {1}".format(host, problem) for problem in log["problems"]]
    problems.extend("{0}: lines were lost: {1}".format(host, gap["text"]) for gap in log["gaps"])
    if log["unreadable"] or log["unknown"]:
        problems.append(
            "{0}: {1} line(s) could not be read, {2} are not known; the first is {3}".format(
                host, log["unreadable"], log["unknown"], (log["samples"] or [""])[0]
            )
        )
    return problems
