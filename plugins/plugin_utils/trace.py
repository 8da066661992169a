# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of messages across hosts: hops of several logs, joined.

A hop leads to the one that has the queue ID which the next mail system gave in its reply; where there is none, to the one
with the same Message-ID that came from this host at that time. What a log does not tell is said, never guessed.
"""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain
from ansible_collections.mailops.relay.plugins.module_utils.mail.without_gc import without_gc

# A hop's arrival and the reply that names it are this close together, clocks that differ included, in seconds.
_NEAR = 600
# The worst is the verdict on the message.
_VERDICTS = ("lost", "bounced", "rejected", "deferred", "queued", "deleted", "delivered")


class Site:
    """What is known of the hosts that may be on the way.

    Args:
        hosts: dict: inventory name -> dict with C(names) and C(addresses), lists of str; how logs may call it.
        results: dict: inventory name -> list of results of M(mailops.relay.mail_log_info), or of dict with C(problem) (str)
            where a host could not be asked.
    """

    def __init__(self, hosts, results):
        self.results = results
        self._by_address, self._by_name, short = {}, {}, {}
        for host in sorted(hosts):
            names, addresses = set(hosts[host]["names"]) | {host}, set(map(plain, hosts[host]["addresses"]))
            for result in results.get(host, ()):
                names.update(result.get("host", {}).get("names", ()))
                addresses.update(map(plain, result.get("host", {}).get("addresses", ())))
            for address in addresses:
                # One that several have is nobody's: link-local, or of each host's own containers.
                self._by_address[address] = host if address not in self._by_address else None
            for name in names:
                name = name.lower().rstrip(".")
                self._by_name.setdefault(name, host)
                short.setdefault(name.partition(".")[0], set()).add(host)
        self._by_label = {label: found.copy().pop() for label, found in short.items() if len(found) == 1}
        self._known = {}

    def host_of(self, other):
        """str or None: the inventory name of what a log calls C(name) and C(address).

        A name of which only the first label is known here counts, where one host alone has it: inventories often have
        short names.
        """
        key = (other["name"], other["address"])
        if key not in self._known:
            self._known[key] = self._host_of(other)
        return self._known[key]

    def _host_of(self, other):
        host = self._by_address.get(plain(other["address"]))
        if host is not None:
            return host
        name = other["name"].lower().rstrip(".")
        if name in self._by_name:
            return self._by_name[name]
        return self._by_label.get(name.partition(".")[0]) if name else None

    def problem_of(self, host):
        """str: why this host's log tells nothing of a message, in words."""
        results = self.results.get(host, [])
        if not results:
            return f"{host} was not asked"
        for result in results:
            if "problem" in result:
                return "{} could not be asked: {}".format(host, result["problem"])
        log = results[-1]["log"]
        if log["first"] is None:
            return f"{host} has no log of mail that could be read"
        words = "the log of {} from {} to {} has no such message".format(
            host, _moment(log["first"]), _moment(log["last"])
        )
        return words if log["complete"] else words + ", and it is not complete"


def _moment(seconds):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


class Node:
    """A hop on a host. It names others by their number, so that what is not needed any more is gone at once.

    Attributes:
        number: int, its place among all nodes.
        host: str, inventory name.
        hop: dict, as M(mailops.relay.mail_log_info) returns it.
        next: sequence of (index of a delivery, number of the node to which it led).
        previous: sequence of int, the numbers of the nodes that led to it.
        links: sequence of str, the kinds of links to other messages on the same host.
        led_by: (kind, number) or None, the other end of such a link: a bounce, the same message requeued.
    """

    __slots__ = ("number", "host", "hop", "next", "previous", "links", "led_by")

    def __init__(self, number, host, hop):
        self.number = number
        self.host = host
        self.hop = hop
        self.next = self.previous = self.links = ()
        self.led_by = None

    def causes(self):
        """sequence of int: the numbers of the nodes without which this one would not be."""
        return self.previous if self.led_by is None else list(self.previous) + [self.led_by[1]]


def _nodes(site):
    """list of Node: each hop once, however often its host was asked."""
    found = []
    for host in sorted(site.results):
        results = site.results[host]
        seen = set()
        for result in results:
            for hop in result.get("messages", ()):
                if len(results) > 1:
                    key = (hop["instance"], hop["queue_id"], hop["first"])
                    if key in seen:
                        continue
                    seen.add(key)
                found.append(Node(len(found), host, hop))
    return found


