# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of messages across hosts: hops of several logs, joined.

A hop leads to the one that has the queue ID which the next mail system gave in its reply; where there is none, to the one
with the same Message-ID that came from this host at that time. What a log does not tell is said, never guessed.
"""

import re
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import plain, read_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import (
    last_attempts,
    open_recipients,
    refusals,
    unaccounted,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import thrown_away
from ansible_collections.mailops.relay.plugins.module_utils.mail.without_gc import without_gc
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import owners

# A hop's arrival and the reply that names it are this close together, clocks that differ included, in seconds.
_NEAR = 600
# The worst is the verdict on the message.
_VERDICTS = ("lost", "unknown", "bounced", "rejected", "deferred", "queued", "deleted", "delivered")
# What delivers on the host itself; see C(log_events.Events.delivery).
_OWN = frozenset(("local", "virtual", "pipe"))
# Words of the text of such an end.
THROWN_AWAY = "threw it away, nobody gets it"
_COMMAND = "delivered to command: "
# What only asks whether a recipient would be taken: reject_unverified_recipient of Postfix, and sendmail -bv (global/verify.c).
_ASKED = frozenset(("deliverable", "undeliverable"))
# qmail-local(8): neither into a file nor to a program, but to other addresses.
_ONLY_FORWARDED = re.compile(r"did 0\+[1-9][0-9]{0,8}\+0(?![0-9])")
# Programs that a delivery hands a message to hand it back, if they do, before they end; clocks with whole seconds included.
_HANDED_BACK = 2


def _is_here(other):
    """bool: whether what a log calls so is the host itself: its loopback, or a socket in its file system."""
    address = plain(other["address"])
    if address:
        return address.startswith("127.") or address == "::1" or "/" in address
    return other["name"].lower().rstrip(".").partition(".")[0] in (
        "localhost",
        "localhost4",
        "localhost6",
        "ip6-localhost",
    )


class Site:
    """What is known of the hosts that may be on the way.

    Args:
        hosts: dict: inventory name -> dict with C(names) and C(addresses), lists of str; how logs may call it.
        results: dict: inventory name -> list of results of M(mailops.relay.mail_log_info), or of dict with C(problem) (str)
            where a host could not be asked.
    """

    def __init__(self, hosts, results):
        self.results = results
        self._by_name, self._own, short = {}, {}, {}
        for host in sorted(hosts):
            names, addresses = set(hosts[host]["names"]) | {host}, set(hosts[host]["addresses"])
            for result in results.get(host, ()):
                names.update(result.get("host", {}).get("names", ()))
                addresses.update(result.get("host", {}).get("addresses", ()))
            addresses.update(name for name in names if read_address(name))
            self._own[host] = set(map(plain, addresses))
            for name in names - addresses:
                name = name.lower().rstrip(".")
                self._by_name.setdefault(name, host)
                short.setdefault(name.partition(".")[0], set()).add(host)
        self._by_address = owners(self._own)
        self._by_label = {label: found.copy().pop() for label, found in short.items() if len(found) == 1}
        self._known = {}

    def host_of(self, other, at=None):
        """str or None: the inventory name of what a log calls C(name) and C(address).

        A name of which only the first label is known here counts, where one host alone has it: inventories often have
        short names.

        Args:
            other: dict with C(name) and C(address).
            at: str or None, the inventory name of the host whose log it is: a loopback address, a socket and its own
                addresses are this host's.
        """
        key = (other["name"], other["address"], at)
        if key not in self._known:
            self._known[key] = self._host_of(other, at)
        return self._known[key]

    def _host_of(self, other, at):
        if _is_here(other):
            return at
        address = plain(other["address"])
        if address in self._own.get(at, ()):
            return at
        if address in self._by_address:
            return self._by_address[address]
        name = other["name"].lower().rstrip(".")
        if name in self._by_name:
            return self._by_name[name]
        return self._by_label.get(name.partition(".")[0]) if name and not read_address(name) else None

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
    target = _target(site, node, delivery)
    if candidates:
        on_target = [other for other in candidates if other.host == target]
        return min(on_target or candidates, key=lambda other: abs(other.hop["first"] - delivery["time"]))
    if target is None or not hop["message_id"]:
        return None
    if target == node.host:
        return next(
            (other for other in index.of_message(hop["message_id"]) if _is_handed_back(site, node, delivery, other)),
            None,
        )
    candidates = [
        other
        for other in index.of_message(hop["message_id"])
        if other is not node
        and other.host == target
        and other.hop["client"] is not None
        and site.host_of(other.hop["client"], other.host) in (node.host, None)
        and abs(other.hop["first"] - delivery["time"]) <= _NEAR
    ]
    return min(candidates, key=lambda other: abs(other.hop["first"] - delivery["time"])) if candidates else None


def _target(site, node, delivery):
    """str or None: the host to which an attempt that was successful has brought the message, where it may go on from there."""
    if delivery["agent"] == "pipe" or (delivery["agent"] == "local" and delivery["reply"].startswith(_COMMAND)):
        return node.host
    if delivery["agent"] in _OWN or delivery["agent"] == "discard":
        return None
    named = delivery["relay_host"]["name"] or delivery["relay_host"]["address"]
    return site.host_of(delivery["relay_host"], node.host) if named else None


def stays(site, host, delivery):
    """bool: whether an attempt that was successful has left the message on its own host.

    Args:
        site: Site.
        host: str, the inventory name of that host.
        delivery: dict, of a hop.
    """
    return delivery["agent"] in _OWN or site.host_of(delivery["relay_host"], host) == host


def _is_handed_back(site, node, delivery, other):
    """bool: whether a hop may be what a filter on the same host has made of this one: the same message, begun meanwhile."""
    return (
        other.host == node.host
        and other.number > node.number
        and other.hop["source"] is None
        and (
            site.host_of(other.hop["client"], other.host) == node.host
            if other.hop["client"] is not None
            else delivery["agent"] in _OWN
        )
        and node.hop["first"] <= other.hop["first"] <= delivery["time"] + _HANDED_BACK
    )


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


def _place(node):
    """str: where a message that has not left is."""
    if node.hop["queue"] in (None, "gone"):
        return ""
    return "still in the queue of {} ({})".format(node.host, node.hop["queue"])


def _is_unplaced(node):
    """bool: whether it may be in a queue, and nobody knows."""
    return node.hop["queue"] is None and node.hop["removed"] is None


def _not_placed(node):
    """str: that it is not known whether a message still waits, and why; empty where that is known."""
    if not _is_unplaced(node):
        return ""
    problem = node.hop.get("queue_problem")
    return f"whether it still waits on {node.host} is not known" + (f": {problem}" if problem else "")


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
    return "deferred", _sentence(reason, _place(node), _not_placed(node), _next_try(node, now))


def _is_thrown_away(delivery):
    if delivery["agent"] in ("local", "virtual"):
        return delivery["recipient"] == "/dev/null" or delivery["reply"].endswith(" /dev/null")
    return delivery["agent"] == "discard" or thrown_away(delivery["reply"])


def _is_forwarded(delivery):
    """bool: whether a host's own delivery has made another message of it, and done nothing else."""
    reply = delivery["reply"]
    return reply.startswith("forwarded as ") or _ONLY_FORWARDED.search(reply) is not None


