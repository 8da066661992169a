# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of each relay joined, and as a table for the terminal."""

import textwrap

from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import result_of
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Whose results these are, in the order in which they are shown.
_MODULES = (("local", "relay_host_info"), ("network", "relay_host_info"), ("dns", "mail_dns_info"))
_ORDER = (checks.FAILED, checks.WARNING, checks.OK, checks.SKIPPED)
# What stands out in a column of small letters.
_SHOWN = {checks.FAILED: "FAILED", checks.WARNING: "WARNING"}
# Ansible breaks longer lines itself, and not where it helps.
_WIDTH = 76


def _unread(module, host, result):
    """dict: a failed check for a result that there is not."""
    said = result_of(dict(result, failed=True)) if result else {"problem": "no result", "unreachable": False}
    todo = "Make the module run; nothing that it checks is known."
    if said["unreachable"]:
        todo = f"Repair the login (ansible {host} -m ping); nothing that is checked there is known."
    return checks.failed(module, host, said["problem"], todo)


def preflight_result(local, network, dns):
    """What is known of each relay.

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
        for part, module in _MODULES:
            result = given[part].get(host)
            if result is None or a_dict(name, result, f"{part}: the result of {host}").get("skipped"):
                continue
            if "checks" not in result:
                found.append(_unread(module, host, result))
                continue
            found.extend(result["checks"])
            relay = result.get("relay", relay)
        if not found:
            found.append(_unread("relay_host_info", host, {}))
        relays.append({"host": host, "verdict": checks.overall(found), "relay": relay, "checks": found})
    return {"verdict": checks.overall([entry for relay in relays for entry in relay["checks"]]), "relays": relays}


def _entry_lines(entry):
    """list of str: a check with what was seen and what to do, the text in a column of its own."""
    first = "{0:<8} {1:<16} ".format(_SHOWN.get(entry["status"], entry["status"]), entry["id"])
    indent = " " * len(first)
    text = printable("{0}: {1}".format(entry["subject"], entry["seen"]))
    lines = textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=indent, break_on_hyphens=False)
    if entry["todo"]:
        lines += textwrap.wrap(
            printable("To do: " + entry["todo"]),
            _WIDTH,
            initial_indent=indent,
            subsequent_indent=indent,
            break_on_hyphens=False,
        )
    return lines


def preflight_table(result):
    """The checks as lines to read.

    Args:
        result: dict, of C(preflight_result).

    Returns:
        list of str: lines, of printable characters only.
    """
    a_dict("preflight_table", result, keys=("relays",), hint="Give what preflight_result returned.")
    lines = []
    for relay in result["relays"]:
        counts = [(status, len([entry for entry in relay["checks"] if entry["status"] == status])) for status in _ORDER]
        numbers = ", ".join(f"{count} {status}" for status, count in counts if count)
        lines.append("{0}: {1} ({2})".format(relay["host"], relay["verdict"].upper(), numbers or "no checks"))
        if relay["relay"].get("planned"):
            lines.append("as the role will make it")
        for entry in relay["checks"]:
            lines.extend(_entry_lines(entry))
    return [printable(line) for line in lines]


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {"preflight_result": preflight_result, "preflight_table": preflight_table}
