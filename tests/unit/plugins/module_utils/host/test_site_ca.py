# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA of a site, and what a relay makes of what it signs, with the openssl program of the machine that runs the tests."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import tempfile
import time

import pytest
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.mailops.relay.plugins.module_utils.host import keypair_next, openssl, site_ca, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.test_keypair import (
    Programs,
    make_ca,
    mode_of,
    snapshot,
    wanted,
)

try:
    Programs().run(["openssl", "version"])
except (OSError, CommandError):
    pytestmark = pytest.mark.skip(reason="there is no openssl program here")

PASSPHRASE = "correct horse battery staple"
NAME = "Mail relay CA"
DAY = 86400


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A directory for the CA's file, and one for each relay."""
    # A larger key takes seconds.
    monkeypatch.setattr(site_ca, "_BITS", 2048)
    for name in ("ca", "relay", "other"):
        (tmp_path / name).mkdir()
    return tmp_path


def ask(site, check_mode=False, now=None, programs=None, **changes):
    """What the CA answers."""
    values = dict(
        path=str(site / "ca" / "siteca.pem"),
        name=NAME,
        passphrase=PASSPHRASE,
        valid_days=7300,
        renew_before_days=365,
        known="",
        request="",
        common_name="relay.example.com",
        names=[],
        days=3650,
        leaf_renew_before_days=30,
    )
    values.update(changes)
    scratch = tempfile.mkdtemp()
    try:
        return site_ca.ensure(
            site_ca.Wanted(**values),
            programs or Programs(),
            check_mode,
            scratch,
            None,
            time.time() if now is None else now,
        )
    finally:
        shutil.rmtree(scratch)


def of_site(directory, **changes):
    """Wanted: a pair of the site's CA."""
    return wanted(directory, **dict(dict(provider="siteca", siteca_name=NAME), **changes))


def ensure(request, switch=False, check_mode=False, now=None):
    result, _warnings = keypair_next.ensure(
        request, switch, Programs(), check_mode, None, time.time() if now is None else now
    )
    return result


def converge(site, directory, now=None, ca=None, **changes):
    """The two steps of a relay: ask, have it signed where that is due, and take it."""
    request = of_site(site / directory, **changes)
    result = ensure(request, now=now)
    if not result["request"]:
        return result
    asked = dict(ca or {}, known=result["request"]["authority"], request=result["request"]["csr"])
    answer = ask(site, now=now, days=request.valid_days, **asked)
    return ensure(
        request._replace(signed_certificate=answer["certificate"], signed_authority=answer["authority"]), now=now
    )


def certificate(path):
    return x509.read_certificate(path.read_bytes())


def authorities(directory):
    return x509.read_certificates((directory / "relay.crt.ca").read_bytes())


def accepts(directory, name="relay.crt"):
    """Whether a client that has what is beside the certificate as its anchors accepts it, as Postfix and sendmail do."""
    refusal = openssl.OpenSSL(Programs()).chain_refusal(str(directory / name), None, str(directory / "relay.crt.ca"))
    return refusal is None


def refusal(site, **changes):
    before = snapshot(site / "ca")
    with pytest.raises(RelayError) as caught:
        ask(site, **changes)
    assert snapshot(site / "ca") == before
    return str(caught.value)


def test_ca_is_made_once_and_signs_every_relay(site):
    for directory in ("relay", "other"):
        made = converge(site, directory)
        assert (made["changed"], made["reload_required"], made["request"], made["next"]) == (True, True, {}, {})
        assert accepts(site / directory)
        assert certificate(site / directory / "relay.crt").not_after - time.time() > 3649 * DAY
    assert authorities(site / "relay") == authorities(site / "other")
    assert sorted(os.listdir(str(site / "relay"))) == ["relay.crt", "relay.crt.ca", "relay.key"]
    assert (mode_of(site / "relay" / "relay.key"), mode_of(site / "relay" / "relay.crt.ca")) == (0o600, 0o644)
    assert (mode_of(site / "ca" / "siteca.pem"), os.listdir(str(site / "ca"))) == (0o600, ["siteca.pem"])
    assert b"BEGIN ENCRYPTED PRIVATE KEY" in (site / "ca" / "siteca.pem").read_bytes()

    before = snapshot(site / "relay"), snapshot(site / "ca")
    again = ensure(of_site(site / "relay"))
    assert (again["changed"], again["request"], again["reasons"]) == (False, {}, [])
    assert again["diff"]["before"] == again["diff"]["after"]
    assert (snapshot(site / "relay"), snapshot(site / "ca")) == before


def test_passphrase_is_in_no_command_line_and_no_result(site):
    programs = Programs()
    result = [ask(site, programs=programs)]
    result += [ask(site, programs=programs, request=ensure(of_site(site / "relay"))["request"]["csr"])]
    assert PASSPHRASE not in repr(programs.calls) and PASSPHRASE not in repr(result)
    assert "PRIVATE KEY" not in repr(result)


