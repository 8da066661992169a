# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pathlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.filter import smarthosts as filters
from ansible_collections.mailops.relay.plugins.module_utils.postfix.wanted_main import first_supported
from ansible_collections.mailops.relay.plugins.plugin_utils import sender_addresses, smarthost_problems, smarthosts

MODULE_FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "module_utils"
OWN = ["smtp-relay001.example.com", "10.20.0.10", "fd00:20::10"]
CLIENTS = ["web01.example.com", "web02.example.com"]
SES = {"name": "ses", "hosts": ["a.ses.example", "b.ses.example"], "user": "AKIA", "password": "se:cr et"}
M365 = {
    "name": "m365",
    "hosts": ["tenant.mail.example"],
    "port": 25,
    "certificate": "/etc/ssl/tenant.crt",
    "private_key": "/etc/ssl/tenant.key",
}
INNER = {"name": "inner", "hosts": ["10.20.0.77"], "port": "25", "tls": "may"}
AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
NOTHING = {"main": {}, "prepend": {}, "first_supported": [], "master": [], "tables": []}


EMPTY = {
    "relay_server_relayhost": "",
    "relay_server_main": {},
    "relay_server_main_if_supported": {},
    "relay_server_masquerade": [],
    "relay_server_masquerade_exceptions": [],
    "relay_server_canonical": {},
}


def problems(hosts=(), routes=(), pacing=(), **values):
    variables = {
        "relay_server_smarthosts": list(hosts),
        "relay_server_routes": list(routes),
        "relay_server_pacing": list(pacing),
        **EMPTY,
        **values,
    }
    return list(smarthost_problems.problems(variables, OWN, CLIENTS))


def ways(hosts=(), routes=(), pacing=()):
    assert problems(hosts, routes, pacing) == []
    return filters.smarthost_settings(list(hosts), list(routes), list(pacing), AUTHORITIES)


def table(found, path):
    (entry,) = [table for table in found["tables"] if table["path"] == path]
    return entry.get("entries", entry.get("secret_entries"))


def test_without_variables_nothing_is_set():
    assert ways() == NOTHING


def test_a_smarthost_has_its_own_login_fallback_and_tls():
    found = ways([SES])
    assert found["master"] == [
        {
            "name": "smart-ses",
            "type": "unix",
            "command": "smtp",
            "options": {
                "syslog_name": "postfix/smart-ses",
                "relayhost": "[a.ses.example]:587",
                "smtp_fallback_relay": "[b.ses.example]:587",
                "smtp_tls_policy_maps": "",
                "smtp_tls_security_level": "secure",
                "smtp_sasl_auth_enable": True,
                "smtp_sender_dependent_authentication": False,
                "smtp_sasl_password_maps": "texthash:/etc/postfix/smarthost_ses_password",
                "smtp_sasl_tls_security_options": "noanonymous",
                "smtp_reply_filter": "regexp:/etc/postfix/smarthost_replies",
            },
        }
    ]
    assert found["tables"][:-1] == [
        {
            "path": "/etc/postfix/smarthost_ses_password",
            "type": "texthash",
            "secret_entries": {"[a.ses.example]:587": "AKIA:se:cr et", "[b.ses.example]:587": "AKIA:se:cr et"},
        }
    ]
    assert found["main"] == {"smtp_tls_CAfile": AUTHORITIES}


def test_what_a_smarthost_has_not_is_turned_off_whatever_main_cf_says():
    found = ways([M365, INNER])
    m365, inner = (service["options"] for service in found["master"])
    for options in (m365, inner):
        assert options["smtp_sasl_auth_enable"] is False and options["smtp_fallback_relay"] == ""
    assert (m365["smtp_tls_cert_file"], m365["smtp_tls_key_file"]) == ("/etc/ssl/tenant.crt", "/etc/ssl/tenant.key")
    assert inner["smtp_tls_security_level"] == "may" and "smtp_tls_key_file" not in inner
    assert not any("secret_entries" in table for table in found["tables"])


def test_tls_begins_at_once_on_its_port_only():
    for port, at_once in ((465, True), ("465", True), (2465, True), (587, False), (25, False)):
        (service,) = ways([dict(SES, port=port)])["master"]
        assert ("smtp_tls_wrappermode" in service["options"]) is at_once


def test_another_authority_than_the_public_ones_is_the_smarthosts_alone():
    found = ways([dict(SES, ca_file="/etc/ssl/ours.pem")])
    assert found["main"] == {} and found["master"][0]["options"]["smtp_tls_CAfile"] == "/etc/ssl/ours.pem"


