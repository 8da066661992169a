# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook verify needs on the controller: how long to wait, and the verdicts as data and as a table."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

from ansible.errors import AnsibleFilterError
from ansible_collections.mailops.relay.plugins.module_utils.mail.checks import failed, ok
from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site, describe
from ansible_collections.mailops.relay.plugins.plugin_utils.delivery_verdict import NEEDS, Judge, Ways, on_the_way, put_off
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import known_names, log_problems, result_of
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Seconds between two questions to the relays: a good relay is done at once, a bad one is not asked all the time.
_PAUSES = (0.5, 0.5, 1, 1, 2, 3, 5)
# So much before the first message the logs are read, in seconds: clocks differ.
_MARGIN = 600


def _relay_results(told):
    """dict: inventory name -> list of results, of the task's loop over the relays."""
    found = {}
    for entry in told:
        result = result_of(entry)
        if result is not None:
            found[entry["item"]] = [result]
    return found


def _client_results(variables):
    """list of dict: what a client's log tells; the newest answer replaces the one before."""
    again = result_of(variables.get("__verify_told_again"))
    if again is not None and "problem" not in again:
        return [again]
    first = result_of(variables.get("__verify_told"))
    return [] if first is None else [first]


def _joined(hostvars, hosts, relays):
    """(Site, dict): of the relays, as of C(_relay_results), and these clients; inventory name -> variables of each client."""
    results = dict(relays)
    known = dict((relay, known_names(hostvars, relay)) for relay in results)
    clients = dict((host, hostvars[host]) for host in hosts)
    for host, variables in clients.items():
        results[host] = _client_results(variables)
        known[host] = {"names": [host], "addresses": []}
    return Site(known, results), clients


def verify_begin(hosts, hostvars):
    """What was sent, and from when on it is waited for.

    Args:
        hosts: list of str, inventory names of the clients.
        hostvars: the variable of that name.

    Returns:
        dict: C(messages), Message-ID -> inventory name; C(pending), Message-IDs of which the end is not known; C(began) and
        C(moved), seconds since the epoch; C(wait), whether to go on waiting; C(pause) in seconds; C(rounds); C(since), an
        option of M(mailops.relay.mail_log_info); C(put_off) and C(again), see C(verify_progress).
    """
    messages = {}
    for host in hosts:
        sent = result_of(hostvars[host].get("__verify_sent"))
        if sent is not None and "problem" not in sent:
            messages[sent["message_id"]] = host
    now = time.time()
    return {
        "messages": messages,
        "pending": sorted(messages),
        "began": now,
        "moved": now,
        "rounds": 0,
        "wait": bool(messages),
        "pause": _PAUSES[0],
        "since": "{0}s".format(_MARGIN),
        "put_off": {},
        "again": [],
    }


def verify_progress(way, told, hostvars, hosts, timeout, patience):
    """What is still on the way, after the logs have been asked.

    Args:
        way: dict, of C(verify_begin) or of this filter.
        told: list of dict, the results of M(mailops.relay.mail_log_info) on the relays, one by one.
        hostvars: the variable of that name.
        hosts: list of str, inventory names of clients that have been asked too; empty as long as only the relays were.
        timeout: seconds after which waiting ends.
        patience: seconds without anything new after which waiting ends.

    Returns:
        dict: as of C(verify_begin). C(put_off) is inventory name -> queue ID of what a client has put off without an attempt,
            C(again) the clients that are worth another question.
    """
    now = time.time()
    relays = _relay_results(told)
    site, _clients = _joined(hostvars, hosts, relays)
    ways = Ways(describe(site, now), relays)
    messages = dict((message_id, way["messages"][message_id]) for message_id in way["pending"])
    stalled = put_off(ways, messages) if hosts else {}
    pending = on_the_way(ways, messages)
    pending = sorted(set(pending) | set(message_id for message_id, host in messages.items() if host in stalled))
    moved = now if len(pending) < len(way["pending"]) else way["moved"]
    left = way["began"] + float(timeout) - now
    readable = any("problem" not in entry for results in relays.values() for entry in results)
    rounds = way["rounds"] + 1
    return dict(
        way,
        pending=pending,
        moved=moved,
        rounds=rounds,
        wait=bool(pending) and readable and left > 0 and now - moved < float(patience),
        pause=max(0.1, min(_PAUSES[min(rounds, len(_PAUSES) - 1)], left)),
        since="{0:.0f}s".format(now - way["began"] + _MARGIN),
        put_off=stalled,
        again=sorted(set(messages[message_id] for message_id in pending) | set(stalled)),
    )


