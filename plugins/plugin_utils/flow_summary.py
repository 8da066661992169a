# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report of the traffic shows: totals, ranked lists, quantiles, shares; and how numbers are written."""

import datetime
import re

from ansible_collections.mailops.relay.plugins.plugin_utils.flow_merge import peaks, quantile
from ansible_collections.mailops.relay.plugins.plugin_utils.outcome import nothing_found
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import bytes_text, printable

TITLE = "Mail report"
# Ranked lists end here; what was cut off is summed up.
LIMIT = 15
_REASONS_LIMIT = 30
_NOTES_LIMIT = 50
_LONGEST_TEXT = 400
_LONGEST_LABEL = 38
# Above this many hours the chart has a bar for each day.
_MOST_HOURS = 24 * 14

TOTALS = (
    "received",
    "received_bytes",
    "sent",
    "sent_bytes",
    "forwarded",
    "deferred",
    "bounced",
    "expired",
    "rejected",
    "rejected_4xx",
    "limited",
    "reject_warnings",
    "held",
    "discarded",
)
HOUR = ("received", "received_bytes", "sent", "deferred", "bounced", "rejected", "limited")
# The part of the flow, its heading, the heading of its names, its numbers, the numbers that rank it.
RANKED = (
    # "Of these" stands behind what it is of.
    (
        "clients",
        "By client",
        "Client",
        (*HOUR[:-1], "rejected_4xx", "limited"),
        ("sent", "deferred", "bounced", "rejected", "limited"),
    ),
    (
        "sender_domains",
        "By sender domain",
        "Domain",
        ("received", "received_bytes", "sent", "deferred", "bounced"),
        ("sent", "deferred", "bounced"),
    ),
    ("recipient_domains", "By recipient domain", "Domain", ("sent", "deferred", "bounced"), None),
    ("relays", "By next hop", "Next hop", ("sent", "deferred", "bounced"), None),
    ("senders", "Senders", "Address", ("received", "received_bytes"), ("received",)),
    ("recipients", "Recipients", "Address", ("sent", "deferred", "bounced"), None),
)
# TLS to each next hop, the best first.
TLS_KINDS = {
    "verified": "verified",
    "dane": "DANE",
    "encrypted": "encrypted",
    "clear": "clear",
    "not_logged": "not logged",
}
TLS_HOPS = tuple(TLS_KINDS)
_OTHERS = "(others)"
# A few answers that mail comes too fast are usual; from so many on a pace is proposed.
_FEWEST_ANSWERS = 5
_FEW_AT_ONCE = 2
_PACE_NAME = re.compile(r"[^a-z0-9]+")
# What may stand in a proposal that somebody copies: a domain, or a smarthost's name.
_WAY = re.compile(r"(?:smarthost:[a-z0-9-]{1,31}|[a-z0-9][a-z0-9.-]{0,251}[a-z0-9])\Z")
_LATENCY = (
    ("total", "Total"),
    ("before_queue", "Before the queue"),
    ("in_queue", "In the queue"),
    ("connect", "Connecting"),
    ("transmit", "Transmitting"),
)
QUANTILES = (50, 95, 99)
_DELAY_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def _name(text):
    """A text of a stranger: harmless, and of a length that fits into a table."""
    text = printable(text)
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 1] + "\u2026"


def _label(name):
    return name if len(name) <= _LONGEST_LABEL else name[: _LONGEST_LABEL - 1] + "\u2026"


def _moment(epoch, offset, pattern="%Y-%m-%d %H:%M"):
    try:
        return datetime.datetime.fromtimestamp(epoch + offset, tz=datetime.timezone.utc).strftime(pattern)
    except (OverflowError, OSError, ValueError):
        return f"{epoch:.0f}"


