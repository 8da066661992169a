# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic as a page for the browser: its tables are written here, its charts are drawn there, both from the summary alone."""

import base64
import hashlib
import html
import json
import re

from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.text.converters import to_text

from ansible_collections.mailops.relay.plugins.plugin_utils import certificates
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import (
    HOUR,
    QUANTILES,
    RANKED,
    TLS_HOPS,
    TLS_KINDS,
    amount,
    counted,
    nothing,
    percent_text,
)

_BREAK = re.compile(r"[.@](?=\w)|(?=\[)")

_LIGHT = (
    "--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5b6675;--line:#e1e5ea;--zero:#8a94a1;--good:#1a6e52;--good-bg:#e3f3ec;"
    "--bad:#8a3b12;--bad-bg:#fdeee2;--received:#5b6675;--sent:#2470b3;--deferred:#e5a11c;--bounced:#b8401f;--rejected:#8d84b8;"
    "--limited:#3f8f86;--p50:#2470b3;--p95:#e5a11c;--p99:#b8401f"
)
_DARK = (
    "--bg:#12171e;--card:#1a212b;--ink:#e5eaf0;--soft:#9fabb9;--line:#2d3744;--zero:#6f7b89;--good:#7fd1ad;--good-bg:#173229;"
    "--bad:#f2b489;--bad-bg:#3a2618;--received:#aab5c2;--sent:#5aa9e6;--deferred:#f0c04f;--bounced:#f07a58;--rejected:#a79fd6;"
    "--limited:#6cc4b8;--p50:#5aa9e6;--p95:#f0c04f;--p99:#f07a58"
)
_STYLE = (
    (
        ":root{color-scheme:light;" + _LIGHT + "}"
        "@media (prefers-color-scheme:dark){:root:not([data-theme=light]){color-scheme:dark;" + _DARK + "}}"
        ":root[data-theme=dark]{color-scheme:dark;" + _DARK + "}"
    )
    + """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:1200px;margin:0 auto;padding:24px 20px 48px}
header{display:flex;gap:16px;align-items:flex-start;justify-content:space-between}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:0 0 12px}
h3{font-size:1rem;font-weight:600;margin:12px 0 8px}
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
th{color:var(--soft);font-weight:500;white-space:normal;vertical-align:bottom}
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
@media (min-width:1000px){.pair.wide{grid-template-columns:minmax(0,1fr) minmax(0,2fr)}.pair.even{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:720px){main{padding:16px 12px 32px}section{padding:16px 14px}.tiles{grid-template-columns:repeat(2,minmax(0,1fr));gap:8px}
.tile{padding:10px 12px}th,td{padding:5px 6px}table{font-size:.8125rem}.tile b{font-size:1.25rem}h1{font-size:1.375rem}}
@media print{button,summary{display:none}section,.tile{break-inside:avoid}}
"""
)
_SCRIPT = r"""
(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("report").textContent);
  var root = document.documentElement;
  var narrow = window.matchMedia("(max-width: 720px)");
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var config = {responsive: true, displayModeBar: false, displaylogo: false};
  var titles = {received: "Received", sent: "Sent", deferred: "Deferred", bounced: "Bounced", rejected: "Rejected", limited: "Limited", expired: "Bounced"};

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
    var byDay = data.bars === "days", rows = data[data.bars], step = {minutes: 60000, hours: 3600000, days: 86400000}[data.bars];
    function column(key) { return rows.map(function (row) { return row[key]; }); }
    // A bar covers its minute, hour or day; plotly places it by its middle.
    var x = column("time");
    var traces = ["sent", "deferred", "bounced", "rejected", "limited"].map(function (key) {
      return {type: "bar", name: titles[key], x: x, y: column(key), width: step * 0.9, offset: step * 0.05,
        marker: {color: colour(key)}, hovertemplate: "%{y:,}"};
    });
    traces.push({type: "scatter", mode: "lines", name: titles.received, x: x, y: column("received"), xperiod: step, xperiodalignment: "middle",
      line: {color: colour("received"), width: 1.5, shape: "linear"}, hovertemplate: "%{y:,}"});
    return [traces, layout(narrow.matches ? 320 : 360, {hovermode: "x unified", margin: {l: 8, r: 8, t: 36, b: 32},
      xaxis: axis({type: "date", showgrid: false, nticks: narrow.matches ? 5 : 12, hoverformat: byDay ? "%a %Y-%m-%d" : "%a %Y-%m-%d %H:%M"}),
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
    clients: ranked("clients", ["sent", "deferred", "bounced", "rejected", "limited"]),
    sender_domains: ranked("sender_domains", ["sent", "deferred", "bounced"]),
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
    except ImportError as exc:
        raise AnsibleFilterError(
            "flow_report draws with the Python package plotly, which the controller's Python does not have: pip install plotly"
        ) from exc
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
        return "<td{0}>{1}</td>".format("" if value else ' class="z"', amount(value))
    return f"<td>{_text(value)}</td>"


def _table(heads, rows):
    """A table that scrolls in its box; the head of a column of texts begins with a C(<)."""
    parts = ['<div class="scroll" tabindex="0"><table><thead><tr>']
    parts.extend(
        '<th scope="col"{0}>{1}</th>'.format(' class="t"' if head.startswith("<") else "", _text(head.lstrip("<")))
        for head in heads
    )
    parts.append("</tr></thead><tbody>")
    parts.extend(rows)
    parts.append("</tbody></table></div>")
    return "".join(parts)


def _row(names, numbers, after="", rest=False):
    cells = "".join(f'<td class="t">{_broken(name)}</td>' for name in names)
    return "<tr{0}>{1}{2}{3}</tr>".format(
        ' class="rest"' if rest else "", cells, "".join(_cell(number) for number in numbers), after
    )


_HEADS = {
    "received": "Received",
    "size": "Size",
    "sent": "Sent",
    "deferred": "Deferred",
    "bounced": "Bounced",
    "rejected": "Rejected",
    "rejected_4xx": "of these 4xx",
    "limited": "Limited",
    **{kind: name.capitalize() if name.islower() else name for kind, name in TLS_KINDS.items()},
}


def _ranked_table(ranked, head, numbers):
    columns = ["size" if number == "received_bytes" else number for number in numbers]
    rows = [_row([row["name"]], [row[column] for column in columns]) for row in ranked["rows"]]
    if ranked["others"]:
        name = "many others" if ranked["more_names"] else counted(ranked["others"]["names"], "other")
        rows.append(_row([name], [ranked["others"][column] for column in columns], rest=True))
    return _table(["<" + head] + [_HEADS[column] for column in columns], rows)


def _reason_table(ranked, split):
    rows = []
    for row in ranked["rows"]:
        names = [row["class"], row["name"]] if split else [row["name"]]
        first = f'<td class="t n">{_text(names[0])}</td>' if split else ""
        rows.append(
            '<tr>{0}<td class="t">{1}</td>{2}<td class="t w"><code>{3}</code></td></tr>'.format(
                first, _text(names[-1]), _cell(row["count"]), _text(row["sample"])
            )
        )
    if ranked["others"]:
        others = _text("many others" if ranked["more_names"] else counted(ranked["others"]["names"], "other"))
        rows.append(
            '<tr class="rest">{0}<td class="t">{1}</td>{2}<td></td></tr>'.format(
                "<td></td>" if split else "", others, _cell(ranked["others"]["count"])
            )
        )
    return _table((["<Class"] if split else []) + ["<Kind", "Number", "<Sample"], rows)


def _limit_table(limits):
    rows = []
    for limit in limits:
        clients = limit["clients"]
        names = ["{0} {1}".format(amount(row["count"]), row["name"]) for row in clients["rows"]]
        if clients["others"]:
            others = "many others" if clients["more_names"] else counted(clients["others"]["names"], "other")
            names.append("{0} {1}".format(amount(clients["others"]["count"]), others))
        rows.append(
            '<tr><td class="t">{0}</td>{1}<td class="t">{2}</td><td class="t w"><code>{3}</code></td></tr>'.format(
                _text(limit["name"]),
                _cell(limit["count"]),
                "<br>".join(_broken(name) for name in names),
                _text(limit["sample"]),
            )
        )
    return _table(["<Limit", "Number", "<Whose", "<Sample"], rows)


def _too_fast_table(ways):
    rows = [
        '<tr><td class="t">{0}</td>{1}{2}<td class="t w"><code>{3}</code></td><td class="t w"><code>{4}</code></td></tr>'.format(
            _broken(way["name"]),
            _cell(way["count"]),
            _cell(way["per_minute"]),
            _text(way["text"]),
            _text(way["sample"]),
        )
        for way in ways
    ]
    return _table(["<Recipients", "Answers", "Taken a minute", "<relay_server_pacing", "<Sample"], rows)


def _some(names, count):
    more = count - len(names)
    return ", ".join(list(map(_broken, names)) + ([_text(counted(more, "other"))] if more else []))


def _inventory_section(inventory):
    """Who of the inventory sent nothing, and who sent without being in it."""
    if inventory is None:
        return
    parts = []
    if inventory["silent"] is None:
        parts.append(
            "<p>Which hosts of the inventory sent nothing is not known, since there were too many clients.</p>"
        )
    elif inventory["silent"]:
        names = _some(inventory["silent"], inventory["silent_count"])
        certain = "" if inventory["silent_certain"] else " in what was read"
        parts.append(f"<p>Hosts of the inventory that sent nothing{certain}: {names}</p>")
    foreign = inventory["foreign"]
    if foreign["rows"]:
        numbers = ("received", "received_bytes", "rejected", "rejected_4xx", "limited")
        parts.append("<h3>Clients that are in no inventory</h3>" + _ranked_table(foreign, "Client", numbers))
    if inventory["unknown"]:
        names = _some(inventory["unknown"], inventory["unknown_count"])
        parts.append(f"<p>Whether these are among them is not known, as they told no address: {names}</p>")
    if parts:
        yield "<section><h2>The inventory</h2>{0}</section>".format("".join(parts))


def _certificate_section(found):
    """How long the relays' certificates are valid, where it was looked at."""
    rows = [] if found is None else certificates.rows_of(found)
    if rows:
        # That one line does no harm to a page which is about mail.
        said = [
            _row([row["host"], row["status"], row["subject"], f"{row['seen']} {row['todo']}".rstrip()], [])
            for row in rows
        ]
        note = "" if found["verdict"] != "ok" else "All are good; this one ends first."
        yield _section("Certificates", None, _table(["<Relay", "<Verdict", "<Where", "<Until when"], said), note=note)


