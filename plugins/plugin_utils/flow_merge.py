# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flows of several hosts as one, and what their numbers tell together."""

import functools
import math

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_loopback, plain, read_address
from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import FIRST, STEP, VERSION, ZERO
from ansible_collections.mailops.relay.plugins.module_utils.mail.memo import OTHERS
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import owners, result_of

# An hour is unusual when it has so many times the usual number, and at least so many.
_PEAK_FACTOR, _PEAK_LEAST = 4, 20
# From so many other days on, what an hour of the day usually has is known.
_FEWEST_SAMPLES = 3
# seconds
_LONGEST_SPAN = 9000 * 3600


def _sum(one, other):
    """Two of the same: numbers are added, of texts the first in order is kept."""
    if isinstance(one, dict):
        found = dict(one)
        for key, value in other.items():
            found[key] = _sum(found[key], value) if key in found else value
        return found
    if isinstance(one, (int, float)) and not isinstance(one, bool):
        return one + other
    return min(one, other)


def _known(values):
    return [value for value in values if value is not None]


def _asked(periods):
    """dict: what was asked for together; hosts that read the clock one after the other have been asked for the same."""
    text = periods[0]["text"]
    chosen = {"text": text if text and all(period["text"] for period in periods) else ""}
    for name, choose in (("since", min), ("until", max)):
        moments = [period[name] for period in periods]
        chosen[name] = None if None in moments else choose(moments)
    return chosen


def merge(flows):
    """dict: the flow of several hosts, or of one host's several times; the order makes no difference to a number.

    Args:
        flows: list of dict; of none, the flow of nobody.

    Raises:
        ValueError: one is of another version.
    """
    if not flows:
        return {"version": VERSION, "hosts": [], "complete": False}
    for flow in flows:
        if flow["version"] != VERSION:
            raise ValueError(f"a flow of version {flow['version']} cannot be added to one of version {VERSION}")
    if len(flows) == 1:
        return dict(flows[0])
    found = {"version": VERSION, "utc_offset": flows[0]["utc_offset"]}
    addresses = found["client_addresses"] = {}
    for flow in flows:
        for name, known in flow["client_addresses"].items():
            addresses[name] = sorted({*addresses.get(name, ()), *known})
    found["asked"] = _asked([flow["asked"] for flow in flows])
    for name in ("hosts", "samples", "gaps", "problems", "reach"):
        found[name] = [entry for flow in flows for entry in flow[name]]
    found["hosts"] = sorted(set(found["hosts"]))
    found["gaps"].sort(key=lambda gap: gap["time"])
    for name, choose in (("first", min), ("last", max)):
        times = _known(flow[name] for flow in flows)
        found[name] = choose(times) if times else None
    found["complete"] = all(flow["complete"] for flow in flows)
    found["minutes"] = None
    if all(flow["minutes"] is not None for flow in flows):
        found["minutes"] = functools.reduce(_sum, (flow["minutes"] for flow in flows))
    # The result of an older release does not have all of them.
    for name in dict.fromkeys(name for flow in flows for name in flow):
        if name not in found:
            found[name] = functools.reduce(_sum, (flow[name] for flow in flows if name in flow))
    return found


def merge_results(results):
    """dict: the flow of all hosts that have one, under their inventory names; that another has none is among its problems.

    Args:
        results: dict: inventory name -> result of M(mailops.relay.mail_flow_info), failed or not, or None.

    Raises:
        ValueError: a flow is of another version.
    """
    flows, problems = [], []
    for host in sorted(results):
        result = results[host] or {}
        if "flow" in result:
            # Under the name by which the site knows the host; what it calls itself several may.
            flow = result["flow"]
            flows.append(dict(flow, hosts=[host], reach=[dict(part, host=host) for part in flow.get("reach", ())]))
        else:
            reason = result_of(dict(result, failed=True))["problem"] if result.get("msg") else "it gave no result"
            problems.append(f"{host} is not in these numbers: {reason}")
    flow = merge(flows)
    if problems:
        flow.update(problems=list(flow.get("problems", [])) + problems, complete=False)
    return flow


def _foreign(flow, hosts):
    """dict: client of a flow that is no host that is known -> list of its addresses as C(read_address) has them."""
    names, addresses = set(), set()
    for host in hosts.values():
        names.update(name.lower() for name in host["names"])
        # What several hosts share, such as a host name without its domain, is one of theirs all the same.
        names.update(name.lower() for name in host.get("shared", ()))
        addresses.update(plain(address) for address in [*host["addresses"], *host.get("shared", ())])
    found = {}
    for client in flow.get("clients", {}):
        if client.startswith("(") or client.lower() in names or client == "localhost":
            continue
        known = flow.get("client_addresses", {}).get(client) or [client]
        read = [address for address in map(read_address, known) if address is not None]
        if not any(is_loopback(address) or address.address in addresses for address in read):
            found[client] = read
    return found


def strangers(flow, hosts):
    """list of str: the addresses of clients in a flow by which, and by whose name, no host is known.

    Args:
        flow: dict.
        hosts: dict: inventory name -> dict with C(names) and C(addresses).
    """
    return sorted({address.address for known in _foreign(flow, hosts).values() for address in known})


