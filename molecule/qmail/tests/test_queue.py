# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A qmail queue in each of its states, and messages deleted from it only while qmail-send is proven stopped."""

import pytest
import site_under_test as site

pytestmark = site.only_on(2)

CLIENT = "web03"
QUEUE = "/var/qmail/queue"
LOG = "/var/log/qmail-send"
UNITS = {"systemd": "notqmail", "daemontools": "qmail-daemontools", "runit": "qmail-runit"}
MANAGERS = list(UNITS) if site.DISTRO.startswith("debian") else ["systemd"]
EVERY_UNIT = " ".join(UNITS.values())

APP = r"Fapp@web03.example.com\0"
TAKEN = r"u33\0p2321\0" + APP
# number -> state and files, as notqmail 1.09 has them (INTERNALS, section 2). qmail-send has half taken up 405.
MESSAGES = {
    201: ("S2", {"mess": "m"}),
    302: ("S3", {"mess": "m", "intd": r"u33\0p2321\0Fapp@web"}),
    403: ("S4", {"mess": "m", "intd": TAKEN + r"Ta@example.com\0", "todo": TAKEN + r"Ta@example.com\0"}),
    404: ("S4", {"mess": "m", "todo": TAKEN + r"Ta@example.com.au\0"}),
    405: ("S4", {"mess": "m", "todo": TAKEN + r"Ta@example.org\0", "info": APP, "remote": "Ta@exam"}),
    506: ("S5", {"mess": "m", "info": APP, "remote": r"Ta@example.com\0"}),
    507: ("S5", {"mess": "m", "info": APP, "remote": r"Ta@example.com.au\0"}),
    508: ("S5", {"mess": "m", "info": APP, "remote": r"Ta@notexample.com\0"}),
    509: ("S5", {"mess": "m", "info": r"Fapp@example.com\0", "remote": r"Ta@example.org\0"}),
    510: (
        "S5",
        {
            "mess": "m",
            "info": APP,
            "remote": r"Da@example.com\0Tb@example.org\0",
            "bounce": r"<a@example.com>:\nno\n\n",
        },
    ),
    511: (
        "S5",
        {"mess": "m", "info": APP, "local": r"Tbob@web03.example.com\0", "remote": r"TA@EXAMPLE.COM\0Tb@example.org\0"},
    ),
    512: ("S5", {"mess": "m", "info": r"F\0", "local": r"Tbob@web03.example.com\0"}),
}
# What "delete what waits for example.com" means.
MEANT = {403, 506, 511}


def call(name, check=False, **arguments):
    return site.Call(CLIENT, name, dict(arguments, mta="qmail"), check)


def module(name, check=False, **arguments):
    """Run a module of the collection on the client; returns its result."""
    return site.modules(call(name, check, **arguments))[0][0]


def path(kind, number, split, big_todo):
    parts = (
        [str(number % split)]
        if kind in ("mess", "info", "local", "remote") or (big_todo and kind in ("todo", "intd"))
        else []
    )
    return "/".join([QUEUE, kind, *parts, str(number)])


def make_queue(split, big_todo=False):
    """A new queue with all of MESSAGES, and one file that is going to be a message."""
    last = split - 1
    lines = [
        f"rm -rf {QUEUE}",
        "cd /var/qmail && mkdir -p queue && cd queue && mkdir lock pid bounce mess info local remote todo intd",
        f"for kind in mess info local remote {'todo intd' if big_todo else ''}; do",
        f"  for part in $(seq 0 {last}); do mkdir $kind/$part; done",
        "done",
        "touch lock/sendmutex pid/2321.1795331264.1",
    ]
    lines += [
        f"printf '{text}' > {path(kind, number, split, big_todo)}"
        for number, (_state, files) in MESSAGES.items()
        for kind, text in files.items()
    ]
    site.run(CLIENT, "set -e\n" + "\n".join(lines))


def files():
    return site.output(CLIENT, f"cd {QUEUE}; find . -type f ! -path './lock/*' -exec sha256sum {{}} + | sort -k2")


def numbers():
    """The messages that have any file."""
    return {int(line.rpartition("/")[2]) for line in files().splitlines() if "/pid/" not in line}


def noted():
    """What qmail-send has noted since the last call."""
    return site.output(CLIENT, f"cat {LOG}; : > {LOG}").splitlines()


def is_noted():
    return site.run(CLIENT, f"test -s {LOG}", check=False).returncode == 0


@pytest.fixture
def stopped():
    """A queue on which no qmail-send runs."""
    site.run(CLIENT, f"systemctl stop {EVERY_UNIT}")
    make_queue(23)
    yield
    site.run(CLIENT, f"rm -rf {QUEUE}/* && systemctl start notqmail")


