# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A next pair beside the one in use, with the openssl program of the machine that runs the tests."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import files, keypair_next, openssl, x509
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError
from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import KeypairError
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

NEXT = {"relay.key.next", "relay.crt.next"}


def ensure(request, switch=False, check_mode=False, now=None):
    result, _warnings = keypair_next.ensure(
        request, switch, Programs(), check_mode, None, time.time() if now is None else now
    )
    return result


def names(directory):
    return set(os.listdir(str(directory)))


def read(directory, name="relay"):
    """(x509.PublicKey, x509.Certificate): what a program reads at the two paths."""
    return (
        openssl.OpenSSL(Programs()).public_key(str(directory / (name + ".key"))),
        x509.read_certificate((directory / (name + ".crt")).read_bytes()),
    )


def is_pair(directory):
    key, certificate = read(directory)
    return key.der == certificate.public_key.der


# A new certificate is due, each time that it is asked for so.
LATER = dict(renew_before_days=3650, valid_days=3660)

# What makes a new certificate due, and whether the key stays.
DUE = [
    (LATER, True),
    (dict(LATER, new_key_on_renewal=True), False),
    (dict(names=["DNS:relay.example.com"]), True),
    (dict(kind="RSA", force=True), False),
]


@pytest.mark.parametrize("changes, same_key", DUE)
def test_next_pair_waits_then_takes_the_place_then_its_files_go(tmp_path, changes, same_key):
    first = ensure(wanted(tmp_path, names=["DNS:relay.example.com", "DNS:more.example.com"]))
    changes = dict(dict(names=["DNS:relay.example.com", "DNS:more.example.com"]), **changes)
    assert (first["changed"], first["reload_required"], first["next"]) == (True, True, {})
    old = snapshot(tmp_path)
    request = wanted(tmp_path, **changes)

    seen = ensure(request, check_mode=True)
    assert snapshot(tmp_path) == old
    made = ensure(request)
    assert (seen["changed"], seen["reasons"]) == (made["changed"], made["reasons"])
    assert (made["changed"], made["reload_required"], made["next"]["made"], made["switched"]) == (
        True,
        False,
        True,
        False,
    )
    assert made["certificate"] == first["certificate"] != made["next"]["certificate"]
    assert names(tmp_path) == set(old) | NEXT
    assert (mode_of(tmp_path / "relay.key.next"), mode_of(tmp_path / "relay.crt.next")) == (0o600, 0o644)
    assert dict((name, value) for name, value in snapshot(tmp_path).items() if name in old) == old
    assert (made["public_key_fingerprint_sha256"] == made["next"]["public_key_fingerprint_sha256"]) is same_key

    # However often it is asked, and without "force": that was said when it was made.
    waits = ensure(request._replace(force=False))
    assert (waits["changed"], waits["next"]["made"], waits["reasons"]) == (False, False, [])
    assert waits["next"]["certificate"] == made["next"]["certificate"]

    seen = ensure(request, switch=True, check_mode=True)
    assert (seen["switched"], seen["changed"]) == (True, True)
    assert ensure(request)["certificate"] == first["certificate"]
    done = ensure(request, switch=True)
    assert (done["switched"], done["changed"], done["reload_required"]) == (True, True, True)
    assert done["certificate"] == made["next"]["certificate"] == (tmp_path / "relay.crt").read_text()
    assert is_pair(tmp_path)
    assert seen["diff"] == done["diff"]
    assert (mode_of(tmp_path / "relay.key"), mode_of(tmp_path / "relay.crt")) == (0o600, 0o644)

    tidied = ensure(request._replace(renew_before_days=30))
    assert (tidied["changed"], tidied["reload_required"]) == (True, True)
    backups = {name for name in names(tmp_path) if name.endswith("~")}
    assert names(tmp_path) == set(old) | {"relay.crt.pairs"} | backups
    assert bool(backups) is ("force" in changes)
    again = ensure(request._replace(renew_before_days=30))
    assert (again["changed"], again["reload_required"], again["next"]) == (False, False, {})


