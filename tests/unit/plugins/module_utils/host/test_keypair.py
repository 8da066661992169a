# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With the openssl program of the machine that runs the tests: what it makes is what the tests are about."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import files, keypair, openssl, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import KeypairError, Wanted
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import TransactionError


class Programs(object):
    """Runs real programs and keeps their arguments."""

    def __init__(self):
        self.calls = []

    def run(self, argv, stdin=None, check=True, env=None):
        self.calls.append(argv)
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(os.environ, LC_ALL="C", **(env or {})),
        )
        out, err = process.communicate(to_bytes(stdin or ""))
        if check and process.returncode:
            raise CommandError(argv, process.returncode, to_native(out), to_native(err))
        return Result(process.returncode, to_native(out), to_native(err))


try:
    Programs().run(["openssl", "version"])
except (OSError, CommandError):
    pytestmark = pytest.mark.skip(reason="there is no openssl program here")


def wanted(directory, **changes):
    values = dict(
        privatekey_path=str(directory / "relay.key"),
        certificate_path=str(directory / "relay.crt"),
        csr_path=None,
        provider="selfsigned",
        kind="ECC",
        size=2048,
        curve="secp256r1",
        common_name="relay.example.com",
        names=[],
        valid_days=3650,
        renew_before_days=30,
        new_key_on_renewal=False,
        replace_broken_key=False,
        ownca_path=None,
        ownca_privatekey_path=None,
        ownca_privatekey_passphrase=None,
        privatekey_mode=0o600,
        certificate_mode=0o644,
        owner=None,
        group=None,
        backup=False,
        force=False,
    )
    values.update(changes)
    return Wanted(**values)


def ensure(request, check_mode=False, runner=None, now=None):
    # The clock is read here, not when the file is: openssl reads its own, and other tests may take long in between.
    now = time.time() if now is None else now
    return keypair.ensure(request, runner or Programs(), check_mode, None, now)[0]


def snapshot(directory):
    """Names, modes and contents of all files."""
    found = {}
    for name in os.listdir(str(directory)):
        path = os.path.join(str(directory), name)
        found[name] = (stat.S_IMODE(os.stat(path).st_mode), files.read_bytes(path))
    return found


def mode_of(path):
    return stat.S_IMODE(os.stat(str(path)).st_mode)


def make_ca(directory, name="ca", passphrase=None, days=3650):
    """An authority's certificate and key."""
    key, certificate = str(directory / (name + ".key")), str(directory / (name + ".crt"))
    programs = Programs()
    (directory / "ca.cnf").write_bytes(
        b"[req]\nprompt = no\ndistinguished_name = dn\n[dn]\nCN = " + to_bytes(name) + b" authority\n"
        b"[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash\n"
    )
    (directory / (name + ".key")).write_bytes(openssl.OpenSSL(programs).new_key("ECC", None, "secp256r1"))
    config = str(directory / "ca.cnf")
    argv = ["openssl", "req", "-new", "-x509", "-config", config, "-key", key, "-days", str(days), "-extensions", "ca"]
    (directory / (name + ".crt")).write_bytes(to_bytes(programs.run(argv).stdout))
    if passphrase is not None:
        argv = ["openssl", "pkcs8", "-topk8", "-in", key, "-passout", "pass:" + passphrase]
        (directory / (name + ".key")).write_bytes(to_bytes(programs.run(argv).stdout))
    return certificate, key


@pytest.mark.parametrize("kind, curve", [("RSA", None), ("ECC", "secp256r1"), ("ECC", "secp384r1")])
def test_first_run_makes_a_pair_and_the_second_changes_nothing(tmp_path, kind, curve):
    request = wanted(tmp_path, kind=kind, curve=curve, names=["DNS:relay.example.com", "IP:2001:DB8::1"])
    first = ensure(request)
    assert first["changed"] and len(first["reasons"]) == 2
    assert first["subject_alt_name"] == ["DNS:relay.example.com", "IP:2001:db8::1"]
    assert first["certificate"].encode("ascii") == (tmp_path / "relay.crt").read_bytes()
    assert sorted(os.listdir(str(tmp_path))) == ["relay.crt", "relay.key"]
    assert (mode_of(tmp_path / "relay.key"), mode_of(tmp_path / "relay.crt")) == (0o600, 0o644)

    programs, before = Programs(), snapshot(tmp_path)
    second = ensure(request, runner=programs, now=time.time() + 60)
    assert (second["changed"], second["reasons"]) == (False, [])
    assert second["diff"]["before"] == second["diff"]["after"]
    assert len(programs.calls) == 1
    assert snapshot(tmp_path) == before