@pytest.fixture(params=MANAGERS)
def running(request, stopped):
    """A queue on which one runs, under one supervisor."""
    unit = UNITS[request.param]
    site.run(CLIENT, f": > {LOG}; systemctl start {unit}")
    site.wait_for(is_noted)
    noted()
    yield request.param
    site.run(CLIENT, f"systemctl stop {unit}")


@pytest.mark.parametrize("split, big_todo", [(23, False), (23, True), (7, False)])
def test_each_state_is_reported_as_such(stopped, split, big_todo):
    make_queue(split, big_todo)
    shown = module("mail_queue_info", all=True)
    inode = site.output(CLIENT, f"stat -c %i {QUEUE}/pid/2321.1795331264.1")
    expected = {str(number): state for number, (state, _files) in MESSAGES.items()}
    assert {item["queue_id"]: item["state"] for item in shown["messages"]} == dict(expected, **{inode: "S1"})
    assert shown["by_queue"] == {"local": 1, "remote": 6, "todo": 6}
    assert "warnings" not in shown


def test_while_the_lock_is_held_nothing_is_deleted(stopped):
    site.run(CLIENT, f"flock {QUEUE}/lock/sendmutex sleep 300 > /dev/null 2>&1 & sleep 1")
    before = files()
    try:
        result = module("mail_queue", action="delete", all=True)
    finally:
        site.run(CLIENT, "pkill -x flock; pkill -f '^sleep 300$'")
    assert "lock/sendmutex is locked" in result["msg"] and "nothing was done" in result["msg"]
    assert result["changed"] is False and files() == before


def test_a_qmail_send_that_nothing_supervises_is_not_ended(stopped):
    site.run(CLIENT, "setsid /var/qmail/bin/qmail-send > /dev/null 2>&1 < /dev/null & sleep 1")
    before, process = files(), site.output(CLIENT, "pgrep -o -x qmail-send")
    try:
        result = module("mail_queue", action="delete", all=True)
        assert site.output(CLIENT, "pgrep -o -x qmail-send") == process
    finally:
        site.run(CLIENT, f"kill {process}")
    assert f"pid {process}" in result["msg"] and "what supervises it cannot be told" in result["msg"]
    assert files() == before


def test_each_survivor_of_a_deletion_by_domain(running):
    predicted = module("mail_queue", check=True, action="delete", recipient_domain=["example.com"])
    assert {int(item["queue_id"]) for item in predicted["messages"]} == MEANT and noted() == []
    old = site.output(CLIENT, "pgrep -o -x qmail-send")
    result = module("mail_queue", action="delete", recipient_domain=["example.com"], limit=3)
    assert result["affected"] == len(MEANT)
    assert numbers() == set(MESSAGES) - MEANT
    new = site.output(CLIENT, "pgrep -o -x qmail-send")
    lines = noted()
    assert lines[0] == f"term {old}" and lines[1].startswith(f"start {new} ") and len(lines) == 2
    again = module("mail_queue", action="delete", recipient_domain=["example.com"])
    assert again["changed"] is False and noted() == []


def test_a_qmail_send_that_did_not_run_stays_stopped(stopped):
    result = module("mail_queue", action="delete", all=True)
    assert numbers() == {201, 302}
    assert {item["queue_id"] for item in result["left_alone"]} >= {"201", "302"}
    assert site.run(CLIENT, "pgrep -x qmail-send", check=False).returncode == 1


def test_flush_is_a_signal_and_expire_needs_none(running):
    assert module("mail_queue", action="flush", all=True)["changed"]
    site.wait_for(is_noted)
    process = site.output(CLIENT, "pgrep -o -x qmail-send")
    assert noted() == [f"alrm {process}"]
    expire = call("mail_queue", action="expire", queue_id=["506"])
    (first, second, shown), _done = site.modules(expire, expire, call("mail_queue_info", older_than="7d"))
    assert first["affected"] == 1 and second["matched"] == 0 and shown["total"] == 1 and noted() == []


REFUSED = [
    ({"action": "delete"}, "no criterion is given"),
    ({"action": "hold", "all": True}, "qmail has no hold"),
    (
        {"action": "delete", "queue": ["deferred"]},
        "'deferred' is not a queue of this mail system; it has local, remote, todo",
    ),
    ({"action": "delete", "queue_id": ["506;reboot"]}, "'506;reboot' is not a queue ID"),
    ({"action": "delete", "queue_id": ["-506"]}, "'-506' is not a queue ID"),
    ({"action": "delete", "reason": ["4.4.1"]}, "reason: qmail keeps none"),
    ({"action": "delete", "all": True, "directory": "/var/netqmail"}, "/var/netqmail/queue/mess: No such file"),
]


def test_bad_input_is_refused_by_name_with_nothing_changed(stopped):
    before = files()
    results, _done = site.modules(*(call("mail_queue", **arguments) for arguments, _says in REFUSED))
    for result, (_arguments, says) in zip(results, REFUSED, strict=True):
        assert says in result["msg"] and result["changed"] is False
    assert files() == before