def _verdict_of_sent(site, node, delivery):
    relay, reply = delivery["relay"], delivery["reply"]
    own = delivery["agent"] in _OWN
    if _is_thrown_away(delivery):
        who = node.host if own or relay in ("local", "none") else f"{relay}, to which {node.host} gave it,"
        return "deleted", f"{who} {THROWN_AWAY}: {reply}"
    if own and _is_forwarded(delivery):
        return "lost", _sentence(f"lost from sight at {node.host}", reply, site.problem_of(node.host))
    host = None if own else _target(site, node, delivery)
    if (
        own
        or relay in ("local", "none")
        or (host is not None and delivery["agent"] == "lmtp" and not delivery["next_id"])
    ):
        return "delivered", f"on {host or node.host} ({relay}): {reply}"
    if host is None:
        return "delivered", f"{relay} took it: {reply}"
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
    refused = refusals(hop)
    if refused:
        return "rejected", "{} refused it: {}".format(node.host, refused[-1]["reply"])
    for entry in hop["rejects"]:
        if "discard" in entry["action"]:
            return "deleted", "{} discarded it by a rule: {}".format(node.host, entry["reply"])
    place = _place(node)
    if place:
        held = any(note["kind"] == "held" for note in hop["notes"]) or hop["queue"] == "hold"
        return "queued", _sentence(
            place, "on hold" if held else "no attempt yet", _next_try(node, now) if not held else ""
        )
    if _is_unplaced(node):
        return "unknown", _sentence(f"the log of {node.host} tells of no attempt to deliver it", _not_placed(node))
    return "lost", "lost from sight at {}, its log tells of no attempt to deliver it{}".format(
        node.host, "" if hop["removed"] is None else ", only that it left the queue"
    )


