# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host import processes
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.postfix import place
from ansible_collections.mailops.relay.plugins.module_utils.postfix.place import PostfixPlaces, hash_directories

QUEUES = ("active", "corrupt", "deferred", "hold", "incoming")
# As Postfix 3.5.25 has put them, with hash_queue_depth = 2 and hash_queue_names = deferred, HOLD defer.
RECORDED = [
    "deferred/E/F/EF68317E911",
    "deferred/0/B/0BF7F17E580",
    "deferred/2/0/4jbmlx0xlWzCrQQ",
    "deferred/D/4/4jbmlw69ypzCrQC",
    "deferred/7/7/4jbmlx3SGszCrQX",
    "hold/2/6/4jbmly1647zCrQm",
]
DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


class Host(object):
    """A host with instances of Postfix, each with the queue directories that Postfix makes."""

    def __init__(self, directory):
        self.directory = str(directory)
        self.settings = {}
        self.commands = []

    def instance(self, name, others="", alternate="", log=None):
        """Make one; the first is the default instance."""
        top = os.path.join(self.directory, name)
        for queue in QUEUES:
            os.makedirs(os.path.join(top, queue))
        self.settings["/etc/" + name] = {
            "queue_directory": top,
            "syslog_name": log or name,
            "multi_instance_directories": others,
            "alternate_config_directories": alternate,
        }
        return self

    def add(self, path, mtime=1795331300):
        """Put a message's file in its place."""
        path = os.path.join(self.directory, path)
        if not os.path.isdir(os.path.dirname(path)):
            os.makedirs(os.path.dirname(path))
        open(path, "w").close()
        os.utime(path, (mtime, mtime))

    def run(self, argv):
        self.commands.append(argv)
        configuration = argv[2] if argv[1] == "-c" else "/etc/postfix"
        if configuration not in self.settings:
            raise CommandError(argv, 1, "", "postconf: fatal: open {0}/main.cf: No such file".format(configuration))
        names = argv[argv.index("-h") + 1 :]
        return Result(0, "".join(self.settings[configuration][name] + "\n" for name in names), "")

    def find(self, queue_id, instance="postfix"):
        return PostfixPlaces(self).find({"queue_id": queue_id, "instance": instance})


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


@pytest.fixture(autouse=True)
def proc(tmp_path, monkeypatch):
    """No program runs, unless the test says so."""
    monkeypatch.setattr(processes, "PROC", str(tmp_path / "proc"))
    return tmp_path / "proc"


def run(proc, number, name, directory, root="/"):
    (proc / str(number)).mkdir(parents=True)
    (proc / str(number) / "comm").write_bytes(name.encode("ascii") + b"\n")
    os.symlink(str(directory), str(proc / str(number) / "cwd"))
    os.symlink(str(root), str(proc / str(number) / "root"))


def test_each_queue_is_looked_through_with_one_command(host):
    host.instance("postfix")
    host.add("postfix/deferred/A/A0000000001", 1795331564)
    for number, queue in enumerate(("active", "hold", "incoming", "corrupt")):
        host.add("postfix/{0}/A000000001{1}".format(queue, number))
    # The time of a deferred message's file is that of its next attempt; that of another says nothing.
    assert host.find("A0000000001") == ("deferred", 1795331564)
    found = [host.find("A000000001{0}".format(number)) for number in range(4)]
    assert found == [("active", None), ("hold", None), ("incoming", None), ("corrupt", None)]
    assert host.find("A0000000002") is None
    del host.commands[:]
    places = PostfixPlaces(host)
    assert places.find({"queue_id": "A0000000001", "instance": "postfix"}) and not places.find(
        {"queue_id": "A0000000002", "instance": "postfix"}
    )
    assert len(host.commands) == 1


@pytest.mark.parametrize("path", RECORDED)
def test_hashed_queues_as_postfix_makes_them(host, path):
    host.instance("postfix")
    host.add("postfix/" + path, 1795331564)
    queue, queue_id = path.split("/")[0], path.split("/")[-1]
    assert host.find(queue_id) == (queue, 1795331564 if queue == "deferred" else None)


@pytest.mark.parametrize(
    "directory", ["deferred", "deferred/8", "deferred/8/6", "deferred/8/6/0/F/8/1", "active/8", "hold/8/6", "corrupt"]
)
def test_a_message_is_found_however_the_queues_are_hashed_now(host, directory):
    """What was put there before hash_queue_depth or hash_queue_names were changed stays there until Postfix is started."""
    host.instance("postfix")
    host.add("postfix/{0}/860F81AD420".format(directory))
    assert host.find("860F81AD420")[0] == directory.split("/")[0]


