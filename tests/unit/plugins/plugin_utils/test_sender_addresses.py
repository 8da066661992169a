# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

import pytest

from ansible_collections.mailops.relay.plugins.plugin_utils import sender_addresses

RELAY = "smtp-relay001.example.com"


def settings(masquerade=(), exceptions=(), canonical=None, strip_headers=()):
    return sender_addresses.settings(RELAY, list(masquerade), list(exceptions), canonical or {}, list(strip_headers))


def test_nothing_asked_for_is_nothing_set():
    assert settings() == {"main": {}, "append": {}, "tables": []}


def test_a_masquerade_is_of_envelope_and_headers_of_clients_mail_too():
    main = settings(["example.com", "dev.example.com"], ["root", "db01.example.com"])["main"]
    assert main["masquerade_domains"] == ["!db01.example.com", "dev.example.com", "example.com"]
    assert main["masquerade_exceptions"] == ["double-bounce", "root"]
    assert {"envelope_sender", "header_sender"} < set(main["masquerade_classes"])
    assert "permit_mynetworks" in main["local_header_rewrite_clients"]


def test_senders_that_are_written_anew():
    found = settings(canonical={"www-data@web01.example.com": "shop@example.com"})
    assert found["append"] == {"sender_canonical_maps": ["texthash:/etc/postfix/relay_canonical"]}
    assert found["tables"][0]["entries"] == {"www-data@web01.example.com": "shop@example.com"}
    assert "permit_mynetworks" in found["main"]["local_header_rewrite_clients"]


def test_a_domain_in_another_script_is_changed_however_mail_has_it():
    found = settings(
        ["xn--bcher-kva.example"],
        ["db.xn--bcher-kva.example"],
        {"a@xn--p1ai.example": "a@xn--bcher-kva.example", "xn--p1ai": "b@a.example"},
    )
    assert found["main"]["masquerade_domains"] == [
        "!db.xn--bcher-kva.example",
        "!db.bücher.example",
        "xn--bcher-kva.example",
        "bücher.example",
    ]
    assert found["tables"][0]["entries"] == {
        "a@xn--p1ai.example": "a@xn--bcher-kva.example",
        "a@рф.example": "a@xn--bcher-kva.example",
        "xn--p1ai": "b@a.example",
    }


# As Postfix 3.7.11 and sendmail 8.17.1 write them.
OWN = (
    "Received: from web01.example.com (unknown [10.20.0.21])\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\n"
    "\tby smtp-relay001.example.com (Postfix) with ESMTPS id 4jcLFP1V8nz15G7M\n\tfor <ops@example.net>; Sat, 28 Nov 2026 19:39:05 +0000 (UTC)"
)
LOCAL = "Received: by smtp-relay001.example.com (Postfix, from userid 0)\n\tid 4jcLFP; Sat, 28 Nov 2026 19:39:05 +0000 (UTC)"
INSIDE = (
    "Received: by web01.example.com (Postfix, from userid 0)\n\tid E494371EF91; Sat, 28 Nov 2026 19:39:04 +0000 (UTC)"
)


def stripped(header, names):
    """What smtp(8) makes of a header: the first that fits counts (regexp_table(5))."""
    (table,) = settings(strip_headers=names)["tables"]
    for entry in table["entries"]:
        ((pattern, action),) = entry.items()
        match = re.search(pattern[1:-1].replace("[[:space:]]", r"\s"), header, re.I | re.S)
        if match and action == "IGNORE":
            return None
        if match:
            return action.removeprefix("REPLACE ").replace("$2", match[2])
    return header


def test_the_inside_is_taken_out_of_received_and_the_relays_own_line_stays_without_it():
    assert stripped(INSIDE, ["Received"]) is None
    assert stripped(OWN, ["received"]).startswith("Received: by smtp-relay001.example.com (Postfix) with ESMTPS id 4jc")
    assert "web01" not in stripped(OWN, ["Received"])
    assert stripped(LOCAL, ["Received"]) == LOCAL
    assert stripped("User-Agent: x", ["Received"]) == "User-Agent: x"
    assert stripped("User-Agent: x", ["User-Agent", "Received"]) is None
    assert stripped("Received-SPF: pass", ["Received"]) == "Received-SPF: pass"
    assert stripped("Received: from a by smtp-relay001.example.community (x)", ["Received"]) is None


def problems(**values):
    everything = {
        "relay_server_masquerade": [],
        "relay_server_masquerade_exceptions": [],
        "relay_server_canonical": {},
        "relay_server_strip_headers": [],
    }
    everything.update({f"relay_server_{name}": value for name, value in values.items()})
    return list(sender_addresses.problems(everything, ["web01.example.com", "db01.dev.example.com"], RELAY))