def _verdict_of_others(node, now):
    """(str, str) or None: of the recipients of whom the log tells no attempt, besides those of whom it does."""
    hop = node.hop
    missing = unaccounted(hop)
    if missing:
        seen = "{} of {} recipients {} not accounted for: the log of {} tells of no attempt".format(
            missing, hop["recipients"], "is" if missing == 1 else "are", node.host
        )
    elif hop["recipients"] is None and hop["removed"] is None and not open_recipients(hop):
        if hop["queue"] == "gone":
            return None
        seen = f"the log of {node.host} does not tell that these were all recipients"
    else:
        return None
    if any(note["kind"] == "deleted" for note in hop["notes"]):
        return "deleted", _sentence(seen, f"and the message was deleted from the queue of {node.host}")
    place = _place(node)
    if place:
        return "queued", _sentence(seen, place, _next_try(node, now))
    if _is_unplaced(node):
        return "unknown", _sentence(seen, _not_placed(node))
    return "unknown", _sentence(seen, "though the message has left the queue")


def verdicts(site, trace, now):
    """list of dict: for each recipient, where its way ends: C(recipient), C(verdict), C(text), C(host), C(queue_id).

    verdict is C(delivered), C(deferred), C(bounced), C(rejected), C(queued), C(deleted), C(unknown) or C(lost). The recipient
    is empty where the log tells nothing of those that are meant.

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
        for number, delivery in last_attempts(node.hop):
            if number in followed:
                continue
            if delivery["status"] == "sent":
                if "forwarded" in moved and _is_forwarded(delivery):
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
                if verdict[0] == "lost":
                    verdict = (
                        "unknown",
                        _sentence(
                            f"is not accounted for: {node.host}: {delivery['reply']}",
                            "though the message has left the queue",
                        ),
                    )
            elif delivery["status"] in _ASKED:
                verdict = (
                    "deleted",
                    "{} only asked whether it can be delivered, and sent nothing: {} ({})".format(
                        node.host, delivery["status"], delivery["reply"]
                    ),
                )
            else:
                continue
            entries.append((delivery["recipient"], verdict))
        others = _verdict_of_others(node, now) if node.hop["deliveries"] else None
        if others is not None:
            entries.append(("", others))
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
    host = site.host_of(hop["client"], node.host)
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
    named = {delivery["next_id"] for node in nodes for delivery in node.hop["deliveries"]}
    for node in nodes:
        hop = node.hop
        if hop["client"] is not None:
            client = site.host_of(hop["client"], node.host)
            if client is not None and client != node.host:
                ask(client, "queued_as", hop["queue_id"])
                ask(client, "message_id", hop["message_id"])
            elif client is not None and hop["queue_id"] not in named:
                # A filter may have handed it back.
                ask(client, "queued_as", hop["queue_id"])
        for delivery in hop["deliveries"]:
            if delivery["status"] != "sent":
                continue
            target = _target(site, node, delivery)
            if target is None or (delivery["agent"] == "lmtp" and not delivery["next_id"]):
                continue
            if not delivery["next_id"]:
                if target != node.host or hop["message_id"] not in first.get("message_id", ()):
                    ask(target, "message_id", hop["message_id"])
            elif (target, delivery["next_id"]) not in known:
                ask(target, "queue_id", delivery["next_id"])
    return found
