# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import subprocess
import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host import trust
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.mail import relay_certificate
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.authority import NAME, site

# As iproute2 6.1 writes it.
IP = """1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
2: eth0    inet 10.0.0.4/24 brd 10.0.0.255 scope global eth0\\       valid_lft forever preferred_lft forever
"""


class Programs(object):
    """Runs openssl; C(ip) says what a test wants."""

    def run(self, argv, stdin=None, check=True, env=None):
        if argv[0] == "ip":
            return Result(0, IP, "")
        process = subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ, **(env or {}))
        )
        stdout, stderr = process.communicate()
        return Result(process.returncode, stdout.decode("utf-8"), stderr.decode("utf-8"))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return site(str(tmp_path_factory.mktemp("authority")))


@pytest.fixture
def look(made, serve, monkeypatch):
    """What the module finds of a file, with a server on its port; without a handler nobody listens there."""
    monkeypatch.setattr(trust, "system_bundle", lambda: made.path("bundle"))
    monkeypatch.setattr(relay_certificate, "_PAUSE", 0)

    def call(path, handler=None, **options):
        port = serve(handler).port if handler else _closed_port()
        params = {
            "path": path,
            "ca_path": "",
            "anchors": [],
            "servers": ["127.0.0.1"],
            "ports": [port],
            "timeout": 20,
        }
        return relay_certificate.Relay(Programs(), dict(params, **options)).look(time.time())

    return call


def _closed_port():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    sock.close()
    return port


def server(mta, made, name, *chain):
    return mta(certificate=(made.join("served-" + name, name, *chain), made.path(name + ".key")))


def test_a_certificate_in_one_file_with_its_key(look, made, mta):
    result = look(made.join("both", "self.key", "self"), server(mta, made, "self"))
    assert result["problem"] == {"path": "", "reason": "", "missing": False}
    (certificate,) = result["certificates"]
    assert (certificate["common_name"], certificate["names"]) == (NAME, ["DNS:" + NAME])
    assert certificate["validity"] == "valid" and certificate["self_signed"]
    assert result["anchor"]["kind"] == "self-signed"
    assert result["anchor"]["content"] == certificate["content"] == made.read("self")
    assert result["chain"] == {"status": "verified", "reason": ""}
    (answer,) = result["served"]
    assert answer["answered"] and answer["verified"] and answer["reason"] == ""
    assert answer["certificate"]["fingerprint"] == certificate["fingerprint"]
    assert result["host"]["addresses"] == ["10.0.0.4"]
    assert "PRIVATE KEY" not in str(result)


def test_the_certificate_that_waits_beside_the_one_in_use(look, made):
    path = made.join("in-use", "self")
    assert look(path)["next"] == {}
    made.make("new", common_name=NAME, names=["DNS:" + NAME], is_ca=True)
    made.join("in-use.next", "new")
    result = look(path)
    found = result["next"]
    assert (found["path"], found["kind"], found["status"], found["reason"]) == (
        path + ".next",
        "self-signed",
        "verified",
        "",
    )
    assert found["content"] == made.read("new") == found["certificate"]["content"]
    assert result["anchor"]["content"] == made.read("self")
    # One that an authority has signed, as when a site moves to it.
    made.join("in-use.next", "leaf", "middle")
    found = look(path, ca_path=made.path("root"))["next"]
    assert (found["kind"], found["status"], found["content"]) == ("private", "verified", made.read("root"))
    with open(path + ".next", "w") as stream:
        stream.write("damaged")
    found = look(path)["next"]
    assert (found["content"], found["status"], found["certificate"]) == ("", "refused", {}) and found["reason"]


def test_the_ca_of_the_site_beside_the_certificate(look, made):
    path = made.join("of-site", "leaf", "middle")
    assert look(path)["chain"]["status"] == "incomplete"
    # The CA in use and the one that follows it: clients get both.
    made.make("follows", common_name="Mail relay CA", is_ca=True)
    made.join("of-site.ca", "root", "follows")
    result = look(path)
    assert (result["anchor"]["kind"], result["chain"]["status"]) == ("private", "verified")
    assert result["anchor"]["content"] == made.read("root") + made.read("follows")
    with open(path + ".ca", "w") as stream:
        stream.write("damaged")
    assert (look(path)["problem"]["reason"], look(path)["chain"]["status"]) == ("", "incomplete")


