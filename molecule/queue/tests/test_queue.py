# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jammed queue on a real relay: each purge deletes exactly what its text means, also while mail flows."""

import json

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
    pytest.param({"name": ["deferred"]}, {"held"}, id="deferred"),
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

# 100 good messages and 50 bad ones at the same time, again and again until it is enough; each to another recipient:
# what -N counts stands before the address, and since Postfix 3.10 after the local part.
FLOOD = """
round=0
until [ -e /tmp/enough ]; do
    round=$((round + 1))
    smtp-source -s 4 -m 100 -N -l 200 -f good@web01.example.com -t to$round-@example.net 127.0.0.1:25 &
    smtp-source -s 4 -m 50 -N -l 200 -f bad@web01.example.com -t to$round-@example.org 127.0.0.1:25 &
    wait
done
echo $round > /tmp/rounds
"""


def listing():
    """The queue as Postfix shows it: a list of its own JSON objects."""
    return [json.loads(line) for line in site.output(RELAY, "postqueue -j").splitlines()]


def names():
    """dict: the name of each look-alike in the queue -> what Postfix shows of it."""
    entries = listing()
    ids = " ".join(entry["queue_id"] for entry in entries)
    found = site.output(RELAY, f"[ -z '{ids}' ] || postcat -h -q {ids} | sed -n 's/^Subject: look-alike //p'").split()
    return dict(zip(found, entries, strict=True))


def all_wait():
    """bool: every look-alike is there and nothing is on its way."""
    queues = [entry["queue_name"] for entry in listing()]
    return len(queues) == len(LOOK_ALIKES) and set(queues) <= {"deferred", "hold"}


def on_hold():
    return {name for name, entry in names().items() if entry["queue_name"] == "hold"}


def queue_playbook(check=True, **variables):
    """Run the playbook with these variables, given without the playbook's name before them."""
    named = json.dumps({f"queue_{name}": value for name, value in variables.items()})
    return site.playbook("-l", "relay_servers", "-e", named, name="mailops.relay.queue", check=check)


def mail_queue(*steps):
    """Run the module with each of these arguments, all in one run of Ansible; returns the results and the output."""
    results, done = site.modules(*(site.Call(RELAY, "mail_queue", arguments) for arguments in steps))
    return results, done.stdout


@pytest.fixture(scope="module", autouse=True)
def jam():
    """Mail for the look-alikes' domains waits; mail for example.net goes to mx01."""
    domains = "example.com example.com.au notexample.com mail.example.com example.org"
    site.run(RELAY, f"for domain in {domains}; do echo $domain smtp:[127.0.0.1]:9; done > /etc/postfix/jam")
    site.run(RELAY, "postmap /etc/postfix/jam")
    site.run(RELAY, "postconf -e transport_maps=hash:/etc/postfix/jam minimal_backoff_time=1h")
    site.run(RELAY, "postfix reload && sleep 1")
    yield
    site.run(
        RELAY,
        "postsuper -d ALL; postconf -e transport_maps=texthash:/etc/postfix/relay_local_names; postconf -X minimal_backoff_time; postfix reload",
    )
    site.run(RELAY, "rm -f /etc/postfix/jam*")


@pytest.fixture
def look_alikes():
    site.run(RELAY, "postsuper -d ALL; rm -rf /root/backup")
    site.run(RELAY, f"python3 -c '{FILL}'", stdin=json.dumps(LOOK_ALIKES))
    site.wait_for(all_wait)
    site.run(RELAY, "postsuper -h " + next(e["queue_id"] for e in listing() if e["sender"] == "news@example.net"))


@site.only_on(1)
@pytest.mark.parametrize(("criteria", "survivors"), PURGES)
def test_each_purge_of_the_guide_deletes_exactly_what_its_text_means(look_alikes, criteria, survivors):
    done = queue_playbook(action="delete", assume_yes=True, **criteria)
    assert f"delete: {len(LOOK_ALIKES) - len(survivors)} of {len(LOOK_ALIKES) - len(survivors)} message" in done.stdout
    left = names()
    assert set(left) == survivors
    # What was looked at and kept is where it was.
    assert all(entry["queue_name"] == ("hold" if name == "held" else "deferred") for name, entry in left.items())


REFUSED = [
    ({"action": "delete"}, "no criterion is given"),
    ({"action": "delete", "queue_id": ["ALL"]}, "queue_id: 'ALL' is not a queue ID"),
    ({"action": "delete", "queue_id": ["$(id)"]}, "queue_id: '$(id)' is not a queue ID"),
    ({"action": "delete", "all": True, "limit": 13}, "limit: 14 messages are meant, more than 13"),
]


