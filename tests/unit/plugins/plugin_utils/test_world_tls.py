# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.filter import world_tls as filters
from ansible_collections.mailops.relay.plugins.plugin_utils import world_tls
from ansible_collections.mailops.relay.plugins.plugin_utils.role_variables import options_of

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
DS = "example.net. IN DS 48020 13 2 B5B9AF33EEB1A35520F798B0FB61F875D8924317158FAFE8FE0E2D49EBA0071C"

domains = st.lists(st.sampled_from(["a", "b-1", "Example", "partner"]), min_size=1, max_size=3).map(".".join)
entries = st.builds(
    lambda dot, domain, level, match: {
        "domain": f"{dot}{domain}.net",
        "level": level,
        **({"match": match} if match and level in ("verify", "secure") else {}),
    },
    st.sampled_from(["", "."]),
    domains,
    st.sampled_from(["none", "may", "encrypt", "dane", "dane-only", "verify", "secure"]),
    st.lists(st.sampled_from(["mx.example.com", ".example.com", "nexthop", "hostname"]), max_size=2),
)


def problems(policy=(), dane=False, **values):
    variables = {
        "relay_server_tls_policy": list(policy),
        "relay_server_dane": dane,
        "relay_server_dane_resolvers": [],
        "relay_server_dane_internal_zones": [],
        "relay_server_dane_trust_anchors": [],
        "relay_server_dane_signed_name": ".",
        "relay_server_dane_broken_name": "dnssec-failed.org",
        "relay_server_main": {},
        **values,
    }
    return list(world_tls.problems(variables))


def settings(policy=(), dane=False):
    assert problems(policy, dane) == []
    return filters.world_tls_settings(list(policy), dane, AUTHORITIES)


def test_without_variables_nothing_is_set():
    assert settings() == {"main": {}, "prepend": {}, "tables": []}


def test_dane_is_two_parameters():
    assert settings(dane="true")["main"] == {"smtp_dns_support_level": "dnssec", "smtp_tls_security_level": "dane"}


def test_each_domain_has_its_level_and_certificates_are_checked_by_the_authorities():
    found = settings([{"domain": "Partner.example", "level": "secure", "match": [".a.example", "nexthop"]}])
    assert found["main"] == {"smtp_tls_CAfile": AUTHORITIES}
    assert found["prepend"] == {"smtp_tls_policy_maps": ["texthash:/etc/postfix/relay_tls_policy"]}
    assert found["tables"][0]["entries"] == {"partner.example": "secure match=.a.example:nexthop"}
    assert settings([{"domain": "a.example", "level": "encrypt"}])["main"] == {}


@given(st.lists(entries, unique_by=lambda entry: entry["domain"].lower(), max_size=5))
def test_a_table_says_what_was_written(policy):
    found = settings(policy, dane=True)
    table = found["tables"][0]["entries"] if policy else {}
    assert len(table) == len(policy)
    for entry in policy:
        level, _blank, match = table[entry["domain"].lower()].partition(" ")
        assert level == entry["level"] and match.removeprefix("match=") == ":".join(entry.get("match", []))


def test_a_domain_in_another_script_has_its_level_however_a_recipient_writes_it():
    found = settings([{"domain": ".XN--Bcher-KVA.xn--p1ai.example", "level": "encrypt"}])
    assert found["tables"][0]["entries"] == {
        ".xn--bcher-kva.xn--p1ai.example": "encrypt",
        ".bücher.рф.example": "encrypt",
    }


@given(st.from_regex(r"\A(xn--)?[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?\Z"))
def test_any_label_is_written_or_refused(label):
    policy = [{"domain": f"{label}.example", "level": "may"}]
    if not problems(policy):
        "".join(settings(policy)["tables"][0]["entries"]).encode()