def test_routes_by_recipient_by_sender_and_for_the_rest():
    found = ways(
        [SES, M365],
        [
            {"recipient": "Partner.example", "via": "m365"},
            {"recipient": "boss@partner.example", "via": "mx"},
            {"recipient": "old.example", "via": "error", "text": "This domain is closed"},
            {"recipient": "older.example", "via": "error", "text": "5.1.10 Closed"},
            {"sender": "tenant.example", "via": "ses"},
            {"sender": "App@tenant.example", "via": "m365"},
            {"via": "ses"},
        ],
    )
    assert table(found, "/etc/postfix/route_recipients") == {
        "partner.example": "smart-m365:[tenant.mail.example]:25",
        "boss@partner.example": "smtp:",
        "old.example": "error:5.7.1 This domain is closed",
        "older.example": "error:5.1.10 Closed",
    }
    assert table(found, "/etc/postfix/route_senders") == {
        "@tenant.example": "smart-ses:[a.ses.example]:587",
        "app@tenant.example": "smart-m365:[tenant.mail.example]:25",
    }
    assert found["main"]["default_transport"] == "smart-ses:[a.ses.example]:587"
    assert ways([], [{"via": "mx"}])["main"]["default_transport"] == "smtp"
    refused = ways([], [{"via": "error", "text": "Mail stops here"}])["main"]
    assert refused["default_transport"] == "error:5.7.1 Mail stops here"


def test_lists_of_main_cf_get_the_routes_in_front():
    routes = [
        {"recipient": "a.example", "via": "ses"},
        {"recipient": "b.example", "via": "hold"},
        {"sender": "a.example", "via": "ses"},
        {"sender": "b.example", "via": "hold"},
    ]
    found = ways([SES], routes)
    assert found["prepend"] == {
        "transport_maps": ["texthash:/etc/postfix/route_recipients"],
        "sender_dependent_default_transport_maps": ["texthash:/etc/postfix/route_senders"],
        "smtpd_recipient_restrictions": [
            "check_sender_access regexp:/etc/postfix/hold_senders",
            "check_recipient_access regexp:/etc/postfix/hold_recipients",
        ],
    }
    assert not set(found["main"]) & set(found["prepend"])


ADDRESS = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,12}@[a-z]{1,6}\.example", fullmatch=True)


@given(ADDRESS, ADDRESS, st.booleans())
def test_just_what_is_named_is_held(held, other, whole_domain):
    named = held.rpartition("@")[2] if whole_domain else held
    found = ways([], [{"sender": named, "via": "hold"}])
    ((pattern, action),) = (pair for entry in table(found, "/etc/postfix/hold_senders") for pair in entry.items())
    assert action == "HOLD" and pattern[0] == pattern[-1] == "/" and not re.search(r"(?<!\\)/", pattern[1:-1])
    matches = re.compile(pattern[1:-1], re.I).search
    assert matches(held) and matches(held.upper())
    for address in (other, "x" + held, held + ".org", held.replace("@", "@sub.")):
        alike = address.rpartition("@")[2] == named if whole_domain else address == held
        assert bool(matches(address)) is alike


def test_a_domain_in_another_script_goes_the_same_way_however_mail_has_it():
    found = ways(
        [SES],
        [
            {"recipient": "A@xn--bcher-kva.example", "via": "ses"},
            {"sender": "XN--bcher-kva.example", "via": "ses"},
            {"sender": "b@xn--bcher-kva.example", "via": "error", "text": "no"},
            {"recipient": "xn--bcher-kva.example", "via": "hold"},
            {"recipient": "xn--p1ai.example", "via": "mx"},
        ],
        [{"name": "telco", "domains": ["xn--p1ai.example"], "concurrency": 2}],
    )
    assert table(found, "/etc/postfix/route_recipients") == {
        "a@xn--bcher-kva.example": "smart-ses:[a.ses.example]:587",
        "a@bücher.example": "smart-ses:[a.ses.example]:587",
        "xn--p1ai.example": "pace-telco:",
        "рф.example": "pace-telco:",
    }
    senders = table(found, "/etc/postfix/route_senders")
    assert senders["@bücher.example"] == senders["@xn--bcher-kva.example"] == "smart-ses:[a.ses.example]:587"
    assert senders["b@bücher.example"] == senders["b@xn--bcher-kva.example"] == "error:5.7.1 no"
    patterns = [pattern[1:-1] for entry in table(found, "/etc/postfix/hold_recipients") for pattern in entry]
    # As Postfix 3.7.11 reads them: byte by byte.
    for address in ("x@bücher.example", "x@BÜCHER.Example", "X@XN--BCHER-KVA.example"):
        assert any(re.search(pattern.encode(), address.encode(), re.I) for pattern in patterns), address
    assert not any(re.search(pattern, "x@bucher.example") for pattern in patterns)


