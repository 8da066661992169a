# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jammed queue on a real relay: each purge deletes exactly what its text means, also while mail flows."""

import json
import time

import pytest
import site_under_test as site

RELAY = site.RELAY
APP = "app@web01.example.com"
# name: (sender, recipients). The relay cannot deliver to any of these: their domains wait for a server that is away.
LOOK_ALIKES = {
    "plain": (APP, ["a@example.com"]),
    "australia": (APP, ["a@example.com.au"]),
    "longer": (APP, ["a@notexample.com"]),
    "quoted": (APP, ['"a b"@example.com']),
    "upper": (APP, ["A@EXAMPLE.COM"]),
    "subdomain": (APP, ["a@mail.example.com"]),
    "two": (APP, ["b@example.org", "a@example.com"]),
    "other": (APP, ["b@example.org"]),
    "bounce": ("", ["b@example.org"]),
    "from_domain": ("news@example.com", ["b@example.org"]),
    "from_upper": ("APP@WEB01.example.com", ["b@example.org"]),
    "from_longer": ("webapp@web01.example.com", ["b@example.org"]),
    "from_australia": ("app@web01.example.com.au", ["b@example.org"]),
    "held": ("news@example.net", ["b@example.org"]),
}
# The four purges of the guide: extra variables, and what survives each.
FROM_APP = {"plain", "australia", "longer", "quoted", "upper", "subdomain", "two", "other", "from_upper"}
TO_DOMAIN = {"plain", "quoted", "upper", "two"}
PURGES = [
    pytest.param({"all": True}, set(), id="all"),
    pytest.param({"queue": ["deferred"]}, {"held"}, id="deferred"),
    pytest.param({"recipient_domain": ["example.com"]}, set(LOOK_ALIKES) - TO_DOMAIN, id="domain"),
    pytest.param({"sender": [APP]}, set(LOOK_ALIKES) - FROM_APP, id="sender"),
]
FILL = """
import json, subprocess, sys
for name, (sender, recipients) in json.load(sys.stdin).items():
    text = "From: <x@y.example>\\nSubject: look-alike %s\\n\\n%s\\n" % (name, name)
    command = ["/usr/sbin/sendmail", "-i", "-f", sender or "<>", "--"] + recipients
    subprocess.run(command, input=text.encode(), check=True)
"""


def listing():
    """The queue as Postfix shows it: a list of its own JSON objects."""
    return [json.loads(line) for line in site.output(RELAY, "postqueue -j").splitlines()]


def names():
    """dict: the name of each look-alike in the queue -> the queue it is in."""
    entries = listing()
    ids = " ".join(entry["queue_id"] for entry in entries)
    found = site.output(RELAY, f"for id in {ids}; do postcat -h -q $id; done | sed -n 's/^Subject: look-alike //p'").split()
    return {name: entry["queue_name"] for name, entry in zip(found, entries, strict=True)}


def queue_playbook(check=True, **variables):
    return site.playbook("-l", "relay_servers", "-e", json.dumps(variables), name="mailops.relay.queue", check=check)


@pytest.fixture(scope="module", autouse=True)
def jam():
    """Mail for the look-alikes' domains waits; mail for example.net goes to mx01."""
    domains = "example.com example.com.au notexample.com mail.example.com example.org"
    site.run(RELAY, f"for domain in {domains}; do echo $domain smtp:[127.0.0.1]:9; done > /etc/postfix/jam")
    site.run(RELAY, "postmap /etc/postfix/jam")
    site.run(RELAY, "postconf -e transport_maps=hash:/etc/postfix/jam minimal_backoff_time=1h")
    site.run(RELAY, "postfix reload && sleep 1")
    yield
    site.run(RELAY, "postsuper -d ALL; postconf -X transport_maps minimal_backoff_time; postfix reload")
    site.run(RELAY, "rm -f /etc/postfix/jam*")


@pytest.fixture
def look_alikes():
    site.run(RELAY, "postsuper -d ALL; rm -rf /root/backup")
    site.run(RELAY, f"python3 -c '{FILL}'", stdin=json.dumps(LOOK_ALIKES))

    def deferred():
        entries = listing()
        return len(entries) == len(LOOK_ALIKES) and all(entry["queue_name"] == "deferred" for entry in entries)

    site.wait_for(deferred)
    site.run(RELAY, "postsuper -h " + next(e["queue_id"] for e in listing() if e["sender"] == "news@example.net"))


@pytest.mark.parametrize(("criteria", "survivors"), PURGES)
def test_each_purge_of_the_guide_deletes_exactly_what_its_text_means(look_alikes, criteria, survivors):
    done = queue_playbook(action="delete", assume_yes=True, **criteria)
    assert f"delete: {len(LOOK_ALIKES) - len(survivors)} of {len(LOOK_ALIKES) - len(survivors)} message" in done.stdout
    left = names()
    assert set(left) == survivors
    # What was looked at and kept is where it was.
    assert all(queue == ("hold" if name == "held" else "deferred") for name, queue in left.items())