def certificate_of_an_earlier_release(request):
    """bytes: a certificate as 0.1.0 to 0.8.0 made it for the key that is there: nothing but its name in its subject."""
    config = os.path.join(os.path.dirname(request.certificate_path), "earlier.cnf")
    text = openssl.config_text(request.common_name, ["DNS:" + request.common_name], request.kind)
    with open(config, "w") as stream:
        stream.write(text.replace("authorityKeyIdentifier = keyid:always\n", ""))
    return openssl.OpenSSL(Programs()).self_signed(config, request.privatekey_path, 3650, openssl.random_serial())


@pytest.mark.parametrize("new_key", [False, True])
@pytest.mark.parametrize("earlier", [False, True])
def test_old_and_new_certificate_of_one_name_are_anchors_in_one_file_in_either_order(tmp_path, earlier, new_key):
    request = wanted(tmp_path)
    ensure(request)
    if earlier:
        (tmp_path / "relay.crt").write_bytes(certificate_of_an_earlier_release(request))
        # It is not remade for that.
        assert ensure(request)["changed"] is False
    (tmp_path / "old.crt").write_bytes((tmp_path / "relay.crt").read_bytes())
    renewed = ensure(request._replace(renew_before_days=3651, valid_days=3660, new_key_on_renewal=new_key))
    assert renewed["changed"]
    both = [(tmp_path / name).read_bytes() for name in ("old.crt", "relay.crt")]
    for order in (both, both[::-1]):
        (tmp_path / "anchors").write_bytes(b"".join(order))
        for name in ("old.crt", "relay.crt"):
            refusal = openssl.OpenSSL(Programs()).chain_refusal(str(tmp_path / name), None, str(tmp_path / "anchors"))
            assert refusal is None, refusal
    old, new = map(x509.read_certificate, both)
    assert old.subject_der != new.subject_der and new.subject_der == new.issuer_der
    assert new.subject == "CN=relay.example.com, serialNumber=" + new.serial
    assert new.authority_key_id is not None and new.authority_key_id == new.subject_key_id


def test_self_signed_certificate_is_its_own_trust_anchor(tmp_path):
    ensure(wanted(tmp_path))
    path = str(tmp_path / "relay.crt")
    assert openssl.OpenSSL(Programs()).problem_with(path, path) is None
    found = x509.read_certificate((tmp_path / "relay.crt").read_bytes())
    assert (found.is_ca, found.key_cert_sign, found.server_auth) == (True, True, True)
    assert found.names == ["DNS:relay.example.com"]
    assert abs(found.not_after - found.not_before - 3650 * 86400) < 2


def test_check_mode_changes_nothing_and_foresees_the_run(tmp_path):
    seen = ensure(wanted(tmp_path), check_mode=True)
    assert os.listdir(str(tmp_path)) == []
    done = ensure(wanted(tmp_path))
    assert (seen["changed"], seen["reasons"]) == (done["changed"], done["reasons"])

    def settled(text):
        lines = [line for line in text.splitlines() if not re.match("public|serial|valid|certificate SHA", line)]
        return [re.sub("serialNumber=.*", "", line) for line in lines]

    assert settled(seen["diff"]["after"]) == settled(done["diff"]["after"])
    assert seen["diff"]["before"] == done["diff"]["before"] == ""
    assert "PRIVATE" not in str(done) + str(seen)