def test_check_mode_says_what_would_be_and_changes_nothing(site):
    seen = ensure(of_site(site / "relay"), check_mode=True)
    assert (seen["changed"], seen["reload_required"], seen["request"]) == (True, True, {"csr": "", "authority": ""})
    assert "issuer: (the authority)" in seen["diff"]["after"]
    asked = ask(site, check_mode=True)
    assert asked["changed"] and "CN=" + NAME in asked["diff"]["after"]
    assert os.listdir(str(site / "relay")) == os.listdir(str(site / "ca")) == []

    converge(site, "relay")
    assert not ask(site, check_mode=True)["changed"]
    assert "passphrase" in refusal(site, check_mode=True, passphrase="another one of enough letters")


@pytest.mark.parametrize("before", [dict(), dict(provider="ownca", force=True)])
def test_relay_moves_to_the_ca_and_back_with_the_next_certificate_waiting(site, before):
    other = {}
    if before:
        ca_path, ca_key = make_ca(site / "other")
        other = dict(before, ownca_path=ca_path, ownca_privatekey_path=ca_key)
    first = wanted(site / "relay", **other)
    ensure(first)
    served = snapshot(site / "relay")

    waiting = converge(site, "relay", force=bool(before))
    assert (waiting["changed"], waiting["reload_required"], waiting["next"]["made"]) == (True, False, True)
    now_there = snapshot(site / "relay")
    assert set(now_there) - set(served) == {"relay.crt.next", "relay.key.next", "relay.crt.ca"}
    assert all(now_there[name] == served[name] for name in served)
    assert accepts(site / "relay", "relay.crt.next")
    again = converge(site, "relay", force=bool(before))
    assert (again["changed"], again["next"]["made"]) == (False, False)
    assert ensure(of_site(site / "relay", force=bool(before)), switch=True)["switched"]
    assert accepts(site / "relay")
    ensure(of_site(site / "relay"))
    assert not ensure(of_site(site / "relay"))["changed"]

    # What this CA has signed is this module's own work, and needs no force.
    back = ensure(wanted(site / "relay"))
    assert back["next"]["made"] and accepts(site / "relay")
    assert ensure(wanted(site / "relay"), switch=True)["switched"]
    key = openssl.OpenSSL(Programs()).public_key(str(site / "relay" / "relay.key"))
    assert certificate(site / "relay" / "relay.crt").public_key == key


# What makes a certificate due that an earlier call has made.
DUE = dict(valid_days=3660, renew_before_days=3655)


@pytest.mark.parametrize("changes", [DUE, dict(DUE, new_key_on_renewal=True), dict(kind="RSA", force=True)])
def test_renewal_touches_no_anchor(site, changes):
    converge(site, "relay")
    anchors = authorities(site / "relay")
    waiting = converge(site, "relay", **changes)
    assert waiting["next"]["made"] and accepts(site / "relay") and accepts(site / "relay", "relay.crt.next")
    assert authorities(site / "relay") == anchors
    assert set(os.listdir(str(site / "relay"))) == {
        "relay.crt",
        "relay.crt.ca",
        "relay.crt.next",
        "relay.key",
        "relay.key.next",
    }
    key = openssl.OpenSSL(Programs()).public_key(str(site / "relay" / "relay.key.next"))
    assert certificate(site / "relay" / "relay.crt.next").public_key == key


def test_ca_that_ends_is_followed_by_one_that_clients_get_ahead(site):
    short = dict(valid_days=300, renew_before_days=7)
    converge(site, "relay", ca=dict(valid_days=100), **short)
    first = authorities(site / "relay")
    assert certificate(site / "relay" / "relay.crt").not_after <= first[0].not_after
    # At most a third of its life before its end, whatever is asked for.
    assert ensure(of_site(site / "relay", **short), now=time.time() + 60 * DAY)["request"] == {}

    soon = time.time() + 80 * DAY
    waiting = converge(site, "relay", now=soon, **short)
    assert waiting["next"]["made"] and "another authority" in waiting["next"]["reasons"][0]
    both = authorities(site / "relay")
    assert len(both) == 2 and both[1:] == first and both[0].common_name == NAME
    assert accepts(site / "relay") and accepts(site / "relay", "relay.crt.next")
    assert len(os.listdir(str(site / "ca"))) == 2 and all(
        mode_of(site / "ca" / name) == 0o600 for name in os.listdir(str(site / "ca"))
    )
    assert not converge(site, "relay", now=soon, **short)["changed"]

    # The former one goes as soon as nothing is of it.
    ensure(of_site(site / "relay", **short), switch=True, now=soon)
    ensure(of_site(site / "relay", **short), now=soon)
    assert authorities(site / "relay") == both[:1] and accepts(site / "relay")
    assert not ensure(of_site(site / "relay", **short), now=soon)["changed"]


def test_lost_ca_is_not_made_anew_unless_it_gets_another_name(site):
    converge(site, "relay")
    (site / "ca" / "siteca.pem").unlink()
    known = ensure(of_site(site / "relay", **DUE))["request"]["authority"]
    assert "Restore the file from a backup" in refusal(site, known=known)

    waiting = converge(site, "relay", ca=dict(name="Second CA"), siteca_name="Second CA")
    assert waiting["next"]["made"]
    assert [one.common_name for one in authorities(site / "relay")] == ["Second CA", NAME]