def test_another_certificate_is_served_than_the_file_has(look, made, mta):
    made.make("new", common_name=NAME, names=["DNS:" + NAME], is_ca=True)
    (answer,) = look(made.path("new"), server(mta, made, "self"))["served"]
    assert answer["answered"] and not answer["verified"], answer
    assert "certificate" in answer["reason"] and answer["certificate"]["common_name"] == NAME


def test_a_renewed_certificate_of_the_same_authority_is_as_good_as_the_old_one(look, made, mta):
    made.make("renewed", "public-middle", common_name=NAME, names=["DNS:" + NAME])
    path = made.join("renewed-chain", "renewed", "public-middle")
    result = look(path, server(mta, made, "public-leaf", "public-middle"))
    assert result["anchor"]["kind"] == "public"
    assert result["anchor"]["subjects"] == ["CN=Public root"]
    (answer,) = result["served"]
    assert answer["verified"]
    assert answer["certificate"]["fingerprint"] != result["certificates"][0]["fingerprint"]


def test_what_was_given_to_clients_is_tried(look, made):
    path = made.join("chain", "leaf", "middle")
    anchors = [made.read("root"), made.read("self"), made.read("middle"), "no certificate"]
    result = look(path, anchors=anchors)
    assert result["chain"]["status"] == "incomplete"
    assert [entry["verified"] for entry in result["anchors"]] == [True, False, False, False]
    assert "no complete PEM block" in result["anchors"][3]["reason"]


@pytest.mark.parametrize(
    "options, words",
    [
        ({"hello": ("relay.example.com",)}, "STARTTLS is not offered"),
        ({"greeting": "554 no"}, "554 no"),
        ({"answers": {"STARTTLS": "454 TLS not available"}, "hello": ("relay.example.com", "STARTTLS")}, "454 TLS"),
    ],
)
def test_why_a_port_shows_no_certificate(look, made, mta, options, words):
    (answer,) = look(made.path("self"), mta(**options))["served"]
    assert not answer["answered"] and not answer["verified"] and answer["certificate"] == {}
    assert words in answer["reason"]


def test_a_closed_port_and_a_name_that_nobody_knows(look, made):
    result = look(made.path("self"), servers=["127.0.0.1", "name.invalid", "a name"])
    reasons = [answer["reason"] for answer in result["served"]]
    assert "refused" in reasons[0] and "name.invalid" in reasons[1] and "'a name'" in reasons[2]
    assert not any(answer["answered"] for answer in result["served"])


def test_a_port_that_says_nothing_is_not_waited_for_for_ever(look, made):
    start = time.time()
    (answer,) = look(made.path("self"), lambda connection: time.sleep(4), timeout=1)["served"]
    assert time.time() - start < 3.5
    assert not answer["answered"] and "1 s" in answer["reason"]


def test_a_file_that_is_not_there_is_a_result(look, made, mta):
    result = look(made.path("missing"), server(mta, made, "self"))
    assert result["problem"] == {
        "path": made.path("missing"),
        "reason": "No such file or directory",
        "missing": True,
    }
    assert result["certificates"] == [] and result["anchor"]["kind"] == "none"
    assert result["chain"] == {"status": "refused", "reason": "No such file or directory"}
    (answer,) = result["served"]
    assert answer["answered"] and not answer["verified"], answer
    result = look(made.path("self"), ca_path="/dev/zero")
    assert result["problem"]["path"] == "/dev/zero" and not result["problem"]["missing"]


def test_expired_and_not_yet_valid(look, made):
    made.make("old", common_name=NAME, is_ca=True, end="210101000000Z")
    made.make("next", common_name=NAME, is_ca=True, start="480101000000Z")
    assert look(made.path("old"))["certificates"][0]["validity"] == "expired"
    assert look(made.path("old"))["certificates"][0]["not_after"] == "2021-01-01T00:00:00Z"
    assert look(made.path("next"))["certificates"][0]["validity"] == "future"


@pytest.mark.parametrize(
    "options, words",
    [({"timeout": 0}, "timeout: 0 s"), ({"timeout": float("nan")}, "timeout"), ({"ports": [70000]}, "ports: 70000")],
)
def test_an_option_that_cannot_be_used(look, made, options, words):
    with pytest.raises(relay_certificate.OptionError) as refused:
        look(made.path("self"), **options)
    assert words in str(refused.value)