def test_second_switch_leaves_one_pair_and_no_link_of_others_is_replaced(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    os.symlink(str(tmp_path / "elsewhere" / "k"), str(tmp_path / "relay.key"))
    ensure(wanted(tmp_path))
    for kind in ("RSA", "ECC"):
        ensure(wanted(tmp_path, kind=kind, force=True))
        ensure(wanted(tmp_path, kind=kind), switch=True)
        ensure(wanted(tmp_path, kind=kind))
        assert is_pair(tmp_path) and read(tmp_path)[0].kind == kind
    assert os.readlink(str(tmp_path / "relay.key")) == str(tmp_path / "elsewhere" / "k")
    assert len(names(tmp_path / "relay.crt.pairs")) == 2
    assert stat.S_IMODE(os.stat(str(tmp_path / "relay.crt.pairs")).st_mode) == 0o755


def test_backups_of_the_pair_that_was_in_use(tmp_path):
    ensure(wanted(tmp_path))
    old = [(tmp_path / name).read_bytes() for name in ("relay.key", "relay.crt")]
    request = wanted(tmp_path, backup=True, new_key_on_renewal=True, **LATER)
    ensure(request)
    kept = ensure(request, switch=True)["backup_files"]
    assert [path.rpartition("/")[2][:10] for path in kept] == ["relay.key.", "relay.crt."]
    assert [files.read_bytes(path) for path in kept] == old
    assert mode_of(kept[0]) == 0o600 and not os.path.islink(kept[0])


@pytest.mark.parametrize("changes", [dict(common_name="b.example.com"), dict(names=["DNS:c.example.com"])])
def test_pair_for_another_name_goes_on_for_the_clients_that_know_no_other(tmp_path, changes):
    first = ensure(wanted(tmp_path))
    ensure(wanted(tmp_path, **LATER))
    # What waits is for the old name still.
    waits = ensure(wanted(tmp_path, **changes))
    assert (waits["certificate"], waits["reload_required"]) == (first["certificate"], False)
    assert waits["next"]["made"] and "asked for" in " ".join(waits["reasons"])
    result = ensure(wanted(tmp_path, **changes), switch=True)
    assert result["switched"] and result["certificate"] == waits["next"]["certificate"] and is_pair(tmp_path)


def test_name_that_is_asked_for_again_needs_no_new_certificate(tmp_path):
    first = ensure(wanted(tmp_path))
    ensure(wanted(tmp_path, common_name="b.example.com"))
    result = ensure(wanted(tmp_path), switch=True)
    assert (result["certificate"], result["switched"]) == (first["certificate"], False)
    assert names(tmp_path) == {"relay.key", "relay.crt"}


def test_pair_that_nobody_can_verify_is_replaced_at_once(tmp_path):
    ensure(wanted(tmp_path))
    late = time.time() + 3651 * 86400
    result = ensure(wanted(tmp_path, valid_days=20000), now=late)
    assert (result["changed"], result["reload_required"], result["next"], result["switched"]) == (True, True, {}, False)
    (tmp_path / "relay.crt").write_bytes(b"")
    assert ensure(wanted(tmp_path))["reload_required"]
    assert is_pair(tmp_path) and names(tmp_path) == {"relay.key", "relay.crt"} | {
        name for name in names(tmp_path) if name.endswith("~")
    }


@pytest.mark.parametrize("switched_before", [False, True])
@pytest.mark.parametrize("lost", [["relay.crt"], ["relay.key"], ["relay.crt", "relay.key"]])
def test_next_pair_takes_the_place_of_one_that_is_gone(tmp_path, lost, switched_before):
    ensure(wanted(tmp_path))
    if switched_before:
        ensure(wanted(tmp_path, kind="RSA", force=True))
        ensure(wanted(tmp_path, kind="RSA"), switch=True)
        ensure(wanted(tmp_path, kind="RSA"))
    request = wanted(tmp_path, kind="RSA" if switched_before else "ECC", **LATER)
    waits = ensure(request)
    for name in lost:
        (tmp_path / name).unlink()
    result = ensure(request, switch=True)
    assert result["switched"] and result["certificate"] == waits["next"]["certificate"]
    assert is_pair(tmp_path) and mode_of(tmp_path / "relay.key") == 0o600
    assert len(names(tmp_path / "relay.crt.pairs")) == 2


def test_next_pair_takes_the_place_of_one_that_expired(tmp_path):
    ensure(wanted(tmp_path, valid_days=40))
    request = wanted(tmp_path)
    waits = ensure(request, now=time.time() + 30 * 86400)
    assert waits["next"]["made"] and "expires on" in waits["next"]["reasons"][0]
    result = ensure(request, now=time.time() + 41 * 86400)
    assert result["switched"] and result["certificate"] == waits["next"]["certificate"]


def test_next_pair_that_does_not_fit_any_more_is_made_anew(tmp_path):
    ensure(wanted(tmp_path))
    request = wanted(tmp_path, curve="secp384r1", force=True)
    made = ensure(request._replace(valid_days=40))
    later = time.time() + 41 * 86400
    result = ensure(request, switch=True, now=later)
    # Clients do not know the new one yet.
    assert result["switched"] is False and result["next"]["made"]
    assert "it expired on" in " ".join(result["reasons"])
    assert result["next"]["certificate"] != made["next"]["certificate"]
    other = ensure(request._replace(kind="RSA"))
    key = x509.read_certificate(other["next"]["certificate"].encode("ascii")).public_key
    assert other["next"]["made"] and key.kind == "RSA"
    os.unlink(str(tmp_path / "relay.crt.next"))
    assert ensure(request)["next"]["made"]
    (tmp_path / "relay.key.next").write_bytes(b"damaged")
    assert ensure(request)["next"]["made"]
    assert ensure(request, switch=True)["switched"] and is_pair(tmp_path)


def test_what_is_not_due_any_more_is_thrown_away(tmp_path):
    ensure(wanted(tmp_path))
    ensure(wanted(tmp_path, **LATER))
    assert ensure(wanted(tmp_path), check_mode=True)["changed"] and names(tmp_path) >= NEXT
    result = ensure(wanted(tmp_path))
    assert result["changed"] and len(result["reasons"]) == 2 and names(tmp_path) == {"relay.key", "relay.crt"}
    assert ensure(wanted(tmp_path), switch=True)["changed"] is False


def test_from_self_signed_to_an_authority_and_back(tmp_path):
    path, key = make_ca(tmp_path)
    own = dict(provider="ownca", ownca_path=path, ownca_privatekey_path=key)
    first = ensure(wanted(tmp_path))
    waits = ensure(wanted(tmp_path, **own))
    assert waits["certificate"] == first["certificate"]
    assert openssl.OpenSSL(Programs()).problem_with(str(tmp_path / "relay.crt.next"), path) is None
    assert ensure(wanted(tmp_path, **own), switch=True)["switched"]
    ensure(wanted(tmp_path, **own))
    assert x509.read_certificate((tmp_path / "relay.crt").read_bytes()).issuer == "CN=ca authority"
    back = ensure(wanted(tmp_path, force=True))
    assert back["next"]["made"] and not back["reload_required"]


def test_wrong_mode_of_the_pair_in_use_is_put_right_while_the_next_one_waits(tmp_path):
    ensure(wanted(tmp_path))
    request = wanted(tmp_path, **LATER)
    ensure(request)
    os.chmod(str(tmp_path / "relay.key"), 0o644)
    assert ensure(request, check_mode=True)["changed"] and mode_of(tmp_path / "relay.key") == 0o644
    result = ensure(request)
    assert result["changed"] and mode_of(tmp_path / "relay.key") == 0o600 and result["next"]["made"] is False


def test_refusals_change_nothing(tmp_path):
    ensure(wanted(tmp_path))
    before = snapshot(tmp_path)
    with pytest.raises(KeypairError, match="overlap is not used with"):
        ensure(wanted(tmp_path, provider="csr", csr_path=str(tmp_path / "relay.csr")))
    with pytest.raises(KeypairError, match="RSA 2048 bits is asked for"):
        ensure(wanted(tmp_path, kind="RSA"))
    path, _key = make_ca(tmp_path)
    _path, key = make_ca(tmp_path, "locked", passphrase="right")
    before = snapshot(tmp_path)
    with pytest.raises(KeypairError, match="openssl cannot open"):
        ensure(
            wanted(
                tmp_path, provider="ownca", ownca_path=path, ownca_privatekey_path=key, ownca_privatekey_passphrase="x"
            )
        )
    assert snapshot(tmp_path) == before
