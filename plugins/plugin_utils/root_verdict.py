# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on mail to root of each client: what was sent as cron sends it, and of the others what the configurations say."""

from ansible_collections.mailops.relay.plugins.module_utils.host.names import listed
from ansible_collections.mailops.relay.plugins.module_utils.mail import checks, root_mail
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import refusals
from ansible_collections.mailops.relay.plugins.plugin_utils.trace import stays

# Where relays differ, the worse one counts.
_WORST_FIRST = (
    root_mail.LEAVES,
    root_mail.KEPT,
    root_mail.REFUSED,
    root_mail.UNKNOWN,
    root_mail.ALIASED,
    root_mail.TAKEN,
)


def of_relays(results):
    """dict: address -> the answer of the relay that does worst with it.

    Args:
        results: list of dict, of M(mailops.relay.relay_host_info).
    """
    found = {}
    for result in results:
        for address, answer in (result.get("root_mail") or {}).items():
            found.setdefault(address, []).append(answer)
    return {
        address: min(answers, key=lambda answer: _WORST_FIRST.index(answer["verdict"]))
        for address, answers in found.items()
    }


def verdicts(sent, ways, site, answers):
    """list of dict: a check for each client of which something is known; C(subject) is its inventory name.

    Args:
        sent: dict: inventory name -> result of M(mailops.relay.smtp_probe), or None.
        ways: delivery_verdict.Ways.
        site: trace.Site.
        answers: dict, of C(of_relays).
    """
    # Where no relay takes root's mail of any host, nobody has asked for it yet.
    is_set = any(answer["verdict"] == root_mail.TAKEN for answer in answers.values())
    found = []
    for host, result in sent.items():
        root = (result or {}).get("root")
        if not root:
            continue
        if root.get("problem"):
            todo = f"See what the mail system of {host} says (mailq, its log)."
            found.append(checks.failed(root_mail.IDENTIFIER, host, f"could not be sent: {root['problem']}", todo))
            continue
        check = _arrived(host, root, ways, site, answers.get(root["address"]))
        if check is None:
            check = _configured(host, root, answers)
        if check is None and root["message_id"]:
            todo = f"See where it is: ansible-playbook mailops.relay.trace -e 'trace_message_id={root['message_id']}'."
            found.append(checks.warning(root_mail.IDENTIFIER, host, "was sent, and where it ended is not known", todo))
        elif check is not None:
            found.append(dict(check, status=checks.FAILED) if is_set and check["status"] == checks.WARNING else check)
    return found


def _arrived(host, root, ways, site, answer):
    """dict or None: what became of the message; None where there was none, or nothing is known of its end."""
    trace = ways.exactly(root["message_id"]) if root["message_id"] else None
    if trace is None:
        return None
    hops = ways.relay_hops(trace)
    last = hops[-1] if hops else trace["hops"][-1]
    end = last["deliveries"][-1] if last["deliveries"] else None
    if trace["verdict"] == "delivered" and hops and end is not None:
        if stays(site, last["host"], end):
            return root_mail.check(host, {"verdict": root_mail.KEPT, "text": ""})
        taken = answer is not None and answer["verdict"] == root_mail.TAKEN
        to = root["to"] or (answer["text"] if taken else "an address outside")
        return checks.ok(root_mail.IDENTIFIER, host, f"arrived at {to}")
    if trace["verdict"] in ("bounced", "rejected"):
        said = [end] if end is not None else refusals(last)
        reply = said[-1]["reply"] if said else ""
        return root_mail.check(host, {"verdict": root_mail.REFUSED, "text": " ".join(reply.split())})
    return None


def _configured(host, root, answers):
    """dict or None: what the configurations say of it; None where they say nothing."""
    if root["to"]:
        return checks.ok(root_mail.IDENTIFIER, host, f"goes to {root['to']}, by its own configuration")
    answer = answers.get(root["address"])
    if answer is None:
        return None
    check = root_mail.check(host, answer)
    return dict(check, seen=check["seen"] + ", by configuration") if check["status"] == checks.OK else check


def lines(rows):
    """list of str: a line for all hosts with the same verdict, and one with what to do.

    Args:
        rows: list of dict, of C(verdicts).
    """
    words = {checks.OK: "ok", checks.WARNING: "warning", checks.FAILED: "FAILED"}
    groups = {}
    for row in rows:
        groups.setdefault((row["status"], row["seen"], row["todo"]), []).append(row["subject"])
    found = []
    for (status, seen, todo), hosts in groups.items():
        found.append(f"{words[status]:<7} {root_mail.IDENTIFIER} of {listed(hosts)}: {seen}")
        if todo:
            found.append(f"{'':<7}   to do: {todo}")
    return found
