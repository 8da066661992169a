# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import time

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.stream import StreamError
from ansible_collections.mailops.relay.plugins.module_utils.host.trust import read_certificates
from ansible_collections.mailops.relay.plugins.module_utils.mail.certificate_checks import Moment
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import Refusal, Reply
from ansible_collections.mailops.relay.plugins.module_utils.preflight import certificates
from ansible_collections.mailops.relay.tests.unit.plugins.module_utils.host.authority import site

MASTER = b"smtp inet n - n - - smtpd\nsubmission inet n - n - - smtpd\nqmgr unix n - n 300 1 qmgr\n"
OPTIONS = {"timeout": 5, "ca_path": None, "reference_time": None, "clock_tolerance": 30}


def moment(days):
    """str: so many days from now, as openssl ca takes it."""
    return time.strftime("%y%m%d%H%M%SZ", time.gmtime(time.time() + days * 86400))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    made = site(str(tmp_path_factory.mktemp("authority")))
    made.make("five", common_name="relay.example.com", start=moment(-85), end=moment(5))
    made.make("twenty", common_name="relay.example.com", start=moment(-70), end=moment(20))
    return made


@pytest.fixture
def check(tmp_path, monkeypatch):
    """The checks of a Postfix whose ports serve what is in these files, or do what a function does."""
    monkeypatch.setattr(certificates, "_PAUSE", 0)

    class Host(object):
        installed = True
        config_directory = str(tmp_path)
        main_file = str(tmp_path / "main.cf")
        master_file = str(tmp_path / "master.cf")
        defaults = {}

    def call(path, serve=None, master=MASTER, main=None, **options):
        (tmp_path / "master.cf").write_bytes(master)
        settings = {"smtpd_tls_security_level": "may", "smtpd_tls_cert_file": path}
        settings.update(main or {})

        def sent(server, port, deadline, implicit, kind, runner):
            return serve(port, kind) if callable(serve) else (read_certificates(serve or path), True)

        monkeypatch.setattr(certificates, "sent", sent)
        found = certificates.Certificates(None, Host, "relay.example.com", settings, dict(OPTIONS, **options))
        return found.checks()

    return call


def statuses(results):
    return [(result["subject"], result["status"]) for result in results]


def test_the_file_and_each_port(check, made):
    path = made.path("twenty")
    results = check(path)
    assert statuses(results) == [
        (path, "warning"),
        ("relay.example.com port 25", "warning"),
        ("relay.example.com port 587", "warning"),
    ]
    assert set(result["id"] for result in results) == {"certificate"}
    assert [result["expiry"]["port"] for result in results] == [None, 25, 587]


def test_a_file_renewed_while_postfix_was_not_reloaded(check, made):
    results = check(made.path("self"), made.path("five"))
    assert [status for _subject, status in statuses(results)] == ["ok", "failed", "failed"]
    assert "postfix reload" in results[1]["todo"]


def test_a_process_of_before_the_reload_is_asked_again(check, made):
    old = [25]

    def serve(port, kind):
        name = "five" if port in old else "self"
        old[:] = []
        return read_certificates(made.path(name)), True

    results = check(made.path("self"), serve)
    assert [status for _subject, status in statuses(results)] == ["ok", "ok", "ok"]


def test_what_waits_beside_the_file(check, made):
    path = made.join("with-next", "twenty")
    made.join("with-next.next", "self")
    assert [status for _subject, status in statuses(check(path))] == ["ok", "ok", "ok"]


@pytest.mark.parametrize(
    "reason, status, words",
    [
        (StreamError("refused", "127.0.0.1:25: Connection refused"), "warning", "not known: 127.0.0.1:25: Connection"),
        (StreamError("tls", "STARTTLS is not offered"), "warning", "not known: STARTTLS is not offered"),
        (Refusal("STARTTLS", Reply(454, ["TLS not available"])), "failed", "STARTTLS is 454 TLS not available"),
        (
            Refusal("the connection", Reply(421, ["too many"])),
            "warning",
            "not known: the answer to the connection is 421",
        ),
    ],
)
def test_a_port_that_shows_no_certificate_is_never_ok(check, made, reason, status, words):
    def serve(port, kind):
        raise reason

    first, second, third = check(made.path("self"), serve)
    assert (first["status"], second["status"], third["status"]) == ("ok", status, status)
    assert words in second["seen"] and second["todo"]