class _Index:
    """Nodes by what leads to them; what few joins need is made when the first one does.

    Args:
        nodes: list of Node.
    """

    def __init__(self, nodes):
        self._nodes = nodes
        self._by_message = None
        self._by_id, self._further = {}, {}
        for node in nodes:
            queue_id = node.hop["queue_id"]
            if queue_id in self._by_id:
                self._further.setdefault(queue_id, []).append(node)
            else:
                self._by_id[queue_id] = node

    def of_id(self, queue_id):
        """list of Node, of any host, in their order."""
        node = self._by_id.get(queue_id)
        if node is None:
            return ()
        return [node] + self._further[queue_id] if queue_id in self._further else [node]

    def of_message(self, message_id):
        """list of Node with this Message-ID, in their order."""
        if self._by_message is None:
            self._by_message = {}
            for node in self._nodes:
                self._by_message.setdefault(node.hop["message_id"], []).append(node)
        return self._by_message.get(message_id, ())


def _same_message(one, other):
    """bool: whether two Message-IDs do not contradict each other."""
    return one is None or other is None or one == other


def _successor(site, node, delivery, index):
    """Node or None: the hop to which an attempt that was successful led."""
    hop = node.hop
    candidates = []
    for other in index.of_id(delivery["next_id"]) if delivery["next_id"] else ():
        if (
            other is not node
            and abs(other.hop["first"] - delivery["time"]) <= _NEAR + (delivery["delays"].get("transmit") or 0)
            and _same_message(hop["message_id"], other.hop["message_id"])
        ):
            candidates.append(other)
    if len(candidates) == 1:
        return candidates[0]
    named = delivery["relay_host"]["name"] or delivery["relay_host"]["address"]
    target = site.host_of(delivery["relay_host"]) if named else None
    if candidates:
        on_target = [other for other in candidates if other.host == target]
        return min(on_target or candidates, key=lambda other: abs(other.hop["first"] - delivery["time"]))
    if target is None or not hop["message_id"]:
        return None
    candidates = [
        other
        for other in index.of_message(hop["message_id"])
        if other is not node
        and other.host == target
        and other.hop["client"] is not None
        and site.host_of(other.hop["client"]) in (node.host, None)
        and abs(other.hop["first"] - delivery["time"]) <= _NEAR
    ]
    return min(candidates, key=lambda other: abs(other.hop["first"] - delivery["time"])) if candidates else None


def join(site):
    """list of list of Node: the traces, each with its hops in the order of their causes, then of time; the oldest trace first.

    Args:
        site: Site.
    """
    with without_gc():
        return _join(site)


def _join(site):
    nodes = _nodes(site)
    index = _Index(nodes)
    groups = list(range(len(nodes)))
    for node in nodes:
        number = node.number
        for delivery_number, delivery in enumerate(node.hop["deliveries"]):
            if delivery["status"] != "sent":
                continue
            other = _successor(site, node, delivery, index)
            if other is not None:
                node.next = node.next or []
                node.next.append((delivery_number, other.number))
                if number not in other.previous:
                    other.previous = other.previous or []
                    other.previous.append(number)
                groups[_root(groups, other.number)] = _root(groups, number)
        for link in node.hop["links"]:
            for other in index.of_id(link["queue_id"]):
                if other.host == node.host and other is not node and other.hop["first"] - node.hop["first"] >= -_NEAR:
                    node.links = node.links or []
                    node.links.append(link["kind"])
                    other.led_by = (link["kind"], number)
                    groups[_root(groups, other.number)] = _root(groups, number)
                    break
    traces = {}
    for node in nodes:
        traces.setdefault(_root(groups, node.number), []).append(node)
    ordered = [_in_order(trace) if len(trace) > 1 else trace for trace in traces.values()]
    return sorted(ordered, key=lambda trace: trace[0].hop["first"])


def _root(groups, number):
    """int: the number of the node that stands for the trace of this one.

    Args:
        groups: list of int: of each node, the number of another one of its trace, or its own.
    """
    while groups[number] != number:
        groups[number] = groups[groups[number]]
        number = groups[number]
    return number


def _begin(node):
    return node.hop["first"]


def _in_order(trace):
    """list of Node: what caused a hop comes before it, otherwise the order is that of time.

    Clocks differ, and in a log of whole seconds a client, its relay and a notice begin at the same time.
    """
    left, ordered, placed = sorted(trace, key=_begin), [], set()
    while left:
        waiting = []
        for node in left:
            if placed.issuperset(node.causes()):
                placed.add(node.number)
                ordered.append(node)
            else:
                waiting.append(node)
        if len(waiting) == len(left):
            # Each would be caused by another: the logs contradict themselves, and time alone is left.
            return ordered + left
        left = waiting
    return ordered


