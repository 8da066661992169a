# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A queue as lines that an operator reads before deciding."""

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import names_loopback, plain
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list, a_number
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import owners, result_of, unanswered
from ansible_collections.mailops.relay.plugins.plugin_utils.outcome import nothing_found
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import bytes_text, printable

# Of each list of numbers the most frequent are shown.
_MOST_ROWS = 8
# Of a host that has several.
_MOST_ADDRESSES = 2
_NUMBERS = (
    "mta",
    "total",
    "size",
    "oldest_age",
    "by_queue",
    "by_client",
    "by_sender_domain",
    "by_recipient_domain",
    "by_reason",
    "messages",
)
# What Ansible says of any task, besides the module's result.
_ANSIBLES = (
    "changed",
    "failed",
    "skipped",
    "invocation",
    "warnings",
    "deprecations",
    "ansible_facts",
    "diff",
    "exception",
)
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))

# How what is left in the queue of a mail system that is stopped can still be sent, without its taking port 25.
_SENT_BY = {
    "sendmail.service": "/usr/sbin/sendmail.sendmail -q, and -Ac -q for what programs of the host have handed in (on Debian sendmail-mta, "
    "sendmail-msp)",
    "postfix.service": "postconf -e master_service_disable=inet && postfix start && postqueue -f, and when postqueue -p is empty "
    "postfix stop && postconf -X master_service_disable",
}


def _age(seconds):
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "0 s"


def _counted(number):
    return "{0} message{1}".format(number, "" if number == 1 else "s")


def queues_left(results, check_mode=False):
    """What waits in the queues of mail systems that a role stops, for the operator to send.

    Args:
        results: list of dict, what M(mailops.relay.mail_queue_info) says, with the name of the service as C(item); skipped for one of
            which it knows no queue.
        check_mode: bool, whether they would be stopped.

    Returns:
        list of str: a sentence for each service with messages, and for each of which that is not known.
    """
    said = []
    for result in a_list("queues_left", results, of_dicts=True, keys=("item",)):
        service = result["item"]
        stopped = f"{service} {'would be' if check_mode else 'is'} stopped"
        if result.get("skipped"):
            said.append(
                f"{stopped}, and this collection cannot read its queue: see whether mail waits there, nobody sends it then."
            )
        elif "total" not in result:
            said.append(f"{stopped}, and its queue could not be read: {printable(result.get('msg', 'no reason'))}")
        elif result["total"]:
            said.append(
                f"{stopped} with {_counted(result['total'])} in its queue, the oldest {_age(result['oldest_age'])} old, which nobody "
                f"sends then. On the host this does: {_SENT_BY[service]}."
            )
    return said


def _inventory_names(hosts):
    """callable: an entry of by_client -> the inventory's name of that host, by its address or else its name, or None."""
    owner = owners({host: map(plain, hosts[host]["addresses"]) for host in hosts})
    called = owners({host: [name.lower() for name in hosts[host]["names"]] for host in hosts})
    return lambda entry: owner.get(entry["address"]) or called.get(entry["name"].lower())


def _with_own(hosts, found):
    """dict: the hosts and how they are called, with what those that have answered call themselves."""
    known = dict(hosts)
    for host, result in found.items():
        own = (_known(result) or {}).get("host")
        if own:
            known[host] = {key: [*known.get(host, {}).get(key, ()), *own[key]] for key in ("names", "addresses")}
    return known


def _clients(entries):
    """The clients, those of one host of the inventory as one."""
    found = {}
    for entry in entries:
        host = entry.get("host")
        name = host or entry["name"]
        shown = found.setdefault(
            host or (name, entry["address"]),
            {"name": name, "addresses": [], "count": 0, "oldest": entry["oldest"], "age": entry["oldest_age"]},
        )
        shown["count"] += entry["count"]
        if entry["address"] not in ("", name):
            shown["addresses"].append(entry["address"])
        if entry["oldest"] < shown["oldest"]:
            shown.update(oldest=entry["oldest"], age=entry["oldest_age"])
    return sorted(found.values(), key=lambda shown: (-shown["count"], shown["oldest"], shown["name"]))


def _client_text(client):
    addresses = client["addresses"][:_MOST_ADDRESSES]
    where = " [{0}{1}]".format(", ".join(addresses), ", ..." if len(client["addresses"]) > len(addresses) else "")
    return "{0}{1}, the oldest is {2} old".format(client["name"], where if addresses else "", _age(client["age"]))