def put(site, *parts):
    path = site / "ca" / "siteca.pem"
    path.write_bytes(b"".join(parts))
    path.chmod(0o600)


def test_ca_that_cannot_be_used_is_refused_and_stays(site):
    ask(site)
    path = site / "ca" / "siteca.pem"
    whole = path.read_bytes()
    own, key = whole[: whole.index(b"-----BEGIN ENC")], whole[whole.index(b"-----BEGIN ENC") :]
    request = ensure(of_site(site / "relay"))["request"]["csr"]

    assert "does not open the key" in refusal(site, passphrase=PASSPHRASE + "r")
    assert "less than 16 characters" in refusal(site, passphrase="a" * 15)
    assert "line break" in refusal(site, passphrase=PASSPHRASE + "\n")
    assert "the CA in {0} is {1}, and Other is".format(path, NAME) in refusal(site, name="Other")
    assert "does not exist. Create it" in refusal(site, path=str(site / "none" / "siteca.pem"))
    assert "CN=other.example.com is to be signed" in refusal(site, request=request, common_name="other.example.com")
    assert "not a certificate request" in refusal(site, request="x")
    assert "renewed at every run" in refusal(site, request=request, leaf_renew_before_days=7301, days=7300)
    assert "Set the clock" in refusal(site, now=0)
    assert "is not valid before" in refusal(site, now=time.time() - DAY)
    path.chmod(0o640)
    assert "chmod 0600" in refusal(site)

    other_path, other_key = make_ca(site / "other", passphrase=PASSPHRASE)
    with open(other_path, "rb") as stream:
        other = stream.read()
    with open(other_key, "rb") as stream:
        other_key = stream.read()
    plain = openssl.OpenSSL(Programs()).new_key("ECC", None, "secp256r1")
    relay = to_bytes(ensure(wanted(site / "relay"))["certificate"])
    for parts, said in [
        ((own, other_key), "does not belong to the certificate"),
        ((own, plain), "has no passphrase"),
        ((own,), "has no private key"),
        ((key,), "has no certificate of a CA"),
        ((relay, key), "the CA in"),
        ((b"",), "has no certificate of a CA"),
    ]:
        put(site, *parts)
        assert said in refusal(site), parts
    put(site, other, other_key)
    assert ask(site, name="ca authority", request=request)["certificate"]
    put(site, key, own)
    assert not ask(site)["changed"]


def test_names_come_from_the_site_and_not_from_the_request(site):
    request = ensure(of_site(site / "relay", names=["DNS:relay.example.com", "DNS:bank.example"]))["request"]["csr"]
    answer = ask(site, request=request)
    assert x509.read_certificate(to_bytes(answer["certificate"])).names == ["DNS:relay.example.com"]


def test_what_was_signed_for_another_key_or_by_another_ca_is_refused(site):
    first = ensure(of_site(site / "relay"))["request"]["csr"]
    answer = ask(site, request=first)
    signed = dict(signed_certificate=answer["certificate"], signed_authority=answer["authority"])
    before = snapshot(site / "relay")
    with pytest.raises(RelayError, match="the key of its request"):
        ensure(of_site(site / "other", **signed))
    ensure(of_site(site / "other"))
    with pytest.raises(RelayError, match="for another key"):
        ensure(of_site(site / "other", **signed))
    (site / "ca" / "siteca.pem").unlink()
    of_another = dict(signed)
    of_another["signed_authority"] = ask(site)["authority"]
    with pytest.raises(RelayError, match="was issued by"):
        ensure(of_site(site / "relay", **of_another))
    with pytest.raises(RelayError, match="belong together"):
        ensure(of_site(site / "relay", signed_certificate=answer["certificate"]))
    with pytest.raises(RelayError, match="used only with provider=siteca"):
        ensure(wanted(site / "relay", **signed))
    assert snapshot(site / "relay") == before
    # The key of the request is the one that is used, whatever was refused in between.
    assert ensure(of_site(site / "relay", **signed))["changed"] and accepts(site / "relay")


def test_key_of_a_request_goes_when_nothing_is_due(site):
    converge(site, "relay")
    (site / "relay" / "relay.key.requested").write_bytes(b"of a killed run")
    (site / "relay" / "relay.key.next.requested").write_bytes(b"of a killed run")
    assert not ensure(of_site(site / "relay"))["changed"]
    assert sorted(os.listdir(str(site / "relay"))) == ["relay.crt", "relay.crt.ca", "relay.key"]


@pytest.mark.parametrize("text", [b"", b"no certificate"])
def test_damaged_file_of_the_ca_on_a_relay_is_made_anew_with_its_certificate(site, text):
    converge(site, "relay")
    (site / "relay" / "relay.crt.ca").write_bytes(text)
    assert converge(site, "relay")["next"]["made"]
    assert accepts(site / "relay") and accepts(site / "relay", "relay.crt.next")