NAMES = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(st.from_regex(r"[a-z]{1,9}\.provider\.example", fullmatch=True), min_size=1, max_size=3, unique=True)
PASSWORD = st.from_regex(r"[!-~]{1,20}( [!-~]{1,9})?", fullmatch=True)


@given(st.dictionaries(NAMES, st.tuples(HOSTS, PASSWORD), max_size=4), st.integers(1, 65535))
def test_no_login_is_known_to_another_account_or_stands_outside_its_table(accounts, port):
    hosts = [
        {"name": name, "hosts": hosts, "user": "u", "password": password, "port": port}
        for name, (hosts, password) in accounts.items()
        if name not in smarthosts.WAYS
    ]
    found = ways(hosts)
    logins = [table for table in found["tables"] if "secret_entries" in table]
    assert [table["path"] for table in found["tables"]].count("/etc/postfix/smarthost_replies") == bool(hosts)
    seen = set()
    for smarthost, service, login in zip(hosts, found["master"], logins, strict=True):
        assert service["options"]["smtp_sasl_password_maps"] == "texthash:" + login["path"]
        allowed = service["options"]["smtp_fallback_relay"].split(",") if len(smarthost["hosts"]) > 1 else []
        # Each host that the service may connect to has the login, and no other.
        assert set(login["secret_entries"]) == {smarthosts.next_hops(smarthost)[0], *allowed}
        assert set(login["secret_entries"].values()) == {f"u:{smarthost['password']}"}
        seen.update((service["name"], login["path"]))
    assert len(seen) == 2 * len(hosts)


def filtered(reply):
    """A line of a host's answer as Postfix sees it: the first pattern that matches, in any case of letters (regexp_table(5))."""
    for entry in table(ways([SES]), "/etc/postfix/smarthost_replies"):
        ((pattern, result),) = entry.items()
        found = re.search(pattern[1:-1], reply, re.IGNORECASE)
        if found:
            return found.expand(re.sub(r"\$\{([0-9])\}", r"\\g<\1>", result))
    return reply


@pytest.mark.parametrize(
    ("reply", "temporary"),
    [
        # As seen of Postfix 3.7.11 without AUTH, with reject and with reject_unauth_destination.
        (
            "554 5.7.1 <ops@example.net>: Recipient address rejected: Access denied",
            "454 4.7.1 <ops@example.net>: Recipient address rejected: Access denied",
        ),
        ("554 5.7.1 <ops@example.net>: Relay access denied", "454 4.7.1 <ops@example.net>: Relay access denied"),
        # From the documentation of others: Gmail, Amazon SES, SendGrid, Microsoft 365, Exim, sendmail.
        ("530-5.7.0 Authentication Required. For more", "430-4.7.0 Authentication Required. For more"),
        ("530 5.7.0  https://support.google.com", "430 4.7.0  https://support.google.com"),
        ("530 Authentication required", "430 Authentication required"),
        ("550 Unauthenticated senders not allowed", "450 Unauthenticated senders not allowed"),
        ("550 5.7.57 Client not authenticated to send mail.", "450 4.7.57 Client not authenticated to send mail."),
        ("550 relay not permitted", "450 relay not permitted"),
        ("550 5.7.1 a@b.example... Relaying denied", "450 4.7.1 a@b.example... Relaying denied"),
        (
            "550 5.7.0 https://support.google.com/a/answer/6140680#maildenied",
            "450 4.7.0 https://support.google.com/a/answer/6140680#maildenied",
        ),
        # About the recipient, the sender or the message.
        ("550 5.7.26 This message is not authenticated: SPF and DKIM fail", None),
        ("550 5.4.1 Recipient address rejected: Access denied", None),
        ("550 5.1.1 <x@example.net>: Recipient address rejected: User unknown", None),
        ("554 5.7.60 Not a sender of this account", None),
        ("550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's DMARC policy", None),
        (
            "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction",
            None,
        ),
        ("550 5.7.1 RESOLVER.RST.AuthRequired; authentication required", None),
        ("550 5.7.134 Sender was not authenticated; authentication required for the mailbox", None),
        ("554 Message rejected: Email address is not verified", None),
        ("535 5.7.8 Error: authentication failed", None),
        ("250 2.1.0 Authentication required later", None),
        ("450 4.7.1 Relay access denied", None),
    ],
)
def test_a_host_that_wants_a_login_which_it_did_not_offer_makes_mail_wait(reply, temporary):
    assert filtered(reply) == (temporary or reply)