def _section(title, chart, table, shape="wide", note=""):
    if chart and shape:
        table = f'<details class="numbers" open><summary>Numbers</summary>{table}</details>'
    drawn = f'<div class="chart" data-chart="{chart}" role="img" aria-label="{_text(title)}"></div>' if chart else ""
    body = f'<div class="pair {shape}">{drawn}{table}</div>' if chart else table
    return "<section><h2>{0}</h2>{1}{2}</section>".format(
        _text(title), f'<p class="soft">{_text(note)}</p>' if note else "", body
    )


def _list(items):
    return '<ul class="plain">{0}</ul>'.format("".join(f"<li><code>{_text(item)}</code></li>" for item in items))


def _folded(title, body):
    return f"<details><summary>{_text(title)}</summary>{body}</details>"


def _verdict_box(summary):
    word, dummy, rest = summary["verdict"].partition(":")
    parts = [
        '<div class="verdict {0}"><strong>{1}:</strong>{2}'.format(
            "good" if summary["complete"] else "bad", _text(word), _text(rest)
        )
    ]
    if summary["problems"]:
        parts.append("<ul>{0}</ul>".format("".join(f"<li>{_text(problem)}</li>" for problem in summary["problems"])))
    hosts = summary["reach"] + summary["young"]
    if hosts:
        parts.append("<ul>{0}</ul>".format("".join(f"<li>{_text(host)}</li>" for host in hosts)))
    if summary["gaps"]:
        rows = [
            '<tr><td class="t n">{0}</td><td class="t">{1}</td>{2}</tr>'.format(
                _text(gap["when"]), _text(gap["text"]), _cell(gap["lost"])
            )
            for gap in summary["gaps"]
        ]
        parts.append(_folded("The gaps", _table(["<Time", "<What the log says", "Lines lost"], rows)))
    if summary["samples"]:
        parts.append(_folded("Lines that could not be understood or read", _list(summary["samples"])))
    parts.append("</div>")
    return "".join(parts)