def _numbers(title, entries, text=lambda entry: entry["name"]):
    shown = entries[:_MOST_ROWS]
    for entry in shown:
        yield "{0:<18}{1:>8}  {2}".format(title, entry["count"], printable(text(entry)) or "(none)")
        title = ""
    rest = len(entries) - len(shown)
    if rest > 0:
        yield "{0:<18}{1:>8}  and {2} more".format("", sum(entry["count"] for entry in entries[_MOST_ROWS:]), rest)


def _message(entry):
    yield "{0} {1}{2} {3} from <{4}>".format(
        printable(entry["queue"]),
        printable(entry["queue_id"]),
        " ({0})".format(printable(entry["state"])) if entry["state"] else "",
        bytes_text(entry["size"]),
        printable(entry["sender"]),
    )
    for recipient in entry["recipients"]:
        reason = printable(recipient["reason"])
        yield "    to <{0}>{1}".format(printable(recipient["address"]), ": " + reason if reason else "")


def queue_table(queue, host, messages=5):
    """The numbers and the first messages of a queue.

    Args:
        queue: dict, the result of M(mailops.relay.mail_queue_info).
        host: str, the host's name.
        messages: int, how many messages are shown.

    Returns:
        list of str: lines, of printable characters only.
    """
    a_dict("queue_table", queue, keys=_NUMBERS, hint="Give a result of mailops.relay.mail_queue_info.")
    messages = int(a_number("queue_table", messages, "messages", 0))
    title = "{0} ({1}): {2}".format(printable(host), printable(queue["mta"]), _counted(queue["total"]))
    if not queue["total"]:
        return [title]
    lines = ["{0}, {1}, the oldest is {2} old".format(title, bytes_text(queue["size"]), _age(queue["oldest_age"]))]
    lines.extend(_numbers("client", _clients(queue["by_client"]), _client_text))
    queues = [{"name": name, "count": queue["by_queue"][name]} for name in sorted(queue["by_queue"])]
    lines.extend(_numbers("queue", queues))
    lines.extend(_numbers("sender domain", queue["by_sender_domain"]))
    lines.extend(_numbers("recipient domain", queue["by_recipient_domain"]))
    lines.extend(_numbers("reason", queue["by_reason"]))
    for entry in queue["messages"][:messages]:
        lines.extend(_message(entry))
    if queue["total"] > messages:
        lines.append(
            "and {0}".format(_counted(queue["total"] - min(messages, len(queue["messages"])))).rstrip() + " more"
        )
    return lines


def queue_outcome(result, host, action):
    """What was done to a queue.

    Args:
        result: dict, the result of M(mailops.relay.mail_queue).
        host: str, the host's name.
        action: str.

    Returns:
        list of str: lines, of printable characters only.
    """
    keys = ("mta", "affected", "matched", "left_alone")
    a_dict("queue_outcome", result, keys=keys, hint="Give a result of mailops.relay.mail_queue.")
    lines = [
        "{0} ({1}): {2}: {3} of {4}".format(
            printable(host),
            printable(result["mta"]),
            printable(action),
            result["affected"],
            _counted(result["matched"]),
        )
    ]
    for entry in result["left_alone"]:
        lines.append("left alone: {0}: {1}".format(printable(entry["queue_id"]), printable(entry["reason"])))
    rest = result["matched"] - result["affected"] - len(result["left_alone"])
    if rest > 0:
        lines.append(f"left alone: {rest} more")
    return lines


def queue_result(found, plans, done, action=None, names=None, selected=False):
    """What is known of the queues of all hosts.

    Args:
        found: dict: inventory name -> registered result of M(mailops.relay.mail_queue_info), None or skipped where there is none.
        plans: dict, likewise of M(mailops.relay.mail_queue) in check mode.
        done: dict, likewise of M(mailops.relay.mail_queue).
        action: str or None, what was asked for.
        names: dict or None, of P(mailops.relay.host_names#filter), by which clients are known, besides what the hosts call themselves.
        selected: bool, whether it was said which messages are meant, so that there should be some.

    Returns:
        dict: C(hosts), a list with C(host), and C(queue) and C(outcome), the modules' results or None; C(action); C(total), messages
        that are shown or were meant; C(problems), list of str; C(silent), host -> why nothing could be run there; C(nothing), list of
        str, that none of those is there which were meant; C(ok); C(summary), why it is not.
    """
    name = "queue_result"
    parts = [a_dict(name, found), a_dict(name, plans, "plans"), a_dict(name, done, "done")]
    silent, refusals = {}, {}
    for part in parts:
        for host, result in part.items():
            if result is not None:
                a_dict(name, result, f"the result of {host}")
        for known, more in zip((silent, refusals), unanswered(part), strict=True):
            known.update({host: sentence for host, sentence in more.items() if host not in known})
    host_of = _inventory_names(_with_own({} if names is None else a_dict(name, names, "names"), found))
    hosts = []
    for host in found:
        queue, plan, outcome = (_known(part.get(host)) for part in parts)
        if queue:
            queue = {name: queue[name] for name in queue if name != "host"}
            queue["by_client"] = [dict(entry, host=host_of(entry)) for entry in queue["by_client"]]
        if queue or plan or outcome:
            hosts.append(
                {"host": host, "queue": queue, "outcome": outcome, "matched": (outcome or plan or {}).get("matched")}
            )
    # Those that are held already are not meant by a hold, but they are there.
    there = any(entry["matched"] or (entry["queue"] or {}).get("total") for entry in hosts)
    problems, nothing = [*silent.values(), *refusals.values()], nothing_found("queue", there or not selected)
    return {
        "action": action,
        "hosts": hosts,
        "total": sum(entry["queue"]["total"] if entry["matched"] is None else entry["matched"] for entry in hosts),
        "problems": problems,
        "silent": silent,
        "nothing": nothing,
        "ok": not problems and not nothing,
        "summary": " ".join(nothing + problems),
    }