def _counted(number, what):
    return "{0} {1}{2}".format(number, what, "" if number == 1 else "s")


def _matrix(results):
    """list of dict: a check of each relay from each host outside."""
    found = []
    for entry in results:
        outsider, relay = entry["item"]
        subject = "{0} -> {1}".format(outsider, relay)
        result = result_of(entry)
        if result is None:
            continue
        if "problem" in result:
            todo = "Repair the login (ansible {0} -m ping), and verify again.".format(outsider)
            found.append(dict(failed("open_relay", subject, "not tested: " + result["problem"], todo), accepted=None, checks=[]))
            continue
        seen = "{0} of {1} forms accepted".format(result["accepted"], result["tried"])
        if not result["tried"]:
            seen = "nobody gets in there"
        if result["unknown"]:
            seen += ", {0} not known".format(result["unknown"])
        bad = [check for check in result["checks"] if check["status"] == "failed"]
        check = failed("open_relay", subject, seen, bad[0]["todo"]) if bad else ok("open_relay", subject, seen)
        found.append(dict(check, accepted=result["accepted"], checks=result["checks"]))
    return found


def verify_result(hosts, hostvars, told, recipient, matrix):
    """The verdict on each client.

    Args:
        hosts: list of str, inventory names of the clients.
        hostvars: the variable of that name.
        told: list of dict, the results of M(mailops.relay.mail_log_info) on the relays, one by one.
        recipient: str, to whom the messages went.
        matrix: list of dict, the results of M(mailops.relay.smtp_probe) for pairs of a host outside and a relay.

    Returns:
        dict: C(clients) and C(outsiders), lists of checks; C(problems), why something may not be certain; C(ok); C(summary).

    Raises:
        AnsibleFilterError: verify_tls of a host is no such word.
    """
    relays = _relay_results(told)
    site, clients = _joined(hostvars, hosts, relays)
    judge = Judge(site, Ways(describe(site, time.time()), relays), relays, recipient)
    rows, problems = [], []
    for host in hosts:
        variables = clients[host]
        needs = variables.get("verify_tls", "verified")
        if needs not in NEEDS:
            raise AnsibleFilterError("verify_tls of {0}: {1!r} is none of {2}".format(host, needs, ", ".join(sorted(NEEDS))))
        sent = result_of(variables.get("__verify_sent")) or {"problem": "nothing was sent"}
        rows.append(judge.verdict(host, sent, needs, "qmail_clients" not in variables.get("group_names", ())))
    for host in sorted(site.results):
        for result in site.results[host]:
            problems.extend(log_problems(host, result))
    outsiders = _matrix(matrix)
    bad = [row["subject"] for row in rows if row["status"] != "ok"]
    summary = "{0} of {1} delivered as they should".format(len(rows) - len(bad), _counted(len(rows), "message"))
    if bad:
        summary += "; not from " + ", ".join(bad)
    open_relays = [row for row in outsiders if row["status"] != "ok"]
    if open_relays:
        summary += "; from outside: " + ", ".join("{subject}: {seen}".format(**row) for row in open_relays)
    return {
        "clients": rows,
        "outsiders": outsiders,
        "problems": sorted(set(problems)),
        "ok": not bad and not open_relays,
        "summary": summary,
    }


def verify_table(result):
    """The verdicts as lines to read.

    Args:
        result: dict, of C(verify_result).

    Returns:
        list of str: lines, of printable characters only.
    """
    rows = result["clients"] + result["outsiders"]
    width = max([len(row["subject"]) for row in rows] + [0])
    lines = []
    for row in rows:
        lines.append("{0:<7} {1:<{2}}  {3}".format("ok" if row["status"] == "ok" else "FAILED", row["subject"], width, row["seen"]))
        further = [check for check in row.get("checks", ()) if check["status"] not in ("ok", "skipped")]
        for line in [row.get("detail")] + ["{subject}: {seen}".format(**check) for check in further]:
            if line:
                lines.append("{0:<{1}}    {2}".format("", width + 7, line))
        if row["todo"]:
            lines.append("{0:<{1}}    to do: {2}".format("", width + 7, row["todo"]))
    lines.append(result["summary"])
    lines.extend("not certain: " + problem for problem in result["problems"])
    return [printable(line) for line in lines]


class FilterModule(object):
    """The filters of this collection."""

    def filters(self):
        return {
            "verify_begin": verify_begin,
            "verify_progress": verify_progress,
            "verify_result": verify_result,
            "verify_table": verify_table,
        }
