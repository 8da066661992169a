# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client trusts, and each way in which that is refused."""

import copy

import pytest

from ansible_collections.mailops.relay.plugins.filter import relays as filters
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.authority import site

NAME = "relay.example.com"
RELAY = {"name": NAME, "host": "relay1"}
ADDRESS = "10.0.0.4"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return site(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def read(made):
    """What relay_certificate_info says of a good relay, in a run that knows the relay's address."""
    certificate = {
        "subject": f"CN={NAME}",
        "issuer": f"CN={NAME}",
        "common_name": NAME,
        "names": ["DNS:" + NAME],
        "not_before": "2026-01-01T00:00:00Z",
        "not_after": "2036-01-01T00:00:00Z",
        "validity": "valid",
    }

    def call(kind="self-signed", anchor="self", **changes):
        result = {
            "item": {
                "host": "relay1",
                "servers": [NAME],
                "ports": [25, 587],
                "anchors": [],
                "addresses": [ADDRESS],
                "renewable": True,
            },
            "problem": {"path": "", "reason": "", "missing": False},
            "certificates": [copy.deepcopy(certificate)],
            "anchor": {"kind": kind, "content": made.read(anchor)},
            "chain": {"status": "verified", "reason": ""},
            "anchors": [],
            "served": [
                {
                    "server": NAME,
                    "port": port,
                    "answered": True,
                    "verified": True,
                    "reason": "",
                    "certificate": copy.deepcopy(certificate),
                }
                for port in (25, 587)
            ],
            "host": {"names": [NAME], "addresses": [ADDRESS, "172.16.0.1"]},
        }
        for path, value in changes.items():
            *keys, last = path.split("__")
            target = result
            for key in keys:
                target = target[int(key) if key.isdigit() else key]
            target[int(last) if last.isdigit() else last] = value
        return result

    return call


def anchors(result, relay=None, role="relay_client", check_mode=False):
    found = filters.trust_anchors([relay or RELAY], [result] if result else [], role, 587, check_mode)
    assert found.pop("names") == [(relay or RELAY)["name"]]
    if found["text"]:
        assert (found.pop("unread"), found.pop("doubts")) == ([], [])
        assert found.pop("settled") == (not found["problems"])
    return found


def settled(relays, result):
    """What a client trusts of these relays, all of which could be read."""
    found = filters.trust_anchors(relays, [result], "relay_client", 587)
    assert found.pop("names") == list(dict.fromkeys(relay["name"] for relay in relays))
    assert (found.pop("unread"), found.pop("doubts"), found.pop("settled")) == ([], [], True)
    return found


NOT_ANSWERED = {
    "server": NAME,
    "port": 587,
    "answered": False,
    "verified": False,
    "reason": "refused",
    "certificate": {},
}


def test_what_vouches_for_each_relay_once(read, made):
    relays = [RELAY, dict(RELAY), {"name": "other.example.com", "certificate": made.read("root")}]
    found = settled(relays, read())
    assert found == {"text": made.read("self") + made.read("root"), "problems": [], "public": False}


def test_only_public_authorities_are_left_to_the_hosts_own_file(read, made):
    public = read("public", "public-root")
    assert anchors(public) == {"text": made.read("public-root"), "problems": [], "public": True}
    relays = [RELAY, {"name": "other.example.com", "certificate": made.read("root")}]
    mixed = settled(relays, public)
    assert mixed == {"text": made.read("public-root") + made.read("root"), "problems": [], "public": False}


def waiting(made, name, **changes):
    """What is read of a next certificate."""
    found = {
        "certificate": {"validity": "valid", "names": ["DNS:" + NAME], "common_name": NAME},
        "kind": "self-signed",
        "content": made.read(name),
        "status": "verified",
    }
    return dict(found, path="/etc/postfix/server.crt.next", reason="", **changes)


def test_the_certificate_that_waits_is_trusted_beside_the_one_in_use(read, made):
    both = {"text": made.read("self") + made.read("root"), "problems": [], "public": False}
    assert anchors(read(next=waiting(made, "root"))) == both
    assert anchors(read(next=waiting(made, "root")), role="sendmail_client") == both
    # A relay of the same authority as before has one anchor.
    assert anchors(read(next=waiting(made, "self")))["text"] == made.read("self")
    # No file of the host has an anchor that is the relay's own.
    assert anchors(read("public", "public-root", next=waiting(made, "self")))["public"] is False
    assert anchors(read("public", "public-root", next=dict(waiting(made, "public-root"), kind="public")))["public"]


OLD = "old.example.com"


def renamed(read, made, role, names=(f"DNS:{OLD}", "DNS:*.example.net"), **following):
    """What is made of a relay that goes on with a certificate for its name from before."""
    result = read(next=dict(waiting(made, "root"), **following))
    result["certificates"][0].update(names=list(names), common_name=OLD)
    for answer in result["served"]:
        answer["certificate"].update(names=[f"DNS:{OLD}"], common_name=OLD)
    return filters.trust_anchors([RELAY], [result], role, 587)


@pytest.mark.parametrize("role", ["relay_client", "sendmail_client"])
def test_relay_whose_name_changes_is_known_by_both_until_its_next_certificate_takes_its_place(read, made, role):
    found = renamed(read, made, role)
    assert (found["problems"], found["settled"]) == ([], True)
    assert found["names"] == [NAME, OLD]
    assert found["text"] == made.read("self") + made.read("root")


@pytest.mark.parametrize(
    "changes",
    [
        {"certificate": {"validity": "valid", "names": ["DNS:third.example.com"], "common_name": "third"}},
        {"status": "refused"},
        {"certificate": {"validity": "expired", "names": ["DNS:" + NAME], "common_name": NAME}},
        # Postfix cannot compare with that.
        {"names": ["DNS:*.example.net"]},
    ],
)
def test_other_name_is_refused_where_no_certificate_waits_for_the_new_one(read, made, changes):
    found = renamed(read, made, "relay_client", **changes)
    assert OLD not in found["names"] and "is not for that name, but for" in found["problems"][0]


def test_what_the_port_serves_has_one_of_the_two_names(read, made):
    assert renamed(read, made, "relay_client")["problems"] == []
    found = renamed(read, made, "relay_client", names=["DNS:older.example.com"])
    assert "The certificate that port 587 of relay.example.com serves is not for that name" in found["problems"][0]


@pytest.mark.parametrize(
    ("role", "installed", "names"),
    [
        ("relay_client", f"/etc/ours.pem\nnexthop, {OLD}\n", [NAME, OLD]),
        ("relay_client", "/etc/ours.pem\nnexthop\n", [NAME]),
        ("sendmail_client", f"/etc/ours.pem\nesmtp:[{NAME}]:[{OLD}]:[third.example.com]\n", [NAME, OLD]),
        ("sendmail_client", f"/etc/ours.pem\n[third.example.com]:[{NAME}]\n", [NAME]),
        ("sendmail_client", "", [NAME]),
    ],
)
def test_relay_that_could_not_be_read_is_still_known_by_both_names(made, role, installed, names):
    result = {"item": {"host": "relay1"}, "msg": "no route", "unreachable": True}
    found = filters.trust_anchors([RELAY], [result], role, 587, False, installed + made.read("self"))
    assert found["names"] == names


@pytest.mark.parametrize(
    "following",
    [
        {},
        {"status": "refused", "certificate": {}, "reason": "it has no complete PEM block"},
        {"certificate": {"validity": "expired"}},
        {"certificate": {"validity": "future"}},
    ],
)
def test_of_what_waits_and_nobody_could_verify_nothing_is_trusted(read, made, following):
    found = anchors(read(next=dict(waiting(made, "root"), **following) if following else {}))
    assert found == {"text": made.read("self"), "problems": [], "public": False}


def test_what_vouches_for_the_one_in_use_stays_when_its_authority_is_no_longer_named(read, made):
    chain = {"status": "incomplete", "reason": "who is that"}
    result = read(next=waiting(made, "self"), chain=chain, anchor__kind="none", anchor__content="")
    found = filters.trust_anchors([RELAY], [result], "relay_client", 587, False, made.read("root"))
    assert found["text"] == made.read("root") + made.read("self")
    assert (found["problems"], found["settled"], len(found["unread"])) == ([], False, 1)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        # The file
        (
            {"problem": {"path": "/etc/postfix/server.crt", "reason": "Permission denied", "missing": False}},
            ["/etc/postfix/server.crt on relay1: Permission denied", '"certificate" in relay_client_relays'],
        ),
        # Dates
        ({"certificates__0__validity": "expired"}, ["expired on 2036-01-01T00:00:00Z", "Renew it"]),
        ({"certificates__0__validity": "future"}, ["not valid before 2026-01-01T00:00:00Z", "clock"]),
        # Names
        (
            {"certificates__0__names": ["DNS:other.example.com"]},
            ["not for that name, but for DNS:other.example.com", "DNS:" + NAME],
        ),
        ({"certificates__0__names": [], "certificates__0__common_name": "other"}, ["but for CN=other"]),
        # Chains
        (
            {"chain": {"status": "incomplete", "reason": "who is that"}},
            ["no anchor: who is that", "relay_server_tls_ca_file", "relay_client_tls_ca_file"],
        ),
        ({"chain": {"status": "refused", "reason": "unsuitable purpose"}}, ["unsuitable purpose", "for servers"]),
        # Another host
        ({"host__addresses": ["10.0.0.9", "10.0.2.15"]}, ["comes from another host", "10.0.0.9", "inventory_hostname"]),
        (
            {"host__addresses": ["10.0.0.9"], "problem": {"path": "/x", "reason": "No such file", "missing": True}},
            ["comes from another host"],
        ),
        # What is served
        (
            {"served__1__verified": False, "served__1__reason": "self-signed certificate"},
            ["does not vouch for what port 587", "self-signed certificate", "postfix reload on relay1"],
        ),
        (
            {"served__1__certificate__names": ["DNS:other.example.com"]},
            ["that port 587 of relay.example.com serves", "other.example.com"],
        ),
        (
            {"item__addresses": [], "served": [NOT_ANSWERED]},
            ["may be that of another host", "port 587: refused", "--limit"],
        ),
        ({"host__addresses": [], "served": []}, ["may be that of another host", "none was asked"]),
    ],
)
def test_what_would_not_work_is_refused_in_one_go(read, changes, words):
    found = anchors(read(**changes))
    assert found["text"] == "" and not found["public"]
    (problem,) = found["problems"]
    assert problem.startswith(f'The certificate of "{NAME}"') or problem.startswith("The certificate that port 587")
    for word in words:
        assert word in problem


