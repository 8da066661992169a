# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook verify needs on the controller: how long to wait, and the verdicts as data and as a table."""

import time

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.module_utils.mail.checks import failed, ok, warning
from ansible_collections.mailops.relay.plugins.plugin_utils import certificates as relay_certificates
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list, a_number
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import log_problems, result_of
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Whoever uses any filter of a collection loads all of its files. So what only these need is imported when they are used.

# Seconds between two questions to the relays: a good relay is done at once, a bad one is not asked all the time.
_PAUSES = (0.5, 0.5, 1, 1, 2, 3, 5)
# So much before the first message the logs are read, in seconds: clocks differ.
_MARGIN = 600

_SHOWN = {"ok": "ok", "warning": "UNKNOWN"}


def _result(name, registered, what, keys=()):
    """dict or None: what a task has registered; with these keys, unless it is a problem."""
    if registered is None:
        return None
    result = result_of(a_dict(name, registered, what))
    if result is not None and "problem" not in result:
        a_dict(name, result, what, keys)
    return result


def _log_result(name, registered, what):
    return _result(name, registered, what, ("messages", "log"))


def _sent(name, sent):
    """dict: inventory name -> result of the module that sends, or None where it was skipped."""
    return {
        host: _result(name, registered, f"the result of {host}", ("message_id", "submitted_at"))
        for host, registered in a_dict(name, sent).items()
    }


def _relay_results(name, told):
    """dict: inventory name -> list of results, of the task's loop over the relays."""
    found = {}
    for entry in a_list(name, told, "told", of_dicts=True, keys=("item",)):
        result = _log_result(name, entry, f"told: the result of {entry['item']}")
        if result is not None:
            found[entry["item"]] = [result]
    return found


def _client_results(name, host, answers):
    """list of dict: what a client's log tells; the newest answer that has something replaces those before."""
    answers = a_list(name, answers, f"answers: {host}")
    results = [_log_result(name, answer, f"answers: the result of {host}") for answer in answers]
    results = [result for result in results if result is not None]
    good = [result for result in results if "problem" not in result]
    return good[-1:] or results[:1]


def _site(name, relays, relay_names, answers):
    """Site, of the relays, as of C(_relay_results), and the clients."""
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site

    known = {}
    for relay in relays:
        known[relay] = a_dict(
            name, a_dict(name, relay_names, "relays", (relay,))[relay], f"relays: {relay}", ("names", "addresses")
        )
    results = dict(relays)
    for host, given in a_dict(name, answers, "answers").items():
        results[host] = _client_results(name, host, given)
        known[host] = {"names": [host], "addresses": []}
    return Site(known, results)


def verify_begin(sent):
    """What was sent, and from when on it is waited for.

    Args:
        sent: dict: inventory name of a client -> registered result of M(mailops.relay.smtp_probe).

    Returns:
        dict: C(messages), Message-ID -> inventory name; C(pending), Message-IDs of which the end is not known; C(began) and
        C(moved), seconds since the epoch; C(wait), whether to go on waiting; C(pause) in seconds; C(rounds); C(since), an
        option of M(mailops.relay.mail_log_info); C(put_off) and C(again), see C(verify_progress). C(roots) are the Message-IDs of
        those to root, which are among C(messages).
    """
    messages, roots, unseen = {}, [], set()
    for host, result in _sent("verify_begin", sent).items():
        if result is not None and "problem" not in result:
            messages[result["message_id"]] = host
            root = result.get("root") or {}
            if root.get("message_id"):
                messages[root["message_id"]] = host
                roots.append(root["message_id"])
                if root["mta"] == "qmail":
                    # Its log names no message, so a refusal could not be told from one that is on its way.
                    unseen.add(root["message_id"])
    now = time.time()
    return {
        "messages": messages,
        "roots": sorted(roots),
        "pending": sorted(set(messages) - unseen),
        "began": now,
        "moved": now,
        "rounds": 0,
        "wait": bool(messages),
        "pause": _PAUSES[0],
        "since": f"{_MARGIN}s",
        "put_off": {},
        "again": [],
    }