def test_a_port_that_takes_too_long_leaves_the_verdict_on_the_file(check, made):
    def serve(port, kind):
        time.sleep(2 if port == 25 else 0)
        return read_certificates(made.path("self")), True

    results = check(made.path("self"), serve, timeout=0.5)
    assert [status for _subject, status in statuses(results)] == ["ok", "warning", "ok"]
    assert "not known: no answer in time" in results[1]["seen"]


def test_a_file_that_cannot_be_used(check, made, tmp_path):
    results = check(str(tmp_path / "missing"), made.path("self"))
    assert [status for _subject, status in statuses(results)] == ["failed", "warning", "warning"]
    assert "No such file" in results[0]["seen"]


def test_an_authority_beside_the_file(check, made, tmp_path):
    made.make("soon", common_name="Soon CA", is_ca=True, start=moment(-3000), end=moment(5))
    made.make("under", "soon", common_name="relay.example.com")
    path = made.path("under")
    assert statuses(check(path))[0] == (path, "ok")
    results = check(path, ca_path=made.path("soon"))
    assert [status for _subject, status in statuses(results)] == ["failed"] * 3
    assert "above it CN=Soon CA" in results[0]["seen"]
    # That of the CA of the site is found by itself.
    of_site = made.join("of-site", "under")
    made.join("of-site.ca", "soon")
    assert [status for _subject, status in statuses(check(of_site))] == ["failed"] * 3
    gone = check(path, ca_path=str(tmp_path / "gone"))
    assert statuses(gone)[0] == (str(tmp_path / "gone"), "failed")


def test_a_port_with_two_kinds_of_keys_is_asked_for_both(check, made, monkeypatch):
    asked = []

    def serve(port, kind):
        asked.append((port, kind))
        return read_certificates(made.path("self")), True

    monkeypatch.setattr(certificates, "_kinds", lambda files: ["ECC", "RSA"])
    results = check(made.path("self"), serve)
    assert sorted(asked) == [(25, "ECC"), (25, "RSA"), (587, "ECC"), (587, "RSA")]
    assert [result["subject"] for result in results][1:3] == [
        "relay.example.com port 25, ECC",
        "relay.example.com port 25, RSA",
    ]


def test_chain_files_have_keys_and_certificates_behind_in_files_of_their_own(check, made):
    names = [made.path(name) for name in ("leaf.key", "leaf", "middle", "self.key", "self")]
    results = check(made.path("self"), main={"smtpd_tls_chain_files": " ".join(names)})
    assert [result["subject"] for result in results][:2] == [made.path("leaf"), made.path("self")]
    # One name, two keys.
    names = " ".join(made.path(name) for name in ("self", "five"))
    results = check(made.path("self"), main={"smtpd_tls_chain_files": names})
    assert statuses(results)[:2] == [(made.path("self"), "ok"), (made.path("five"), "failed")]
    one = made.join("all", "leaf.key", "leaf", "middle", "five.key", "five")
    results = check(made.path("self"), main={"smtpd_tls_chain_files": one})
    assert statuses(results)[:2] == [(one, "ok"), (one, "failed")]


def test_without_tls_there_is_nothing_to_look_at(check, made):
    (result,) = check(made.path("self"), main={"smtpd_tls_security_level": "none"})
    assert (result["id"], result["status"]) == ("certificate", "skipped")


def test_what_is_not_known_before_the_clock_is_set(check, made, monkeypatch):
    real = time.time()
    monkeypatch.setattr(certificates.time, "time", lambda: 86400.0)
    (result,) = check(made.path("self"))
    assert result["status"] == "warning" and "1970-01-02" in result["seen"] and "clock" in result["todo"]
    results = check(made.path("five"), reference_time=real)
    assert [status for _subject, status in statuses(results)] == ["failed"] * 3
    assert "5.0 days left" in results[0]["seen"] or "4.9 days left" in results[0]["seen"]


def test_the_times_by_which_is_judged():
    now = 1795867200.0
    assert certificates.moments(now, None, 30) == [Moment(now, "")]
    assert certificates.moments(now, now + 29, 30) == [Moment(now, "")]
    assert certificates.moments(now, now + 31, 30) == [Moment(now, ""), Moment(now + 31, "the controller")]
    assert certificates.moments(5.0, None, 30) == []
