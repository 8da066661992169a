# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.filter.flow_report import (
    flow_report,
    flow_summary,
    flow_table,
    flow_with_certificates,
)
from ansible_collections.mailops.relay.plugins.filter.relays import relay_authority_file
from ansible_collections.mailops.relay.plugins.plugin_utils import certificates, flow_page
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import HOSTILE, Page, empty, week

FILE = "/etc/postfix/server.crt"
RENEW = "Renew it."


@pytest.fixture(autouse=True)
def a_small_library(monkeypatch):
    """What is tested is the page around the plotting library."""
    monkeypatch.setattr(flow_page, "_plotly", lambda: "/* library */")


def check(subject=FILE, status="ok", days=300, todo="", **more):
    expiry = {"subject": "CN=relay", "not_after": f"{days:04d}", "days_left": days, "file": FILE, "port": None}
    given = {"id": "certificate", "status": status, "subject": subject, "seen": f"{days} days left", "todo": todo}
    return given | {"expiry": expiry} | more


def looked(*checks):
    return {"changed": False, "checks": list(checks)}


def joined(**results):
    return certificates.joined("a_filter", results)


def test_the_worst_of_all_relays_is_the_verdict_and_the_summary_says_what_has_failed():
    result = joined(
        a=looked(check(), check("port 25", "warning", 20, RENEW)), b=looked(check(FILE, "failed", 5, RENEW)), c=None
    )
    assert result["verdict"] == "failed"
    assert [(entry["host"], entry["status"]) for entry in result["checks"]] == [
        ("a", "ok"),
        ("a", "warning"),
        ("b", "failed"),
    ]
    assert result["summary"] == f"b: {FILE}: 5 days left."


def test_when_all_is_well_one_line_says_which_ends_first():
    result = joined(a=looked(check(days=300)), b=looked(check(days=40), check("port 25", days=40)))
    assert list(certificates.lines_of(result, 13)) == [f"certificate  ok, the first to end: b: {FILE}: 40 days left"]
    assert result["verdict"] == "ok" and result["summary"] == ""


def test_the_same_of_a_file_and_its_ports_is_said_once():
    bad = [check(subject, "failed", 5, RENEW) for subject in (FILE, "port 25", "port 587")]
    result = joined(a=looked(*bad), b=looked(*bad))
    assert list(certificates.lines_of(result, 13)) == [
        f"certificate  FAILED a: {FILE}, port 25, port 587: 5 days left",
        f"             FAILED b: {FILE}, port 25, port 587: 5 days left",
        "             to do: Renew it.",
    ]
    assert result["summary"] == f"a: {FILE}, port 25, port 587: 5 days left. b: {FILE}, port 25, port 587: 5 days left."


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"unreachable": True, "msg": "Connection refused"}, "ansible a -m ping"),
        ({"failed": True, "msg": "main.cf: no"}, "main.cf: no"),
    ],
)
def test_a_relay_that_could_not_be_asked_is_not_well(answer, words):
    result = joined(a=answer, b=looked(check()))
    assert result["verdict"] == "warning" and result["summary"] == ""
    lines = list(certificates.lines_of(result, 13))
    assert words in " ".join(lines)
    assert lines[0].startswith("certificate  WARNING a: until when")
    assert "is not known" in result["checks"][0]["seen"]


def test_where_there_is_nothing_to_look_at_nothing_is_said():
    nothing = {"id": "certificate", "status": "skipped", "subject": "a", "seen": "no TLS", "todo": ""}
    assert list(certificates.lines_of(joined(a=looked(nothing)), 13)) == []
    assert joined()["verdict"] == "skipped"


@pytest.mark.parametrize("flow", [week(), empty(lines=7, first=1000.0, last=5000.0), empty()])
def test_the_report_has_a_line_a_section_and_the_checks(flow):
    bad = {"smtp-relay001": looked(check(FILE, "warning", 20, RENEW))}
    flow = flow_with_certificates(flow, bad)
    assert f"certificate       WARNING smtp-relay001: {FILE}: 20 days left" in flow_table(flow)
    assert flow_summary(flow)["certificates"]["checks"][0]["expiry"]["days_left"] == 20
    text = " ".join(Page(flow_report(flow)).text)
    assert "Certificates" in text and "20 days left Renew it." in text and "All are good" not in text
    good = flow_with_certificates(flow, {"smtp-relay001": looked(check())})
    assert sum(line.startswith("certificate") for line in flow_table(good)) == 1
    assert "All are good" in " ".join(Page(flow_report(good)).text)


def test_a_report_that_was_not_about_relays_has_none_of_it():
    flow = flow_with_certificates(week(), {"a": None})
    assert not any("certificate" in line for line in flow_table(flow))
    assert "Certificates" not in " ".join(Page(flow_report(flow)).text)
    assert flow_summary(week())["certificates"] is None


@pytest.mark.parametrize("name", HOSTILE)
def test_no_terminal_and_no_page_obeys_a_certificate(name):
    flow = flow_with_certificates(week(), {"a": looked(check(name, "failed", 5, name, seen=name))})
    assert all(line.isprintable() for line in flow_table(flow))
    harmless = flow_with_certificates(week(), {"a": looked(check("name", "failed", 5, "name", seen="name"))})
    assert Page(flow_report(flow)).tags == Page(flow_report(harmless)).tags


@pytest.mark.parametrize(
    ("variables", "path"),
    [
        ({}, ""),
        ({"relay_server_tls_provider": "selfsigned", "relay_server_tls_ca_file": "/old"}, ""),
        ({"relay_server_tls_provider": "existing", "relay_server_tls_ca_file": "/root.pem"}, "/root.pem"),
        ({"relay_server_tls_provider": "existing"}, ""),
        ({"relay_server_tls_provider": "ownca", "relay_server_tls_ownca_path": "/ca.pem"}, "/ca.pem"),
        ({"relay_server_tls_provider": ["ownca"]}, ""),
    ],
)
def test_where_the_authoritys_certificate_is(variables, path):
    assert relay_authority_file(variables) == path


@pytest.mark.parametrize(
    ("results", "words"),
    [
        (None, "flow_with_certificates: certificates must be a dictionary, but it is nothing."),
        ({"a": 1}, "flow_with_certificates: certificates: the result of a must be a dictionary"),
        ({"a": {"checks": 5}}, "flow_with_certificates: certificates: the checks of a must be a list"),
    ],
)
def test_what_cannot_be_used_is_named(results, words):
    with pytest.raises(AnsibleFilterError) as refused:
        flow_with_certificates(week(), results)
    assert str(refused.value).startswith(words)
