# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import subprocess

import pytest
from hypothesis import given, strategies

from ansible_collections.mailops.relay.plugins.module_utils.host import trust
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.authority import NAME, site


class Programs(object):
    """Runs programs; a test may take openssl away."""

    def __init__(self, there=True):
        self.there = there

    def run(self, argv, stdin=None, check=True, env=None):
        if not self.there:
            raise trust.CommandError(argv, 127, "", "no such program: openssl")
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, **(env or {}))
        )
        stdout, stderr = process.communicate()
        return Result(process.returncode, stdout.decode("utf-8"), stderr.decode("utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return site(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def verdict(made):
    """Verdict on a file that joins these certificates."""

    def call(*names, **options):
        path = made.join("file", *names)
        authorities = [options["ca"]] if options.get("ca") else []
        with trust.Chains(Programs(options.get("openssl", True))) as chains:
            found = chains.verdict(
                trust.read_certificates(path),
                [entry for name in authorities for entry in trust.read_certificates(made.path(name))],
                made.path(options.get("bundle", "bundle")),
            )
            scratch = chains.scratch
        assert not os.path.exists(scratch)
        return found

    return call


def subjects(found):
    return [certificate.common_name for certificate in found.certificates]


@pytest.mark.parametrize(
    "names, ca, kind, anchors",
    [
        (["self"], None, "self-signed", [NAME]),
        # An authority that is named counts for nothing where the certificate signs itself.
        (["self"], "root", "self-signed", [NAME]),
        (["leaf", "middle"], "root", "private", ["Example root"]),
        (["leaf", "middle", "root"], None, "private", ["Example root"]),
        # In any order, and with a certificate that does not belong to it.
        (["leaf", "root", "public-root", "middle"], None, "private", ["Example root"]),
        (["public-leaf", "public-middle"], None, "public", ["Public root"]),
        (["public-leaf", "public-middle", "public-root"], None, "public", ["Public root"]),
        (["public-leaf", "public-middle"], "root", "public", ["Public root"]),
    ],
)
def test_what_a_client_has_to_trust(verdict, names, ca, kind, anchors):
    found = verdict(*names, ca=ca)
    assert (found.kind, subjects(found), found.status, found.reason) == (kind, anchors, "verified", "")


def test_all_that_the_authority_has_named_goes_to_the_clients(verdict, made):
    # A relay that sends no certificate between can be verified only by a client that has it.
    made.join("authorities", "middle", "root")
    found = verdict("leaf", ca="authorities")
    assert (found.kind, subjects(found)) == ("private", ["Example middle", "Example root"])


@pytest.mark.parametrize(
    "names, ca, last",
    [
        (["leaf", "middle"], None, '"CN=Example root", which issued "CN=Example middle"'),
        (["leaf"], None, '"CN=Example middle", which issued "CN=relay.example.com"'),
        # Neither Postfix nor sendmail stops at a certificate between.
        (["leaf"], "middle", '"CN=Example root", which issued "CN=Example middle"'),
        (["leaf", "middle"], "self", '"CN=Example root", which issued "CN=Example middle"'),
        (["public-leaf"], None, '"CN=Public middle", which issued "CN=relay.example.com"'),
    ],
)
def test_a_chain_that_ends_too_early_says_where(verdict, names, ca, last):
    found = verdict(*names, ca=ca)
    assert (found.kind, subjects(found), found.status) == ("none", [], "incomplete")
    assert found.reason.startswith(last)


def test_an_authority_with_the_same_name_and_another_key_is_told(verdict, made):
    made.make("namesake", common_name="Example root", is_ca=True)
    found = verdict("leaf", "middle", ca="namesake")
    assert (found.kind, found.status) == ("none", "incomplete")
    assert found.reason == (
        '"CN=Example middle" is not signed by the certificate that is there of "CN=Example root", which has another key'
    )


@pytest.mark.parametrize(
    "options, words",
    [
        ({"end": "210101000000Z"}, "expired"),
        ({"start": "480101000000Z"}, "not yet valid"),
        ({"purpose": "clientAuth"}, "purpose"),
    ],
)
@pytest.mark.parametrize("issuer, kind", [(None, "self-signed"), ("root", "none")])
def test_what_no_client_would_accept(verdict, made, options, words, issuer, kind):
    made.make("bad", issuer, common_name=NAME, is_ca=issuer is None, **options)
    found = verdict("bad", ca="root")
    assert (found.kind, found.status) == (kind, "refused")
    assert words in found.reason


def test_a_root_that_has_expired_vouches_for_nothing(verdict, made):
    made.make("old-root", common_name="Old root", is_ca=True, end="210101000000Z")
    made.make("old-leaf", "old-root", common_name=NAME)
    found = verdict("old-leaf", ca="old-root")
    assert (found.kind, found.status) == ("none", "refused")
    assert "expired" in found.reason


def test_without_openssl_nothing_is_verified(verdict):
    found = verdict("self", openssl=False)
    assert (found.kind, found.status) == ("none", "refused")
    assert "no such program: openssl" in found.reason


def test_without_a_bundle_there_are_no_public_authorities(verdict):
    assert verdict("public-leaf", "public-middle", bundle="nothing-there").status == "incomplete"
    assert verdict("self", bundle="nothing-there").status == "verified"


def test_a_bundle_with_one_that_nobody_can_read_is_still_good(verdict, made):
    damaged = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
    made._write("mixed", damaged + made.read("public-root"))
    assert verdict("public-leaf", "public-middle", bundle="mixed").kind == "public"


def test_nothing_but_certificates_is_read(made):
    path = made.join("one", "leaf.key", "leaf", "middle.key", "middle")
    texts = [certificate.text for certificate in trust.read_certificates(path)]
    assert texts == [made.read("leaf"), made.read("middle")]
    assert "PRIVATE" not in "".join(texts)


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "no complete PEM block"),
        (b"\x00\xff garbage", "no complete PEM block"),
        (b"-----BEGIN CERTIFICATE-----\nMAA", "no complete PEM block"),
        (b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "DER"),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "damaged"),
        (b"-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "no complete PEM block"),
    ],
)
def test_a_file_without_certificates_says_so(tmp_path, content, words):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(trust.CertificateFileError) as refused:
        trust.read_certificates(str(tmp_path / "file"))
    assert words in str(refused.value)
    assert not refused.value.missing