def test_check_mode_on_a_host_without_openssl_and_directories(tmp_path):
    request = wanted(tmp_path / "missing")
    result, warnings = keypair.ensure(request, None, True, None, time.time())
    assert result["changed"] and result["certificate"] is None
    assert len(warnings) == 3
    with pytest.raises(KeypairError) as caught:
        keypair.ensure(wanted(tmp_path), None, False, None, time.time())
    assert "Install the package openssl" in str(caught.value)


@pytest.mark.parametrize(
    "later, changed", [(0, False), (-200, False), (3619 * 86400, False), (3621 * 86400, True), (4000 * 86400, True)]
)
def test_certificate_is_renewed_in_time_with_the_same_key(tmp_path, later, changed):
    first = ensure(wanted(tmp_path))
    second = ensure(wanted(tmp_path), now=time.time() + later)
    assert second["changed"] is changed
    assert (second["serial"] != first["serial"]) is changed
    assert second["public_key_fingerprint_sha256"] == first["public_key_fingerprint_sha256"]
    assert all(reason.startswith("certificate: it ") for reason in second["reasons"])


@pytest.mark.parametrize(
    "changes, reason, new_key",
    [
        (
            {"common_name": "b.example.com", "names": ["DNS:relay.example.com"]},
            "its common name is relay.example",
            False,
        ),
        ({"names": ["DNS:relay.example.com", "IP:192.0.2.1"]}, "it lacks the name IP:192.0.2.1", False),
        ({"names": ["DNS:x.example"]}, "it has the name DNS:relay.example.com that is not asked for", False),
        ({"kind": "RSA"}, "it is ECC secp256r1, and RSA 2048 bits is asked for", True),
        ({"curve": "secp384r1"}, "it is ECC secp256r1, and ECC secp384r1 is asked for", True),
        ({"names": ["DNS:x.example"], "new_key_on_renewal": True}, "new_key_on_renewal is set", True),
    ],
)
def test_what_differs_is_made_anew_and_said(tmp_path, changes, reason, new_key):
    first = ensure(wanted(tmp_path))
    force = "kind" in changes or "curve" in changes
    seen = ensure(wanted(tmp_path, force=force, **changes), check_mode=True)
    second = ensure(wanted(tmp_path, force=force, backup=True, **changes))
    assert seen["reasons"] == second["reasons"]
    assert any(reason in text for text in second["reasons"])
    assert (second["public_key_fingerprint_sha256"] != first["public_key_fingerprint_sha256"]) is new_key
    assert len(second["backup_files"]) == 1 + new_key
    assert all(mode_of(path) == (0o600 if ".key." in path else 0o644) for path in second["backup_files"])
    assert first["certificate"].encode("ascii") in [files.read_bytes(path) for path in second["backup_files"]]
    assert not ensure(wanted(tmp_path, **changes))["changed"]


def test_order_and_case_of_names_do_not_matter(tmp_path):
    ensure(wanted(tmp_path, names=["DNS:a.example", "DNS:b.example"]))
    assert not ensure(wanted(tmp_path, names=["dns:B.example", "DNS:a.example"]))["changed"]


def test_certificate_of_another_key_is_repaired_with_the_key_that_is_there(tmp_path):
    first = ensure(wanted(tmp_path))
    (tmp_path / "relay.key").write_bytes(openssl.OpenSSL(Programs()).new_key("ECC", None, "secp256r1"))
    second = ensure(wanted(tmp_path))
    assert second["reasons"] == ["certificate: it belongs to another key than " + str(tmp_path / "relay.key")]
    assert second["public_key_fingerprint_sha256"] != first["public_key_fingerprint_sha256"]
    assert not ensure(wanted(tmp_path))["changed"]


def test_broken_certificate_is_replaced_and_kept(tmp_path):
    ensure(wanted(tmp_path))
    (tmp_path / "relay.crt").write_bytes(b"not a certificate")
    result = ensure(wanted(tmp_path))
    assert "is not a certificate: it has no complete PEM block" in result["reasons"][0]
    assert [files.read_bytes(path) for path in result["backup_files"]] == [b"not a certificate"]