def _zone(offset):
    minutes = int(abs(offset) // 60)
    return "UTC{0}{1:02d}:{2:02d}".format("-" if offset < 0 else "+", minutes // 60, minutes % 60)


def _delay(seconds):
    if seconds is None:
        return "\u2013"
    if seconds < 0.01:
        return "under 10 ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for size, unit in _DELAY_UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return ""


def percent_text(share):
    return "\u2013" if share is None else f"{share} %"


def _share(part, whole):
    """In per cent with one decimal; 100 and 0 are said only where they are exact."""
    if not whole:
        return None
    share = round(100.0 * part / whole, 1)
    if share == 100 and part < whole:
        return 99.9
    return 0.1 if share == 0 and part else share


def amount(number):
    return f"{number:,}"


def counted(number, what):
    return "{0} {1}{2}".format(amount(number), what, "" if number == 1 else "s")


def _with_size(row):
    if "received_bytes" in row:
        row["size"] = bytes_text(row["received_bytes"])
    return row


def _ranked(entries, numbers, rank=None, limit=LIMIT):
    """The first of a list, and the sums of the others."""
    rank = rank or numbers
    known = [name for name in entries if name != _OTHERS]
    known.sort(
        key=lambda name: (
            [-sum(entries[name].get(number, 0) for number in rank), -entries[name].get(numbers[0], 0)],
            name,
        )
    )
    rows = []
    for name in known[:limit]:
        row = {"name": _name(name) or "(none)"}
        row["label"] = _label(row["name"])
        row.update((number, entries[name].get(number, 0)) for number in numbers)
        rows.append(_with_size(row))
    rest = known[limit:] + [name for name in entries if name == _OTHERS]
    others = {number: sum(entries[name].get(number, 0) for name in rest) for number in numbers}
    return {
        "names": len(known),
        "more_names": _OTHERS in entries,
        "rows": rows,
        "others": _with_size(dict(others, names=len(rest))) if rest else None,
    }


def _counts(entries, limit=LIMIT):
    return _ranked({name: {"count": count} for name, count in entries.items()}, ("count",), limit=limit)


def _reasons(entries, limit, split):
    """The reasons or rejects: their class (the first word, where there is one), the rest, the number, a sample."""
    ranked = _ranked(entries, ("count",), limit=limit)
    order = sorted(entries, key=lambda name: (-entries[name].get("count", 0), name))
    for row, name in zip(ranked["rows"], [name for name in order if name != _OTHERS], strict=False):
        if split:
            row["class"], dummy, row["name"] = row["name"].partition(" ")
            row["label"] = _label(row["name"])
        row["sample"] = _name(entries[name].get("sample") or "")
    return ranked


def _limits(entries):
    """The limits that clients have reached: their number, a sample, and whose they were."""
    rows = []
    for kind in sorted(entries, key=lambda kind: (-entries[kind]["count"], kind)):
        entry = entries[kind]
        rows.append(
            {
                "name": _name(kind),
                "count": entry["count"],
                "sample": _name(entry["sample"]),
                "clients": _counts(entry["clients"]),
            }
        )
    return rows


def _pace(way, per_minute):
    """dict: an element of the variable relay_server_pacing; Postfix counts whole seconds, and above one of these how many at once."""
    kind, _colon, name = way.rpartition(":")
    entry = {"smarthost": name} if kind else {"name": _PACE_NAME.sub("-", name)[:30].strip("-"), "domains": [name]}
    if per_minute > 60:
        return {**entry, "concurrency": _FEW_AT_ONCE}
    return {**entry, "per_minute": max(rate for rate in range(1, max(per_minute, 1) + 1) if 60 % rate == 0)}


def _as_yaml(entry):
    return "{{{0}}}".format(
        ", ".join(
            "{0}: {1}".format(key, "[{0}]".format(", ".join(value)) if isinstance(value, list) else value)
            for key, value in entry.items()
        )
    )


def _too_fast(entries):
    """Where providers said that mail comes too fast, how much they took then, and the pace to set."""
    rows = []
    for way in sorted(entries, key=lambda way: (-entries[way]["count"], way)):
        entry = entries[way]
        # Each relay has its pace for itself, so that an average over the minutes of all of them is one relay's.
        per_minute = entry["taken"] // max(entry["minutes"], 1)
        proposal = _pace(way, per_minute) if entry["count"] >= _FEWEST_ANSWERS and _WAY.match(way) else None
        rows.append(
            {
                "name": _name(way.replace("smarthost:", "smarthost ", 1)),
                "count": entry["count"],
                "per_minute": per_minute,
                "sample": _name(entry["sample"]),
                "proposal": proposal,
                "text": "" if proposal is None else _as_yaml(proposal),
            }
        )
    return rows


def _inventory(flow, summary):
    """What the traffic tells of the hosts of an inventory; None where it was not compared with one, or nothing was read."""
    inventory = flow.get("inventory") if summary["read"] else None
    if inventory is None:
        return None
    silent, unknown = inventory["silent"], inventory.get("unknown", [])
    clients = flow.get("clients", {})
    foreign = {name: clients[name] for name in inventory["foreign"]}
    return {
        "silent": None if silent is None else [_name(host) for host in silent[:_NOTES_LIMIT]],
        "silent_count": None if silent is None else len(silent),
        # What was not read may have been theirs.
        "silent_certain": summary["complete"],
        "unknown": [_name(host) for host in unknown[:_NOTES_LIMIT]],
        "unknown_count": len(unknown),
        "foreign": _ranked(foreign, (*HOUR, "rejected_4xx"), ("received", "rejected", "limited")),
    }


def _reach(flow, offset):
    """list of str: of which hosts the logs do not tell of the whole time that was asked for."""
    found = []
    for part in flow.get("reach", ()):
        host = _name(part["host"])
        if not part["read"]:
            last = part["last"]
            found.append(
                f"{host}: nothing was read of this time; "
                + (
                    "no line of a mail system is in its logs"
                    if last is None
                    else f"its logs end {_moment(last, offset)}"
                )
            )
        elif part["late"]:
            found.append("{0}: its logs begin {1}, later than asked for".format(host, _moment(part["first"], offset)))
    return found


def _young(flow, offset):
    """list of str: of which hosts the logs begin with their mail system, later than asked for."""
    return [
        "{0}: its mail system was installed {1}, and its logs begin with it".format(
            _name(part["host"]), _moment(part["installed"], offset)
        )
        for part in flow.get("reach", ())
        # The result of an older release does not tell.
        if part.get("installed") is not None
    ]


def _rows(entries, offset):
    """The numbers of each hour or minute in order."""
    by_time = {int(moment): numbers for moment, numbers in entries.items()}
    rows = []
    for moment in sorted(by_time):
        row = {"hour": moment, "time": _moment(moment, offset)}
        row.update((number, by_time[moment].get(number, 0)) for number in HOUR)
        rows.append(_with_size(row))
    return rows


def _traffic(flow, offset):
    rows, days = _rows(flow.get("hours", {}), offset), {}
    for row in rows:
        day = days.setdefault(row["time"][:10], dict({"time": row["time"][:10]}, **dict.fromkeys(HOUR, 0)))
        for number in HOUR:
            day[number] += row[number]
    return rows, [_with_size(days[day]) for day in sorted(days)]


def _latency(flow):
    rows = []
    for part, name in _LATENCY:
        sketch = flow.get("latency", {}).get(part, {})
        row = {"part": part, "name": name, "count": sum(sketch.values())}
        for percent in QUANTILES:
            seconds = quantile(sketch, percent / 100) if row["count"] else None
            key = f"p{percent}"
            row[key] = None if seconds is None else float(f"{seconds:.3g}")
            row[key + "_text"] = _delay(row[key])
        rows.append(row)
    return rows


def _tls(counts):
    known = sum(count for name, count in counts.items() if name != "unknown")
    total = sum(counts.values())
    protocols = sorted((name for name in counts if name not in ("none", "unknown")), reverse=True)
    rows = [
        {
            "name": {"none": "no TLS", "unknown": "not logged"}.get(name, _name(name)),
            "kind": name if name in ("none", "unknown") else "tls",
            "count": counts[name],
            "share": _share(counts[name], total),
        }
        for name in protocols + [name for name in ("none", "unknown") if name in counts]
        if counts[name]
    ]
    return {"total": total, "known": known, "share": _share(known - counts.get("none", 0), known), "rows": rows}


def _dkim(found):
    signed, unsigned = found.get("signed", {}), found.get("unsigned", 0)
    total = sum(signed.values()) + unsigned
    ranked = sorted(signed.items(), key=lambda item: (-item[1], item[0]))
    counts = [(_name(name), count) for name, count in ranked[:LIMIT]]
    counts += [(_OTHERS, sum(count for _domain, count in ranked[LIMIT:])), ("not signed", unsigned)]
    rows = [{"name": name, "count": count, "share": _share(count, total)} for name, count in counts if count]
    return {"total": total, "share": _share(total - unsigned, total), "rows": rows}


def _verdict(summary):
    """Whether the numbers are whole, in words, and what is missing."""
    missing = []
    if summary["reach"]:
        missing.append("{0} whose logs do not reach all of this time".format(counted(len(summary["reach"]), "host")))
    if summary["gap_count"]:
        lost = " with at least {0} lost".format(counted(summary["lost"], "line")) if summary["lost"] else ""
        missing.append("{0} in the logs{1}".format(counted(summary["gap_count"], "gap"), lost))
    if summary["unreadable"]:
        missing.append("{0} that could not be read".format(counted(summary["unreadable"], "line")))
    if summary["unknown"]:
        missing.append("{0} that could not be understood".format(counted(summary["unknown"], "line")))
    if summary["problem_count"]:
        missing.append(counted(summary["problem_count"], "problem"))
    read = counted(summary["lines"], "line") + " read"
    if summary["complete"]:
        return f"Complete: {read}, all of them understood."
    return "Incomplete: the real numbers may be higher. {0}; {1}.".format(
        read, ", ".join(missing) or "the whole period could not be read"
    )


def _headline(summary):
    totals = summary["totals"]
    total = summary["latency"][0]
    refused = [
        f"{amount(totals[number])} {words}"
        for number, words in (("rejected_4xx", "temporarily"), ("limited", "more by a limit"))
        if totals[number]
    ]
    tiles = [("Received", amount(totals["received"]), totals["received_size"], "received")]
    for kind in ("sent", "deferred", "bounced", "rejected"):
        note = {
            "sent": totals["sent_size"],
            "bounced": "expired: {0}".format(amount(totals["expired"])) if totals["expired"] else "",
            "rejected": ", ".join(refused),
        }
        tiles.append((kind.capitalize(), amount(totals[kind]), note.get(kind, ""), kind))
    for way, name in (("in", "TLS, incoming"), ("out", "TLS, outgoing")):
        tls = summary["tls"][way]
        tiles.append((name, percent_text(tls["share"]), "of {0}".format(amount(tls["known"])), "tls"))
    slow = ", ".join("p{0} {1}".format(percent, total[f"p{percent}_text"]) for percent in QUANTILES[1:])
    tiles.append(("Delay, median", total["p50_text"], slow, "delay"))
    return [{"name": name, "value": value, "note": note, "kind": kind} for name, value, note, kind in tiles]


def _wrong(summary):
    """list of str: why not all is well with what was asked for."""
    reach = [f"{sentence}." for sentence in summary["reach"]]
    certificates = (summary["certificates"] or {}).get("summary")
    return (reach or nothing_found("report", summary["read"])) + ([certificates] if certificates else [])


def nothing(summary):
    """str: what is to be said instead of numbers; empty where there are some."""
    if not summary["empty"]:
        return ""
    if not summary["read"]:
        return "Nothing was read of this time, so whether there was mail is not known."
    return "There was no mail in what was read."


def summarize(flow, title=TITLE):
    """What a report shows: totals, ranked lists, quantiles, shares.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str.

    Returns:
        dict: every number and text of the report.
    """
    offset = flow.get("utc_offset") or 0
    totals = {number: flow.get("totals", {}).get(number, 0) for number in TOTALS}
    totals["received_size"] = bytes_text(totals["received_bytes"])
    totals["sent_size"] = bytes_text(totals["sent_bytes"])
    gaps = flow.get("gaps", [])
    problems = flow.get("problems", [])
    summary = {
        "version": 2,
        "title": _name(title),
        "hosts": [_name(host) for host in flow.get("hosts", [])],
        "zone": _zone(offset),
        "first": flow.get("first"),
        "last": flow.get("last"),
        "period": None,
        "lines": flow.get("lines", 0),
        "unreadable": flow.get("unreadable", 0),
        "unknown": flow.get("unknown", 0),
        "samples": [_name(sample) for sample in flow.get("samples", [])[:_NOTES_LIMIT]],
        "gap_count": len(gaps),
        "lost": flow.get("lost", 0),
        "gaps": [
            {
                "time": gap.get("time"),
                "when": "" if gap.get("time") is None else _moment(gap["time"], offset),
                "text": _name(gap.get("text", "")),
                "lost": gap.get("lost") or 0,
            }
            for gap in gaps[:_NOTES_LIMIT]
        ],
        "problem_count": len(problems),
        "problems": [_name(problem) for problem in problems[:_NOTES_LIMIT]],
        "limit": LIMIT,
        "totals": totals,
    }
    asked = flow.get("asked") or {}
    summary["asked"] = _name(asked.get("text", ""))
    summary["reach"] = _reach(flow, offset)
    summary["young"] = _young(flow, offset)
    # Whether anything is known of this time at all; without that no number says that there was no mail.
    summary["read"] = any(part["read"] for part in flow.get("reach", ()))
    if summary["read"] and flow["first"] is not None and flow["last"] is not None:
        first, last = flow["first"], flow["last"]
        if asked.get("since") is not None:
            first = max(first, asked["since"])
        if asked.get("until") is not None:
            last = min(last, asked["until"])
        summary["period"] = "{0} to {1} ({2})".format(_moment(first, offset), _moment(last, offset), summary["zone"])
    summary["complete"] = bool(flow.get("complete")) and not (
        gaps or problems or summary["unreadable"] or summary["unknown"] or summary["reach"]
    )
    summary["empty"] = not any(totals[number] for number in TOTALS)
    summary["hours"], summary["days"] = _traffic(flow, offset)
    summary["minutes"] = _rows(flow.get("minutes") or {}, offset)
    summary["bars"] = "minutes" if summary["minutes"] else "hours" if len(summary["hours"]) <= _MOST_HOURS else "days"
    summary["latency"] = _latency(flow)
    for key, dummy, dummy, numbers, rank in RANKED:
        summary[key] = _ranked(flow.get(key, {}), numbers, rank)
    summary["tls_hops"] = _ranked(flow.get("tls_hops", {}), TLS_HOPS)
    summary["reasons"] = _reasons(flow.get("reasons", {}), _REASONS_LIMIT, True)
    summary["rejects"] = _reasons(flow.get("rejects", {}), _REASONS_LIMIT, False)
    summary["limits"] = _limits(flow.get("limits", {}))
    summary["too_fast"] = _too_fast(flow.get("too_fast", {}))
    summary["inventory"] = _inventory(flow, summary)
    summary["certificates"] = flow.get("certificates")
    summary["tls"] = {way: _tls(flow.get("tls", {}).get(way, {})) for way in ("in", "out")}
    summary["dkim"] = _dkim(flow.get("dkim", {}))
    found = peaks(flow) if flow.get("hours") else []
    summary["peak_count"] = len(found)
    summary["peaks"] = [dict(peak, time=_moment(peak["hour"], offset)) for peak in found[:LIMIT]]
    summary["other_programs"] = _counts(flow.get("other_programs", {}))
    summary["verdict"] = _verdict(summary)
    summary["wrong"] = _wrong(summary)
    summary["headline"] = _headline(summary)
    return summary
