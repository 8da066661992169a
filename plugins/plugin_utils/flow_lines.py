# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic in short, for the terminal."""

from ansible_collections.mailops.relay.plugins.plugin_utils import certificates
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import (
    HOUR,
    LIMIT,
    QUANTILES,
    TLS_HOPS,
    TLS_KINDS,
    TOTALS,
    amount,
    nothing,
    percent_text,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable


def _ranked_lines(title, ranked, line, rows):
    """The first of a ranked list in the terminal."""
    shown = ranked["rows"][:rows]
    for row in shown:
        yield f"{title:<18}{line(row)}"
        title = ""
    rest = ranked["names"] - len(shown)
    if rest > 0 or ranked["more_names"]:
        yield "{0:<18}{1:>10}  and {2} more".format("", "", "many" if ranked["more_names"] else amount(rest))


def _limit_lines(limits, rows):
    """Each limit that clients have reached, and whose it was."""
    title = "limit"
    for limit in limits:
        yield "{0:<18}{1:>10}  {2}".format(title, amount(limit["count"]), limit["name"])
        shown = limit["clients"]["rows"][:rows]
        for row in shown:
            yield "{0:<18}{1:>10}    of {2}".format("", amount(row["count"]), row["name"])
        rest = limit["clients"]["names"] - len(shown)
        if rest > 0 or limit["clients"]["more_names"]:
            more = "many" if limit["clients"]["more_names"] else amount(rest)
            yield "{0:<18}{1:>10}    of {2} more".format("", "", more)
        title = ""


def _too_fast_lines(ways, rows):
    """Who said that mail comes too fast, and the pace to set."""
    title = "too fast"
    for way in ways[:rows]:
        yield "{0:<18}{1:>10}  for {2}: {3}".format(title, amount(way["count"]), way["name"], way["sample"])
        if way["proposal"]:
            yield "{0:<18}{1:>10}    {2} a minute were taken; relay_server_pacing: [{3}]".format(
                "", "", amount(way["per_minute"]), way["text"]
            )
        title = ""
    if len(ways) > rows:
        yield "{0:<18}{1:>10}  and {2} more".format("", "", amount(len(ways) - rows))


def _inventory_lines(inventory, rows):
    """Who of the inventory sent nothing, and who sent without being in it."""
    if inventory is None:
        return
    silent = inventory["silent"]
    if silent is None:
        yield "sent nothing      it is not known who, since there were too many clients"
    elif silent:
        certain = "" if inventory["silent_certain"] else "in what was read: "
        yield "sent nothing      " + certain + _some(silent, inventory["silent_count"], rows)
    yield from _ranked_lines(
        "in no inventory",
        inventory["foreign"],
        lambda row: "{0:>10} received  {1}".format(amount(row["received"]), _refused(row)),
        rows,
    )
    if inventory["unknown"]:
        yield "not known         whether these are among them, as they told no address: {0}".format(
            _some(inventory["unknown"], inventory["unknown_count"], rows)
        )


def _some(names, count, rows):
    more = count - len(names[:rows])
    return ", ".join(names[:rows]) + (f" and {amount(more)} more" if more else "")


def _certificate_lines(found):
    """How long the relays' certificates are valid, where it was looked at."""
    return () if found is None else certificates.lines_of(found, 18)


def _refused(row):
    parts = [f"{amount(row[kind])} {kind}" for kind in ("rejected", "limited") if row[kind]]
    return row["name"] + (": " + ", ".join(parts) if parts else "")


def _outcomes(row):
    parts = [f"{amount(row[kind])} {kind}" for kind in ("deferred", "bounced", "rejected", "limited") if row.get(kind)]
    if row.get("rejected_4xx"):
        parts.append("{0} of the rejected temporarily".format(amount(row["rejected_4xx"])))
    return "{0:>10} sent  {1}{2}".format(amount(row["sent"]), row["name"], ": " + ", ".join(parts) if parts else "")


def _tls_kinds(row):
    first, *others = (f"{amount(row[kind])} {TLS_KINDS[kind]}" for kind in TLS_HOPS if row[kind])
    number, _blank, kind = first.partition(" ")
    return "{0}  {1}".format(", ".join([f"{number:>10} {kind}", *others]), row["name"])


def lines_of(summary, rows):
    """A summary in short, for the terminal.

    Args:
        summary: dict, of C(flow_summary.summarize).
        rows: int, how many of each list are shown.

    Returns:
        list of str: lines, of printable characters only.
    """
    rows = min(rows, LIMIT)
    where = ", ".join(summary["hosts"]) or "no host"
    lines = ["{0}: {1}: {2}".format(summary["title"], where, summary["period"] or "nothing read")]
    lines.append(summary["verdict"])
    if summary["asked"]:
        lines.append("asked for         {0}".format(summary["asked"]))
    for title, hosts in (("not reached", summary["reach"]), ("young", summary["young"])):
        lines.extend(f"{title:<18}{host}" for host in hosts[:rows])
        if len(hosts) > rows:
            lines.append(f"                  and {amount(len(hosts) - rows)} more")
    lines.extend(f"problem           {problem}" for problem in summary["problems"])
    lines.extend(
        "gap               {0}".format(" ".join(part for part in (gap["when"], gap["text"]) if part))
        for gap in summary["gaps"][:rows]
    )
    if summary["gap_count"] > rows:
        lines.append("                  and {0} more".format(amount(summary["gap_count"] - rows)))
    lines.extend(f"not understood    {sample}" for sample in summary["samples"][:rows])
    if summary["empty"]:
        lines.append(nothing(summary))
        lines.extend(_inventory_lines(summary["inventory"], rows))
        lines.extend(_certificate_lines(summary["certificates"]))
        return [printable(line) for line in lines]
    totals = summary["totals"]
    for number in TOTALS:
        if not number.endswith("_bytes") and (totals[number] or number in HOUR):
            size = totals.get(number + "_size")
            lines.append(
                "{0:<18}{1:>10}{2}".format(
                    number.replace("_", " "), amount(totals[number]), "  " + size if size else ""
                )
            )
    for row in summary["latency"]:
        if row["count"]:
            quantiles = ("p{0} {1}".format(percent, row[f"p{percent}_text"]) for percent in QUANTILES)
            lines.append("{0:<18}{1}".format("delay", "{0}: {1}".format(row["name"].lower(), ", ".join(quantiles))))
    for way, name in (("in", "TLS, incoming"), ("out", "TLS, outgoing")):
        tls = summary["tls"][way]
        if tls["known"]:
            lines.append("{0:<18}{1} of {2}".format(name, percent_text(tls["share"]), amount(tls["known"])))
    if summary["dkim"]["total"]:
        lines.append(
            "{0:<18}{1} of {2}".format(
                "signed (DKIM)", percent_text(summary["dkim"]["share"]), amount(summary["dkim"]["total"])
            )
        )
        lines.extend(
            "{0:<18}{1:>10}  {2}".format("", amount(row["count"]), row["name"])
            for row in summary["dkim"]["rows"][:rows]
        )
    for title, key in (
        ("client", "clients"),
        ("sender domain", "sender_domains"),
        ("recipient domain", "recipient_domains"),
        ("next hop", "relays"),
    ):
        lines.extend(_ranked_lines(title, summary[key], _outcomes, rows))
    lines.extend(_ranked_lines("TLS to next hop", summary["tls_hops"], _tls_kinds, rows))
    lines.extend(_limit_lines(summary["limits"], rows))
    lines.extend(_too_fast_lines(summary["too_fast"], rows))
    lines.extend(_inventory_lines(summary["inventory"], rows))
    lines.extend(
        _ranked_lines(
            "reason",
            summary["reasons"],
            lambda row: "{0:>10}  {1}: {2}".format(amount(row["count"]), row["class"], row["name"]),
            rows,
        )
    )
    lines.extend(
        _ranked_lines(
            "reject", summary["rejects"], lambda row: "{0:>10}  {1}".format(amount(row["count"]), row["name"]), rows
        )
    )
    for peak in summary["peaks"][:rows]:
        usual = "too few days to know what is usual" if peak["usual"] is None else "usually " + amount(peak["usual"])
        lines.append(
            "{0:<18}{1:>10} {2} at {3}, {4}".format("peak", amount(peak["count"]), peak["what"], peak["time"], usual)
        )
    if summary["peak_count"] > rows:
        lines.append("{0:<18}{1:>10}  and {2} more".format("", "", amount(summary["peak_count"] - rows)))
    lines.extend(_certificate_lines(summary["certificates"]))
    return [printable(line) for line in lines]