@pytest.mark.parametrize(
    "content", [b"", b"rubbish", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_broken_key_is_replaced_only_when_told_and_kept(tmp_path, content):
    ensure(wanted(tmp_path))
    (tmp_path / "relay.key").write_bytes(content)
    before = snapshot(tmp_path)
    for check_mode in (True, False):
        with pytest.raises(KeypairError) as caught:
            ensure(wanted(tmp_path), check_mode=check_mode)
        assert "replace_broken_key=true" in str(caught.value) and str(tmp_path / "relay.key") in str(caught.value)
    assert snapshot(tmp_path) == before
    result = ensure(wanted(tmp_path, replace_broken_key=True))
    assert [files.read_bytes(path) for path in result["backup_files"]] == [content]
    assert not ensure(wanted(tmp_path))["changed"]


def test_key_with_a_passphrase_is_named_as_such(tmp_path):
    _certificate, key = make_ca(tmp_path, passphrase="secret")
    os.rename(key, str(tmp_path / "relay.key"))
    with pytest.raises(KeypairError) as caught:
        ensure(wanted(tmp_path))
    assert "protected by a passphrase" in str(caught.value)


def test_modes_are_mended_without_a_new_key_or_certificate(tmp_path):
    first = ensure(wanted(tmp_path))
    os.chmod(str(tmp_path / "relay.key"), 0o644)
    second = ensure(wanted(tmp_path, backup=True))
    assert len(second["reasons"]) == 1 and "0644" in second["reasons"][0] and "0600" in second["reasons"][0]
    assert "privatekey mode: 0644" in second["diff"]["before"]
    assert "privatekey mode: 0600" in second["diff"]["after"]
    assert mode_of(tmp_path / "relay.key") == 0o600
    assert (second["serial"], second["backup_files"]) == (first["serial"], [])


def test_certificate_that_1_0_2_would_not_trust_as_itself_is_replaced(tmp_path, monkeypatch):
    plain = openssl.config_text("relay.example.com", ["DNS:relay.example.com"], "ECC").replace("keyCertSign, ", "")
    with monkeypatch.context() as patch:
        patch.setattr(keypair, "config_text", lambda *arguments: plain.replace("CA:TRUE, pathlen:0", "CA:FALSE"))
        patch.setattr(openssl.OpenSSL, "problem_with", lambda *arguments: None)
        ensure(wanted(tmp_path))
    assert ["keyCertSign" in text for text in ensure(wanted(tmp_path))["reasons"]] == [True]


def own(tmp_path, ca, **changes):
    return wanted(tmp_path, provider="ownca", ownca_path=ca[0], ownca_privatekey_path=ca[1], **changes)


def issued(tmp_path):
    """A pair whose certificate an authority has issued, of which this host has no more than the certificate."""
    ca = make_ca(tmp_path)
    ensure(own(tmp_path, ca))
    for path in ca:
        os.unlink(path)


def key_of_another_kind(tmp_path):
    ensure(wanted(tmp_path, curve="secp384r1"))


def certificate_of_an_authority(tmp_path):
    issued(tmp_path)


def certificate_of_an_authority_without_its_key(tmp_path):
    issued(tmp_path)
    os.unlink(str(tmp_path / "relay.key"))


def certificate_of_an_authority_that_is_due(tmp_path):
    ca = make_ca(tmp_path)
    ensure(own(tmp_path, ca, valid_days=1, renew_before_days=0), now=time.time())
    for path in ca:
        os.unlink(path)


def certificate_that_only_others_can_read(tmp_path):
    issued(tmp_path)
    text = (tmp_path / "relay.crt").read_bytes()
    (tmp_path / "relay.crt").write_bytes(text.replace(b" CERTIFICATE", b" TRUSTED CERTIFICATE"))


def certificate_in_der(tmp_path):
    issued(tmp_path)
    found = x509.read_certificate((tmp_path / "relay.crt").read_bytes())
    (tmp_path / "relay.crt").write_bytes(found.der)


def certificate_of_the_authority_itself(tmp_path):
    ensure(wanted(tmp_path))
    certificate, key = make_ca(tmp_path)
    os.rename(certificate, str(tmp_path / "relay.crt"))
    os.unlink(key)


NEEDS_FORCE = [
    (key_of_another_kind, ["privatekey_path", "ECC secp384r1", "ECC secp256r1", "type, size and curve"]),
    (certificate_of_an_authority, ["certificate_path", "CN=ca authority", "selfsigned", "existing"]),
    (certificate_of_an_authority_without_its_key, ["certificate_path", "CN=ca authority"]),
    (certificate_of_an_authority_that_is_due, ["certificate_path", "CN=ca authority"]),
    (certificate_that_only_others_can_read, ["certificate_path", "cannot be read"]),
    (certificate_in_der, ["certificate_path", "cannot be read"]),
    (certificate_of_the_authority_itself, ["certificate_path", "CN=ca authority"]),
]


@pytest.mark.parametrize("make, said", NEEDS_FORCE, ids=[make.__name__ for make, _said in NEEDS_FORCE])
def test_what_others_made_is_replaced_only_when_told_and_kept(tmp_path, make, said):
    make(tmp_path)
    before = snapshot(tmp_path)
    for check_mode in (True, False):
        with pytest.raises(KeypairError) as caught:
            ensure(wanted(tmp_path), check_mode=check_mode)
        for text in said + ["relay.", "force=true"]:
            assert text in str(caught.value)
    assert snapshot(tmp_path) == before
    seen = ensure(wanted(tmp_path, force=True), check_mode=True)
    assert snapshot(tmp_path) == before
    done = ensure(wanted(tmp_path, force=True))
    assert (seen["changed"], seen["reasons"]) == (True, done["reasons"])
    # Whatever was replaced, under its own mode, although no backup was asked for.
    replaced = [
        name for name in ("relay.key", "relay.crt") if name in before and before[name] != snapshot(tmp_path)[name]
    ]
    assert replaced
    assert sorted(files.read_bytes(path) for path in done["backup_files"]) == sorted(
        before[name][1] for name in replaced
    )
    assert all(mode_of(path) == 0o600 for path in done["backup_files"] if "relay.key" in path)
    assert not ensure(wanted(tmp_path, force=True))["changed"]
    assert not ensure(wanted(tmp_path))["changed"]


def test_a_certificate_of_another_authority_than_ours_is_replaced_only_when_told(tmp_path):
    issued(tmp_path)
    ca = make_ca(tmp_path, "ours")
    before = snapshot(tmp_path)
    with pytest.raises(KeypairError) as caught:
        ensure(own(tmp_path, ca))
    assert "CN=ca authority" in str(caught.value) and "force=true" in str(caught.value)
    assert snapshot(tmp_path) == before
    assert len(ensure(own(tmp_path, ca, force=True))["backup_files"]) == 1


def test_what_our_own_authority_signed_is_renewed_without_being_told(tmp_path):
    ca = make_ca(tmp_path)
    first = ensure(own(tmp_path, ca, valid_days=365))
    second = ensure(own(tmp_path, ca, valid_days=365), now=time.time() + 340 * 86400)
    assert second["changed"] and second["serial"] != first["serial"]
    # Not replaced by force, so that the option says whether a copy is kept.
    assert second["backup_files"] == []


def test_a_certificate_made_by_hand_is_renewed_without_being_told(tmp_path):
    ensure(wanted(tmp_path))
    argv = ["openssl", "req", "-new", "-x509", "-key", str(tmp_path / "relay.key"), "-subj", "/CN=relay.example.com"]
    (tmp_path / "relay.crt").write_bytes(to_bytes(Programs().run(argv + ["-days", "9"]).stdout))
    assert ensure(wanted(tmp_path))["changed"]


@pytest.mark.parametrize("existing", [True, False])
@pytest.mark.parametrize("force", [True, False])
@pytest.mark.parametrize("now", [0, 1.0e9, 1577836799])
def test_with_a_clock_that_was_never_set_nothing_is_made(tmp_path, now, force, existing):
    if existing:
        ensure(wanted(tmp_path))
    before = snapshot(tmp_path)
    for check_mode in (True, False):
        with pytest.raises(KeypairError) as caught:
            ensure(wanted(tmp_path, force=force), check_mode=check_mode, now=now)
        assert str(caught.value).startswith("clock: this host's clock says " + x509.iso_time(now))
        assert "Set the clock" in str(caught.value)
    assert snapshot(tmp_path) == before


def test_with_a_clock_that_was_never_set_a_mode_is_not_changed_either(tmp_path):
    request = wanted(tmp_path, provider="csr", certificate_path=None, csr_path=str(tmp_path / "relay.csr"))
    ensure(request)
    result, warnings = keypair.ensure(request, Programs(), False, None, 0)
    assert not result["changed"] and ["is not known" in text for text in warnings] == [True]
    os.chmod(str(tmp_path / "relay.key"), 0o640)
    with pytest.raises(KeypairError):
        ensure(request, now=0)
    assert mode_of(tmp_path / "relay.key") == 0o640


def test_a_certificate_of_the_future_is_replaced_only_when_told_and_kept(tmp_path):
    first = ensure(wanted(tmp_path))
    before = snapshot(tmp_path)
    yesterday = time.time() - 86400
    with pytest.raises(KeypairError) as caught:
        ensure(wanted(tmp_path), now=yesterday)
    for text in (str(tmp_path / "relay.crt"), first["not_before"], x509.iso_time(yesterday), "clock", "force=true"):
        assert text in str(caught.value)
    assert snapshot(tmp_path) == before
    second = ensure(wanted(tmp_path, force=True), now=yesterday)
    assert second["public_key_fingerprint_sha256"] == first["public_key_fingerprint_sha256"]
    assert [files.read_bytes(path) for path in second["backup_files"]] == [before["relay.crt"][1]]


def test_an_authority_of_the_future_is_refused(tmp_path):
    ca = make_ca(tmp_path)
    with pytest.raises(KeypairError) as caught:
        ensure(own(tmp_path, ca), now=time.time() - 86400)
    assert str(caught.value).startswith("ownca_path: ") and "Set the clock" in str(caught.value)


def test_own_authority_signs_and_the_second_run_takes_two_calls(tmp_path):
    ca = make_ca(tmp_path, passphrase="s3cret")
    programs = Programs()
    request = own(tmp_path, ca, ownca_privatekey_passphrase="s3cret", names=["DNS:relay.example.com", "IP:192.0.2.1"])
    first = ensure(request, runner=programs)
    assert "s3cret" not in str(programs.calls)
    assert openssl.OpenSSL(Programs()).problem_with(request.certificate_path, ca[0]) is None
    found = x509.read_certificate((tmp_path / "relay.crt").read_bytes())
    assert (found.issuer, found.is_ca, found.names) == ("CN=ca authority", False, first["subject_alt_name"])
    programs = Programs()
    assert not ensure(request, runner=programs, now=time.time())["changed"]
    assert len(programs.calls) == 2


def test_certificate_of_another_authority_of_the_same_name_is_replaced(tmp_path):
    ca = make_ca(tmp_path)
    ensure(own(tmp_path, ca))
    ca = make_ca(tmp_path)
    result = ensure(own(tmp_path, ca))
    assert "issued by another authority" in result["reasons"][0]
    assert openssl.OpenSSL(Programs()).problem_with(str(tmp_path / "relay.crt"), ca[0]) is None
    assert "is not self-signed" in ensure(wanted(tmp_path, force=True))["reasons"][0]
    assert "issued by another authority (CN=relay.example.com, serialNumber=" in ensure(own(tmp_path, ca))["reasons"][0]


def test_certificate_does_not_outlive_its_authority(tmp_path):
    ca = make_ca(tmp_path, days=100)
    ensure(own(tmp_path, ca))
    authority = x509.read_certificate(files.read_bytes(ca[0]))
    found = x509.read_certificate((tmp_path / "relay.crt").read_bytes())
    assert authority.not_after - 86400 <= found.not_after <= authority.not_after + 60


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "case, reason",
    [
        ("another key", "does not belong to the certificate"),
        ("wrong passphrase", "ownca_privatekey_passphrase"),
        ("no passphrase", "ownca_privatekey_passphrase"),
        ("expired", "expired on"),
        ("ends soon", "within renew_before_days=30"),
        ("not an authority", "may not sign others"),
        ("not a certificate", "is not a certificate"),
    ],
)
def test_unfit_authority_is_refused_and_nothing_is_written(tmp_path, case, reason, check_mode):
    ca = make_ca(
        tmp_path, passphrase="secret" if "passphrase" in case else None, days=20 if case == "ends soon" else 99
    )
    passphrase = "wrong" if case == "wrong passphrase" else None
    now = time.time() + (100 * 86400 if case == "expired" else 0)
    if case == "another key":
        ca = (ca[0], make_ca(tmp_path, "other")[1])
    elif case == "not an authority":
        ensure(
            own(tmp_path, ca, privatekey_path=str(tmp_path / "leaf.key"), certificate_path=str(tmp_path / "leaf.crt"))
        )
        ca = (str(tmp_path / "leaf.crt"), str(tmp_path / "leaf.key"))
    elif case == "not a certificate":
        (tmp_path / "ca.crt").write_bytes(b"x")
    before = snapshot(tmp_path)
    with pytest.raises(KeypairError) as caught:
        ensure(own(tmp_path, ca, ownca_privatekey_passphrase=passphrase), check_mode=check_mode, now=now)
    assert reason in str(caught.value) and str(caught.value).startswith("ownca_")
    assert snapshot(tmp_path) == before


def test_request_is_made_and_a_foreign_certificate_reported(tmp_path):
    request = wanted(tmp_path, provider="csr", csr_path=str(tmp_path / "relay.csr"), names=["DNS:relay.example.com"])
    first = ensure(request)
    assert first["csr"].encode("ascii") == (tmp_path / "relay.csr").read_bytes()
    assert first["certificate"] is None
    assert not (tmp_path / "relay.crt").exists()
    assert not ensure(request)["changed"]
    # signed elsewhere, for another key
    ca = make_ca(tmp_path)
    ensure(own(tmp_path, ca, privatekey_path=str(tmp_path / "other.key")))
    result, warnings = keypair.ensure(request, Programs(), False, None, time.time())
    assert (result["changed"], result.get("issuer")) == (False, None)
    assert result["not_after"] is not None
    assert ["belongs to another key" in warning for warning in warnings] == [True]
    assert ensure(request._replace(names=["DNS:b.example"]))["csr"] != first["csr"]


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"kind": "RSA", "size": 1024}, "size: 1024 bits are refused"),
        ({"kind": "RSA", "size": 100000}, "size: 100000 bits are refused"),
        ({"common_name": "a" * 65}, "common_name"),
        ({"names": ["relay.example.com"]}, "subject_alt_name"),
        ({"valid_days": 0}, "valid_days"),
        ({"valid_days": 30}, "renew_before_days: 30 is not less than valid_days: 30"),
        ({"renew_before_days": -1}, "renew_before_days: -1"),
        ({"csr_path": "/x.csr"}, "csr_path is used only with provider=csr"),
        ({"ownca_path": "/ca.crt"}, "ownca_path is used only with provider=ownca"),
        ({"privatekey_path": "relay.key"}, "privatekey_path: relay.key is not an absolute path"),
        ({"provider": "ownca", "ownca_privatekey_passphrase": "a\nb"}, "ownca_privatekey_passphrase has a line break"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path, changes, reason):
    with pytest.raises(RelayError) as caught:
        ensure(wanted(tmp_path, **changes))
    assert reason in str(caught.value)
    assert os.listdir(str(tmp_path)) == []


