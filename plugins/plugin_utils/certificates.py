# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the certificates of several relays are valid: their checks joined, and in short for a reader."""

import itertools

from ansible_collections.mailops.relay.plugins.module_utils.mail import checks
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import read_variables, result_of

_SHOWN = {checks.FAILED: "FAILED", checks.WARNING: "WARNING"}
# Which variable of the role names the authority's certificate, by the provider.
_AUTHORITY = {"ownca": "relay_server_tls_ownca_path", "existing": "relay_server_tls_ca_file"}
_PROVIDER = "relay_server_tls_provider"


def authority_file(variables):
    """str: the file on a relay with the certificate of the authority that issued its own; empty where there is none.

    Args:
        variables: mapping, C(hostvars) of the relay.
    """
    found, _problems = read_variables(variables, [_PROVIDER])
    name = _AUTHORITY.get(str(found.get(_PROVIDER)))
    found, _problems = read_variables(variables, [name] if name else [])
    return str(found.get(name) or "")


def joined(name, results):
    """The checks of certificates of several relays.

    Args:
        name: str, of the filter, for errors.
        results: dict: inventory name -> registered result of M(mailops.relay.relay_host_info) with C(subset=certificates);
            None where the task was skipped.

    Returns:
        dict: C(verdict), the worst; C(checks), a list of checks, each with its C(host); C(summary), what has failed.
    """
    found = []
    for host, registered in a_dict(name, results, "certificates").items():
        result = (
            None if registered is None else result_of(a_dict(name, registered, f"certificates: the result of {host}"))
        )
        if result is None:
            continue
        if "problem" in result:
            todo = f"Repair the login (ansible {host} -m ping)." if result["unreachable"] else "Take the reason away."
            seen = "until when its certificates are valid is not known: " + result["problem"]
            given = [checks.warning("certificate", host, seen, todo)]
        else:
            given = a_list(name, result.get("checks"), f"certificates: the checks of {host}", of_dicts=True)
        found.extend(dict(check, host=host) for check in given)
    failed = [check for check in found if check["status"] == checks.FAILED]
    return {
        "verdict": checks.overall(found),
        "checks": found,
        "summary": " ".join(
            "{0}: {1}: {2}.".format(group[0]["host"], _subjects(group), group[0]["seen"]) for group in _groups(failed)
        ),
    }


def _subjects(group):
    return ", ".join(check["subject"] for check in group)


def _what(check):
    """What makes checks of a relay one: the same verdict on the same certificate."""
    expiry = check.get("expiry") or {}
    return check["host"], check["status"], check["todo"], expiry.get("subject"), expiry.get("not_after")


def _groups(found):
    """list of list of dict: the checks that say the same, such as on a file and the ports that serve it."""
    groups = {}
    for check in found:
        groups.setdefault(_what(check) if check.get("expiry") else (check["host"], check["subject"]), []).append(check)
    return list(groups.values())


def rows_of(certificates):
    """list of dict: what is to be said of certificates, C(status), C(host), C(subject), C(seen) and C(todo); a single row when all is
    well.

    Args:
        certificates: dict, of C(joined).
    """
    bad = [check for check in certificates["checks"] if check["status"] in _SHOWN]
    rows = [
        {
            "status": group[0]["status"],
            "host": group[0]["host"],
            "subject": _subjects(group),
            "seen": group[0]["seen"],
            "todo": group[0]["todo"],
        }
        for group in _groups(bad)
    ]
    # What is to be done about several is said behind the last of them.
    for row, following in itertools.pairwise(rows):
        if row["todo"] == following["todo"]:
            row["todo"] = ""
    dated = [check for check in certificates["checks"] if check["status"] == checks.OK and check.get("expiry")]
    if not rows and dated:
        first = min(dated, key=lambda check: check["expiry"]["not_after"])
        rows = [
            {"status": checks.OK, "host": first["host"], "subject": first["subject"], "seen": first["seen"], "todo": ""}
        ]
    return rows


def lines_of(certificates, width):
    """Yields str: the rows for the terminal.

    Args:
        certificates: dict, of C(joined).
        width: int, of the column with the heading.
    """
    title = "certificate"
    for row in rows_of(certificates):
        word = _SHOWN.get(row["status"])
        # A relay that did not answer has not told what it serves.
        of_what = [row["host"], row["subject"]] if row["subject"] != row["host"] else [row["host"]]
        text = ": ".join([*of_what, row["seen"]])
        yield "{0:<{1}}{2}{3}".format(title, width, word + " " if word else "ok, the first to end: ", text)
        if row["todo"]:
            yield "{0:<{1}}to do: {2}".format("", width, row["todo"])
        title = ""
