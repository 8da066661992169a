# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the playbook trace needs on the controller: whom to ask next, and the way of a message as data and as lines."""

import time

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_loopback, read_address
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import log_problems, result_of
from ansible_collections.mailops.relay.plugins.plugin_utils.outcome import nothing_found
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

# Whoever uses any filter of a collection loads all of its files. So what only these need is imported when they are used.

_HINT = "It must be a result of mailops.relay.mail_log_info."
_NOTICES = {"bounce": "non-delivery notice", "delay": "delay notice", "delivery": "delivery notice"}


def _site(name, hosts, rounds):
    """Site, of what the playbook hands over."""
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import Site

    for host, entry in a_dict(name, hosts, "hosts").items():
        a_dict(name, entry, f"hosts: {host}", ("names", "addresses"))
    results = {host: [] for host in hosts}
    for told in a_list(name, rounds, "rounds", of_dicts=True):
        for host, registered in told.items():
            result = result_of(
                None if registered is None else a_dict(name, registered, f"rounds: the result of {host}")
            )
            if result is None or host not in results:
                continue
            if "problem" not in result:
                a_dict(name, result, f"rounds: the result of {host}", ("messages", "rejects", "total", "log"), _HINT)
            results[host].append(result)
    return Site(hosts, results)


def trace_criteria(given):
    """What is looked for.

    Args:
        given: dict: option of M(mailops.relay.mail_log_info) -> str, list of str, or None where it was not given.

    Returns:
        dict: option -> list of str, of those that were given.
    """
    return {
        name: [str(entry) for entry in value] if isinstance(value, (list, tuple)) else [str(value)]
        for name, value in a_dict("trace_criteria", given).items()
        if value is not None
    }


def trace_plan(asked, hosts, rounds, first):
    """Whom to ask next.

    Args:
        asked: list of [host, kind, value]: what was asked before.
        hosts: dict, of C(host_names): those that may be asked.
        rounds: list of dict, one for each time that hosts were asked: inventory name -> registered result of
            M(mailops.relay.mail_log_info), None or skipped where a host was not asked.
        first: dict, what is looked for.

    Returns:
        dict: C(ask), inventory name -> options of M(mailops.relay.mail_log_info); C(asked), the list with what is asked now.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import plan

    a_dict("trace_plan", first, "first")
    before = set()
    for entry in a_list("trace_plan", asked):
        before.add(tuple(a_list("trace_plan", entry, "an element of the input")))
    ask = plan(_site("trace_plan", hosts, rounds), list(hosts), True, first, before)
    return {"ask": ask, "asked": sorted(list(entry) for entry in before)}


def trace_strangers(hosts, rounds):
    """Addresses of clients by which no host is known yet.

    Args:
        hosts: dict, of C(host_names).
        rounds: list of dict, as for C(trace_plan).

    Returns:
        list of str: addresses; those of the host itself are not among them.
    """
    site = _site("trace_strangers", hosts, rounds)
    found = set()
    for results in site.results.values():
        for hop in [hop for result in results for hop in result.get("messages", ())]:
            address = read_address(hop["client"]["address"]) if hop["client"] else None
            if address is not None and not is_loopback(address) and site.host_of(hop["client"]) is None:
                found.add(address.address)
    return sorted(found)


def trace_result(hosts, rounds):
    """The traces as data.

    Args:
        hosts: dict, of C(host_names).
        rounds: list of dict, as for C(trace_plan).

    Returns:
        dict: C(traces), C(rejects) of what got no queue ID, C(asked) hosts, C(read), a list with C(host), C(sources) and the times
        C(first) and C(last) of what was read there, C(problems) with hosts, C(complete), whether all who were asked have answered,
        C(silent), host -> why nothing could be run there, C(nothing), list of str, that nothing was found, C(ok), whether something
        was and no host has refused, and C(summary), why it is not.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.trace import describe

    site = _site("trace_result", hosts, rounds)
    problems, rejects, read, silent = [], [], [], {}
    for host in hosts:
        for result in site.results[host]:
            problems.extend(log_problems(host, result))
            if "problem" in result:
                if result["unreachable"]:
                    silent[host] = problems[-1]
                continue
            if not any(entry["host"] == host for entry in read):
                read.append(dict({key: result["log"][key] for key in ("sources", "first", "last")}, host=host))
            if result["total"] > len(result["messages"]):
                problems.append(f"{host}: {result['total']} messages are meant, of which the newest are shown")
            rejects.extend(dict(entry, host=host) for entry in result["rejects"])
    failed = {host for host, results in site.results.items() if any("problem" in result for result in results)}
    traces = describe(site, time.time())
    problems, nothing = sorted(set(problems)), nothing_found("trace", traces or rejects)
    return {
        "traces": traces,
        "rejects": rejects,
        "asked": [host for host in hosts if site.results[host]],
        "read": read,
        "problems": problems,
        "complete": not failed,
        "silent": silent,
        "nothing": nothing,
        "ok": not nothing and not failed - set(silent),
        "summary": " ".join(nothing + problems),
    }


