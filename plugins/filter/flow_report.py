# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic of one or several relays: as a summary, as lines for the terminal, as a page for the browser."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import datetime
import hashlib
import html
import json
import re

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_text
from ansible_collections.mailops.relay.plugins.module_utils.mail.flow import merge, peaks, quantile
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import bytes_text, printable

_TITLE = "Mail report"
# Ranked lists end here; what was cut off is summed up.
_LIMIT = 15
_REASONS_LIMIT = 30
_NOTES_LIMIT = 50
_LONGEST_TEXT = 400
_LONGEST_LABEL = 38
# Above this many hours the chart has a bar for each day.
_MOST_HOURS = 24 * 14

_TOTALS = (
    "received", "received_bytes", "sent", "sent_bytes", "forwarded", "deferred", "bounced", "expired", "rejected",
    "reject_warnings", "held", "discarded",
)  # fmt: skip
_HOUR = ("received", "received_bytes", "sent", "deferred", "bounced", "rejected")
# The part of the flow, its heading, the heading of its names, its numbers, the numbers that rank it.
_RANKED = (
    ("clients", "By client", "Client", _HOUR, ("sent", "deferred", "bounced", "rejected")),
    (
        "sender_domains", "By sender domain", "Domain",
        ("received", "received_bytes", "sent", "deferred", "bounced"), ("sent", "deferred", "bounced"),
    ),
    ("recipient_domains", "By recipient domain", "Domain", ("sent", "deferred", "bounced"), None),
    ("relays", "By next hop", "Next hop", ("sent", "deferred", "bounced"), None),
    ("senders", "Senders", "Address", ("received", "received_bytes"), ("received",)),
    ("recipients", "Recipients", "Address", ("sent", "deferred", "bounced"), None),
)  # fmt: skip
_OTHERS = "(others)"
_LATENCY = (
    ("total", "Total"),
    ("before_queue", "Before the queue"),
    ("in_queue", "In the queue"),
    ("connect", "Connecting"),
    ("transmit", "Transmitting"),
)
_QUANTILES = (50, 95, 99)
_MOST_PEAKS = 10
_BREAK = re.compile(r"[.@](?=\w)|(?=\[)")
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
        return "{0:.0f}".format(epoch)


