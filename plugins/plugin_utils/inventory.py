# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is made of the hosts of a play: their names, and what a task has registered for each."""

import re

from ansible.module_utils.common.text.converters import to_text

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain, read_address

# What ssh(1) says besides the reason.
_NOISE = re.compile(r"Warning: Permanently added [^\n]* to the list of known hosts\.\s*")
# How Ansible words that it could not become another user (connection plugin ssh, plugins/action of ansible-core 2.16 to 2.21).
_NO_PASSWORD = re.compile(
    r"(?:Missing|Incorrect) \S+ password|waiting for privilege escalation prompt|password is required"
)
_LONGEST = 300


# What a host's names are taken from.
NAMES_IN = (
    "ansible_facts",
    "ansible_host",
    "relay_server_hostname",
    "relay_server_address",
    "relay_server_outbound_address",
)


def read_variables(variables, names):
    """(dict, list of str): those of a host's variables that can be read, and why others cannot.

    Args:
        variables: mapping, C(hostvars) of the host: each is templated when it is read, which may fail.
        names: iterable of str; no other is looked at.
    """
    found, problems = {}, []
    for name in names:
        try:
            if name in variables:
                found[name] = variables[name]
        # A template can raise anything.
        except Exception as exc:
            problems.append("{0}: {1}".format(name, " ".join(to_text(exc).split())[:_LONGEST]))
    return found, problems


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
    """dict or None: a task's registered result; None where the task was skipped, or never came to this host.

    Where the host has given none: C(problem) (str), why, in one line; and C(unreachable) (bool), whether nothing could be run
    there, so that the module itself has not said no; and C(kind), where the module told which.
    """
    if not registered or registered.get("skipped"):
        return None
    unreachable = bool(registered.get("unreachable") or registered.get("no_answer"))
    if not (unreachable or registered.get("failed")):
        return registered
    said = to_text(registered.get("msg") or "")
    # A module that could not even begin says nothing itself; a connection plugin may, as community.docker's of a stopped host, and
    # a shell that does not find Python.
    if "module_stderr" in registered:
        unreachable = True
        told = [to_text(registered.get(name) or "").strip() for name in ("module_stderr", "module_stdout")]
        said = next((text.split("\n")[-1] for text in told if text), said)
    text = " ".join(_NOISE.sub("", said).split()) or "no answer"
    found = {"problem": text[:_LONGEST], "unreachable": unreachable or _NO_PASSWORD.search(text) is not None}
    return dict(found, kind=registered["kind"]) if "kind" in registered else found


def unanswered(results):
    """(dict, dict): host -> sentence, of those on which nothing could be run, and of those that said no.

    Args:
        results: dict: inventory name -> registered result, or None.
    """
    silent, refusals = {}, {}
    for host in results:
        result = result_of(results[host])
        if result is not None and "problem" in result:
            (silent if result["unreachable"] else refusals)[host] = f"{host}: {result['problem'].rstrip('.')}."
    return silent, refusals


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