def verify_root_addresses(sent):
    """list of str: the addresses that mail to root of the clients gets, sorted.

    Args:
        sent: dict, as for C(verify_begin).
    """
    results = _sent("verify_root_addresses", sent).values()
    roots = [(result or {}).get("root") or {} for result in results]
    return sorted({root["address"] for root in roots if "@" in root.get("address", "")})


def verify_progress(way, told, relays, answers, timeout, patience):
    """What is still on the way, after the logs have been asked.

    Args:
        way: dict, of C(verify_begin) or of this filter.
        told: list of dict, the results of M(mailops.relay.mail_log_info) on the relays, those of a loop over their names.
        relays: dict, of C(host_names) for the relays.
        answers: dict: inventory name of a client -> list of the registered results of M(mailops.relay.mail_log_info) there,
            the oldest first, None where it was not asked; empty as long as only the relays were asked.
        timeout: seconds after which waiting ends.
        patience: seconds without anything new after which waiting ends.

    Returns:
        dict: as of C(verify_begin). C(put_off) is inventory name -> queue ID of what a client has put off without an attempt,
            C(again) the clients that are worth another question.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.delivery_verdict import Ways, on_the_way, put_off
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import describe

    a_dict(
        "verify_progress",
        way,
        keys=("messages", "roots", "pending", "began", "moved", "rounds"),
        hint="Give what verify_begin returned.",
    )
    timeout = a_number("verify_progress", timeout, "timeout", 0)
    patience = a_number("verify_progress", patience, "patience", 0)
    now = time.time()
    results = _relay_results("verify_progress", told)
    ways = Ways(describe(_site("verify_progress", results, relays, answers), now), results)
    messages = {message_id: way["messages"][message_id] for message_id in way["pending"]}
    own = {message_id: host for message_id, host in messages.items() if message_id not in way["roots"]}
    stalled = put_off(ways, own) if answers else {}
    pending = set(on_the_way(ways, messages))
    pending.update(message_id for message_id, host in own.items() if host in stalled)
    moved = now if len(pending) < len(way["pending"]) else way["moved"]
    left = way["began"] + timeout - now
    readable = any("problem" not in entry for given in results.values() for entry in given)
    rounds = way["rounds"] + 1
    return dict(
        way,
        pending=sorted(pending),
        moved=moved,
        rounds=rounds,
        wait=bool(pending) and readable and left > 0 and now - moved < patience,
        pause=max(0.1, min(_PAUSES[min(rounds, len(_PAUSES) - 1)], left)),
        since=f"{now - way['began'] + _MARGIN:.0f}s",
        put_off=stalled,
        again=sorted({messages[message_id] for message_id in pending} | set(stalled)),
    )


def _counted(number, what):
    return f"{number} {what}{'' if number == 1 else 's'}"


def _way_in(channel):
    return channel["address"], channel["port"], channel["tls"]


def _told_by_others(results):
    """dict: (relay, way in) -> set of outsiders that got an answer there, which says what strangers get."""
    found = {}
    for (outsider, relay), result in results:
        for channel in (result or {}).get("channels", ()):
            if channel["state"] in ("tested", "closed"):
                found.setdefault((relay, _way_in(channel)), set()).add(outsider)
    return found


def _seen(result, left, others):
    """str: what an outsider saw of a relay.

    Args:
        result: dict, of the module.
        left: list of dict, the channels that it did not reach, but others.
        others: list of str, inventory names of these others.
    """
    unknown = result["unknown"] - sum(channel["unknown"] for channel in left)
    seen = f"{result['accepted']} of {result['tried'] - sum(channel['unknown'] for channel in left)} forms accepted"
    states = [channel["state"] for channel in result["channels"] if channel not in left]
    if all(state == "closed" for state in states):
        seen = "nobody gets in there"
    elif all(state in ("closed", "unreached") for state in states):
        seen = f"{_counted(states.count('unreached'), 'way')} in not reached"
    elif unknown:
        seen += f", {unknown} not known"
    if left:
        seen += f"; {_counted(len(left), 'way')} in not reached from here, but by {', '.join(others)}"
    return seen


def _matrix(results):
    """list of dict: a check of each relay from each host outside."""
    found, told = [], []
    keys = ("accepted", "tried", "unknown", "channels", "checks")
    for entry in a_list("verify_result", results, "matrix", of_dicts=True, keys=("item",)):
        subject = "{} -> {}".format(*entry["item"])
        told.append((entry["item"], _result("verify_result", entry, f"matrix: the result of {subject}", keys)))
    known = _told_by_others(told)
    for (outsider, relay), result in told:
        subject = f"{outsider} -> {relay}"
        if result is None:
            continue
        if "problem" in result:
            todo = f"Take the reason away on {outsider}, and verify again."
            if result["unreachable"]:
                todo = f"Repair the login (ansible {outsider} -m ping), and verify again."
            found.append(
                dict(failed("open_relay", subject, "not tested: " + result["problem"], todo), accepted=None, checks=[])
            )
            continue
        channels = result["channels"]
        left = []
        # An outsider that reaches nothing is none.
        if any(channel["state"] in ("tested", "closed") for channel in channels):
            left = [
                channel
                for channel in channels
                if channel["state"] == "unreached" and (relay, _way_in(channel)) in known
            ]
        others = sorted(set().union(*(known[relay, _way_in(channel)] for channel in left)))
        # Each check is of the channel at its place.
        checks = [check for check, channel in zip(result["checks"], channels, strict=True) if channel not in left]
        seen = _seen(result, left, others)
        worst = next((check for status in ("failed", "warning") for check in checks if check["status"] == status), None)
        if worst is None:
            check = ok("open_relay", subject, seen)
        else:
            # Where not all of it is known, nobody can say that it is closed.
            verdict = failed if worst["status"] == "failed" else warning
            check = verdict("open_relay", subject, seen, worst["todo"])
        found.append(dict(check, accepted=result["accepted"], checks=checks))
    return found


def _signers(looked):
    """dict: inventory name of a relay -> list of str, the domains for which it signs.

    Args:
        looked: list of dict, the results of M(mailops.relay.relay_host_info), those of a loop over their names.
    """
    keys = {entry["item"]: (entry.get("relay") or {}).get("dkim_keys") or [] for entry in looked}
    return {host: [key["domain"] for key in found if key["step"] == "signs"] for host, found in keys.items()}


def verify_result(sent, answers, tls, without_tls, told, relays, recipient, matrix, certificates):
    """The verdict on each client.

    Args:
        sent: dict: inventory name of a client -> registered result of M(mailops.relay.smtp_probe).
        answers: dict: inventory name of each client -> list of registered results, as for C(verify_progress).
        tls: dict: inventory name of each client -> C(verified), C(encrypted) or C(none): what its TLS must be at least.
        without_tls: list of str, inventory names of clients whose mail system has no TLS.
        told: list of dict, the results of M(mailops.relay.mail_log_info) on the relays, those of a loop over their names.
        relays: dict, of C(host_names) for the relays.
        recipient: str, to whom the messages went.
        matrix: list of dict, the results of M(mailops.relay.smtp_probe) for pairs of a host outside and a relay.
        certificates: list of dict, the results of M(mailops.relay.relay_host_info) on the relays, those of a loop over their names.

    Returns:
        dict: C(clients), C(root_mail) and C(outsiders), lists of checks; C(certificates), as of C(certificates.joined); C(problems), why
        something may not be certain; C(ok); C(summary); C(silent), host -> why nothing could be run there.

    Raises:
        AnsibleFilterError: what tls has for a client is not one of these words.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils import root_verdict
    from ansible_collections.mailops.relay.plugins.plugin_utils.delivery_verdict import NEEDS, Judge, Ways
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import describe

    name = "verify_result"
    sent, results = _sent(name, sent), _relay_results(name, told)
    a_dict(name, tls, "tls", sent)
    without_tls = frozenset(a_list(name, without_tls, "without_tls"))
    if not isinstance(recipient, str) or "@" not in recipient:
        raise AnsibleFilterError(f"{name}: recipient must be a mail address, not {recipient!r}.")
    site = _site(name, results, relays, a_dict(name, answers, "answers", sent))
    ways = Ways(describe(site, time.time()), results)
    looked = a_list(name, certificates, "certificates", of_dicts=True, keys=("item",))
    judge = Judge(site, ways, results, recipient, _signers(looked))
    rows, problems = [], []
    for host, result in sent.items():
        if not isinstance(tls[host], str) or tls[host] not in NEEDS:
            raise AnsibleFilterError(f"verify_tls of {host}: {tls[host]!r} is not one of {', '.join(sorted(NEEDS))}")
        rows.append(
            judge.verdict(
                host,
                result or {"problem": "nothing was sent", "unreachable": False},
                tls[host],
                host not in without_tls,
            )
        )
    for host in sorted(site.results):
        for result in site.results[host]:
            problems.extend(log_problems(host, result))
    silent = {}
    answers_of = {host: [result] for host, result in sent.items()}
    outside = {entry["item"][0]: [_result(name, entry, "matrix")] for entry in matrix}
    for told_by in (answers_of, site.results, outside):
        for host, given in told_by.items():
            for result in given:
                if result is not None and "problem" in result and result["unreachable"]:
                    silent.setdefault(host, "{0}: {1}.".format(host, result["problem"].rstrip(".")))
    outsiders = _matrix(matrix)
    bad = [row["subject"] for row in rows if row["status"] != "ok"]
    summary = f"{len(rows) - len(bad)} of {_counted(len(rows), 'message')} delivered as they should"
    if bad:
        summary += "; not from " + ", ".join(bad)
    open_relays = [row for row in outsiders if row["status"] != "ok"]
    if open_relays:
        summary += "; from outside: " + ", ".join("{subject}: {seen}".format(**row) for row in open_relays)
    found = relay_certificates.joined(name, {entry["item"]: entry for entry in looked})
    if found["verdict"] == "failed":
        summary += "; certificates: " + found["summary"].rstrip(".")
    roots = root_verdict.verdicts(sent, ways, site, root_verdict.of_relays(looked))
    lost = [row["subject"] for row in roots if row["status"] == "failed"]
    if lost:
        summary += "; root_mail: not of " + ", ".join(lost)
    return {
        "clients": rows,
        "root_mail": roots,
        "outsiders": outsiders,
        "certificates": found,
        "problems": sorted(set(problems)),
        "ok": not bad and not lost and not open_relays and found["verdict"] != "failed",
        "summary": summary,
        "silent": silent,
    }