def _zone(offset):
    minutes = int(abs(offset) // 60)
    return "UTC{0}{1:02d}:{2:02d}".format("-" if offset < 0 else "+", minutes // 60, minutes % 60)


def _delay(seconds):
    if seconds is None:
        return "\u2013"
    if seconds < 0.01:
        return "under 10 ms"
    if seconds < 1:
        return "{0:.0f} ms".format(seconds * 1000)
    for size, unit in _DELAY_UNITS:
        if seconds >= size:
            return "{0:.3g} {1}".format(seconds / size, unit)
    return ""


def _percent(share):
    return "\u2013" if share is None else "{0} %".format(share)


def _share(part, whole):
    """In per cent with one decimal; 100 and 0 are said only where they are exact."""
    if not whole:
        return None
    share = round(100.0 * part / whole, 1)
    if share == 100 and part < whole:
        return 99.9
    return 0.1 if share == 0 and part else share


def _amount(number):
    return "{0:,}".format(number)


def _counted(number, what):
    return "{0} {1}{2}".format(_amount(number), what, "" if number == 1 else "s")


def _with_size(row):
    if "received_bytes" in row:
        row["size"] = bytes_text(row["received_bytes"])
    return row


def _ranked(entries, numbers, rank=None, limit=_LIMIT):
    """The first of a list, and the sums of the others."""
    rank = rank or numbers
    known = [name for name in entries if name != _OTHERS]
    known.sort(key=lambda name: ([-sum(entries[name].get(number, 0) for number in rank), -entries[name].get(numbers[0], 0)], name))
    rows = []
    for name in known[:limit]:
        row = {"name": _name(name) or "(none)"}
        row["label"] = _label(row["name"])
        row.update((number, entries[name].get(number, 0)) for number in numbers)
        rows.append(_with_size(row))
    rest = known[limit:] + [name for name in entries if name == _OTHERS]
    others = dict((number, sum(entries[name].get(number, 0) for name in rest)) for number in numbers)
    return {
        "names": len(known),
        "more_names": _OTHERS in entries,
        "rows": rows,
        "others": _with_size(dict(others, names=len(rest))) if rest else None,
    }


def _counts(entries, limit=_LIMIT):
    return _ranked(dict((name, {"count": count}) for name, count in entries.items()), ("count",), limit=limit)


def _reasons(entries, limit, split):
    """The reasons or rejects: their class (the first word, where there is one), the rest, the number, a sample."""
    ranked = _ranked(entries, ("count",), limit=limit)
    order = sorted(entries, key=lambda name: (-entries[name].get("count", 0), name))
    for row, name in zip(ranked["rows"], [name for name in order if name != _OTHERS]):
        if split:
            row["class"], dummy, row["name"] = row["name"].partition(" ")
            row["label"] = _label(row["name"])
        row["sample"] = _name(entries[name].get("sample") or "")
    return ranked


def _traffic(flow, offset):
    hours = {}
    for hour, numbers in flow.get("hours", {}).items():
        hours[int(hour)] = numbers
    rows, days = [], {}
    for hour in sorted(hours):
        row = {"hour": hour, "time": _moment(hour, offset)}
        row.update((number, hours[hour].get(number, 0)) for number in _HOUR)
        rows.append(_with_size(row))
        day = days.setdefault(row["time"][:10], dict({"time": row["time"][:10]}, **dict.fromkeys(_HOUR, 0)))
        for number in _HOUR:
            day[number] += row[number]
    return rows, [_with_size(days[day]) for day in sorted(days)]


def _latency(flow):
    rows = []
    for part, name in _LATENCY:
        sketch = flow.get("latency", {}).get(part, {})
        row = {"part": part, "name": name, "count": sum(sketch.values())}
        for percent in _QUANTILES:
            seconds = quantile(sketch, percent / 100) if row["count"] else None
            key = "p{0}".format(percent)
            row[key] = None if seconds is None else float("{0:.3g}".format(seconds))
            row[key + "_text"] = _delay(row[key])
        rows.append(row)
    return rows


def _tls(counts):
    known = sum(count for name, count in counts.items() if name != "unknown")
    total = sum(counts.values())
    protocols = sorted((name for name in counts if name not in ("none", "unknown")), reverse=True)
    rows = [
        {"name": {"none": "no TLS", "unknown": "not logged"}.get(name, _name(name)), "kind": name if name in ("none", "unknown") else "tls",
         "count": counts[name], "share": _share(counts[name], total)}
        for name in protocols + [name for name in ("none", "unknown") if name in counts]
        if counts[name]
    ]  # fmt: skip
    return {"total": total, "known": known, "share": _share(known - counts.get("none", 0), known), "rows": rows}


def _peaks(flow, offset):
    """The most unusual hours, in their order."""
    found = peaks(flow) if flow.get("hours") else []
    found = sorted(found, key=lambda peak: -peak["count"] / max(peak["usual"], 1))[:_MOST_PEAKS]
    return [dict(peak, time=_moment(peak["hour"], offset)) for peak in sorted(found, key=lambda peak: (peak["hour"], peak["what"]))]


def _verdict(summary):
    """Whether the numbers are whole, in words, and what is missing."""
    missing = []
    if summary["gap_count"]:
        lost = " with at least {0} lost".format(_counted(summary["lost"], "line")) if summary["lost"] else ""
        missing.append("{0} in the logs{1}".format(_counted(summary["gap_count"], "gap"), lost))
    if summary["unreadable"]:
        missing.append("{0} that could not be read".format(_counted(summary["unreadable"], "line")))
    if summary["unknown"]:
        missing.append("{0} that could not be understood".format(_counted(summary["unknown"], "line")))
    if summary["problem_count"]:
        missing.append(_counted(summary["problem_count"], "problem"))
    read = _counted(summary["lines"], "line") + " read"
    if summary["complete"]:
        return "Complete: {0}, all of them understood.".format(read)
    return "Incomplete: the real numbers may be higher. {0}; {1}.".format(
        read, ", ".join(missing) or "the whole period could not be read"
    )


def _headline(summary):
    totals = summary["totals"]
    total = summary["latency"][0]
    tiles = [("Received", _amount(totals["received"]), totals["received_size"], "received")]
    for kind in ("sent", "deferred", "bounced", "rejected"):
        note = {"sent": totals["sent_size"], "bounced": "expired: {0}".format(_amount(totals["expired"])) if totals["expired"] else ""}
        tiles.append((kind.capitalize(), _amount(totals[kind]), note.get(kind, ""), kind))
    for way, name in (("in", "TLS, incoming"), ("out", "TLS, outgoing")):
        tls = summary["tls"][way]
        tiles.append((name, _percent(tls["share"]), "of {0}".format(_amount(tls["known"])), "tls"))
    slow = ", ".join("p{0} {1}".format(percent, total["p{0}_text".format(percent)]) for percent in _QUANTILES[1:])
    tiles.append(("Delay, median", total["p50_text"], slow, "delay"))
    return [{"name": name, "value": value, "note": note, "kind": kind} for name, value, note, kind in tiles]


def flow_merge(results):
    """The flows of several hosts as one.

    Args:
        results: list of dict, flows; or dict, results of M(mailops.relay.mail_flow_info) by host, of which those
            without a flow (failed, unreachable) become problems.

    Returns:
        dict: a flow.
    """
    problems = []
    if isinstance(results, dict):
        for host in sorted(results):
            if "flow" not in (results[host] or {}):
                reason = " ".join(to_text((results[host] or {}).get("msg") or "it gave no result").split())
                problems.append("{0} is not in these numbers: {1}".format(host, reason))
        results = [results[host]["flow"] for host in sorted(results) if "flow" in (results[host] or {})]
    flow = merge(list(results)) if results else {"version": 1, "hosts": [], "complete": False}
    if problems:
        flow = dict(flow, problems=list(flow.get("problems", [])) + problems, complete=False)
    return flow


def flow_summary(flow, title=_TITLE):
    """What a report shows: totals, ranked lists, quantiles, shares.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str.

    Returns:
        dict: every number and text of the report.
    """
    offset = flow.get("utc_offset") or 0
    totals = dict((number, flow.get("totals", {}).get(number, 0)) for number in _TOTALS)
    totals["received_size"] = bytes_text(totals["received_bytes"])
    totals["sent_size"] = bytes_text(totals["sent_bytes"])
    gaps = flow.get("gaps", [])
    problems = flow.get("problems", [])
    summary = {
        "version": 1,
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
            {"time": gap.get("time"), "when": "" if gap.get("time") is None else _moment(gap["time"], offset),
             "text": _name(gap.get("text", "")), "lost": gap.get("lost") or 0}
            for gap in gaps[:_NOTES_LIMIT]
        ],
        "problem_count": len(problems),
        "problems": [_name(problem) for problem in problems[:_NOTES_LIMIT]],
        "limit": _LIMIT,
        "totals": totals,
    }  # fmt: skip
    if flow.get("first") is not None and flow.get("last") is not None:
        summary["period"] = "{0} to {1} ({2})".format(_moment(flow["first"], offset), _moment(flow["last"], offset), summary["zone"])
    summary["complete"] = bool(flow.get("complete")) and not (gaps or problems or summary["unreadable"] or summary["unknown"])
    summary["empty"] = not any(totals[number] for number in _TOTALS)
    summary["hours"], summary["days"] = _traffic(flow, offset)
    summary["bars"] = "hours" if len(summary["hours"]) <= _MOST_HOURS else "days"
    summary["latency"] = _latency(flow)
    for key, dummy, dummy, numbers, rank in _RANKED:
        summary[key] = _ranked(flow.get(key, {}), numbers, rank)
    summary["reasons"] = _reasons(flow.get("reasons", {}), _REASONS_LIMIT, True)
    summary["rejects"] = _reasons(flow.get("rejects", {}), _REASONS_LIMIT, False)
    summary["tls"] = dict((way, _tls(flow.get("tls", {}).get(way, {}))) for way in ("in", "out"))
    summary["peaks"] = _peaks(flow, offset)
    summary["other_programs"] = _counts(flow.get("other_programs", {}))
    summary["verdict"] = _verdict(summary)
    summary["headline"] = _headline(summary)
    return summary


def _lines_of(title, ranked, line, rows):
    """The first of a ranked list in the terminal."""
    shown = ranked["rows"][:rows]
    for row in shown:
        yield "{0:<18}{1}".format(title, line(row))
        title = ""
    rest = ranked["names"] - len(shown)
    if rest > 0 or ranked["more_names"]:
        yield "{0:<18}{1:>10}  and {2} more".format("", "", "many" if ranked["more_names"] else _amount(rest))


def _outcomes(row):
    parts = ["{0} {1}".format(_amount(row[kind]), kind) for kind in ("deferred", "bounced", "rejected") if row.get(kind)]
    return "{0:>10} sent  {1}{2}".format(_amount(row["sent"]), row["name"], ": " + ", ".join(parts) if parts else "")


def flow_table(flow, title=_TITLE, rows=5):
    """A flow in short, for the terminal.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str, the first words.
        rows: int, how many of each list are shown.

    Returns:
        list of str: lines, of printable characters only.
    """
    summary = flow_summary(flow, title)
    rows = min(rows, _LIMIT)
    where = ", ".join(summary["hosts"]) or "no host"
    lines = ["{0}: {1}: {2}".format(summary["title"], where, summary["period"] or "no mail")]
    lines.append(summary["verdict"])
    lines.extend("problem           {0}".format(problem) for problem in summary["problems"])
    lines.extend(
        "gap               {0}".format(" ".join(part for part in (gap["when"], gap["text"]) if part)) for gap in summary["gaps"][:rows]
    )
    if summary["gap_count"] > rows:
        lines.append("                  and {0} more".format(_amount(summary["gap_count"] - rows)))
    lines.extend("not understood    {0}".format(sample) for sample in summary["samples"][:rows])
    if summary["empty"]:
        return lines + ["There was no mail."]
    totals = summary["totals"]
    for number in _TOTALS:
        if not number.endswith("_bytes") and (totals[number] or number in _HOUR):
            size = totals.get(number + "_size")
            lines.append("{0:<18}{1:>10}{2}".format(number.replace("_", " "), _amount(totals[number]), "  " + size if size else ""))
    for row in summary["latency"]:
        if row["count"]:
            quantiles = ("p{0} {1}".format(percent, row["p{0}_text".format(percent)]) for percent in _QUANTILES)
            lines.append("{0:<18}{1}".format("delay", "{0}: {1}".format(row["name"].lower(), ", ".join(quantiles))))
    for way, name in (("in", "TLS, incoming"), ("out", "TLS, outgoing")):
        tls = summary["tls"][way]
        if tls["known"]:
            lines.append("{0:<18}{1} of {2}".format(name, _percent(tls["share"]), _amount(tls["known"])))
    for title, key in (("client", "clients"), ("sender domain", "sender_domains"), ("recipient domain", "recipient_domains"),
                       ("next hop", "relays")):  # fmt: skip
        lines.extend(_lines_of(title, summary[key], _outcomes, rows))
    lines.extend(
        _lines_of("reason", summary["reasons"], lambda row: "{0:>10}  {1}: {2}".format(_amount(row["count"]), row["class"], row["name"]), rows)
    )
    lines.extend(_lines_of("reject", summary["rejects"], lambda row: "{0:>10}  {1}".format(_amount(row["count"]), row["name"]), rows))
    for peak in summary["peaks"][:rows]:
        lines.append(
            "{0:<18}{1:>10} {2} at {3}, usually {4}".format("peak", _amount(peak["count"]), peak["what"], peak["time"], _amount(peak["usual"]))
        )
    return [printable(line) for line in lines]


# The page. Its tables are written here, its charts are drawn in the browser; both from the summary alone.

_LIGHT = (
    "--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5b6675;--line:#e1e5ea;--zero:#8a94a1;--good:#1a6e52;--good-bg:#e3f3ec;"
    "--bad:#8a3b12;--bad-bg:#fdeee2;--received:#5b6675;--sent:#2470b3;--deferred:#e5a11c;--bounced:#b8401f;--rejected:#8d84b8;"
    "--p50:#2470b3;--p95:#e5a11c;--p99:#b8401f"
)
_DARK = (
    "--bg:#12171e;--card:#1a212b;--ink:#e5eaf0;--soft:#9fabb9;--line:#2d3744;--zero:#6f7b89;--good:#7fd1ad;--good-bg:#173229;"
    "--bad:#f2b489;--bad-bg:#3a2618;--received:#aab5c2;--sent:#5aa9e6;--deferred:#f0c04f;--bounced:#f07a58;--rejected:#a79fd6;"
    "--p50:#5aa9e6;--p95:#f0c04f;--p99:#f07a58"
)
_STYLE = (
    ":root{color-scheme:light;" + _LIGHT + "}"
    "@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;" + _DARK + "}}"
    ":root[data-theme=dark]{color-scheme:dark;" + _DARK + "}"
) + """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:1200px;margin:0 auto;padding:24px 20px 48px}
header{display:flex;gap:16px;align-items:flex-start;justify-content:space-between}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 12px}
p{margin:0 0 8px}
.soft{color:var(--soft);overflow-wrap:anywhere}
button{flex:none;font:inherit;font-size:.875rem;color:var(--ink);background:var(--card);border:1px solid var(--line);
border-radius:8px;padding:6px 12px;cursor:pointer}
button:hover{border-color:var(--soft)}
:focus-visible{outline:2px solid var(--sent);outline-offset:2px}
section,.tile{background:var(--card);border:1px solid var(--line);border-radius:12px}
section{padding:20px;margin-top:16px;min-width:0}
.verdict{margin-top:16px;padding:12px 16px;border-radius:12px;overflow-wrap:anywhere}
.good{background:var(--good-bg);color:var(--good)}
.bad{background:var(--bad-bg);color:var(--bad)}
.verdict strong{font-weight:600}
.verdict ul{margin:6px 0 0;padding-left:20px}
.tiles{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:12px;margin-top:16px}
.tile{padding:12px 16px;border-left:4px solid var(--line)}
.tile span{display:block;color:var(--soft);font-size:.875rem}
.tile b{display:block;font-size:1.5rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tile.sent{border-left-color:var(--sent)}.tile.deferred{border-left-color:var(--deferred)}
.tile.bounced{border-left-color:var(--bounced)}.tile.rejected{border-left-color:var(--rejected)}
.tile.received{border-left-color:var(--received)}
.pair{display:grid;grid-template-columns:minmax(0,1fr);gap:16px 28px;align-items:start}
.chart{min-width:0;width:100%}
.scroll{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:6px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap;vertical-align:top}
th{color:var(--soft);font-weight:500}
tr:last-child td{border-bottom:0}
.t{text-align:left}
td.t{white-space:normal;overflow-wrap:break-word;min-width:8rem;max-width:24rem}
td.w{min-width:17rem;max-width:none;overflow-wrap:anywhere;color:var(--soft)}
td.n{white-space:nowrap;min-width:0}
.z{color:var(--zero)}
tr.rest td{color:var(--soft);font-style:italic}
code{font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}
details{margin-top:12px}
summary{cursor:pointer;color:var(--soft);font-size:.875rem}
details[open] summary{margin-bottom:8px}
details.numbers{margin-top:0;min-width:0}
ul.plain{list-style:none;margin:0;padding:0}
ul.plain li{padding:4px 0}
footer{margin-top:24px;color:var(--soft);font-size:.875rem}
@media (min-width:721px){details.numbers>summary{display:none}}
@media (min-width:1000px){.pair.wide{grid-template-columns:minmax(0,2fr) minmax(0,3fr)}.pair.even{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:720px){main{padding:16px 12px 32px}section{padding:16px 14px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}
.tile{padding:10px 12px}th,td{padding:5px 6px}table{font-size:.8125rem}.tile b{font-size:1.25rem}h1{font-size:1.375rem}}
@media print{button,summary{display:none}section,.tile{break-inside:avoid}}
"""
_SCRIPT = r"""
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("report").textContent);
  var root = document.documentElement;
  var narrow = window.matchMedia("(max-width: 720px)");
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var config = {responsive: true, displayModeBar: false, displaylogo: false};
  var titles = {received: "Received", sent: "Sent", deferred: "Deferred", bounced: "Bounced", rejected: "Rejected", expired: "Bounced"};

  function colour(name) { return getComputedStyle(root).getPropertyValue("--" + name).trim(); }
  // Plotly reads a little HTML in labels; names are to be seen as they are.
  function plain(text) {
    return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
  function layout(height, more) {
    var base = {
      height: height, autosize: true, margin: {l: 8, r: 8, t: 8, b: 32}, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: {family: getComputedStyle(document.body).fontFamily, size: 13, color: colour("ink")}, dragmode: false, barmode: "stack",
      hoverlabel: {bgcolor: colour("card"), bordercolor: colour("soft"), font: {color: colour("ink"), size: 13}, align: "left"},
      legend: {orientation: "h", x: 0, xanchor: "left", y: 1, yanchor: "bottom", traceorder: "normal", font: {size: 13}}
    };
    Object.keys(more).forEach(function (key) { base[key] = more[key]; });
    return base;
  }
  function axis(more) {
    var base = {fixedrange: true, gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"),
      tickfont: {color: colour("soft"), size: 12}, automargin: true};
    Object.keys(more).forEach(function (key) { base[key] = more[key]; });
    return base;
  }
  function traffic() {
    var byHour = data.bars === "hours", rows = data[data.bars], step = byHour ? 3600000 : 86400000;
    function column(key) { return rows.map(function (row) { return row[key]; }); }
    // A bar covers its hour or day; plotly places it by its middle.
    var x = column("time");
    var traces = ["sent", "deferred", "bounced", "rejected"].map(function (key) {
      return {type: "bar", name: titles[key], x: x, y: column(key), width: step * 0.9, offset: step * 0.05,
        marker: {color: colour(key)}, hovertemplate: "%{y:,}"};
    });
    traces.push({type: "scatter", mode: "lines", name: titles.received, x: x, y: column("received"), xperiod: step, xperiodalignment: "middle",
      line: {color: colour("received"), width: 1.5, shape: "linear"}, hovertemplate: "%{y:,}"});
    return [traces, layout(narrow.matches ? 320 : 360, {hovermode: "x unified", margin: {l: 8, r: 8, t: 36, b: 32},
      xaxis: axis({type: "date", showgrid: false, nticks: narrow.matches ? 5 : 12, hoverformat: byHour ? "%a %Y-%m-%d %H:%M" : "%a %Y-%m-%d"}),
      yaxis: axis({rangemode: "tozero", tickformat: ",~d", nticks: 6})})];
  }
  function bars(rows, keys, pick) {
    var y = rows.map(function (row, index) { return index; });
    var traces = keys.map(function (key) {
      return {type: "bar", orientation: "h", name: titles[key] || "Number", y: y.map(function (at) { return at + 0.1; }), width: 0.4,
        marker: {color: colour(titles[key] ? key : "rejected")},
        x: rows.map(function (row) { return pick ? pick(row, key) : row[key]; }),
        customdata: rows.map(function (row) { return plain(row.label); }),
        hovertemplate: "%{customdata}<br>%{x:,} " + (titles[key] || "").toLowerCase() + "<extra></extra>", showlegend: keys.length > 1};
    });
    var labels = rows.map(function (row, index) {
      return {xref: "x", x: 0, xanchor: "left", y: index - 0.12, yanchor: "bottom", borderpad: 0, yshift: 0, text: plain(row.label), showarrow: false,
        font: {size: 12, color: colour("ink")}, align: "left"};
    });
    return [traces, layout(rows.length * 40 + (keys.length > 1 ? 76 : 48), {hovermode: "closest", annotations: labels,
      margin: {l: 4, r: 12, t: keys.length > 1 ? 36 : 8, b: 28},
      xaxis: axis({rangemode: "tozero", tickformat: ",~d", nticks: 5, automargin: false}),
      yaxis: axis({range: [rows.length - 0.55, -0.75], showticklabels: false, showgrid: false, zeroline: false, automargin: false})})];
  }
  function ranked(name, keys) { return function () { return bars(data[name].rows, keys); }; }
  function reasons() {
    var rows = data.reasons.rows.slice(0, data.limit);
    return bars(rows, ["deferred", "bounced"], function (row, key) {
      return (row["class"] === "deferred") === (key === "deferred") ? row.count : null;
    });
  }
  function latency() {
    var rows = data.latency.filter(function (row) { return row.count; });
    var y = rows.map(function (row, index) { return index; });
    function at(row, key) { return Math.max(row[key], 0.01); }
    var span = {type: "scatter", mode: "lines", x: [], y: [], line: {color: colour("line"), width: 6}, hoverinfo: "skip", showlegend: false};
    rows.forEach(function (row, index) { span.x.push(at(row, "p50"), at(row, "p99"), null); span.y.push(index, index, null); });
    var traces = [span].concat([["p50", "circle"], ["p95", "diamond"], ["p99", "square"]].map(function (kind) {
      return {type: "scatter", mode: "markers", name: kind[0], y: y, x: rows.map(function (row) { return at(row, kind[0]); }),
        customdata: rows.map(function (row) { return row.name + ": " + row[kind[0] + "_text"]; }),
        marker: {symbol: kind[1], size: 12, color: colour(kind[0])}, hovertemplate: "%{customdata}<extra>" + kind[0] + "</extra>"};
    }));
    var labels = rows.map(function (row, index) {
      return {xref: "paper", x: 0, xanchor: "left", y: index - 0.2, yanchor: "bottom", text: row.name, showarrow: false, font: {size: 12}};
    });
    return [traces, layout(rows.length * 44 + 80, {hovermode: "closest", annotations: labels, margin: {l: 12, r: 20, t: 36, b: 28},
      xaxis: axis({type: "log", tickvals: narrow.matches ? [0.01, 1, 60, 3600, 86400] : [0.01, 0.1, 1, 10, 60, 600, 3600, 36000, 86400, 864000],
        ticktext: narrow.matches ? ["10 ms", "1 s", "1 min", "1 h", "1 d"] :
          ["10 ms", "0.1 s", "1 s", "10 s", "1 min", "10 min", "1 h", "10 h", "1 d", "10 d"], automargin: false}),
      yaxis: axis({range: [rows.length - 0.6, -0.9], showticklabels: false, showgrid: false, zeroline: false, automargin: false})})];
  }
  function tls() {
    var ways = [["in", "Incoming"], ["out", "Outgoing"]].filter(function (way) { return data.tls[way[0]].total; });
    var names = [];
    ways.forEach(function (way) { data.tls[way[0]].rows.forEach(function (row) { if (names.indexOf(row.name) < 0) { names.push(row.name); } }); });
    var protocols = names.filter(function (name) { return name !== "no TLS" && name !== "not logged"; }).sort().reverse();
    var shades = [colour("sent"), colour("rejected"), colour("deferred")];
    names = protocols.concat(["no TLS", "not logged"].filter(function (name) { return names.indexOf(name) >= 0; }));
    var traces = names.map(function (name) {
      var rows = ways.map(function (way) { return data.tls[way[0]].rows.filter(function (row) { return row.name === name; })[0] || null; });
      return {type: "bar", orientation: "h", name: plain(name), y: ways.map(function (way, index) { return index + 0.1; }), width: 0.4,
        x: rows.map(function (row) { return row ? row.count / data.tls[ways[rows.indexOf(row)][0]].total * 100 : null; }),
        customdata: rows.map(function (row) { return row ? plain(row.name) + ": " + row.share + " %" : ""; }),
        hovertemplate: "%{customdata}<extra></extra>",
        marker: {color: name === "no TLS" ? colour("bounced") : name === "not logged" ? colour("line") :
          shades[Math.min(protocols.indexOf(name), shades.length - 1)]}};
    });
    var labels = ways.map(function (way, index) {
      return {xref: "x", x: 0, xanchor: "left", y: index - 0.12, yanchor: "bottom", borderpad: 0, yshift: 0, text: way[1], showarrow: false, font: {size: 12}};
    });
    return [traces, layout(ways.length * 52 + 90, {hovermode: "closest", annotations: labels, margin: {l: 4, r: 24, t: 36, b: 28},
      xaxis: axis({range: [0, 100], ticksuffix: " %", tickvals: [0, 50, 100], automargin: false}),
      yaxis: axis({range: [ways.length - 0.55, -0.75], showticklabels: false, showgrid: false, zeroline: false, automargin: false})})];
  }
  var charts = {
    traffic: traffic, latency: latency, tls: tls, reasons: reasons, rejects: ranked("rejects", ["count"]),
    clients: ranked("clients", ["sent", "deferred", "bounced", "rejected"]), sender_domains: ranked("sender_domains", ["sent", "deferred", "bounced"]),
    recipient_domains: ranked("recipient_domains", ["sent", "deferred", "bounced"]), relays: ranked("relays", ["sent", "deferred", "bounced"])
  };
  function draw() {
    Array.prototype.forEach.call(document.querySelectorAll("[data-chart]"), function (place) {
      var chart = charts[place.getAttribute("data-chart")]();
      Plotly.react(place, chart[0], chart[1], config);
    });
    root.setAttribute("data-drawn", root.getAttribute("data-theme") || (dark.matches ? "dark" : "light"));
  }
  var button = document.getElementById("theme");
  function isDark() { var chosen = root.getAttribute("data-theme"); return chosen ? chosen === "dark" : dark.matches; }
  function name() { button.textContent = isDark() ? "Light" : "Dark"; }
  function changed() { name(); draw(); }
  function watch(query, call) { if (query.addEventListener) { query.addEventListener("change", call); } else { query.addListener(call); } }
  button.hidden = false;
  button.addEventListener("click", function () { root.setAttribute("data-theme", isDark() ? "light" : "dark"); changed(); });
  watch(dark, changed);
  function fold() {
    Array.prototype.forEach.call(document.querySelectorAll("details.numbers"), function (numbers) { numbers.open = !narrow.matches; });
  }
  watch(narrow, function () { fold(); draw(); });
  fold();
  changed();
}());
"""


def _plotly():
    try:
        from plotly.offline import get_plotlyjs
    except ImportError:
        raise AnsibleFilterError(
            "flow_report draws with the Python package plotly, which the controller's Python does not have: pip install plotly"
        )
    return get_plotlyjs()


def _embedded(value):
    """JSON that ends no script element, starts no comment and is the same in every encoding."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _text(value):
    return html.escape(to_text(value), quote=True)


def _broken(name):
    """A name as HTML that breaks where a reader would break it."""
    return _BREAK.sub("\\g<0><wbr>", _text(name))


def _cell(value):
    if isinstance(value, (int, float)):
        return "<td{0}>{1}</td>".format("" if value else ' class="z"', _amount(value))
    return "<td>{0}</td>".format(_text(value))


def _table(heads, rows):
    """A table that scrolls in its box; the head of a column of texts begins with a C(<)."""
    parts = ['<div class="scroll" tabindex="0"><table><thead><tr>']
    parts.extend('<th scope="col"{0}>{1}</th>'.format(' class="t"' if head.startswith("<") else "", _text(head.lstrip("<"))) for head in heads)
    parts.append("</tr></thead><tbody>")
    parts.extend(rows)
    parts.append("</tbody></table></div>")
    return "".join(parts)


def _row(names, numbers, after="", rest=False):
    cells = "".join('<td class="t">{0}</td>'.format(_broken(name)) for name in names)
    return "<tr{0}>{1}{2}{3}</tr>".format(' class="rest"' if rest else "", cells, "".join(_cell(number) for number in numbers), after)


_HEADS = {"received": "Received", "size": "Size", "sent": "Sent", "deferred": "Deferred", "bounced": "Bounced", "rejected": "Rejected"}


def _ranked_table(ranked, head, numbers):
    columns = ["size" if number == "received_bytes" else number for number in numbers]
    rows = [_row([row["name"]], [row[column] for column in columns]) for row in ranked["rows"]]
    if ranked["others"]:
        name = "many others" if ranked["more_names"] else _counted(ranked["others"]["names"], "other")
        rows.append(_row([name], [ranked["others"][column] for column in columns], rest=True))
    return _table(["<" + head] + [_HEADS[column] for column in columns], rows)


def _reason_table(ranked, split):
    rows = []
    for row in ranked["rows"]:
        names = [row["class"], row["name"]] if split else [row["name"]]
        first = '<td class="t n">{0}</td>'.format(_text(names[0])) if split else ""
        rows.append(
            '<tr>{0}<td class="t">{1}</td>{2}<td class="t w"><code>{3}</code></td></tr>'.format(
                first, _text(names[-1]), _cell(row["count"]), _text(row["sample"])
            )
        )
    if ranked["others"]:
        others = _text("many others" if ranked["more_names"] else _counted(ranked["others"]["names"], "other"))
        rows.append(
            '<tr class="rest">{0}<td class="t">{1}</td>{2}<td></td></tr>'.format("<td></td>" if split else "", others, _cell(ranked["others"]["count"]))
        )
    return _table((["<Class"] if split else []) + ["<Kind", "Number", "<Sample"], rows)


def _section(title, chart, table, shape="wide", note=""):
    if chart and shape:
        table = '<details class="numbers" open><summary>Numbers</summary>{0}</details>'.format(table)
    drawn = '<div class="chart" data-chart="{0}" role="img" aria-label="{1}"></div>'.format(chart, _text(title)) if chart else ""
    body = '<div class="pair {0}">{1}{2}</div>'.format(shape, drawn, table) if chart else table
    return "<section><h2>{0}</h2>{1}{2}</section>".format(_text(title), '<p class="soft">{0}</p>'.format(_text(note)) if note else "", body)


def _list(items):
    return '<ul class="plain">{0}</ul>'.format("".join("<li><code>{0}</code></li>".format(_text(item)) for item in items))


def _folded(title, body):
    return "<details><summary>{0}</summary>{1}</details>".format(_text(title), body)


def _verdict_box(summary):
    word, dummy, rest = summary["verdict"].partition(":")
    parts = ['<div class="verdict {0}"><strong>{1}:</strong>{2}'.format("good" if summary["complete"] else "bad", _text(word), _text(rest))]
    if summary["problems"]:
        parts.append("<ul>{0}</ul>".format("".join("<li>{0}</li>".format(_text(problem)) for problem in summary["problems"])))
    if summary["gaps"]:
        rows = [
            '<tr><td class="t n">{0}</td><td class="t">{1}</td>{2}</tr>'.format(_text(gap["when"]), _text(gap["text"]), _cell(gap["lost"]))
            for gap in summary["gaps"]
        ]
        parts.append(_folded("The gaps", _table(["<Time", "<What the log says", "Lines lost"], rows)))
    if summary["samples"]:
        parts.append(_folded("Lines that could not be understood or read", _list(summary["samples"])))
    parts.append("</div>")
    return "".join(parts)


def _sections(summary):
    if summary["empty"]:
        yield "<section><h2>No mail</h2><p>There was no mail in what was read.</p></section>"
    else:
        if summary["hours"]:
            days = [
                '<tr><td class="t n">{0}</td>{1}</tr>'.format(
                    _text(day["time"]), "".join(_cell(day["size" if number == "received_bytes" else number]) for number in _HOUR)
                )
                for day in summary["days"]
            ]
            heads = ["<Day"] + [_HEADS["size" if number == "received_bytes" else number] for number in _HOUR]
            yield _section(
                "Traffic by {0}".format(summary["bars"][:-1]), "traffic", _folded("Numbers by day", _table(heads, days)), "",
                "Bars: what became of the mail, for each recipient. Line: messages received. Times are {0}.".format(summary["zone"]),
            )  # fmt: skip
        if summary["peaks"]:
            rows = [
                '<tr><td class="t n">{0}</td><td class="t n">{1}</td>{2}{3}</tr>'.format(
                    _text(peak["time"]), _text(peak["what"]), _cell(peak["count"]), _cell(peak["usual"])
                )
                for peak in summary["peaks"]
            ]
            yield _section("Unusual peaks", None, _table(["<Hour", "<What", "Number", "Usual"], rows))
        if summary["latency"][0]["count"]:
            rows = [
                _row([row["name"]], [row["p{0}_text".format(percent)] for percent in _QUANTILES]) for row in summary["latency"] if row["count"]
            ]
            heads = ["<Part"] + ["p{0}".format(percent) for percent in _QUANTILES]
            note = "How long mail took until it was sent, and where the time went: p95 is what 95 of a hundred did not exceed."
            yield _section("Delay", "latency", _table(heads, rows), "even", note)
        for key, title, head, numbers, dummy in _RANKED[:4]:
            if summary[key]["rows"] or summary[key]["others"]:
                yield _section(title, key, _ranked_table(summary[key], head, numbers))
        if summary["reasons"]["rows"]:
            yield _section("Why mail was deferred or bounced", "reasons", _reason_table(summary["reasons"], True), "one")
        if summary["rejects"]["rows"]:
            yield _section("Rejected", "rejects", _reason_table(summary["rejects"], False), "one")
        if summary["tls"]["in"]["total"] or summary["tls"]["out"]["total"]:
            rows = [
                '<tr><td class="t n">{0}</td><td class="t">{1}</td>{2}<td>{3}</td></tr>'.format(
                    name, _text(row["name"]), _cell(row["count"]), _text(_percent(row["share"]))
                )
                for way, name in (("in", "Incoming"), ("out", "Outgoing"))
                for row in summary["tls"][way]["rows"]
            ]
            yield _section("TLS", "tls", _table(["<", "<Protocol", "Number", "Share"], rows), "even")
        talkers = [
            "<div><h2>{0}</h2>{1}</div>".format(title, _ranked_table(summary[key], head, numbers))
            for key, title, head, numbers, dummy in _RANKED[4:]
            if summary[key]["rows"]
        ]
        if talkers:
            yield '<section><div class="pair even">{0}</div></section>'.format("".join(talkers))
    if summary["other_programs"]["rows"]:
        rows = [_row([row["name"]], [row["count"]]) for row in summary["other_programs"]["rows"]]
        if summary["other_programs"]["others"]:
            others = summary["other_programs"]["others"]
            rows.append(_row([_counted(others["names"], "other")], [others["count"]], rest=True))
        yield "<section><h2>Lines of other programs</h2>{0}</section>".format(_table(["<Program", "Lines"], rows))


def _hash(script):
    return "'sha256-{0}'".format(to_text(base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest())))


def flow_report(flow, title=_TITLE):
    """A flow as one HTML file that asks nobody for anything.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str.

    Returns:
        str: HTML, with the summary as JSON and the plotting library in it.
    """
    summary = flow_summary(flow, title)
    # A browser reads a carriage return as a line feed, also where it computes the hash.
    library = _plotly().replace("\r\n", "\n").replace("\r", "\n")
    scripts = ["{0}\n".format(library), _SCRIPT]
    # Only the two scripts with these hashes run, whatever else should come into the page.
    policy = (
        "default-src 'none'; script-src {0}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    ).format(" ".join(_hash(script) for script in scripts))
    tiles = "".join(
        '<div class="tile {0}"><span>{1}</span><b>{2}</b><span>{3}</span></div>'.format(
            tile["kind"], _text(tile["name"]), _text(tile["value"]), _text(tile["note"])
        )
        for tile in summary["headline"]
    )
    where = ", ".join(summary["hosts"]) or "no host"
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
            '<meta http-equiv="Content-Security-Policy" content="{0}">\n'.format(policy),
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n',
            '<link rel="icon" href="data:,">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<main>\n'.format(
                _text(summary["title"]), _STYLE
            ),
            '<header><div><h1>{0}</h1><p class="soft">{1}<br>{2}</p></div>'.format(
                _text(summary["title"]), _text(where), _text(summary["period"] or "no mail")
            ),
            '<button type="button" id="theme" hidden>Dark</button></header>\n',
            _verdict_box(summary),
            "\n",
            "" if summary["empty"] else '<div class="tiles">{0}</div>\n'.format(tiles),
            "\n".join(_sections(summary)),
            '\n<footer>Everything shown is in this file, also as JSON in its element <code>report</code>. '
            "It holds addresses of people.</footer>\n</main>\n",
            '<script type="application/json" id="report">{0}</script>\n'.format(_embedded(summary)),
            "".join("<script>{0}</script>\n".format(script) for script in scripts),
            "</body>\n</html>\n",
        ]
    )


class FilterModule(object):
    """The filters of this collection."""

    def filters(self):
        return {"flow_merge": flow_merge, "flow_report": flow_report, "flow_summary": flow_summary, "flow_table": flow_table}