@pytest.mark.parametrize(
    "changes",
    [
        {"served__1__verified": False},
        {"served": [], "certificates__0__names": ["DNS:client.example.com"]},
        {"served": [], "problem": {"path": "/etc/postfix/server.crt", "reason": "No such file", "missing": True}},
    ],
)
def test_where_nothing_says_that_it_is_the_relay_the_host_is_named_on_which_it_was_read(read, changes):
    (problem,) = anchors(read(item__addresses=[], **changes))["problems"]
    assert "on the host with the address 10.0.0.4, 172.16.0.1: if that is not relay1, write its ansible_host" in problem
    known = anchors(read(**changes))["problems"]
    assert not any("ansible_host" in problem for problem in known)


@pytest.mark.parametrize(
    "changes",
    [
        {"served": []},
        {"served": [NOT_ANSWERED]},
        {"item__addresses": []},
        # The client does not use port 25.
        {"served__0__verified": False, "served__0__reason": "of something else"},
        {"item__addresses": [], "served__1": NOT_ANSWERED},
        {"certificates__0__names": ["DNS:*.example.com"], "certificates__0__common_name": "x"},
        {"certificates__0__names": []},
        {"certificates__0__names": ["email:root@example.com"]},
    ],
)
def test_what_is_good_enough(read, changes, made):
    assert anchors(read(**changes)) == {"text": made.read("self"), "problems": [], "public": False}


