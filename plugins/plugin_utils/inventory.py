# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the hosts of a play: their names, and what a task has registered for each."""

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain, read_address


def known_names(host, variables):
    """dict: how a host may be called.

    C(names) and C(addresses) are its own, as logs may call it; C(shared) is what other hosts may be called too: a host name
    without domain, and the address by which the Internet knows it.

    Args:
        host: str, inventory name.
        variables: mapping: what the inventory and cached facts say of it; what is missing or cannot be resolved is left out.
            C(addresses) (str) is what C(hostname --all-ip-addresses) said there.
    """
    facts = variables.get("ansible_facts") or {}
    names = [host]
    addresses = list(facts.get("all_ipv4_addresses") or ()) + list(facts.get("all_ipv6_addresses") or ())
    addresses += (variables.get("addresses") or "").split()
    own = [variables.get(name) for name in ("ansible_host", "relay_server_hostname", "relay_server_address")]
    for value in own + [facts.get("fqdn")]:
        if _is_known(value):
            (addresses if read_address(value) else names).append(value)
    shared = [
        value for value in (facts.get("hostname"), variables.get("relay_server_outbound_address")) if _is_known(value)
    ]
    # One address may be written in many ways; logs have the shortest.
    return {
        "names": names,
        "addresses": [plain(text) for text in addresses],
        "shared": [plain(text) for text in shared],
    }


def owners(addresses):
    """dict: address -> the one host that has it. What several have, as the bridges of their containers, is nobody's.

    Args:
        addresses: dict: host -> collection of str, addresses in one notation.
    """
    found = {}
    for host in addresses:
        for address in set(addresses[host]):
            found.setdefault(address, []).append(host)
    return {address: hosts[0] for address, hosts in found.items() if len(hosts) == 1}


def _is_known(value):
    # What the inventory computes from a variable that is not there is no text, or still a template.
    return isinstance(value, str) and value != "" and "{{" not in value


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
        return ["{} could not be asked: {}".format(host, result["problem"])]
    log = result["log"]
    problems = [f"{host}: {problem}" for problem in log["problems"]]
    problems.extend("{}: lines were lost: {}".format(host, gap["text"]) for gap in log["gaps"])
    if log["unreadable"] or log["unknown"]:
        problems.append(
            "{}: {} line(s) could not be read, {} are not known; the first is {}".format(
                host, log["unreadable"], log["unknown"], (log["samples"] or [""])[0]
            )
        )
    return problems
