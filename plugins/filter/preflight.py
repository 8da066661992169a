# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of each relay joined, and as a table for the terminal."""

import itertools
import textwrap

from ansible_collections.mailops.relay.plugins.module_utils.host.names import listed
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import result_of
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

_ASKS_DNS = "mail_dns_info"
_ORDER = (checks.FAILED, checks.WARNING, checks.OK, checks.SKIPPED)
# What stands out in a column of small letters.
_SHOWN = {checks.FAILED: "FAILED", checks.WARNING: "WARNING"}
# Ansible breaks longer lines itself, and not where it helps.
_WIDTH = 76


def _parts():
    """Yields whose results there are, in the order in which they are shown, and which checks each must have."""
    # Whoever uses any filter of a collection loads all of its files; here what only this one needs waits until it is used.
    from ansible_collections.mailops.relay.plugins.module_utils.preflight import dns_checks, relay_host

    yield "local", "relay_host_info", relay_host.EXPECTED["local"] + relay_host.EXPECTED["certificates"]
    yield "network", "relay_host_info", relay_host.EXPECTED["network"]
    yield "dns", _ASKS_DNS, dns_checks.EXPECTED


def _not_run(module, host, result, expected, because):
    """list of dict: a failed check for each that there is no result of.

    Args:
        result: dict, what the task has registered, or None.
        expected: iterable of str, identifiers.
        because: str, why it was not even tried, where nothing was registered.
    """
    said = result_of(dict(result, failed=True, skipped=False)) if result else None
    todo = f"Make {module} run for it; nothing that it checks is known."
    if said is None or said["problem"] == "no answer":
        said = {"problem": because, "unreachable": False}
    if said["unreachable"]:
        todo = f"Repair the login (ansible {host} -m ping); nothing that is checked there is known."
        if module == _ASKS_DNS:
            todo = "Repair the login to the host that asks the DNS (preflight_dns_host); nothing that is asked there is known."
    return [checks.failed(name, host, "not run: " + said["problem"], todo) for name in expected]


def _of_part(module, host, result, expected, because):
    """list of dict: the checks of one part, those too that there should be and are not."""
    if result is None or result.get("skipped") or "checks" not in result:
        skipped = result is None or result.get("skipped")
        return _not_run(module, host, None if skipped else result, expected, because)
    found = list(result["checks"])
    missing = [name for name in expected if name not in {entry["id"] for entry in found}]
    return found + _not_run(module, host, None, missing, f"{module} has no result of it")


def preflight_result(local, network, dns):
    """What is known of each relay.

    A check that there is no result of has failed: nobody knows what it would have found.

    Args:
        local: dict: inventory name -> registered result of M(mailops.relay.relay_host_info) with what the host itself says;
            None or skipped where it was not asked.
        network: dict, likewise with what it sees outside.
        dns: dict, likewise of M(mailops.relay.mail_dns_info).

    Returns:
        dict: C(verdict) of all, and C(relays), a list with C(host), C(verdict), C(relay) and C(checks).
    """
    name = "preflight_result"
    given = {"local": a_dict(name, local), "network": a_dict(name, network, "network"), "dns": a_dict(name, dns, "dns")}
    relays = []
    for host in local:
        found, relay = [], {}
        because = "the host has given no result"
        for part, module, expected in _parts():
            result = given[part].get(host)
            if result is not None:
                a_dict(name, result, f"{part}: the result of {host}")
            found.extend(_of_part(module, host, result, expected, because))
            if result is not None and "checks" in result:
                relay = result.get("relay", relay)
            elif part == "local":
                # What the others are asked about is not known without it.
                because = found[-1]["seen"].partition(": ")[2]
        relays.append({"host": host, "verdict": checks.overall(found), "relay": relay, "checks": found})
    return {"verdict": checks.overall([entry for relay in relays for entry in relay["checks"]]), "relays": relays}


def _same_said(entry):
    return entry["status"], entry["subject"], entry["seen"], entry["todo"]


def _same_todo(entry):
    return entry["id"], entry["status"], entry["todo"]


def _entry_lines(identifiers, entry, following):
    """list of str: a check with what was seen and what to do, the text in a column of its own.

    Args:
        identifiers: list of str, of this check and of others of which the same is said.
        following: dict or None, the next check; what is to be done about several of a kind is said behind the last.
    """
    first = "{0:<8} {1:<16} ".format(_SHOWN.get(entry["status"], entry["status"]), identifiers[0])
    indent = " " * len(first)
    seen = entry["seen"]
    if len(identifiers) > 1:
        seen += "; so for {0}".format(", ".join(identifiers[1:]))
    text = printable("{0}: {1}".format(entry["subject"], seen))
    lines = textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    if entry["todo"] and (following is None or _same_todo(following) != _same_todo(entry)):
        lines += textwrap.wrap(
            printable("To do: " + entry["todo"]),
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
    # To be copied, so as it is.
    return lines + entry.get("record", {}).get("zone", "").splitlines()


def _last_line(result):
    """str: the verdict on all, and which checks of which relays are not well; a table of many checks does not fit on a screen."""
    bad = []
    for relay in result["relays"]:
        named = []
        for status in (checks.FAILED, checks.WARNING):
            names = dict.fromkeys(entry["id"] for entry in relay["checks"] if entry["status"] == status)
            if names:
                named.append(f"{status} {listed(list(names))}")
        if named:
            bad.append("{0}: {1}".format(relay["host"], ", ".join(named)))
    return "{0}: {1}".format(
        result["verdict"].upper(), "; ".join(bad) or listed([one["host"] for one in result["relays"]])
    )


def preflight_table(result):
    """The checks as lines to read.

    Args:
        result: dict, of C(preflight_result).

    Returns:
        list of str: lines, of printable characters only.
    """
    a_dict("preflight_table", result, keys=("relays", "verdict"), hint="Give what preflight_result returned.")
    lines = []
    for relay in result["relays"]:
        counts = [(status, len([entry for entry in relay["checks"] if entry["status"] == status])) for status in _ORDER]
        numbers = ", ".join(f"{count} {status}" for status, count in counts if count)
        lines.append("{0}: {1} ({2})".format(relay["host"], relay["verdict"].upper(), numbers or "no checks"))
        if relay["relay"].get("planned"):
            lines.append("as the role will make it")
        groups = [list(entries) for _said, entries in itertools.groupby(relay["checks"], _same_said)]
        for entries, following in itertools.zip_longest(groups, groups[1:]):
            lines.extend(_entry_lines([entry["id"] for entry in entries], entries[0], following and following[0]))
    return [printable(line) for line in [*lines, _last_line(result)]]


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {"preflight_result": preflight_result, "preflight_table": preflight_table}