def verify_table(result):
    """The verdicts as lines to read.

    Args:
        result: dict, of C(verify_result).

    Returns:
        list of str: lines, of printable characters only.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils import root_verdict

    keys = ("clients", "root_mail", "outsiders", "certificates", "problems", "summary")
    a_dict("verify_table", result, keys=keys, hint="Give what verify_result returned.")
    rows = result["clients"] + result["outsiders"]
    width = max([len(row["subject"]) for row in rows] + [0])
    lines = []
    for row in rows:
        lines.append(
            "{0:<7} {1:<{2}}  {3}".format(_SHOWN.get(row["status"], "FAILED"), row["subject"], width, row["seen"])
        )
        further = [check for check in row.get("checks", ()) if check["status"] not in ("ok", "skipped")]
        for line in (
            [row.get("detail")] + row.get("log", []) + ["{subject}: {seen}".format(**check) for check in further]
        ):
            if line:
                lines.append("{0:<{1}}    {2}".format("", width + 7, line))
        if row["todo"]:
            lines.append("{0:<{1}}    to do: {2}".format("", width + 7, row["todo"]))
    lines.extend(root_verdict.lines(result["root_mail"]))
    lines.extend(relay_certificates.lines_of(result["certificates"], 13))
    lines.append(result["summary"])
    lines.extend("not certain: " + problem for problem in result["problems"])
    return [printable(line) for line in lines]


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "verify_begin": verify_begin,
            "verify_progress": verify_progress,
            "verify_root_addresses": verify_root_addresses,
            "verify_result": verify_result,
            "verify_table": verify_table,
        }