def test_only_a_smarthost_that_is_told_who_it_is_has_its_answers_filtered():
    found = ways([M365, INNER])
    m365, inner = (service["options"] for service in found["master"])
    # Microsoft 365 says this of another certificate: 550 5.7.64 TenantAttribution; Relay Access Denied.
    assert m365["smtp_reply_filter"] == "regexp:/etc/postfix/smarthost_replies" and "smtp_reply_filter" not in inner
    assert filtered("550 5.7.64 TenantAttribution; Relay Access Denied [x]").startswith("450 4.7.64 ")
    assert ways([INNER])["tables"] == []


HOME = {"clients": CLIENTS, "users": {"root": "ops@example.net"}}


@pytest.mark.parametrize(
    ("recipient", "via", "sentence"),
    [
        (OWN[0], "mx", "is the relay itself, whose mail would come back to it."),
        (OWN[0].upper(), "ses", "is the relay itself"),
        (f"www-data@{OWN[0]}", "ses", "is the relay itself"),
        (f"Root@{OWN[0]}", "ses", "no mail would go by it: relay_server_local_recipient "),
        (f"root@{CLIENTS[0]}", "mx", "no mail would go by it: relay_server_local_recipient "),
        (f"www-data@{CLIENTS[0]}", "ses", None),
        # One that has its own mail exchanger.
        (CLIENTS[0], "mx", None),
        (OWN[0], "hold", None),
        ("root@partner.example", "ses", None),
    ],
)
def test_a_route_to_the_relay_itself_or_to_what_somebody_gets_before_is_refused(recipient, via, sentence):
    variables = {
        **EMPTY,
        "relay_server_smarthosts": [SES],
        "relay_server_routes": [{"recipient": recipient, "via": via}],
        "relay_server_pacing": [],
    }
    found = list(smarthost_problems.problems(variables, OWN, **HOME))
    assert len(found) == (sentence is not None)
    assert (
        sentence is None
        or f'relay_server_routes: element 1: recipient "{recipient}"' in found[0]
        and sentence in found[0]
    )


def test_paces():
    found = ways(
        [SES],
        [],
        [
            {"name": "google", "domains": ["Gmail.com", "googlemail.com"], "per_minute": "30"},
            {"name": "gmx", "domains": ["gmx.net"], "concurrency": 2},
            {"smarthost": "ses", "concurrency": "7"},
        ],
    )
    assert [(service["name"], service.get("maxproc")) for service in found["master"]] == [
        ("smart-ses", None),
        ("pace-google", None),
        ("pace-gmx", "2"),
    ]
    assert table(found, "/etc/postfix/route_recipients") == {
        "gmail.com": "pace-google:",
        "googlemail.com": "pace-google:",
        "gmx.net": "pace-gmx:",
    }
    assert found["first_supported"] == [
        [{"pace-google_transport_rate_delay": "2s"}, {"pace-google_destination_rate_delay": "2s"}]
    ]
    assert found["main"]["pace-gmx_destination_concurrency_limit"] == 2
    assert found["main"]["smart-ses_destination_concurrency_limit"] == 7


@pytest.mark.parametrize("rate", range(1, 61))
def test_a_pace_is_whole_seconds_or_refused_with_one_that_is(rate):
    entry = {"smarthost": "ses", "per_minute": rate}
    found = problems([SES], [], [entry])
    if 60 % rate == 0:
        assert found == []
        ((choice, _older),) = ways([SES], [], [entry])["first_supported"]
        assert choice == {"smart-ses_transport_rate_delay": f"{60 // rate}s"}
    else:
        near = int(re.search(r"for example ([0-9]+)\.\Z", found[0]).group(1))
        assert 60 % near == 0 and near < rate


def without(entry, *names):
    return {name: value for name, value in entry.items() if name not in names}


ROUTE = {"recipient": "a.example", "via": "ses"}
GOOGLE = {"name": "google", "domains": ["gmail.com"], "per_minute": 30}


