# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import shutil
import stat
import tempfile

import pytest
from ansible.module_utils.common.text.converters import to_native
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import FilePlan, Writer
from ansible_collections.mailops.relay.plugins.module_utils.host.owned_files import OwnedFiles, fits
from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, locked, parse, render
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import (
    WHOLE,
    Claims,
    OwnershipError,
    fingerprint,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Transaction, TransactionError
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.damage import OTHERS, places, with_other

PATIENT = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = st.binary(max_size=12).map(lambda data: to_native(data, errors="surrogateescape"))


@pytest.fixture
def here():
    """str: an empty directory."""
    path = os.path.realpath(tempfile.mkdtemp())
    yield path
    shutil.rmtree(path)


def set_file(here, owner, text, fail=False):
    """Set the whole of a file for an owner, or with None take it back, as a module does."""
    record, path = os.path.join(here, "state", "owners.json"), os.path.join(here, "file")
    with locked(owner, record), Transaction() as transaction:
        owned, plan = Owned(owner, "test", record), FilePlan(path)
        if text is None:
            if owned.claims.release(path, WHOLE, plan.before):
                plan.after = owned.claims.before(path, WHOLE)["text"]
        else:
            plan.after = text
            owned.claims.claim(path, WHOLE, text, {"text": plan.before})
        writer = Writer(transaction, [plan], owned)
        writer.put(plan)
        if fail:
            writer.remove(os.path.join(here, "state"))
        writer.activate()
    return record


def test_the_record_is_written_with_the_file_and_only_root_reads_it(here):
    with open(os.path.join(here, "file"), "w") as stream:
        stream.write("old\n")
    record = set_file(here, "one", "new\n")
    assert stat.S_IMODE(os.stat(record).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(record)).st_mode) == 0o700
    with open(record) as stream:
        text = stream.read()
    assert "old" in text and "new" not in text
    set_file(here, "one", None)
    with open(os.path.join(here, "file")) as stream:
        assert stream.read() == "old\n"
    # The section stays, so that nothing is taken for what an earlier release has set.
    with open(record) as stream:
        assert parse(stream.read(), record) == {"test": {}}
    assert os.listdir(os.path.dirname(record)) == ["owners.json"]


def test_a_change_that_fails_leaves_the_record_as_it_was(here):
    record = set_file(here, "one", "1\n")
    with open(record) as stream:
        before = stream.read()
    with pytest.raises(TransactionError, match="everything is as it was"):
        set_file(here, "one", "2\n", fail=True)
    with open(record) as stream:
        assert stream.read() == before
    with open(os.path.join(here, "file")) as stream:
        assert stream.read() == "1\n"


def test_at_each_moment_of_a_change_the_record_knows_what_is_in_the_file(here, monkeypatch):
    record, path = set_file(here, "one", "1\n"), os.path.join(here, "file")
    real, seen = os.rename, []

    def look(source, destination):
        for step in (lambda: None, lambda: real(source, destination)):
            step()
            with open(record) as stream:
                claims = Claims("one", parse(stream.read(), record)["test"])
            with open(path) as stream:
                text = stream.read()
            # A run that is killed here leaves nothing that would count as another's.
            assert claims.release(path, WHOLE, text) and claims.before(path, WHOLE) == {"text": None}
            seen.append(text)

    monkeypatch.setattr(os, "rename", look)
    set_file(here, "one", "2\n")
    assert set(seen) == set(["1\n", "2\n"])
    with open(record) as stream:
        assert parse(stream.read(), record)["test"][path][WHOLE]["set"] == [fingerprint("2\n")]


def test_without_an_owner_no_record_is_read(here):
    path = os.path.join(here, "state", "owners.json")
    with locked(None, path):
        owned = Owned(None, "test", path)
    assert owned.claims is None and not owned.changed and owned.warnings() == []
    assert os.listdir(here) == []


@PATIENT
@given(TEXTS, st.none() | TEXTS | TEXTS.map(lambda text: {"text": text, "mode": 420}))
def test_what_is_written_is_read_again_whatever_bytes_it_has(key, before):
    if isinstance(before, dict):
        key = WHOLE
    elif not key.isalnum():
        key = "key"
    sections = {"a": {"/t": {key: {"owners": ["o"], "before": before, "set": ["1"], "how": ["hash", "postmap"]}}}}
    assert parse(render(sections), "record") == sections