def _sections(summary):
    if summary["empty"]:
        title = "No mail" if summary["read"] else "Nothing read"
        yield f"<section><h2>{title}</h2><p>{_text(nothing(summary))}</p></section>"
        yield from _inventory_section(summary["inventory"])
    else:
        if summary["hours"]:
            days = [
                '<tr><td class="t n">{0}</td>{1}</tr>'.format(
                    _text(day["time"]),
                    "".join(_cell(day["size" if number == "received_bytes" else number]) for number in HOUR),
                )
                for day in summary["days"]
            ]
            heads = ["<Day"] + [_HEADS["size" if number == "received_bytes" else number] for number in HOUR]
            yield _section(
                "Traffic by {0}".format(summary["bars"][:-1]),
                "traffic",
                _folded("Numbers by day", _table(heads, days)),
                "",
                "Bars: what became of the mail, for each recipient. Line: messages received. Times are {0}.".format(
                    summary["zone"]
                ),
            )
        if summary["peaks"]:
            rows = [
                '<tr><td class="t n">{0}</td><td class="t n">{1}</td>{2}{3}</tr>'.format(
                    _text(peak["time"]),
                    _text(peak["what"]),
                    _cell(peak["count"]),
                    _cell("too few days" if peak["usual"] is None else peak["usual"]),
                )
                for peak in summary["peaks"]
            ]
            more = summary["peak_count"] - len(summary["peaks"])
            if more:
                rows.append(_row([counted(more, "other"), ""], ["", ""], rest=True))
            yield _section("Unusual peaks", None, _table(["<Hour", "<What", "Number", "Usual"], rows))
        if summary["latency"][0]["count"]:
            rows = [
                _row([row["name"]], [row[f"p{percent}_text"] for percent in QUANTILES])
                for row in summary["latency"]
                if row["count"]
            ]
            heads = ["<Part"] + [f"p{percent}" for percent in QUANTILES]
            note = "How long mail took until it was sent, and where the time went: p95 is what 95 of a hundred did not exceed."
            yield _section("Delay", "latency", _table(heads, rows), "even", note)
        for key, title, head, numbers, dummy in RANKED[:4]:
            if summary[key]["rows"] or summary[key]["others"]:
                yield _section(title, key, _ranked_table(summary[key], head, numbers))
            if key == "clients":
                if summary["limits"]:
                    note = "Refusals of clients that had reached a limit; they are not among the rejected."
                    yield _section("Refused by a limit", None, _limit_table(summary["limits"]), note=note)
                yield from _inventory_section(summary["inventory"])
        if summary["reasons"]["rows"]:
            yield _section(
                "Why mail was deferred or bounced", "reasons", _reason_table(summary["reasons"], True), "one"
            )
        if summary["too_fast"]:
            note = "Answers of providers that mail comes too fast (421, 4.7.x), what they took in the minutes of these, and the pace to set."
            yield _section("Too fast for a provider", None, _too_fast_table(summary["too_fast"]), note=note)
        if summary["rejects"]["rows"]:
            yield _section("Rejected", "rejects", _reason_table(summary["rejects"], False), "one")
        if summary["tls"]["in"]["total"] or summary["tls"]["out"]["total"]:
            rows = [
                '<tr><td class="t n">{0}</td><td class="t">{1}</td>{2}<td>{3}</td></tr>'.format(
                    name, _text(row["name"]), _cell(row["count"]), _text(percent_text(row["share"]))
                )
                for way, name in (("in", "Incoming"), ("out", "Outgoing"))
                for row in summary["tls"][way]["rows"]
            ]
            yield _section("TLS", "tls", _table(["<", "<Protocol", "Number", "Share"], rows), "even")
        if summary["tls_hops"]["rows"]:
            note = (
                "What was sent, for each recipient. Verified: by an authority or a known certificate; DANE: by the records of a signed "
                "domain; encrypted: whoever the server was."
            )
            yield _section("TLS by next hop", None, _ranked_table(summary["tls_hops"], "Next hop", TLS_HOPS), note=note)
        if summary["dkim"]["total"]:
            rows = [
                '<tr><td class="t n">{0}</td>{1}<td>{2}</td></tr>'.format(
                    _text(row["name"]), _cell(row["count"]), _text(percent_text(row["share"]))
                )
                for row in summary["dkim"]["rows"]
            ]
            note = "Messages that relays which sign have taken, by the domain that has signed."
            yield _section("Signed (DKIM)", None, _table(["<Domain", "Number", "Share"], rows), note=note)
        talkers = [
            f"<div><h2>{title}</h2>{_ranked_table(summary[key], head, numbers)}</div>"
            for key, title, head, numbers, dummy in RANKED[4:]
            if summary[key]["rows"]
        ]
        if talkers:
            yield '<section><div class="pair even">{0}</div></section>'.format("".join(talkers))
    yield from _certificate_section(summary["certificates"])
    if summary["other_programs"]["rows"]:
        rows = [_row([row["name"]], [row["count"]]) for row in summary["other_programs"]["rows"]]
        if summary["other_programs"]["others"]:
            others = summary["other_programs"]["others"]
            rows.append(_row([counted(others["names"], "other")], [others["count"]], rest=True))
        yield "<section><h2>Lines of other programs</h2>{0}</section>".format(_table(["<Program", "Lines"], rows))