def test_sendmail_compares_the_common_name_alone(read, made):
    by_names = read(certificates__0__common_name="other.example.com")
    assert anchors(by_names)["problems"] == []
    (problem,) = anchors(by_names, role="sendmail_client")["problems"]
    assert 'common name "other.example.com", which is all that sendmail compares' in problem
    by_common_name = read(certificates__0__names=["DNS:other.example.com"])
    # What is served has a name of its own.
    assert anchors(by_common_name, role="sendmail_client")["text"] == made.read("self")
    assert anchors(by_common_name)["problems"] != []


def test_the_port_of_the_relay_counts(read):
    stale = read(served__0__verified=False, served__0__reason="stale")
    assert anchors(stale)["problems"] == []
    (problem,) = anchors(stale, dict(RELAY, port="25"))["problems"]
    assert "what port 25" in problem


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"msg": "Failed to connect to the host via ssh: no route", "unreachable": True}, "no route"),
        ({"msg": "MODULE FAILURE", "module_stderr": "Traceback\nSyntaxError: what\n"}, "SyntaxError: what"),
        ({"msg": "No start of json char found.", "module_stderr": ""}, "No start of json"),
    ],
)
def test_the_reason_why_a_host_gave_nothing_is_told(read, result, words):
    (problem,) = anchors(dict(result, item=read()["item"]))["problems"]
    assert f'certificate of "{NAME}" could not be read on relay1' in problem and words in problem