@site.only_on(1)
def test_seeing_and_refusing_leave_the_queue_as_it_is(look_alikes):
    before = sorted(listing(), key=lambda entry: entry["queue_id"])
    shown = queue_playbook().stdout
    refused, _output = mail_queue(*(arguments for arguments, _words in REFUSED))
    assert "14 messages" in shown and "connection refused" in shown and "example.com.au" in shown
    for result, (_arguments, words) in zip(refused, REFUSED, strict=True):
        assert result["failed"] and words in result["msg"]
    # Nobody is there to answer.
    unanswered = queue_playbook(action="delete", name=["deferred"], check=False)
    assert unanswered.returncode and "Nothing was done" in unanswered.stdout
    assert sorted(listing(), key=lambda entry: entry["queue_id"]) == before


@site.only_on(2)
def test_what_was_saved_can_be_put_back_and_arrives():
    site.run(RELAY, "postsuper -d ALL; rm -rf /root/backup; postconf -e defer_transports=smtp; postfix reload; sleep 1")
    word = site.send(RELAY)
    site.wait_for(lambda: [entry for entry in listing() if entry["queue_name"] == "deferred"])
    mail_queue({"action": "delete", "recipient_domain": ["example.net"], "backup_to": "/root/backup"})
    assert listing() == []
    site.run(RELAY, "postconf -X defer_transports; postfix reload; sleep 1")
    assert site.received(word) is None
    queue_playbook(action="restore", restore_from="/root/backup", all=True, assume_yes=True)
    assert word in site.arrives(word)


def test_hold_release_flush_requeue_and_expire(look_alikes):
    before = names()
    steps = [
        {"action": "hold", "sender": [APP]},
        {"action": "release", "recipient_domain": ["example.com"]},
        {"action": "requeue", "sender": [LOOK_ALIKES["from_australia"][0]]},
        {"action": "flush", "sender": [LOOK_ALIKES["from_domain"][0], LOOK_ALIKES["held"][0]]},
        {"action": "expire", "sender": [LOOK_ALIKES["from_longer"][0]]},
    ]
    expires = [int(part) for part in site.output(RELAY, "postconf -h mail_version").split(".")[:2]] >= [3, 5]
    done, output = mail_queue(*(step for step in steps if expires or step["action"] != "expire"))
    assert [result.get("affected") for result in done] == [len(FROM_APP), len(TO_DOMAIN), 1, 1, 1][: len(done)], output
    site.wait_for(all_wait)
    after = names()
    assert on_hold() == FROM_APP - TO_DOMAIN | {"held"}
    changed = {name for name in LOOK_ALIKES if after[name]["queue_id"] != before[name]["queue_id"]}
    assert changed == {"from_australia"}
    if expires:
        assert {name for name in LOOK_ALIKES if after[name]["forced_expire"]} == {"from_longer"}

    def attempts(name):
        return site.log(RELAY).count(f"{before[name]['queue_id']}: to=<b@example.org>")

    site.wait_for(lambda: attempts("from_domain") == 2)
    assert attempts("from_upper") == 1


@site.only_on(0)
def test_a_purge_under_full_load_loses_nothing_else():
    """The relay takes and delivers as fast as it can while one sender's messages are purged again and again."""
    site.run(RELAY, "postsuper -d ALL; rm -f /tmp/enough /tmp/rounds")
    site.run("mx01", f"rm -f {site.RECEIVED}/*")
    purge = {"action": "delete", "sender": ["bad@web01.example.com"]}
    site.run(RELAY, f"setsid sh -c '{FLOOD}' >/dev/null 2>&1 </dev/null &")
    try:
        results, output = mail_queue(*[purge] * 4)
    finally:
        site.run(RELAY, "touch /tmp/enough")

    def flood_ended():
        return site.run(RELAY, "cat /tmp/rounds", check=False).stdout.strip()

    rounds = int(site.wait_for(flood_ended))
    results += mail_queue(purge)[0]
    assert not any(result["failed"] for result in results), output
    affected = [result["affected"] for result in results]
    # It was purged while mail came.
    assert sum(1 for number in affected if number) > 2
    assert sum(affected) == 50 * rounds

    def all_arrived():
        site.run(RELAY, "postqueue -f")
        return int(site.output("mx01", f"ls {site.RECEIVED} | wc -l")) >= 100 * rounds

    site.wait_for(all_arrived, 90)
    assert listing() == []
    different = site.output("mx01", f"grep -h ^X-Original-To: {site.RECEIVED}/* | sort -u | wc -l")
    assert (int(different), int(site.output("mx01", f"ls {site.RECEIVED} | wc -l"))) == (100 * rounds, 100 * rounds)