def _hash(script):
    return "'sha256-{0}'".format(to_text(base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest())))


def page(summary):
    """A summary as one HTML file that asks nobody for anything.

    Args:
        summary: dict, of C(flow_summary.summarize).

    Returns:
        str: HTML, with the summary as JSON and the plotting library in it.

    Raises:
        AnsibleFilterError: the controller's Python has no plotting library.
    """
    # A browser reads a carriage return as a line feed, also where it computes the hash.
    library = _plotly().replace("\r\n", "\n").replace("\r", "\n")
    scripts = [f"{library}\n", _SCRIPT]
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
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n',
            '<link rel="icon" href="data:,">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<main>\n'.format(
                _text(summary["title"]), _STYLE
            ),
            '<header><div><h1>{0}</h1><p class="soft">{1}<br>{2}{3}</p></div>'.format(
                _text(summary["title"]),
                _text(where),
                _text(summary["period"] or "nothing read"),
                "<br>Asked for: {0}".format(_text(summary["asked"])) if summary["asked"] else "",
            ),
            '<button type="button" id="theme" hidden>Dark</button></header>\n',
            _verdict_box(summary),
            "\n",
            "" if summary["empty"] else f'<div class="tiles">{tiles}</div>\n',
            "\n".join(_sections(summary)),
            "\n<footer>Everything shown is in this file, also as JSON in its element <code>report</code>. "
            "It holds addresses of people.</footer>\n</main>\n",
            f'<script type="application/json" id="report">{_embedded(summary)}</script>\n',
            "".join(f"<script>{script}</script>\n" for script in scripts),
            "</body>\n</html>\n",
        ]
    )