REFUSED = [
    ({"action": "delete"}, "no criterion is given"),
    ({"action": "delete", "sender": ["app"]}, "sender: 'app' is not an address"),
    ({"action": "delete", "recipient_domain": ["@example.com"]}, "recipient_domain: '@example.com' is not a domain"),
    ({"action": "delete", "queue": ["delayed"]}, "queue: 'delayed' is no queue"),
    ({"action": "delete", "older_than": "-1h"}, "older_than: '-1h' is not an age"),
    ({"action": "delete", "queue_id": ["ALL"]}, "queue_id: 'ALL' is no queue ID"),
    ({"action": "delete", "queue_id": ["$(id)"]}, "queue_id: '$(id)' is no queue ID"),
    ({"action": "delete", "queue_id": ["-d"]}, "queue_id: '-d' is no queue ID"),
    ({"action": "delete", "all": True, "limit": 13}, "limit: 14 messages are meant, more than 13"),
    ({"action": "delete", "all": True, "limit": -1}, "limit: -1 is negative"),
]


def test_seeing_and_refusing_leave_the_queue_as_it_is(look_alikes, tmp_path):
    before = sorted(listing(), key=lambda entry: entry["queue_id"])
    shown = queue_playbook().stdout
    assert "14 messages" in shown and "connection refused" in shown and "example.com.au" in shown
    # Nobody is there to answer.
    refused = queue_playbook(action="delete", queue=["deferred"], check=False)
    assert refused.returncode and "Nothing was done" in refused.stdout
    attempt = {
        "name": "Attempt",
        "mailops.relay.mail_queue": "{{ item }}",
        "loop": [arguments for arguments, _words in REFUSED],
        "ignore_errors": True,
    }
    play = tmp_path / "refused.yml"
    play.write_text(json.dumps([{"hosts": "relay_servers", "gather_facts": False, "tasks": [attempt]}]))
    # YAML writes a quote in a quoted text twice.
    refused = site.playbook(name=str(play)).stdout.replace("''", "'")
    for _arguments, words in REFUSED:
        assert words in refused
    assert sorted(listing(), key=lambda entry: entry["queue_id"]) == before


def test_what_was_saved_can_be_put_back_and_arrives():
    site.run(RELAY, "postsuper -d ALL; rm -rf /root/backup; postconf -e defer_transports=smtp; postfix reload; sleep 1")
    word = site.send(RELAY)
    site.wait_for(lambda: [entry for entry in listing() if entry["queue_name"] == "deferred"])
    queue_playbook(action="delete", recipient_domain=["example.net"], backup_to="/root/backup", assume_yes=True)
    assert listing() == []
    site.run(RELAY, "postconf -X defer_transports; postfix reload; sleep 1")
    assert site.received(word) is None
    queue_playbook(action="restore", restore_from="/root/backup", all=True, assume_yes=True)
    assert word in site.arrives(word)


def test_hold_release_flush_requeue_and_expire(look_alikes):
    queue_playbook(action="hold", sender=[APP], assume_yes=True)
    assert {name for name, queue in names().items() if queue == "hold"} == FROM_APP | {"held"}
    queue_playbook(action="release", recipient_domain=["example.com"], assume_yes=True)
    assert {name for name, queue in names().items() if queue == "hold"} == FROM_APP - TO_DOMAIN | {"held"}
    ids = {entry["queue_id"] for entry in listing()}
    queue_playbook(action="requeue", queue=["deferred"], assume_yes=True)
    site.wait_for(lambda: len(listing()) == len(LOOK_ALIKES) and set(names()) == set(LOOK_ALIKES))
    assert len(ids & {entry["queue_id"] for entry in listing()}) == len(FROM_APP - TO_DOMAIN | {"held"})
    queue_playbook(action="flush", sender=["news@example.com"], assume_yes=True)
    assert site.output(RELAY, "postconf -h mail_version").split(".") < ["3", "5"] or queue_playbook(
        action="expire", sender=["webapp@web01.example.com"], assume_yes=True
    )


def test_a_purge_under_full_load_loses_nothing_else():
    """The relay takes and delivers as fast as it can while one sender's messages are purged again and again."""
    site.run(RELAY, "postsuper -d ALL")
    site.run("mx01", f"rm -f {site.RECEIVED}/*")
    good, bad = 600, 300
    flood = (
        f"(smtp-source -s 4 -m {good} -N -l 200 -f good@web01.example.com -t to@example.net 127.0.0.1:25 & "
        f"smtp-source -s 4 -m {bad} -N -l 200 -f bad@web01.example.com -t to@example.org 127.0.0.1:25 & wait)"
    )
    site.run(RELAY, f"setsid sh -c '{flood}; touch /tmp/flooded' >/dev/null 2>&1 </dev/null & rm -f /tmp/flooded")
    affected = runs = 0
    while runs < 2 or site.run(RELAY, "test -e /tmp/flooded", check=False).returncode:
        done = queue_playbook(action="delete", sender=["bad@web01.example.com"], assume_yes=True)
        affected += int(done.stdout.partition("delete: ")[2].split()[0])
        runs += 1
    time.sleep(1)
    done = queue_playbook(action="delete", sender=["bad@web01.example.com"], assume_yes=True)
    affected += int(done.stdout.partition("delete: ")[2].split()[0])

    def all_arrived():
        site.run(RELAY, "postqueue -f")
        return int(site.output("mx01", f"ls {site.RECEIVED} | wc -l")) >= good

    site.wait_for(all_arrived, 60)
    assert affected == bad
    assert listing() == []
    different = site.output("mx01", f"grep -h ^X-Original-To: {site.RECEIVED}/* | sort -u | wc -l")
    assert (int(different), int(site.output("mx01", f"ls {site.RECEIVED} | wc -l"))) == (good, good)