def _known(registered):
    """dict or None: what a module has returned, without what Ansible adds."""
    result = result_of(registered)
    if result is None or "problem" in result:
        return None
    return {name: result[name] for name in result if name not in _ANSIBLES}


def queue_clients_meant(clients, hosts):
    """Which clients are hosts of the inventory.

    Args:
        clients: list of str, or str with commas between, as the option C(client) of M(mailops.relay.mail_queue).
        hosts: list of str, inventory names.

    Returns:
        list of str: those among them.
    """
    known = set(a_list("queue_clients_meant", hosts, "hosts"))
    return [client for client in dict.fromkeys(_texts("queue_clients_meant", clients)) if client in known]


def queue_clients(clients, names, told):
    """Clients as the option C(client) of M(mailops.relay.mail_queue) takes them, a host of the inventory by all that a log may call it.

    Args:
        clients: list of str, or str with commas between.
        names: dict, of P(mailops.relay.host_names#filter).
        told: list of dict, the results of C(hostname --all-ip-addresses), each with C(item), the host.

    Returns:
        list of str: each as it was given, and of a host of the inventory its other names and its addresses that no other host has.
    """
    name = "queue_clients"
    known = a_dict(name, names, "names")
    said = {
        result["item"]: result.get("stdout") or ""
        for result in a_list(name, told, "told", of_dicts=True, keys=("item",))
    }
    called = {host: [text.lower() for text in known[host]["names"]] for host in known}
    of_hosts = {host: sorted({*map(plain, known[host]["addresses"] + said.get(host, "").split())}) for host in known}
    # Hosts behind one port forwarder have its name or address, and to a relay its own loopback is itself.
    owner = owners({host: called[host] + of_hosts[host] for host in known})
    found = []
    for client in _texts(name, clients):
        found.append(client)
        own = called[client] + of_hosts[client] if client in known else []
        found += [text for text in own if owner.get(text) == client and not _loopback(text)]
    return list(dict.fromkeys(found))


def _loopback(text):
    return names_loopback(text) or text.startswith("localhost.")


def _texts(name, clients):
    return [text.strip() for text in clients.split(",")] if isinstance(clients, str) else a_list(name, clients)


def queue_verdict(result, messages=5, shown=False):
    """What is known of the queues of all hosts, as lines to read.

    Args:
        result: dict, of C(queue_result).
        messages: int, how many messages of each host are shown.
        shown: bool, whether the queues have been shown before, so that only what was done is.

    Returns:
        list of str: lines, of printable characters only.
    """
    keys = ("action", "hosts", "problems", "silent", "nothing")
    a_dict("queue_verdict", result, keys=keys, hint="Give what queue_result returned.")
    lines = []
    for entry in result["hosts"]:
        if entry["queue"] and not shown:
            lines.extend(queue_table(entry["queue"], entry["host"], messages))
    for entry in result["hosts"]:
        if entry["outcome"]:
            lines.extend(queue_outcome(entry["outcome"], entry["host"], result["action"]))
        elif result["action"] and not entry["queue"]:
            lines.append(
                "{0}: {1} can be done to {2}".format(entry["host"], result["action"], _counted(entry["matched"]))
            )
    lines = lines + result["nothing"] if lines else ["No host has answered."]
    lines.extend("not complete: " + problem for problem in result["problems"])
    return [printable(line) for line in lines]


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "queue_clients": queue_clients,
            "queue_clients_meant": queue_clients_meant,
            "queue_outcome": queue_outcome,
            "queue_result": queue_result,
            "queue_table": queue_table,
            "queue_verdict": queue_verdict,
            "queues_left": queues_left,
        }