def test_one_file_for_key_and_certificate_is_refused(tmp_path):
    os.symlink("relay.key", str(tmp_path / "relay.crt"))
    with pytest.raises(KeypairError) as caught:
        ensure(wanted(tmp_path))
    assert "name the same file" in str(caught.value)


@pytest.mark.parametrize("option", ["privatekey_path", "certificate_path"])
def test_missing_directory_is_refused_with_option_and_path(tmp_path, option):
    path = str(tmp_path / "missing" / "file")
    with pytest.raises(KeypairError) as caught:
        ensure(wanted(tmp_path, **{option: path}))
    assert option in str(caught.value) and os.path.dirname(path) in str(caught.value)
    assert os.listdir(str(tmp_path)) == []


def test_key_is_never_readable_for_others_while_it_is_made(tmp_path):
    seen = []

    class Watching(Programs):
        def run(self, argv, stdin=None, check=True, env=None):
            result = Programs.run(self, argv, stdin, check, env)
            for parent, directories, names in os.walk(str(tmp_path)):
                seen.extend(mode_of(os.path.join(parent, name)) for name in names + directories)
            return result

    previous = os.umask(0o000)
    try:
        ensure(wanted(tmp_path), runner=Watching())
    finally:
        os.umask(previous)
    # the working directory, the key and the configuration; the certificate inside that directory is public
    assert set(seen) == set([0o700, 0o600, 0o644])
    assert mode_of(tmp_path / "relay.key") == 0o600


