# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flows that are made up, and a reader of pages."""

import html.parser
import json
import os

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"'><img src=x onerror=alert(1)>",
    "]]>\u2028\u2029",
    "\x1b[2J\x9b31m\r\n\x07",
    "\u202egnp.exe",
    "\udc80\ud800",
    "{{ 7 * 7 }}{% raw %}",
    "a" * 5000,
    "",
    "&lt;b&gt;",
    "\x00",
)


def week():
    """Two relays in a week, made up."""
    with open(os.path.join(os.path.dirname(__file__), "fixtures", "flow.json"), encoding="utf-8") as source:
        return json.load(source)


def empty(**more):
    return dict(
        {
            "version": 2,
            "hosts": ["relay1"],
            "first": None,
            "last": None,
            "utc_offset": 0,
            "lines": 0,
            "unreadable": 0,
            "unknown": 0,
            "samples": [],
            "other_programs": {},
            "gaps": [],
            "lost": 0,
            "problems": [],
            "complete": True,
            "reach": [{"host": "relay1", "first": None, "last": None, "read": True, "late": False, "installed": None}],
            "asked": {"since": None, "until": None, "text": ""},
            "totals": {},
            "hours": {},
            "minutes": None,
            "clients": {},
            "client_addresses": {},
            "sender_domains": {},
            "recipient_domains": {},
            "senders": {},
            "recipients": {},
            "relays": {},
            "reasons": {},
            "rejects": {},
            "limits": {},
            "too_fast": {},
            "latency": {},
            "tls": {"in": {}, "out": {}},
            "tls_hops": {},
        },
        **more,
    )


def named(name):
    """A flow in which a stranger has chosen every text."""
    return empty(
        hosts=[name],
        complete=False,
        samples=[name],
        problems=[name],
        other_programs={name: 3},
        first=7200.0,
        last=7300.0,
        gaps=[{"time": 7250.0, "text": name, "lost": 3}],
        lost=3,
        totals={"received": 3, "sent": 3, "bounced": 1, "rejected": 1},
        hours={"7200": {"received": 3, "sent": 3, "bounced": 1, "rejected": 1}},
        clients={name: {"received": 3, "sent": 3}},
        limits={name: {"count": 2, "sample": name, "clients": {name: 2}}},
        too_fast={name: {"count": 9, "minutes": 2, "taken": 7, "sample": name}},
        reach=[
            {"host": name, "first": 7200.0, "last": 7300.0, "read": True, "late": True},
            {"host": name, "first": None, "last": 7000.0, "read": False, "late": True},
        ],
        asked={"since": 7000.0, "until": None, "text": f"since {name}"},
        inventory={"silent": [name], "foreign": [name], "unknown": [name]},
        sender_domains={name: {"received": 3, "sent": 3}},
        recipient_domains={name: {"sent": 3, "bounced": 1}},
        senders={name: {"received": 3}},
        recipients={name: {"sent": 3}},
        relays={name: {"sent": 3}},
        tls_hops={name: {"encrypted": 3}},
        reasons={"bounced " + name: {"count": 1, "sample": name}},
        rejects={name: {"count": 1, "sample": name}},
        latency={"total": {"z": 1, "40": 2}},
        tls={"in": {name: 3, "none": 1}, "out": {"TLSv1.3": 3}},
    )


class Page(html.parser.HTMLParser):
    """The elements, the attributes and the visible text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.text, self.cells, self.embedded = [], set(), [], [], None
        self._inside = []
        # Where a name may be broken it is still one.
        self.feed(text.replace("<wbr>", ""))
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes.update(name for name, dummy in attrs)
        self._inside.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tag, attrs = self._inside[-1] if self._inside else ("", {})
        if tag == "script" and attrs.get("id") == "report":
            self.embedded = json.loads(data)
        elif tag not in ("script", "style"):
            self.text.append(data)
            if any(opened == "td" for opened, dummy in self._inside):
                self.cells.append(data)
