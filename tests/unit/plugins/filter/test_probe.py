# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.probe import probe_table


def form(name, verdict, code, **more):
    return dict({"form": name, "verdict": verdict, "code": code, "reason": "", "reply": "", "transcript": []}, **more)


def way(port, tls, *forms, **more):
    return dict(
        {"address": "203.0.113.4", "port": port, "tls": tls, "state": "tested", "reason": "", "forms": list(forms)},
        **more,
    )


def result(*ways, **numbers):
    return dict(
        {"channels": list(ways), "tried": 4, "accepted": 0, "refused": 4, "unknown": 0, "seconds": 0.3}, **numbers
    )


def test_a_row_for_each_form_and_a_column_for_each_way_in():
    forms = form("third-party", "refused", 554), form("bang", "refused", 550)
    lines = probe_table(
        result(
            way(25, "none", *forms),
            way(465, "implicit", state="closed", reason="Connection refused"),
            way(25, "starttls", *forms),
        )
    )
    assert lines == [
        "Relays nothing for who asked: 0 of 4 accepted, 4 refused, 0 not known, in 0.3 s",
        "  [1] 203.0.113.4 port 25 without TLS",
        "  closed: 203.0.113.4 port 465 with TLS from the start: Connection refused",
        "  [2] 203.0.113.4 port 25 after STARTTLS",
        "              [1]            [2]",
        "  third-party refused 554    refused 554",
        "  bang        refused 550    refused 550",
    ]


def test_what_was_accepted_is_shown_with_what_was_said_and_nothing_that_a_terminal_obeys():
    accepted = form("bang", "accepted", 250, transcript=["C: RCPT TO:<a!b>", "S: 250 \x1b[2Jok"])
    unknown = form("quoted", "unknown", 0, reason="the connection was lost", reply="")
    lines = probe_table(result(way(25, "none", accepted, unknown), accepted=1, unknown=1))
    assert lines[0].startswith("RELAYS FOR WHO ASKED: 1 of 4")
    assert "[1] bang was accepted:" in lines and "    S: 250 \\x1b[2Jok" in lines
    assert "[1] quoted is not known: the connection was lost;" in lines
    assert probe_table(result(unknown=1))[0].startswith("Not clear")


@pytest.mark.parametrize("other", [{"status": "ok"}, {"message_id": "<1@x>"}, [], "accepted", None])
def test_another_result_is_refused(other):
    with pytest.raises(
        AnsibleFilterError,
        match=r"^probe_table: the input .* Give a result of mailops.relay.smtp_probe with test: relay.$",
    ):
        probe_table(other)