def test_failed_rename_of_the_certificate_brings_the_old_key_back(tmp_path, monkeypatch):
    ensure(wanted(tmp_path))
    before = snapshot(tmp_path)
    rename = os.rename

    def fail(source, target):
        if target == str(tmp_path / "relay.crt"):
            raise OSError(28, "No space left on device", target)
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(TransactionError) as caught:
        ensure(wanted(tmp_path, curve="secp384r1", force=True))
    assert "No space left on device" in str(caught.value)
    assert snapshot(tmp_path) == before


def test_failed_first_run_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(openssl.OpenSSL, "problem_with", lambda *arguments: "error 9")
    with pytest.raises(KeypairError) as caught:
        ensure(wanted(tmp_path))
    assert "error 9" in str(caught.value)
    assert os.listdir(str(tmp_path)) == []


FILE_OPERATIONS = ["rename", "link", "unlink", "mkdir", "open", "fchmod", "fsync", "rmdir"]


@pytest.mark.parametrize("existing", [True, False])
def test_killed_at_any_file_operation_the_next_run_has_a_pair(tmp_path, monkeypatch, existing):
    made = tmp_path / "made"
    made.mkdir()
    if existing:
        ensure(wanted(made))
    survived = 0
    for number in range(1, 80):
        directory = tmp_path / str(number)
        shutil.copytree(str(made), str(directory))
        before = snapshot(directory)
        child = os.fork()
        if child == 0:
            counter = {"left": number}
            for name in FILE_OPERATIONS:
                monkeypatch.setattr(os, name, killing(getattr(os, name), counter))
            try:
                ensure(wanted(directory, curve="secp384r1", force=True))
            finally:
                os._exit(0)
        _pid, status = os.waitpid(child, 0)
        after = snapshot_of_files(directory)
        for name, (mode, data) in after.items():
            assert data == before.get(name, (None, None))[1] or b"-----END" in data
            assert mode == (0o600 if name == "relay.key" else 0o644)
        ensure(wanted(directory, curve="secp384r1", force=True))
        assert not ensure(wanted(directory, curve="secp384r1"))["changed"]
        if not os.WIFSIGNALED(status):
            survived = number
            break
    assert survived > 8


def killing(function, counter):
    def wrapped(*arguments, **options):
        counter["left"] -= 1
        if counter["left"] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*arguments, **options)

    return wrapped


def snapshot_of_files(directory):
    found = {}
    for name in ("relay.key", "relay.crt"):
        path = str(directory / name)
        if os.path.exists(path):
            found[name] = (mode_of(path), files.read_bytes(path))
    return found


def test_what_a_killed_run_left_is_removed(tmp_path):
    left = tmp_path / ".mailops-stage.a.mailops-new"
    left.mkdir()
    (left / "relay.key").write_bytes(b"x")
    ensure(wanted(tmp_path))
    assert not left.exists()