def _silent(flow, hosts, expected):
    """list of str: those of the expected hosts of which a flow has nothing by any of their names and addresses."""
    seen = set()
    for client in flow.get("clients", {}):
        seen.add(client.lower())
        seen.update(plain(address) for address in flow.get("client_addresses", {}).get(client) or [client])
    return [
        host
        for host in expected
        if not seen & {name.lower() for name in hosts[host]["names"]}
        and not seen & {plain(address) for address in hosts[host]["addresses"]}
    ]


def with_inventory(flow, hosts, expected):
    """dict: the flow, with C(inventory), what it tells of the hosts of an inventory.

    C(silent) are those of the expected hosts that sent nothing, None where that cannot be told, since too many clients are not
    counted by their names; C(foreign) (list of str) are clients that are no host that is known. C(unknown) (list of str) are those
    of which no address is known, for example since they did not answer, while there are such clients: each may be one of them.

    Args:
        flow: dict.
        hosts: dict: inventory name -> dict with C(names), C(addresses) and C(shared).
        expected: list of str, hosts that may send, among these.
    """
    foreign = sorted(_foreign(flow, hosts))
    silent, unknown = None, []
    if OTHERS not in flow.get("clients", {}):
        silent = _silent(flow, hosts, expected)
        if foreign:
            unknown = [host for host in silent if not (hosts[host]["addresses"] or hosts[host].get("shared"))]
            silent = [host for host in silent if host not in unknown]
    return dict(flow, inventory={"silent": silent, "foreign": foreign, "unknown": unknown})


def with_names(flow, hosts):
    """dict: the flow, with the clients that are hosts of the inventory, by a name or by an address, under the names that these have
    there.

    An address or a name that several hosts have is nobody's.

    Args:
        flow: dict.
        hosts: dict: inventory name -> dict with C(names) and C(addresses).
    """
    owner = owners({host: map(plain, hosts[host]["addresses"]) for host in hosts})
    called = owners({host: [name.lower() for name in hosts[host]["names"]] for host in hosts})
    addresses = flow.get("client_addresses", {})

    def host_of(client):
        if client.lower() in called:
            return called[client.lower()]
        return next((owner[one] for one in map(plain, [client, *addresses.get(client, [])]) if one in owner), client)

    def named(entries):
        found = {}
        for client, counts in entries.items():
            client = host_of(client)
            found[client] = _sum(found[client], counts) if client in found else counts
        return found

    clients = named(flow.get("clients", {}))
    limits = {kind: dict(entry, clients=named(entry["clients"])) for kind, entry in flow.get("limits", {}).items()}
    return dict(flow, clients=clients, limits=limits) if clients else flow


def quantile(sketch, share):
    """float or None: the delay in seconds that this share of the counted ones does not exceed.

    Args:
        sketch: dict: bucket -> count.
        share: float from 0 to 1.
    """
    total = sum(sketch.values())
    if not total:
        return None
    rank = max(1, int(math.ceil(share * total)))
    ordered = sorted((float("-inf") if name == ZERO else int(name), count) for name, count in sketch.items())
    for number, count in ordered:
        rank -= count
        if rank <= 0:
            break
    # The middle of the bucket, on its own scale.
    return 0.0 if number == float("-inf") else FIRST * STEP ** (number - 0.5)


def _kind_of_hour(hour, offset):
    """(bool, int): whether it is on a weekend, and the hour of the day, by the hosts' clock."""
    days, seconds = divmod(hour + offset, 86400)
    # The epoch began on a Thursday.
    return (days + 3) % 7 > 4, int(seconds // 3600)


def peaks(flow):
    """list of dict: hours with unusually much of something, the largest first: C(hour), C(what), C(count), C(usual).

    Usual is the median of that hour of the day on the other weekdays, or on the other days of weekends, those without any
    among them. Where there are less than three of these it is None, and the hour is compared with the upper quartile of all.
    """
    offset = flow.get("utc_offset") or 0
    hours = {int(hour): entry for hour, entry in flow["hours"].items()}
    if len(hours) < 3:
        return []
    # At most a year; a log with a wrong date in it would have too many.
    span = range(max(min(hours), max(hours) - _LONGEST_SPAN), max(hours) + 1, 3600)
    found = []
    for what in ("received", "deferred", "bounced", "rejected", "limited"):
        alike = {}
        for hour in {*span, *hours}:
            alike.setdefault(_kind_of_hour(hour, offset), []).append(hours.get(hour, {}).get(what, 0))
        for counts in alike.values():
            counts.sort()
        every = sorted(count for counts in alike.values() for count in counts)
        quartile = every[len(every) * 3 // 4]
        for hour, entry in hours.items():
            count = entry.get(what, 0)
            if count < _PEAK_LEAST:
                continue
            others = list(alike[_kind_of_hour(hour, offset)])
            others.remove(count)
            usual = others[len(others) // 2] if len(others) >= _FEWEST_SAMPLES else None
            if count > _PEAK_FACTOR * max(quartile if usual is None else usual, 1):
                found.append({"hour": hour, "what": what, "count": count, "usual": usual})
    return sorted(found, key=lambda peak: (-peak["count"], peak["hour"], peak["what"]))