def _final_deliveries(hop):
    """list of (index, dict): the last attempt for each recipient."""
    latest = {}
    for number, delivery in enumerate(hop["deliveries"]):
        latest[delivery["recipient"]] = (number, delivery)
    return sorted(latest.values(), key=lambda entry: entry[0])


def _place(node):
    """str: where a message that has not left is."""
    if node.hop["queue"] in (None, "gone"):
        return ""
    return "still in the queue of {} ({})".format(node.host, node.hop["queue"])


def _next_try(node, now):
    moment = node.hop["next_try"]
    if moment is None:
        return (
            "the next attempt is at its next queue run"
            if node.hop["queue"] == "submission" or node.hop["mta"] == "sendmail"
            else ""
        )
    away = moment - now
    return f"next attempt {_moment(moment)}" + (f" (in {away:.0f} s)" if away > 0 else " (due)")


def _sentence(*parts):
    return ", ".join(part for part in parts if part)


def _verdict_of_deferred(node, delivery, now):
    reason = "{}: {}".format(node.host, delivery["reply"])
    if any(note["kind"] == "expired" for note in node.hop["notes"]):
        return "bounced", _sentence("given up after too long in the queue", reason)
    if any(note["kind"] == "deleted" for note in node.hop["notes"]):
        return "deleted", _sentence(f"deleted from the queue of {node.host}", "it had been deferred: " + reason)
    if node.hop["queue"] == "gone" or node.hop["removed"] is not None:
        return "lost", _sentence(
            f"lost from sight at {node.host}",
            "its last known attempt was deferred",
            delivery["reply"],
            "it is in the queue no more, and the log does not tell what became of it",
        )
    return "deferred", _sentence(reason, _place(node), _next_try(node, now))


def _verdict_of_sent(site, node, delivery):
    relay = delivery["relay"]
    host = (
        site.host_of(delivery["relay_host"])
        if delivery["relay_host"]["address"] or delivery["relay_host"]["name"]
        else None
    )
    if host is None or relay in ("local", "none", "virtual", "dovecot"):
        if delivery["relay_host"]["address"] and relay not in ("local", "none"):
            return "delivered", "{} took it: {}".format(relay, delivery["reply"])
        return "delivered", "on {} ({}): {}".format(node.host, relay, delivery["reply"])
    if host == node.host:
        return "lost", _sentence(
            f"lost from sight at {host}",
            "handed on there{}, of which its log tells nothing".format(
                " as " + delivery["next_id"] if delivery["next_id"] else ""
            ),
        )
    return "lost", _sentence(
        f"lost from sight at {host}",
        "{} handed it over{} at {}".format(
            node.host, " as " + delivery["next_id"] if delivery["next_id"] else "", _moment(delivery["time"])
        ),
        site.problem_of(host),
    )


def _verdict_without_attempt(node, now):
    hop = node.hop
    for note in hop["notes"]:
        if note["kind"] == "deleted":
            return "deleted", f"deleted from the queue of {node.host}"
    if hop["status"] == "rejected" or any(entry["action"].endswith("reject") for entry in hop["rejects"]):
        return "rejected", "{} refused it: {}".format(node.host, hop["rejects"][-1]["reply"])
    if any("discard" in entry["action"] for entry in hop["rejects"]):
        return "deleted", "{} discarded it by a rule: {}".format(node.host, hop["rejects"][-1]["reply"])
    place = _place(node)
    if place:
        held = any(note["kind"] == "held" for note in hop["notes"]) or hop["queue"] == "hold"
        return "queued", _sentence(
            place, "on hold" if held else "no attempt yet", _next_try(node, now) if not held else ""
        )
    return "lost", "lost from sight at {}, its log tells of no attempt to deliver it{}".format(
        node.host, "" if hop["removed"] is None else ", only that it left the queue"
    )