def test_a_relay_without_a_host_needs_its_certificate():
    (problem,) = anchors(None, {"name": NAME})["problems"]
    assert '"host" in relay_client_relays' in problem and "relay_client_tls_ca_file" in problem
    (problem,) = anchors(None)["problems"]
    assert "was not read" in problem


MISSING = {"problem": {"path": "/x", "reason": "No such file or directory", "missing": True}}


@pytest.mark.parametrize(
    "changes",
    [
        dict(MISSING, item__addresses=[]),
        {"certificates__0__validity": "expired"},
        {"certificates__0__names": ["DNS:old.example.com"]},
        {"served__1__verified": False},
    ],
)
def test_in_check_mode_the_relays_own_run_may_be_about_to_mend_it(read, changes):
    assert anchors(read(**changes))["problems"] != []
    found = anchors(read(**changes), check_mode=True)
    assert found == {
        "text": f"(the certificate that {NAME} does not have yet)\n",
        "problems": [],
        "public": False,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"problem": {"path": "/x", "reason": "Permission denied", "missing": False}},
        {"host__addresses": ["10.0.0.9"]},
        {"certificates__0__validity": "expired", "item__renewable": False},
        # The relay is not in this run.
        {"certificates__0__validity": "expired", "item__addresses": []},
    ],
)
def test_check_mode_foresees_nothing_that_will_not_come(read, changes):
    assert anchors(read(**changes), check_mode=True)["problems"] != []


def given(made, *names):
    return dict(RELAY, certificate="".join(made.read(name) for name in names))


def test_of_what_the_user_gives_only_certificates_are_taken(made):
    found = anchors(None, given(made, "self.key", "self"))
    assert found == {"text": made.read("self"), "problems": [], "public": False}
    # With the root, one between helps a relay that does not send it.
    assert anchors(None, given(made, "middle", "root"))["text"] == made.read("middle") + made.read("root")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["leaf", "middle"], ['"CN=Example root", which issued "CN=Example middle", is not in it', "root"]),
        (["leaf.key"], ["no complete PEM block"]),
        (["old"], ["expired on 2021"]),
        (["other"], ["not for that name, but for DNS:other.example.com"]),
        (["by-common-name"], ["not for that name, but for CN=other.example.com"]),
    ],
)
def test_what_the_user_gives_is_checked_too(made, names, words):
    made.make("old", common_name=NAME, end="210101000000Z")
    made.make("other", common_name=NAME, names=["DNS:other.example.com"])
    made.make("by-common-name", common_name="other.example.com")
    (problem,) = anchors(None, given(made, *names))["problems"]
    assert problem.startswith(f'The "certificate" of "{NAME}" in relay_client_relays')
    for word in words:
        assert word in problem


def test_what_the_user_gives_is_compared_with_what_the_relay_has(read, made):
    relay = given(made, "root")
    verdict = {"item__anchors": [relay["certificate"]], "anchors": [{"verified": False, "reason": "no issuer"}]}
    (problem,) = anchors(read(**verdict), relay)["problems"]
    assert f'The "certificate" of "{NAME}"' in problem and "no issuer" in problem
    # What was read on another host says nothing, and so does what could not be read.
    for changes in ({"host__addresses": ["10.0.0.9"], "served": []}, MISSING):
        assert anchors(read(**dict(verdict, **changes)), relay)["text"] == made.read("root")
    verdict["anchors"] = [{"verified": True, "reason": ""}]
    assert anchors(read(**verdict), relay)["text"] == made.read("root")
    (problem,) = anchors(read(**dict(verdict, certificates__0__names=["DNS:x.example.com"])), relay)["problems"]
    assert "read on relay1, is not for that name" in problem


def test_the_wrong_kind_of_facts_are_no_facts():
    def requests(facts, networks, **relay):
        return filters.certificate_requests(
            ["relay1"], [None], [facts], [networks], [None], [[dict(RELAY, **relay)], None], 587
        )

    facts = {"all_ipv4_addresses": ["10.0.2.15", ADDRESS], "all_ipv6_addresses": ["fd00::1"]}
    (request,) = requests(facts, ["10.0.0.0/24"], port="2525", certificate="PEM")
    assert request == {
        "host": "relay1",
        "servers": ["relay1", NAME],
        "ports": [25, 587, 2525],
        "anchors": ["PEM"],
        "addresses": [ADDRESS],
        "renewable": True,
    }
    # The address that hosts of all kinds have says nothing.
    for known, networks in ((facts, None), (facts, ["192.0.2.0/24"]), (None, ["10.0.0.0/24"]), ({}, ["10.0.0.0/24"])):
        assert requests(known, networks, port="smtp")[0]["addresses"] == []