@pytest.mark.parametrize(
    "entry, words",
    [
        ({"domain": "bücher.example", "level": "may"}, "Write xn--bcher-kva.example, which counts for both."),
        ({"domain": "xn--99999999.example", "level": "may"}, "stands for no name"),
        ({"domain": "a.example", "level": "secur"}, "a.example: level: 'secur' is not one of"),
        ({"domain": "a.example"}, "a.example: level: None is not one of"),
        ({"domain": "example", "level": "may"}, '"example" is not a domain'),
        ({"domain": "[mx.a.example]:25", "level": "may"}, "is not a domain"),
        ({"level": "may"}, '"" is not a domain'),
        (
            {"domain": "a.example", "level": "dane-only"},
            "dane-only needs a resolver that validates. Set relay_server_dane to true",
        ),
        ({"domain": "a.example", "level": "may", "match": ["a.example"]}, "match is for verify and secure"),
        ({"domain": "a.example", "level": "secure", "match": "a.example"}, "Write [a.example]"),
        ({"domain": "a.example", "level": "secure", "match": ["a b"]}, "is not a list of names"),
        ({"domain": "a.example", "level": "secure", "match": {"a": 1}}, "is not a list of names"),
    ],
)
def test_what_is_wrong_with_a_level(entry, words):
    (problem,) = problems([entry])
    assert problem.startswith("relay_server_tls_policy: ") and words in problem and problem.endswith(".")


def test_a_domain_that_is_there_twice():
    (problem,) = problems([{"domain": "a.example", "level": "may"}, {"domain": "A.example", "level": "encrypt"}])
    assert "A.example is there twice" in problem


@pytest.mark.parametrize(
    "values, words",
    [
        (
            {"relay_server_dane_resolvers": ["dns.example.net"]},
            'relay_server_dane_resolvers: "dns.example.net" is not an address',
        ),
        ({"relay_server_dane_resolvers": ["127.0.0.153"]}, "the resolver itself"),
        ({"relay_server_dane_trust_anchors": ["example.net. A 192.0.2.1"]}, "is no DS or DNSKEY record"),
        ({"relay_server_dane_internal_zones": ["corp example"]}, "is no name of a zone"),
        ({"relay_server_dane_signed_name": "a b"}, "relay_server_dane_signed_name"),
        ({"relay_server_dane_broken_name": "."}, "relay_server_dane_broken_name"),
        ({"relay_server_main": {"smtp_tls_security_level": "may"}}, "which relay_server_dane sets"),
    ],
)
def test_what_is_wrong_with_dane_is_told_where_it_is_wanted(values, words):
    (problem,) = problems(dane=True, **values)
    assert words in problem and problem.endswith(".")
    assert problems(dane=False, **values) == []


def test_good_values_of_dane():
    values = {
        "relay_server_dane_resolvers": ["192.0.2.53", "2001:db8::53"],
        "relay_server_dane_trust_anchors": [DS],
        "relay_server_dane_internal_zones": ["corp.example.com", "lan"],
        "relay_server_dane_signed_name": "example.net.",
    }
    assert problems(dane=True, **values) == []


def test_a_table_of_levels_of_somebody_else():
    (problem,) = problems(
        [{"domain": "a.example", "level": "may"}], relay_server_main={"smtp_tls_policy_maps": "hash:/x"}
    )
    assert problem.startswith("relay_server_main: it has smtp_tls_policy_maps")


def test_old_postfix_is_refused_and_one_that_is_not_there_is_not():
    assert filters.dane_refused(True, ["postconf", "smtp_dns_support_level"]) == []
    assert filters.dane_refused(True, []) == [] and filters.dane_refused(False, ["postconf"]) == []
    (refused,) = filters.dane_refused("yes", ["postconf"])
    assert refused.startswith("relay_server_dane: DANE needs Postfix 2.11")


def test_packages():
    assert filters.world_tls_packages([{"domain": "a.example", "level": "verify"}]) == ["ca-certificates"]
    assert filters.world_tls_packages([{"domain": "a.example", "level": "encrypt"}, "x"]) == []
    assert filters.world_tls_packages("x") == []


def test_the_levels_are_those_that_the_role_documents():
    options = options_of("relay_server")["relay_server_tls_policy"]["options"]
    assert tuple(options["level"]["choices"]) == world_tls.LEVELS