@pytest.mark.parametrize(
    ("hosts", "routes", "pacing", "sentence"),
    [
        ([without(SES, "password")], [], [], 'smarthosts: element 1 ("ses") has a user and no password.'),
        ([without(SES, "user")], [], [], 'smarthosts: element 1 ("ses") has a password and no user.'),
        ([dict(SES, password="")], [], [], "password is not a text in one line with something in it."),
        ([dict(SES, password=None)], [], [], "password is not a text in one line with something in it."),
        ([dict(SES, password="a\nb")], [], [], "password is not a text in one line with something in it."),
        ([dict(SES, password="secret ")], [], [], "password ends with a space"),
        # What is left of 0123 in YAML.
        ([dict(SES, password=83)], [], [], "password is not a text in one line with something in it."),
        ([dict(SES, user="a:b")], [], [], "user has a colon in it"),
        ([dict(SES, user=" ab")], [], [], "user begins or ends with a space."),
        ([dict(SES, user=None)], [], [], "user is not a text in one line."),
        ([dict(SES, tls="may")], [], [], "with tls: may the password could go in clear text."),
        ([dict(SES, tls="secured")], [], [], "tls: 'secured' is not one of secure, encrypt, may; write secure."),
        ([SES, SES], [], [], 'smarthosts: element 2: "ses" is the name of an earlier element too.'),
        ([without(SES, "name")], [], [], "smarthosts: element 1 has no name."),
        ([dict(SES, name="Big Mail")], [], [], "the name becomes part of a service of Postfix."),
        ([dict(SES, name="hold")], [], [], "a route to it would mean something else."),
        ([dict(SES, name="-")], [], [], "the name becomes part of a service of Postfix."),
        ([without(SES, "hosts")], [], [], "hosts is not a list with a host in it."),
        ([dict(SES, hosts="a.example")], [], [], "hosts is not a list with a host in it."),
        ([dict(SES, hosts=["[a.example]:587"])], [], [], '"[a.example]:587" is not the name of a host.'),
        ([dict(SES, hosts=["a.example", "A.example"])], [], [], '"A.example" is there twice.'),
        ([dict(SES, hosts=["10.0.0.1"])], [], [], '"10.0.0.1" is an address, with which a certificate cannot be compared.'),
        ([dict(SES, hosts=["SMTP-relay001.example.com"])], [], [], '"SMTP-relay001.example.com" is this relay itself'),
        ([dict(INNER, hosts=["10.20.0.10"])], [], [], '"10.20.0.10" is this relay itself'),
        ([dict(INNER, hosts=["127.0.0.9"])], [], [], '"127.0.0.9" is this relay itself'),
        ([dict(SES, hosts=["Web01.example.com"])], [], [], '"Web01.example.com" is a client, which sends its mail to this relay'),
        ([dict(INNER, hosts=["localhost"])], [], [], '"localhost" is this relay itself'),
        ([dict(SES, port=0)], [], [], "port: 0 is not 1 or more"),
        ([dict(SES, port=70000)], [], [], "port: 70000 is more than 65535"),
        ([dict(INNER, port=465)], [], [], "on port 465 TLS begins at once"),
        ([without(M365, "private_key")], [], [], "has certificate and no private_key."),
        ([without(M365, "certificate")], [], [], "has private_key and no certificate."),
        ([dict(M365, certificate="tenant.crt")], [], [], "certificate is not the path of a file."),
        ([dict(INNER, ca_file="/a")], [], [], "with tls: may no certificate is checked, and ca_file is not read."),
        ([SES], [{"recipient": "a.example", "via": "sess"}], [], 'via "sess" is the name of no smarthost. Write one of ses, mx, hold, error'),
        ([SES], [{"recipient": "a.example"}], [], "routes: element 1 has no via."),
        ([SES], [ROUTE, dict(ROUTE, recipient="A.example")], [], 'element 2: recipient "a.example" is in an earlier route too.'),
        ([SES], [{"via": "ses"}, {"via": "mx"}], [], "element 2: sender and recipient are missing in an earlier route too."),
        ([SES], [dict(ROUTE, sender="b.example")], [], "element 1 has a sender and a recipient"),
        ([SES], [dict(ROUTE, recipient="@a.example")], [], 'recipient is "@a.example". Write a.example for all of the domain.'),
        ([SES], [{"sender": "<>", "via": "ses"}], [], "mail without a sender goes by the route without one."),
        ([SES], [dict(ROUTE, recipient="*.example")], [], 'recipient "*.example" is not an address or a domain.'),
        ([SES], [dict(ROUTE, recipient=None)], [], 'recipient is "None".'),
        ([], [{"via": "hold"}], [], "without sender and recipient it would hold all mail."),
        ([], [{"sender": "a.example", "via": "error"}], [], "has no text to refuse mail with."),
        ([SES], [dict(ROUTE, text="x")], [], "has a text, which only via: error sends."),
        ([], [{"sender": "a.example", "via": "error", "text": "4.7.1 later"}], [], "does not begin with a status for good."),
        ([], [{"sender": "a.example", "via": "error", "text": "a\nb"}], [], "text is not a sentence in one line."),
        ([SES], [], [{"smarthost": "ses", "per_minute": 0}], "per_minute: 0 is not 1 or more"),
        ([SES], [], [{"smarthost": "ses", "per_minute": 61}], "per_minute: 61 is more than 60"),
        ([SES], [], [{"smarthost": "ses", "per_minute": "often"}], "per_minute: 'often' is not a whole number"),
        ([SES], [], [{"smarthost": "ses", "concurrency": 0}], "concurrency: 0 is not 1 or more"),
        ([SES], [], [{"smarthost": "ses"}], "write either concurrency, how many at once, or per_minute"),
        ([SES], [], [{"smarthost": "ses", "concurrency": 1, "per_minute": 1}], "write either concurrency"),
        ([SES], [], [{"smarthost": "sess", "concurrency": 1}], '"sess" is the name of no smarthost. Write one of ses.'),
        ([SES], [], [{"concurrency": 1}], "whose pace it is must be said once."),
        ([SES], [], [dict(GOOGLE, smarthost="ses")], "whose pace it is must be said once."),
        ([], [], [without(GOOGLE, "name")], "pacing: element 1 has no name."),
        ([], [], [dict(GOOGLE, domains=[])], "domains is not a list with a domain in it."),
        ([], [], [dict(GOOGLE, domains=["@gmail.com"])], '"@gmail.com" is not a domain.'),
        ([], [], [dict(GOOGLE, domains=["bücher.example"])], "Write xn--bcher-kva.example, which counts for both."),
        ([SES], [{"sender": "a@bücher.example", "via": "ses"}], [], "Write xn--bcher-kva.example, which counts for both."),
        ([SES], [{"recipient": "xn--99999999.example", "via": "ses"}], [], "What is behind its xn-- stands for no name"),
        ([], [], [GOOGLE, dict(GOOGLE, name="other")], '("other"): "gmail.com" has a pace already.'),
        ([], [], [GOOGLE, dict(GOOGLE, domains=["b.example"])], '"google" is the name of an earlier element too.'),
        ([SES], [], [{"smarthost": "ses", "per_minute": 1}] * 2, '"ses" is the smarthost of an earlier element too.'),
        ([SES], [{"recipient": "gmail.com", "via": "ses"}], [GOOGLE], 'mail for "gmail.com" goes by the route to ses.'),
        ([SES], [{"sender": "a.example", "via": "ses"}], [GOOGLE], "past the sender a.example."),
        ([SES], [{"via": "ses"}], [GOOGLE], "past the route to ses without sender and recipient."),
    ],
)  # fmt: skip
def test_what_cannot_be_used(hosts, routes, pacing, sentence):
    (problem,) = problems(hosts, routes, pacing)
    assert sentence in problem and problem.startswith("relay_server_")
    assert problem.endswith(".") and "secret" not in problem and "se:cr" not in problem