RECORDED = {
    "a": {
        "/t": {"k": {"owners": ["o"], "before": None, "set": ["1"]}},
        "/u": {
            WHOLE: {
                "owners": ["o"],
                "before": {"text": "old\n", "mode": 420, "owner": 0, "group": 0},
                "set": ["1", "2"],
                "how": {"request": "1", "is": "2", "patch": [[0, 1, ["new\n"]]], "kind": "hash"},
            }
        },
    }
}
# As 0.7.0 wrote it, without a sum.
GOOD = json.dumps(
    {"format": 1, "sections": {"a": {"/t": RECORDED["a"]["/t"]}}}, indent=1, sort_keys=True, separators=(",", ": ")
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 1}',
        '{"format": "1", "sections": {}}',
        '{"format": 1, "sections": []}',
        '{"format": 1, "sections": {"a": {"/t": {"k": {}}}}}',
        GOOD[:-5],
        GOOD.replace('"before": null', '"before": 5'),
        GOOD.replace('"before": null', '"before": {"mode": 5}'),
        GOOD.replace('"o"', "7"),
        GOOD.replace('"1"', ""),
        GOOD.replace('[\n      "o"\n     ]', '"o"').replace('[\n      "1"\n     ]', '"1"'),
        GOOD.replace('"before": null', '"before": {"text": "a"}'),
        GOOD.replace('"format": 1', '"format": true'),
        GOOD.replace('"format": 1', '"format": 1, "sum": null'),
        GOOD.replace('"k"', '""'),
        GOOD.replace('"k"', '""').replace('"before": null', '"before": {"text": "a", "mode": "0644"}'),
        GOOD.replace('"k"', '""').replace('"before": null', '"before": {"text": "a", "owner": true}'),
        GOOD.replace('"k"', '""').replace('"before": null', '"before": {"text": "a", "group": -1}'),
        pytest.param(
            GOOD.replace('"o"', '"\\ud800"'),
            marks=pytest.mark.skipif(str is bytes, reason="Python 2 writes it as bytes"),
        ),
        "[" * 100000,
        '{"a":' * 100000,
    ],
)
def test_a_damaged_record_is_refused_with_what_to_do(text):
    with pytest.raises(OwnershipError, match="/r: this record .* is damaged; put it back .* or move it away"):
        parse(text, "/r")


def test_a_record_of_a_newer_release_is_refused():
    with pytest.raises(OwnershipError, match="/r: a newer release of mailops.relay has written this record"):
        parse(json.dumps({"format": 2, "owners": []}), "/r")


@pytest.mark.parametrize("name, mode", [("owners.json", 0o620), ("", 0o757)])
def test_a_record_that_others_can_write_to_is_refused(here, name, mode):
    record = set_file(here, "one", "1\n")
    os.chmod(os.path.join(os.path.dirname(record), name), mode)
    with pytest.raises(OwnershipError, match="others than root can write to it"):
        Owned("one", "test", record)


def test_a_run_without_become_is_told_so(here, monkeypatch):
    record = set_file(here, "one", "1\n")
    status = os.lstat(record)
    of_root = os.stat_result(status[:4] + (0,) + status[5:])
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "lstat", lambda path: of_root)
    with pytest.raises(OwnershipError, match=r"this is root's, .*run it as root \(become: true\)"):
        Owned("one", "test", record)


@pytest.mark.parametrize("name", ["state/owners.json", "state"])
def test_a_link_is_no_record(here, name):
    record = set_file(here, "one", "1\n")
    os.rename(os.path.join(here, name), os.path.join(here, "elsewhere"))
    os.symlink(os.path.join(here, "elsewhere"), os.path.join(here, name))
    with pytest.raises(OwnershipError, match="this is a symbolic link"):
        Owned("one", "test", record)


@PATIENT
@given(st.lists(st.sampled_from('{}[]":,1an \n'), max_size=5), st.integers(0, len(GOOD)))
def test_no_damage_is_guessed_at(noise, place):
    text = GOOD[:place] + "".join(noise) + GOOD[place:]
    try:
        sections = parse(text, "/r")
    except OwnershipError:
        return
    # What is accepted can be written and read again.
    assert parse(render(sections), "/r") == sections


@PATIENT
@given(st.data())
def test_a_record_in_which_one_letter_is_another_is_damaged(data):
    text = render(RECORDED)
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.sampled_from('aZ09 \n\t"{[]},:.-'))
    changed = text[:place] + letter + text[place + 1 :]
    try:
        assert parse(changed, "/r") == RECORDED
    except OwnershipError as exc:
        assert "/r: " in str(exc)


@pytest.mark.parametrize("path", places(RECORDED), ids=repr)
def test_another_type_in_any_place_is_damage_or_can_be_used(here, path):
    """Of 0.7.0's records, which have no sum: what is accepted gives a file back, and nothing else is said but that it is damaged."""
    target, record = os.path.join(here, "file"), os.path.join(here, "owners.json")
    for other in OTHERS:
        sections = json.loads(json.dumps(with_other(RECORDED, path, other)).replace("/u", target))
        with open(record, "w") as stream:
            json.dump({"format": 1, "sections": sections}, stream)
        os.chmod(record, 0o600)
        with open(target, "w") as stream:
            stream.write("theirs\n")
        try:
            owned = Owned("o", "a", record, fits=lambda thing, key, entry: thing != target or fits(thing, key, entry))
        except OwnershipError as exc:
            assert record in str(exc) and "damaged" in str(exc)
            continue
        files = OwnedFiles(owned)
        for thing in files.left():
            if thing == target:
                files.give_back(thing, FilePlan)
        owned.warnings()
        assert parse(render(owned.claims.after and {"a": owned.claims.after}), record) is not None
