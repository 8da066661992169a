# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import threading
import time

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.modules import smtp_probe

MESSAGE = {"test": "message", "sender": "app@web01.example.com", "recipient": "ops@example.net"}


@pytest.fixture
def bad_server():
    """Starts a server that does this to one connection; returns its port."""
    sockets = []

    def start(handler):
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen(5)
        sockets.append(listening)

        def run():
            while True:
                try:
                    connection = listening.accept()[0]
                    handler(connection)
                    connection.close()
                except (socket.error, ValueError):
                    return

        thread = threading.Thread(target=run)
        thread.daemon = True
        thread.start()
        return listening.getsockname()[1]

    yield start
    for listening in sockets:
        listening.close()


def test_a_message_through_the_local_mail_system(run_module, programs, tmp_path):
    programs(sendmail='printf "%s\\n" "$@" > {0}/args; cat > {0}/message'.format(tmp_path))
    failed, result = run_module(smtp_probe.main, **MESSAGE)
    assert not failed and result["changed"]
    assert (tmp_path / "args").read_text().split() == ["-i", "-f", "app@web01.example.com", "--", "ops@example.net"]
    assert "Message-ID: " + result["message_id"] in (tmp_path / "message").read_text()


def test_a_local_mail_system_that_stalls(run_module, programs):
    programs(sendmail="exec sleep 20")
    begun = time.time()
    failed, result = run_module(smtp_probe.main, timeout=1, **MESSAGE)
    assert failed and result["kind"] == "timeout" and time.time() - begun < 10


def test_check_mode_sends_nothing(run_module, programs, tmp_path):
    programs(sendmail="touch {0}/called".format(tmp_path))
    failed, result = run_module(smtp_probe.main, check_mode=True, **MESSAGE)
    assert not failed and result["changed"] and "nothing was sent" in result["reply"]
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("test", ["tls", "limits", "relay", "smuggling"])
@pytest.mark.parametrize("sent", [b"\x1b[2Jgarbage\r\n", b"220-x" * 200000, b"220", b""])
def test_a_bad_server_is_a_result_and_no_failure(run_module, bad_server, test, sent):
    port = bad_server(lambda connection: connection.sendall(sent))
    options = {"port": port} if test != "relay" else {"ports": [port]}
    options = dict(MESSAGE if test == "smuggling" else {}, **options)
    begun = time.time()
    failed, result = run_module(smtp_probe.main, **dict(options, test=test, server="127.0.0.1", timeout=5))
    assert not failed and result["status"] in ("failed", "warning")
    assert "\x1b" not in repr(result).replace("\\\\x1b", "") and time.time() - begun < 8


def test_a_bad_server_for_a_message_is_a_failure(run_module, bad_server):
    port = bad_server(lambda connection: connection.sendall(b"SSH-2.0-x\r\n"))
    failed, result = run_module(smtp_probe.main, server="127.0.0.1", port=port, **MESSAGE)
    assert failed and result["kind"] == "garbage" and "SSH-2.0-x" in result["msg"] and result["transcript"] == []


@pytest.mark.parametrize(
    "options, words",
    [
        ({"test": "tls"}, "server"),
        ({"test": "relay"}, "server"),
        ({"test": "message"}, "sender, recipient"),
        ({"test": "smuggling", "server": "relay"}, "sender, recipient"),
        ({"test": "limits", "server": "relay", "port": 65536}, "port: 65536 is not a port"),
        ({"test": "relay", "server": "relay", "ports": [25, 0]}, "ports: 0 is not a port"),
        ({"test": "relay", "server": "relay", "ports": []}, "ports: it names none"),
        ({"test": "relay", "server": "relay", "addresses": []}, "addresses: it names none"),
        (
            {"test": "relay", "server": "relay", "addresses": ["relay.example.com"]},
            "addresses: 'relay.example.com' is not an IPv4",
        ),
        ({"test": "relay", "server": "relay", "recipient_domain": "-"}, "recipient_domain: '-' is not a domain"),
        ({"test": "limits", "server": "relay", "timeout": 0}, "timeout: 0 s is not a time limit; give more than 0"),
        ({"test": "tls", "server": "relay", "fingerprint": "ab"}, "fingerprint: 'ab' is not a SHA-256"),
        ({"test": "tls", "server": "relay", "ca_file": "/nowhere"}, "/nowhere cannot be used"),
        (dict(MESSAGE, sender="x"), "sender: 'x' is not an address"),
        # What this test would pass over.
        (dict(MESSAGE, port=587), "port: it is passed over without a server"),
        (dict(MESSAGE, tls="required"), "tls: it is passed over without a server"),
        (dict(MESSAGE, allow_foreign=True), "allow_foreign: it is passed over without a server"),
        (dict(MESSAGE, server="relay", through=["relay"]), "through: it is passed over with a server"),
        (dict(MESSAGE, server="relay", ports=[25]), "ports: test=message does not look at it, only test=relay does"),
        ({"test": "relay", "server": "relay", "port": 25}, "port: test=relay does not look at it"),
        (
            {"test": "limits", "server": "relay", "ca_file": "/x"},
            "ca_file: test=limits does not look at it, only test=tls",
        ),
        ({"test": "tls", "server": "relay", "sender": "a@example.com"}, "only test=message or smuggling does"),
        ({"test": "limits", "server": "relay", "expiry_days": 30}, "expiry_days: test=limits does not look at it"),
    ],
)
def test_bad_input_is_refused_by_name(run_module, options, words):
    failed, result = run_module(smtp_probe.main, **options)
    assert failed and words in result["msg"]


def test_documentation_and_arguments_say_the_same():
    spec, documented = smtp_probe.argument_spec(), yaml.safe_load(smtp_probe.DOCUMENTATION)["options"]
    assert set(documented) == set(spec)
    for name, option in documented.items():
        for key in ("type", "elements", "choices", "default", "required"):
            assert (name, key, option.get(key)) == (name, key, spec[name].get(key))
    assert yaml.safe_load(smtp_probe.RETURN) and yaml.safe_load(smtp_probe.EXAMPLES)