@pytest.mark.parametrize(
    "path, words, missing",
    [
        ("/nowhere/server.crt", "No such file or directory", True),
        ("/dev/zero", "not a regular file", False),
        ("/etc", "not a regular file", False),
        ("/etc/passwd/server.crt", "Not a directory", False),
        ("/etc/\0", "NUL", False),
    ],
)
def test_what_is_no_file_is_told_at_once(path, words, missing):
    with pytest.raises(trust.CertificateFileError) as refused:
        trust.read_certificates(path)
    assert words in str(refused.value)
    assert refused.value.missing is missing


def test_a_pipe_in_its_place_keeps_nobody_waiting(tmp_path):
    os.mkfifo(str(tmp_path / "pipe"))
    with pytest.raises(trust.CertificateFileError):
        trust.read_certificates(str(tmp_path / "pipe"))


@given(strategies.binary(max_size=300), strategies.binary(max_size=300))
def test_whatever_is_in_a_file_it_is_read_or_refused(before, after):
    text = b"-----BEGIN CERTIFICATE-----\n" + after + b"\n-----END CERTIFICATE-----\n"
    path = os.path.join(trust.tempfile.gettempdir(), "mailops-test-trust-{0}".format(os.getpid()))
    with open(path, "wb") as stream:
        stream.write(before + text)
    try:
        assert all(
            certificate.text.startswith("-----BEGIN CERTIFICATE") for certificate in trust.read_certificates(path)
        )
    except trust.CertificateFileError:
        pass
    finally:
        os.unlink(path)


def test_the_hosts_own_file_is_used_when_it_has_all_of_it(made, monkeypatch):
    monkeypatch.setattr(trust, "system_bundle", lambda: made.path("bundle"))
    files = [
        {"path": "/public.pem", "content": made.read("public-root")},
        {"path": "/mixed.pem", "content": made.read("public-root") + made.read("self")},
        {"path": "/empty.pem", "content": ""},
    ]
    assert trust.preferred_file("/public.pem", files) == made.path("bundle")
    for path in ("/mixed.pem", "/empty.pem", "/other.pem"):
        assert trust.preferred_file(path, files) == path
    monkeypatch.setattr(trust, "system_bundle", lambda: None)
    assert trust.preferred_file("/public.pem", files) == "/public.pem"