def test_a_pace_past_a_sender_is_taken_where_the_recipient_has_a_route_that_says_so():
    routes = [{"sender": "a.example", "via": "ses"}, {"recipient": "gmail.com", "via": "mx"}]
    found = ways([SES], routes, [GOOGLE])
    assert table(found, "/etc/postfix/route_recipients") == {"gmail.com": "pace-google:"}


def test_a_way_out_is_said_in_one_place():
    for name in ("default_transport", "sender_dependent_default_transport_maps", "sender_dependent_relayhost_maps"):
        (problem,) = problems([SES], [ROUTE], relay_server_main={name: "x"})
        assert problem.startswith(f"relay_server_main: {name} decides what relay_server_routes decides too.")
        assert problems([SES], [], relay_server_main={name: "x"}) == []
    assert problems([SES], [ROUTE], relay_server_main_if_supported={"transport_maps": "x"}) == []
    elsewhere = {"relay_server_relayhost": "[smtp.example.net]"}
    (problem,) = problems([SES], [{"via": "ses"}], **elsewhere)
    assert "so is relay_server_relayhost. Keep one of them." in problem
    (problem,) = problems([], [{"sender": "a.example", "via": "mx"}], **elsewhere)
    assert "would go to relay_server_relayhost all the same" in problem
    (problem,) = problems([], [], [GOOGLE], **elsewhere)
    assert "past relay_server_relayhost." in problem
    assert problems([SES], [ROUTE, {"sender": "a.example", "via": "ses"}], **elsewhere) == []


