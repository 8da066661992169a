# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sendmail queue of a stopped relay is listed, purged by recipient domain, and the rest delivers afterwards."""

import uuid

import pytest
import site_under_test as site

CLIENT = "legacy01"
SENDER = "app@legacy01.example.com"
# What each message goes to, and whether it waits for example.com. The null sender and letters' case make no difference.
MESSAGES = {
    "plain": (SENDER, ["a@example.com"], True),
    "quoted": (SENDER, ['"a b"@example.com'], True),
    "upper case": (SENDER, ["A@EXAMPLE.COM"], True),
    "null sender": ("<>", ["a@example.com"], True),
    "one of two": (SENDER, ["a@example.com", "b@example.net"], True),
    "longer domain": (SENDER, ["a@example.com.au"], False),
    "domain that ends alike": (SENDER, ["a@notexample.com"], False),
    "subdomain": (SENDER, ["a@sub.example.com"], False),
    "the domain in the local part": (SENDER, ["example.com@example.net"], False),
    "only the sender": ("a@legacy01.example.com", ["b@example.net"], False),
}
CONTROL_FILES = "find /var/spool/*mqueue* -type f -name '[qh]f*'"


def module(name, **arguments):
    """The result of a module on the client."""
    (result,), done = site.modules(site.Call(CLIENT, name, arguments))
    assert not result["failed"], done.stdout + done.stderr
    return result


def queue(*messages):
    """Put messages into the daemon's queue, or with -Ac into that of the submission program; returns their words.

    Each is a tuple: sender, recipients and, if it is not -Am, the option.
    """
    words, script = [], ["set -e"]
    for sender, recipients, *option in messages:
        word = uuid.uuid4().hex
        quoted = " ".join(f"'{recipient}'" for recipient in recipients)
        script += [
            f"/usr/sbin/sendmail {option[0] if option else '-Am'} -odq -f '{sender}' {quoted} <<'END'",
            f"Subject: {word}\nMessage-ID: <{word}@legacy01.test>\n\n{word}\nEND",
        ]
        words.append(word)
    site.run(CLIENT, "sh -s", stdin="\n".join(script) + "\n")
    return words


def words_in_queue():
    return site.output(CLIENT, CONTROL_FILES + " | xargs -r sed -n 's/^H??Subject: //p'").split()


@pytest.fixture
def stopped_relay():
    """The relay is down, and sendmail's queue empty at first. Once up, it gives mx01 mail for every domain."""
    site.run(CLIENT, "rm -rf /root/purged-queue; sendmail -q; sendmail -Ac -q")

    def queue_is_empty():
        return site.output(CLIENT, CONTROL_FILES) == ""

    site.wait_for(queue_is_empty)
    site.run("mx01", "cp -p /etc/postfix/main.cf /root/")
    site.run("mx01", "postconf -e virtual_mailbox_domains=static:all; postfix reload")
    site.run(site.RELAY, "postconf -e 'transport_maps=static:smtp:[mx01.example.net]'")
    site.stop_postfix(site.RELAY)
    yield
    site.run(
        site.RELAY,
        "postconf -e transport_maps=texthash:/etc/postfix/relay_local_names; systemctl start postfix; postfix reload",
    )
    site.run("mx01", "cp -p /root/main.cf /etc/postfix/; postfix reload")


@site.only_on(2)
def test_queue_of_a_stopped_relay_is_purged_by_recipient_domain_and_the_rest_delivers(stopped_relay):
    messages = {name: (sender, recipients) for name, (sender, recipients, _purged) in MESSAGES.items()}
    messages["submitted"] = SENDER, ["Joe <joe@example.com>"], "-Ac"
    messages["submitted to another"] = SENDER, ["joe@example.net"], "-Ac"
    words = dict(zip(messages, queue(*messages.values()), strict=True))
    purged = {name for name, (_sender, _recipients, purged) in MESSAGES.items() if purged} | {"submitted"}

    listed = module("mail_queue_info", all=True)
    assert (listed["mta"], listed["total"]) == ("sendmail", len(words))
    assert listed["by_queue"] == {"mta": len(MESSAGES), "submission": 2}

    done = module("mail_queue", action="delete", recipient_domain=["example.com"], backup_to="/root/purged-queue")
    assert done["affected"] == len(purged)
    # Each survivor by its name.
    survivors = {word: name for name, word in words.items()}
    assert {survivors[word] for word in words_in_queue()} == set(words) - purged

    site.run(site.RELAY, "systemctl start postfix")
    site.run(CLIENT, "sendmail -q; sendmail -Ac -q")
    site.all_arrive([words[name] for name in set(words) - purged])
    assert site.all_received([words[name] for name in purged]) == set()

    back = module("mail_queue", action="restore", restore_from="/root/purged-queue", all=True)
    assert back["affected"] == len(purged)
    site.run(CLIENT, "rm -rf /root/purged-queue; sendmail -q; sendmail -Ac -q")
    site.all_arrive([words[name] for name in purged])


@site.only_on(0)
def test_nothing_else_is_lost_while_the_queue_is_run_and_mail_arrives(stopped_relay):
    purged = set(queue(*[(SENDER, ["a@example.com"])] * 10))
    others = set(queue(*[(SENDER, ["a@example.com.au"])] * 10))
    site.run(site.RELAY, "systemctl start postfix")
    site.run(CLIENT, "sendmail -q")
    module("mail_queue", action="hold", recipient_domain=["example.com"])
    others |= set(queue(*[(SENDER, ["b@example.net"])] * 5))
    deleted = module(
        "mail_queue", action="delete", queue=["hold"], recipient_domain=["example.com"], backup_to="/root/purged-queue"
    )
    saved = set(site.output(CLIENT, "cat /root/purged-queue/*/data 2>/dev/null || true").split())
    assert len(saved) == deleted["affected"]
    site.run(CLIENT, "sendmail -q")
    site.all_arrive(others | (purged - saved))
    assert site.all_received(saved) == set()