def verdicts(site, trace, now):
    """list of dict: for each recipient, where its way ends: C(recipient), C(verdict), C(text), C(host), C(queue_id).

    verdict is C(delivered), C(deferred), C(bounced), C(rejected), C(queued), C(deleted) or C(lost).

    Args:
        site: Site.
        trace: list of Node.
        now: float, seconds since the epoch.
    """
    found = []
    for node in trace:
        followed = {number for number, _other in node.next}
        moved = [kind for kind in node.links if kind in ("requeued", "forwarded")]
        notification = node.led_by is not None and node.led_by[0] in ("bounce", "delay", "delivery")
        entries = []
        for number, delivery in _final_deliveries(node.hop):
            if number in followed:
                continue
            if delivery["status"] == "sent":
                if delivery["reply"].startswith("forwarded as") and "forwarded" in moved:
                    continue
                verdict = _verdict_of_sent(site, node, delivery)
            elif delivery["status"] in ("bounced", "expired"):
                verdict = "bounced", "{}: {}".format(node.host, delivery["reply"])
            elif delivery["status"] == "deferred":
                if "requeued" in moved:
                    continue
                verdict = _verdict_of_deferred(node, delivery, now)
            elif delivery["status"] == "queued":
                verdict = _verdict_without_attempt(node, now)
            else:
                continue
            entries.append((delivery["recipient"], verdict))
        if not node.hop["deliveries"] and "requeued" not in moved:
            entries.append(("", _verdict_without_attempt(node, now)))
        for recipient, (verdict, text) in entries:
            found.append(
                {
                    "recipient": recipient,
                    "verdict": verdict,
                    "text": text,
                    "host": node.host,
                    "queue_id": node.hop["queue_id"],
                    "notification": notification,
                }
            )
    return found


def origin_of(site, trace):
    """str: where the message came from, and what is not known of it."""
    node = trace[0]
    hop = node.hop
    if hop["client"] is None:
        if hop["arrival"] is not None:
            return f"{node.host}, by a program of its own"
        return f"not known: the log of {node.host} does not tell how it came"
    client = "{}[{}]".format(hop["client"]["name"] or "unknown", hop["client"]["address"])
    host = site.host_of(hop["client"])
    if host is None:
        return f"{client}, which is not among the hosts that were asked; what came before is not known"
    if host == node.host:
        return f"{host}, by SMTP"
    return f"{host} ({client}); what came before is not known: {site.problem_of(host)}"


def describe(site, now):
    """list of dict: the traces as data: C(verdict), C(verdicts), C(origin), C(hops), C(message_id), C(sender), C(complete).

    Args:
        site: Site.
        now: float, seconds since the epoch.
    """
    found = []
    for trace in join(site):
        ends = verdicts(site, trace, now)
        names = [end["verdict"] for end in ends if not end["notification"]] or [end["verdict"] for end in ends]
        numbers = {node.number: number for number, node in enumerate(trace, 1)}
        found.append(
            {
                "message_id": next((node.hop["message_id"] for node in trace if node.hop["message_id"]), None),
                "sender": next((node.hop["sender"] for node in trace if node.hop["sender"] is not None), None),
                "origin": origin_of(site, trace),
                "verdict": next((verdict for verdict in _VERDICTS if verdict in names), "lost"),
                "verdicts": ends,
                "complete": all(
                    result.get("log", {}).get("complete", False) for node in trace for result in site.results[node.host]
                ),
                "hops": [
                    dict(
                        node.hop,
                        host=node.host,
                        number=numbers[node.number],
                        previous=[numbers[other] for other in node.previous],
                        led_by=None
                        if node.led_by is None
                        else {"kind": node.led_by[0], "hop": numbers[node.led_by[1]]},
                        next=[{"delivery": number, "hop": numbers[other]} for number, other in node.next],
                    )
                    for node in trace
                ],
            }
        )
    return found


def plan(site, hosts, everyone, first, asked):
    """dict: whom to ask next, and for which messages: inventory name -> dict of options of M(mailops.relay.mail_log_info).

    Args:
        site: Site, with what is known by now.
        hosts: list of str, the inventory names that may be asked.
        everyone: bool, whether all hosts are to be asked when nothing at all was found yet.
        first: dict, what is looked for: the options of the first question.
        asked: set of (host, kind, value): what was asked before; what is asked now is added.
    """
    nodes = _nodes(site)
    found = {}

    def ask(host, kind, value):
        if host in hosts and value and (host, kind, value) not in asked:
            asked.add((host, kind, value))
            found.setdefault(host, {}).setdefault(kind, []).append(value)

    if not nodes and everyone:
        for host in hosts:
            if not site.results.get(host):
                found[host] = dict(first)
        return found
    known = {(node.host, node.hop["queue_id"]) for node in nodes}
    for node in nodes:
        hop = node.hop
        if hop["client"] is not None:
            client = site.host_of(hop["client"])
            if client is not None and client != node.host:
                ask(client, "queued_as", hop["queue_id"])
                ask(client, "message_id", hop["message_id"])
        for delivery in hop["deliveries"]:
            if delivery["status"] != "sent":
                continue
            target = site.host_of(delivery["relay_host"]) if delivery["relay"] not in ("local", "none") else None
            if target is None or target == node.host or (target, delivery["next_id"]) in known:
                continue
            if delivery["next_id"]:
                ask(target, "queue_id", delivery["next_id"])
            else:
                ask(target, "message_id", hop["message_id"])
    return found