def test_good_values_have_no_problems():
    assert (
        problems(
            masquerade=["Example.com", "dev.example.com"],
            masquerade_exceptions=["root", "db01.dev.example.com"],
            canonical={
                "root": "ops@example.com",
                "@web01.example.com": "@example.com",
                "a@web01.example.com": "@example.com",
                # Postfix is content when it finds an address as it is.
                "b@example.org": "B@example.org",
                "c@example.org": "d@example.org",
                "@example.org": "x@example.org",
            },
            strip_headers=["Received", "X-Originating-IP", "User-Agent"],
        )
        == []
    )


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"masquerade": ["example.org"]}, '"example.org" is the parent of no host of this site'),
        ({"masquerade": ["web01.example.com"]}, '"web01.example.com" is the parent of no host'),
        ({"masquerade": ["xample.com"]}, '"xample.com" is the parent of no host'),
        ({"masquerade": [".example.com"]}, '".example.com" is not a domain. Write example.com.'),
        ({"masquerade": ["*.example.com"]}, '"*.example.com" is not a domain. Write example.com.'),
        ({"masquerade": ["com"]}, '"com" is not a domain.'),
        ({"masquerade": ["bücher.example"]}, "Write xn--bcher-kva.example, which counts for both."),
        ({"masquerade": ["example.com"], "masquerade_exceptions": ["bücher.example"]}, "Write xn--bcher-kva.example"),
        ({"canonical": {"a@bücher.example": "a@example.com"}}, "Write xn--bcher-kva.example, which counts for both."),
        ({"canonical": {"root": "@bücher.example"}}, "Write xn--bcher-kva.example, which counts for both."),
        ({"masquerade": ["!web01.example.com"]}, "Write web01.example.com in relay_server_masquerade_exceptions."),
        ({"masquerade_exceptions": ["root"]}, "there is nothing to except from."),
        ({"masquerade": ["example.com"], "masquerade_exceptions": ["a b"]}, '"a b" is neither a user nor a host.'),
        ({"masquerade": ["example.com"], "masquerade_exceptions": ["a@example.com"]}, "is neither a user nor a host."),
        ({"masquerade": ["example.com"], "masquerade_exceptions": ["db.example.org"]}, "is in no domain of"),
        ({"canonical": {"root@": "a@example.com"}}, '"root@" is no sender.'),
        (
            {"canonical": {"Root": "a@example.com", "root": "b@example.com"}},
            '"root" is in it more than once, in small and',
        ),
        ({"canonical": {"a b": "a@example.com"}}, '"a b" is no sender.'),
        # Postfix 3.7.11 warns of "unreasonable sender_canonical_maps map nesting" and sends on what it has after ten steps.
        (
            {"canonical": {"a@b.example": "c@b.example", "C@b.example": "A@b.example"}},
            '"a@b.example" becomes one address',
        ),
        ({"canonical": {"@k.example": "@l.example", "@l.example": "@k.example"}}, '"@k.example" becomes one address'),
        ({"canonical": {"root": "ops"}}, '"ops", for "root", is not an address.'),
        ({"canonical": {"root": None}}, '"None", for "root", is not an address.'),
        ({"strip_headers": ["User-Agent:"]}, '"User-Agent:" is not the name of a header.'),
        ({"strip_headers": ["/x/"]}, '"/x/" is not the name of a header.'),
        ({"strip_headers": ["Message-ID"]}, '"Message-ID" is part of what a signature covers'),
        ({"strip_headers": ["DKIM-Signature"]}, "is part of what a signature covers"),
    ],
)
def test_bad_values_are_named_with_the_fix(values, sentence):
    found = problems(**values)
    assert len(found) == 1
    assert sentence in found[0]
    assert found[0].startswith("relay_server_")


# What OpenDKIM 2.11.0~beta2-8+deb12u1 signs by itself, from the h= tag of a message with forty kinds of headers, and those of RFC 6376,
# section 5.4.1, which that message had not.
@pytest.mark.parametrize(
    "header",
    "From Reply-To To Cc Subject Date In-Reply-To References List-Id List-Unsubscribe Resent-From Resent-Date Resent-To Resent-Cc"
    " list-help List-Subscribe List-Post List-Owner List-Archive".split(),
)
def test_what_the_signer_signs_is_not_taken_out_behind_it(header):
    (problem,) = problems(strip_headers=[header])
    assert f'"{header}" is part of what a signature covers' in problem and problem.endswith("Take it out of the list.")