def test_a_certificate_that_is_there_already_is_never_renewed_by_the_role():
    (request,) = filters.certificate_requests(["r"], ["relay.example.com"], [None], [None], ["existing"], [], 25)
    assert not request["renewable"] and request["servers"] == ["relay.example.com"] and request["ports"] == [25, 587]


OTHER = {"name": "other.example.com", "host": "relay2"}
SILENT = {"item": {"host": "relay2", "addresses": []}, "failed": False, "no_answer": True, "msg": "no route"}
UNREAD = [
    SILENT,
    dict(SILENT, module_stderr="sh: 1: python3: not found\n", msg="MODULE FAILURE"),
    None,
]


def of_two(read, installed, *others):
    results = [read()] + [result for result in others or [SILENT] if result]
    return filters.trust_anchors([RELAY, OTHER], results, "relay_client", 587, False, installed)


@pytest.fixture(scope="module")
def others(made):
    """The certificate of the second relay, and an expired one of the same name."""
    made.make("second", names=["DNS:other.example.com"], common_name="x")
    made.make("second-old", names=["DNS:other.example.com"], common_name="x", end="210101000000Z")
    return made


@pytest.mark.parametrize("silent", UNREAD, ids=["unreachable", "no Python", "not asked"])
def test_what_is_trusted_for_a_relay_that_cannot_be_read_stays(read, others, silent):
    installed = others.read("self") + others.read("second")
    found = of_two(read, installed, silent)
    assert found["text"] == installed and found["problems"] == found["doubts"] == [] and not found["public"]
    (sentence,) = found["unread"]
    assert '"other.example.com"' in sentence


@pytest.mark.parametrize("problem", ["Permission denied", "No such file or directory"])
def test_so_it_does_for_one_that_answers_but_cannot_read_its_file(read, others, problem):
    silent = read(
        problem={"path": "/etc/postfix/server.crt", "reason": problem, "missing": problem.startswith("No")},
        item__host="relay2",
    )
    found = of_two(read, others.read("second"), silent)
    assert found["text"] == others.read("self") + others.read("second") and found["problems"] == []


@pytest.mark.parametrize("installed", ["", "nothing of ours", "self", "second-old"])
def test_a_relay_that_nothing_vouches_for_is_named_and_the_other_one_is_used(read, others, installed):
    found = of_two(read, others.read(installed) if "-" in installed or installed == "self" else installed)
    assert found["text"] == others.read("self") and found["problems"] == []
    (sentence,) = found["doubts"]
    assert 'Nothing on this host vouches for "other.example.com" yet' in sentence and "relay_client_relays" in sentence


def test_an_authority_may_vouch_for_it(read, others):
    found = of_two(read, others.read("root") + others.read("self"))
    assert sorted([found["text"]]) == [others.read("self") + others.read("root")]
    (sentence,) = found["doubts"]
    assert sentence.startswith("Whether an authority that this host trusts vouches for")


def test_without_any_anchor_the_client_is_refused(read):
    found = filters.trust_anchors([OTHER], [SILENT], "relay_client", 587, False, "")
    assert found["text"] == "" and found["doubts"] == [] and not found["public"]
    assert found["problems"] == found["unread"] and "no route" in found["problems"][0]


def test_public_authorities_stay_what_they_are(read, others):
    results = [read("public", "public-root"), SILENT]
    found = filters.trust_anchors([RELAY, OTHER], results, "relay_client", 587, False, others.read("public-root"))
    assert found["public"] and found["text"] == others.read("public-root")


@pytest.mark.parametrize("served", [[NOT_ANSWERED], []])
def test_a_relay_of_which_nothing_but_a_file_is_known_changes_nothing_of_what_is_trusted_for_it(read, made, served):
    """Its Postfix is stopped, and it is not in this run: what was read may be another host's."""
    result = read(anchor="root", item__addresses=[], served=served)
    found = filters.trust_anchors([RELAY], [result], "relay_client", 587, False, made.read("self"))
    assert found["text"] == made.read("self") and found["problems"] == [] and not found["settled"]
    (sentence,) = found["doubts"]
    assert "may be that of another host" in sentence and "already stays as it is" in sentence