def test_packages_and_what_a_host_cannot():
    assert filters.smarthost_packages([SES, M365], "apt") == ["libsasl2-modules", "ca-certificates"]
    assert filters.smarthost_packages([SES], "dnf") == ["cyrus-sasl-plain", "ca-certificates"]
    assert filters.smarthost_packages([INNER], "apt") == []
    for nothing in ("x", None, [1], {}):
        assert filters.smarthost_packages(nothing, "apt") == [] == filters.smarthosts_refused(nothing, ["postconf"])
    old = ["postconf", "openssl"]
    assert filters.smarthosts_refused([SES], old) == []
    (problem,) = filters.smarthosts_refused([SES, dict(M365, port="465")], old)
    assert problem.startswith("relay_server_smarthosts: m365: port 465") and problem.endswith("Write port: 587.")
    for programs in ([], [*old, "smtp_tls_wrappermode"]):
        assert filters.smarthosts_refused([dict(SES, port=465)], programs) == []


def test_a_postfix_that_refuses_all_senders_by_the_route_for_all_mail_is_not_given_one():
    """Postfix 2.10.1 did: 550 5.7.1, for mail of a sender with a way of its own."""
    shop, ends = {"sender": "shop.example", "via": "ses"}, {"via": "error", "text": "Only the shop sends mail"}
    old, new = ["postconf", "smtp_tls_wrappermode"], ["postconf", "smtp_tls_wrappermode", "smtpd_milter_maps"]
    (problem,) = filters.smarthosts_refused([SES], old, [shop, ends])
    assert "needs Postfix 3.2" in problem and "would refuse mail of shop.example with it" in problem
    # Other routes are no less right there, and a newer one asks with the sender.
    for routes in (
        [shop, {"via": "mx"}],
        [shop, dict(ends, sender="old.example")],
        [shop, dict(ends, recipient="old.example")],
        [dict(shop, via="hold"), ends],
        [dict(ends, sender="old.example"), ends],
        [{"recipient": "partner.example", "via": "mx"}, ends],
        "x",
        None,
    ):
        assert filters.smarthosts_refused([SES], old, routes) == []
    assert filters.smarthosts_refused([SES], new, [shop, ends]) == []
    assert filters.smarthosts_refused([SES], [], [shop, ends]) == []


# What a real Postfix 2.10.1 (CentOS 7) says to postconf -d.
DEFAULTS_2_10 = {
    line.partition(" =")[0]: line.partition(" =")[2].strip()
    for line in (MODULE_FIXTURES / "postfix" / "fixtures" / "postconf-d.2.10.1.txt").read_text("utf-8").splitlines()
}


def test_postfix_2_10_takes_what_it_can_and_says_the_rest():
    # As the role's first task asks: the name is told where postconf -d knows it.
    programs = ["postconf", *({"smtp_tls_wrappermode"} & set(DEFAULTS_2_10))]
    (told,) = filters.smarthosts_refused([SES, dict(M365, port=465)], programs)
    assert "port 465" in told and "needs Postfix 3.0" in told and "Write port: 587." in told
    pacing = [{"smarthost": "ses", "per_minute": 30}, {"name": "telco", "domains": ["telco.example"], "per_minute": 20}]
    routes = [{"sender": "shop.example", "via": "ses"}, {"via": "m365"}, {"recipient": "telco.example", "via": "mx"}]
    found = ways([SES, M365, INNER], routes, pacing)
    # Before 3.1 the pace is each domain's.
    assert first_supported(found["first_supported"], DEFAULTS_2_10, ()) == {
        "smart-ses_destination_rate_delay": "2s",
        "pace-telco_destination_rate_delay": "3s",
    }
    options = {name for service in found["master"] for name in service["options"]}
    assert options - {"syslog_name"} - set(DEFAULTS_2_10) == set()
    addresses = sender_addresses.settings(
        OWN[0], ["example.com"], ["root"], {"a@example.com": "b@example.com"}, ["User-Agent"]
    )
    assert {*found["main"], *found["prepend"], *addresses["main"], *addresses["append"]} - set(DEFAULTS_2_10) == set()