@given(st.integers(0, 999999), st.integers(52**5, 52**6 - 1), st.integers(1, 16))
def test_a_long_id_lies_where_a_short_one_of_the_same_microsecond_does(microseconds, seconds, depth):
    def digits(number, least):
        text = ""
        while number or len(text) < least:
            number, digit = divmod(number, 52)
            text = DIGITS[digit] + text
        return text

    directories = hash_directories(digits(seconds, 6) + digits(microseconds, 4) + "zCrQm", depth)
    assert directories == hash_directories("{0:05X}".format(microseconds), depth)
    assert len(directories) == depth and "".join(directories[:5]) == "{0:05X}".format(microseconds)[:depth]
    # What a short name has not is an underscore.
    assert set(directories[5:]) <= set(["_"])


@given(st.text("0123456789BCDzabcE", min_size=1, max_size=24), st.integers(1, 16))
def test_any_id_has_a_directory_for_each_level(queue_id, depth):
    directories = hash_directories(queue_id, depth)
    assert len(directories) == depth and all(len(name) == 1 and (name == "_" or name.isalnum()) for name in directories)


def test_the_queues_of_each_instance_are_looked_through(host):
    host.instance(
        "postfix", others="/etc/postfix-in, /etc/postfix-out", alternate="/etc/postfix-by-hand /etc/postfix-in"
    )
    host.instance("postfix-in").instance("postfix-out").instance("postfix-by-hand", log="postfix")
    host.add("postfix-in/deferred/8/6/860F81AD420")
    host.add("postfix-out/deferred/960F81AD420")
    host.add("postfix-by-hand/hold/B60F81AD420")
    assert host.find("860F81AD420")[0] == "deferred"
    assert host.find("960F81AD420")[0] == "deferred"
    assert host.find("B60F81AD420")[0] == "hold"
    assert host.find("A60F81AD420") is None and host.find("A60F81AD420", "postfix-out") is None
    assert len(host.commands) == 5 * 4


def test_a_message_that_two_instances_have_is_that_of_the_one_that_logged(host):
    host.instance("postfix", others="/etc/postfix-out").instance("postfix-out")
    host.add("postfix/active/860F81AD420")
    host.add("postfix-out/hold/860F81AD420")
    assert host.find("860F81AD420")[0] == "active" and host.find("860F81AD420", "postfix-out")[0] == "hold"


def test_an_instance_that_postconf_does_not_know_is_found_while_it_runs(host, proc):
    host.instance("postfix").instance("elsewhere")
    host.add("elsewhere/deferred/8/860F81AD420", 1795331564)
    with pytest.raises(QueueError, match="postfix-out: no instance of Postfix .* multi_instance_directories"):
        host.find("860F81AD420", "postfix-out")
    top = host.directory
    run(proc, 10, "master", os.path.join(top, "elsewhere"), root=top)
    run(proc, 11, "master", top)
    run(proc, 12, "other", os.path.join(top, "elsewhere"))
    assert host.find("860F81AD420") is None
    run(proc, 13, "master", os.path.join(top, "elsewhere"))
    assert host.find("860F81AD420", "postfix-out") == ("deferred", 1795331564)


@pytest.mark.parametrize("missing", ["postfix", "postfix/deferred", "postfix/hold"])
def test_a_queue_that_is_not_there_is_no_empty_one(host, missing):
    host.instance("postfix")
    os.rename(os.path.join(host.directory, missing), os.path.join(host.directory, "elsewhere"))
    with pytest.raises(OSError):
        host.find("A0000000001")


def test_an_instance_that_cannot_be_asked_may_have_the_message(host):
    host.instance("postfix", others="/etc/postfix-out")
    host.add("postfix/hold/A0000000002")
    assert host.find("A0000000002")[0] == "hold"
    with pytest.raises(CommandError):
        host.find("A0000000001")


@pytest.mark.parametrize("directory", ["", "$where"])
def test_settings_that_do_not_tell_where_the_queues_are_are_named(host, directory):
    host.instance("postfix")
    host.settings["/etc/postfix"]["queue_directory"] = directory
    with pytest.raises(QueueError, match="postconf queue_directory"):
        host.find("A0000000001")


def test_a_queue_that_cannot_be_read_any_more_is_no_empty_one(host):
    places = PostfixPlaces(host.instance("postfix"))
    # Root, as which this may run, may look into every directory.
    os.rmdir(os.path.join(host.directory, "postfix/hold"))
    open(os.path.join(host.directory, "postfix/hold"), "w").close()
    with pytest.raises(OSError):
        places.find({"queue_id": "A0000000001", "instance": "postfix"})


class Moving(object):
    """The module os while the queue manager takes up a message between a look into the one queue and into the other."""

    path = os.path

    @staticmethod
    def stat(path):
        if path.endswith("incoming/A0000000001") and os.path.exists(path):
            os.rename(path, path.replace("incoming", "active"))
        return os.stat(path)


def test_a_message_that_is_moved_meanwhile_is_found(host, monkeypatch):
    places = PostfixPlaces(host.instance("postfix"))
    host.add("postfix/incoming/A0000000001")
    monkeypatch.setattr(place, "os", Moving)
    assert places.find({"queue_id": "A0000000001", "instance": "postfix"}) == ("active", None)