def _clock(seconds):
    return "{0}{1}".format(time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds)), f"{seconds % 1:.3f}"[1:])


def _hop_lines(hop):
    way = (
        "from {0}[{1}]".format(hop["client"]["name"] or "unknown", hop["client"]["address"])
        if hop["client"]
        else "made here"
    )
    if hop["led_by"]:
        kind = hop["led_by"]["kind"]
        way = "{0} of hop {1}".format(_NOTICES.get(kind, kind), hop["led_by"]["hop"])
    yield "{0}. {1} ({2}) {3}  {4}, {5}{6}{7}".format(
        hop["number"],
        hop["host"],
        hop["mta"],
        hop["queue_id"],
        _clock(hop["first"]),
        way,
        ", {0} bytes".format(hop["size"]) if hop["size"] is not None else "",
        "" if not hop["tls"] else ", no TLS" if hop["tls"] == "none" else ", " + hop["tls"],
    )
    for entry in hop["rejects"]:
        yield "     {0} {1}: {2}".format(entry["action"], entry["stage"], entry["reply"])
    nexts = dict((entry["delivery"], entry["hop"]) for entry in hop["next"])
    for number, delivery in enumerate(hop["deliveries"]):
        split = delivery["delays"]
        yield "     {0} <{1}>{2} {3} via {4}, dsn {5}{6}{7}".format(
            _clock(delivery["time"]),
            delivery["recipient"],
            " (for <{0}>)".format(delivery["orig_to"]) if delivery["orig_to"] else "",
            delivery["status"],
            delivery["relay"],
            delivery["dsn"] or "-",
            "" if not delivery["tls"] else ", no TLS" if delivery["tls"] == "none" else ", " + delivery["tls"],
            f" -> hop {nexts[number]}" if number in nexts else "",
        )
        if delivery["delay"] is not None:
            yield "       after {0} s{1}".format(
                delivery["delay"],
                " = {before_queue} before the queue + {in_queue} in it + {connect} to connect + {transmit} to send".format(
                    **split
                )
                if split
                else "",
            )
        yield "       {0}".format(delivery["reply"])
    for note in hop["notes"]:
        yield "     {0} {1}: {2}".format(_clock(note["time"]), note["kind"], note["text"])


def _read_lines(read):
    """What was looked through in vain, and how far back it reaches."""
    for entry in read:
        if entry["first"] is None:
            reach = "no line of a mail system is in it" if entry["sources"] else "it has no mail log"
        else:
            reach = "it begins on {0}".format(_clock(entry["first"]))
        yield "read on {0}: {1}: {2}".format(entry["host"], ", ".join(entry["sources"]) or "nothing", reach)


def trace_table(result):
    """The traces as lines to read.

    Args:
        result: dict, of C(trace_result).

    Returns:
        list of str: lines, of printable characters only.
    """
    a_dict(
        "trace_table",
        result,
        keys=("traces", "rejects", "read", "problems", "complete", "nothing"),
        hint="Give what trace_result returned.",
    )
    lines = []
    for trace in result["traces"]:
        lines.append(
            "{0} {1} from <{2}>".format(
                trace["verdict"].upper(),
                trace["message_id"] or "(message ID not known)",
                "(not known)" if trace["sender"] is None else trace["sender"],
            )
        )
        for end in trace["verdicts"]:
            lines.append(
                "  {0}{1}: {2}".format(
                    "<{0}> ".format(end["recipient"]) if end["recipient"] else "",
                    "notice " + end["verdict"] if end["notification"] else end["verdict"],
                    end["text"],
                )
            )
        lines.append("  came from: {0}".format(trace["origin"]))
        for hop in trace["hops"]:
            lines.extend("  " + line for line in _hop_lines(hop))
    for entry in result["rejects"]:
        lines.append(
            "{0} at {1} on {2}, {3}: from {4}, sender <{5}>, recipient <{6}>: {7}".format(
                # A rule may warn only, or send it elsewhere.
                "REFUSED" if entry["action"].endswith("reject") else entry["action"].upper(),
                entry["stage"],
                entry["host"],
                _clock(entry["time"]),
                entry["client"],
                entry["sender"],
                entry["recipient"],
                entry["reply"],
            )
        )
    if result["nothing"]:
        lines.extend([*result["nothing"], *_read_lines(result["read"])])
    if not result["complete"]:
        lines.append("INCOMPLETE: not all hosts have answered.")
    lines.extend("not certain: " + problem for problem in result["problems"])
    return [printable(line) for line in lines]


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "trace_criteria": trace_criteria,
            "trace_plan": trace_plan,
            "trace_result": trace_result,
            "trace_strangers": trace_strangers,
            "trace_table": trace_table,
        }