@pytest.mark.parametrize("variable", ["relay_server_main", "relay_server_main_if_supported"])
@pytest.mark.parametrize(
    "name",
    ["relayhost", "default_transport", "sender_dependent_relayhost_maps", "sender_dependent_default_transport_maps"],
)
def test_a_pace_takes_no_mail_past_a_way_out_that_main_cf_has(variable, name):
    (problem,) = problems(pacing=[GOOGLE], **{variable: {name: "x"}})
    assert f'mail for "gmail.com" would go to its mail exchangers at this pace, past {name} in {variable}.' in problem
    for empty in ("", None, "smtp"):
        assert problems(pacing=[GOOGLE], **{variable: {name: empty}}) == []
    assert (
        problems([SES], [{"recipient": "gmail.com", "via": "mx"}], [GOOGLE], relay_server_main={"relayhost": "x"}) == []
    )


@pytest.mark.parametrize(
    ("sender", "senders", "new"),
    [
        ("Web01.example.com", {"masquerade": ["example.com"]}, "example.com"),
        ("app@a.web01.example.com", {"masquerade": ["web01.example.com", "example.com"]}, "app@web01.example.com"),
        ("root@web01.example.com", {"canonical": {"ROOT@web01.example.com": "ops@example.net"}}, "ops@example.net"),
        ("root@web01.example.com", {"canonical": {"@web01.example.com": "@example.net"}}, "root@example.net"),
        ("web01.example.com", {"canonical": {"@web01.example.com": "@example.net"}}, "example.net"),
        ("web01.example.com", {"masquerade": ["example.com"], "masquerade_exceptions": ["web01.example.com"]}, None),
        ("web01.example.com", {"masquerade": ["example.com"], "masquerade_exceptions": ["root"]}, None),
        ("root@web01.example.com", {"masquerade": ["example.com"], "masquerade_exceptions": ["root"]}, None),
        ("app@web01.example.com", {"masquerade": ["example.com"], "masquerade_exceptions": ["root"]}, "app@example.com"),
        ("example.com", {"masquerade": ["example.com"]}, None),
        ("notexample.com", {"masquerade": ["example.com"]}, None),
        ("web01.example.com", {"canonical": {"root@web01.example.com": "ops@example.net"}}, None),
    ],
)  # fmt: skip
def test_a_route_of_a_sender_that_the_relay_changes_before_is_refused_with_what_it_becomes(sender, senders, new):
    values = {f"relay_server_{name}": value for name, value in senders.items()}
    found = problems([SES], [{"sender": sender, "via": "ses"}], **values)
    assert len(found) == (new is not None)
    if new:
        assert f'makes "{sender}" {new} before the route is looked for. Write {new} here' in found[0]
    # It is refused while the client waits, by the sender that the client gives, or when it has been changed.
    assert problems([SES], [{"sender": sender, "via": "error", "text": "No more"}], **values) == []


@pytest.mark.parametrize(
    ("sender", "senders", "missed"),
    [
        ("example.com", {"masquerade": ["example.com"]}, ["web01.example.com", "web02.example.com"]),
        ("root@example.com", {"masquerade": ["example.com"]}, ["root@web01.example.com", "root@web02.example.com"]),
        ("root@example.com", {"masquerade": ["example.com"], "masquerade_exceptions": ["root"]}, []),
        ("example.com", {"masquerade": ["example.com"], "masquerade_exceptions": ["web01.example.com"]}, ["web02.example.com"]),
        ("shop@x.example", {"canonical": {"App@web01.example.com": "shop@x.example"}}, ["app@web01.example.com"]),
        ("shop@x.example", {"canonical": {"@a.example": "@x.example"}}, ["shop@a.example"]),
        ("x.example", {"canonical": {"@a.example": "@x.example", "app@b.example": "c@x.example"}}, ["a.example", "app@b.example"]),
        ("x.example", {"canonical": {"app@x.example": "c@x.example"}}, []),
        ("web01.example.com", {"masquerade": ["example.com"]}, []),
    ],
)  # fmt: skip
def test_what_becomes_a_held_sender_only_later_is_to_be_held_too(sender, senders, missed):
    values = {f"relay_server_{name}": value for name, value in senders.items()}
    routes = [{"sender": sender, "via": "hold"}]
    found = problems([], routes, **values)
    assert len(found) == bool(missed)
    if missed:
        assert f"Add the route {{sender: {missed[0]}, via: hold}}" in found[0]
    assert problems([], routes + [{"sender": name, "via": "hold"} for name in missed], **values) == []


def test_no_host_for_a_sender_in_main_cf_is_stronger_than_a_route():
    for route, there in (({"sender": "a.example", "via": "ses"}, True), ({"via": "ses"}, True), (ROUTE, False)):
        assert ("sender_dependent_relayhost_maps" in ways([SES], [route])["main"]) is there
    assert "sender_dependent_relayhost_maps" not in ways([], [{"sender": "a.example", "via": "hold"}])["main"]
