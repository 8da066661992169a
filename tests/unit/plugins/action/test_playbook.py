# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user sees and a script gets from the playbooks, run in a site of the user's own: the screen, and the exit code.

Ansible's start takes longer than most of these runs, so they are forked from one process that has it imported.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.action import playbook

ROOT = Path(__file__).resolve().parents[4]
COLLECTIONS = ROOT.parents[2]
LOG = """\
2026-11-22T07:07:44.5Z relay postfix/smtpd[1]: AAAAAAA: client=web01[10.20.0.11]
2026-11-22T07:07:44.6Z relay postfix/cleanup[2]: AAAAAAA: message-id=<1@web01>
2026-11-22T07:07:44.7Z relay postfix/qmgr[3]: AAAAAAA: from=<root@web01>, size=360, nrcpt=1 (queue active)
2026-11-22T07:07:44.8Z relay postfix/smtp[4]: AAAAAAA: to=<ops@example.net>, relay=mx[203.0.113.9]:25, delay=0, delays=0/0/0/0, dsn=2.0.0, status=sent (250 ok)
2026-11-22T07:07:44.9Z relay postfix/qmgr[3]: AAAAAAA: removed
"""
HERE = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
# Nobody listens on port 9 there.
NOWHERE = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 9}
# As community.docker's to a container that was stopped: each command fails, and the connection does not.
STOPPED = """
from ansible.plugins.connection.local import Connection as Local

DOCUMENTATION = "name: stopped\\nauthor: nobody\\nshort_description: A container that was stopped\\ndescription: It has no options."

class Connection(Local):
    transport = "stopped"
    has_pipelining = True

    def exec_command(self, cmd, in_data=None, sudoable=True):
        return 1, b"", b"Error response from daemon: Container 8e48 is not running\\n"
"""
PLAYBOOKS = ["site", "remove", "queue", "trace", "report", "verify", "preflight"]

# Reads runs of ansible-playbook, each its arguments, the callback for the screen and the file for what is shown; prints exit codes.
RUN = """
import json, os, sys
from ansible import constants
from ansible.cli import playbook
from ansible.executor import module_common, playbook_executor
from ansible.plugins import strategy
for line in sys.stdin:
    arguments, stdout, shown = json.loads(line)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            number = os.open(shown, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            os.dup2(number, 1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)
            constants.DEFAULT_STDOUT_CALLBACK = stdout
            playbook.main(["ansible-playbook", *arguments])
            code = 0
        except SystemExit as exc:
            code = exc.code or 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def question():
    """A play that shows what queue.yml asks, which it asks at a terminal only."""
    tasks = yaml.safe_load((ROOT / "playbooks/tasks/queue_act.yml").read_text(encoding="utf-8"))
    seen = {"action": "restore", "problems": [], "silent": {}, "nothing": []}
    seen["hosts"] = [{"host": host, "queue": None, "outcome": None, "matched": 3} for host in ("relay", "other")]
    return {
        "hosts": "relay",
        "gather_facts": False,
        "vars": {
            "queue_action": "restore",
            "__queue_by_now": seen,
            "__queue_shown": 5,
            "__queue_answers": {"silent": {}},
        },
        "tasks": [
            {"ansible.builtin.debug": {"msg": task["ansible.builtin.pause"]["prompt"]}, "vars": task["vars"]}
            for task in tasks
            if task["name"] == "Ask whether to go on"
        ],
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Runs a user's own site, in which a playbook of the collection is imported; returns the exit code, and what it shows."""
    place = tmp_path_factory.mktemp("site")
    (place / "log").write_text(LOG)
    variables = {"hostname": "made.example.com", "networks": ["192.0.2.0/24"], "firewall": "none"}
    made = dict(HERE, **{f"relay_server_{name}": value for name, value in variables.items()})
    refused = dict(made, relay_server_networks="x")
    inventory = {
        "relay_servers": {"hosts": {"relay": HERE, "down": NOWHERE, "made": made, "refused": refused}},
        "relay_clients": {"hosts": {"away": NOWHERE, "slip": dict(HERE, trace_recipent="x")}},
        "databases": {"hosts": {"db": HERE}},
        "sendmail_clients": {"hosts": {"broken": {"ansible_host": "{{ nowhere }}", "ansible_port": "{{ 1 / 0 }}"}}},
        "qmail_clients": {
            "hosts": {
                "stopped": {"ansible_connection": "stopped", "ansible_pipelining": True},
                "pythonless": dict(HERE, ansible_python_interpreter="/nowhere/python"),
            }
        },
        # A site's own variable, of which no playbook may take notice.
        "all": {"vars": {"client": "somebody-else", "limit": "none"}},
    }
    (place / "inventory.json").write_text(json.dumps(inventory))
    (place / "stopped.py").write_text(STOPPED)
    for name in PLAYBOOKS:
        before = [question()] if name == "trace" else []
        (place / f"{name}.json").write_text(json.dumps([*before, {"import_playbook": f"mailops.relay.{name}"}]))

    change = {
        "hosts": "all",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.command": "true", "changed_when": True, "tags": ["always"]}],
    }
    between = [change, {"import_playbook": "mailops.relay.site"}, change]
    (place / "between.json").write_text(json.dumps(between))

    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(place),
        "LANG": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONNECTION_PLUGINS": str(place),
        "COLUMNS": "80",
    }
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", RUN],
        cwd=place,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )

    def run(limit, *variables, stdout="default", playbook="trace", options=()):
        if playbook == "trace":
            variables += (f"trace_paths={place}/log", "trace_source=files")
        extra = [part for variable in variables for part in ("-e", variable)]
        name = playbook if "." in playbook else f"{playbook}.json"
        arguments = ["-i", "inventory.json", "-l", limit, name, *extra, *options]
        print(json.dumps([arguments, stdout, str(place / "shown")]), file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return code, (place / "shown").read_text()

    yield run
    server.stdin.close()
    server.wait(60)


def behind_the_recap(shown):
    return shown.partition("PLAY RECAP")[2].partition("\n\n")[2].splitlines()


def test_the_verdict_is_the_last_thing_on_the_screen_and_a_question_has_lines(site):
    code, shown = site("relay", "trace_recipient=*@example.net", "trace_limit=5", "trace_json=false")
    lines = behind_the_recap(shown)
    assert code == 0 and lines[0] == "DELIVERED <1@web01> from <root@web01>", shown
    # Neither quoted nor folded, and nowhere else.
    assert any(len(line) > 80 for line in lines) and shown.count("DELIVERED") == 1
    asked = json.loads(re.search(r'"msg": (".*restore.*")', shown)[1])
    assert asked.splitlines()[:3] == [
        "relay: restore can be done to 3 messages",
        "other: restore can be done to 3 messages",
        "restore 0 message(s) on 1 host(s)?",
    ]


@pytest.mark.parametrize("limit", ["all:!broken:!slip", "down"])
def test_a_host_that_does_not_answer_wins(site, limit):
    code, shown = site(limit, "trace_sender=nobody@example.com")
    lines = behind_the_recap(shown)
    assert code == 4 and lines[0] == "No message was found." and "INCOMPLETE: not all hosts have answered." in lines
    assert any("/log: it begins on " in line for line in lines) == (limit != "down")


def test_a_wrong_variable_and_a_limit_without_a_host_are_refused_before_any_host_is_asked(site):
    code, shown = site("db", "trace_sendr=x", "since=2h", "trace_limit=-3")
    assert code == 2 and "Ask" not in shown
    assert behind_the_recap(shown) == [
        "since: here it is called trace_since; write that. trace_sendr: mailops.relay.trace has no such variable; write trace_sender."
        " trace_limit: '-3' is not 1 or more; write a whole number, 1 or more. Nobody was asked: --limit db leaves no host of"
        " relay_servers:relay_clients:sendmail_clients:qmail_clients; name one of them, or leave it out."
    ]


@pytest.mark.parametrize(("limit", "whose"), [("relay,slip", "slip: "), ("slip", "")])
def test_a_slip_in_the_variables_of_any_host_is_refused_once(site, limit, whose):
    code, shown = site(limit, "trace_sender=nobody@example.com")
    assert code == 2 and behind_the_recap(shown) == [
        f"{whose}trace_recipent: mailops.relay.trace has no such variable; write trace_recipient."
    ]


def test_a_host_that_cannot_be_asked_is_named_with_the_reason_and_so_is_a_value_that_cannot_be_had(site):
    # The first of the hosts, too: the task runs for it.
    code, shown = site("broken", "trace_sender={{ nobody }}")
    # As ansible-core 2.19 and later begin it.
    shown = shown.replace("Error rendering template: ", "")
    assert code == 2 and behind_the_recap(shown) == [
        "trace_sender: its value cannot be had: 'nobody' is undefined. Define what its template needs. ansible_host: its value cannot"
        " be had: 'nowhere' is undefined. Define what its template needs, or leave the host out with --limit. ansible_port: its"
        " value cannot be had: division by zero. Define what its template needs, or leave the host out with --limit."
    ]


def test_the_site_refuses_a_slip_and_leaves_variables_and_hosts_of_others_alone(site):
    code, shown = site("away", "site_preflght=strict", "relay_sever_networks=x", "site_name=x", playbook="site")
    assert code == 2 and behind_the_recap(shown) == [
        "site_preflght: mailops.relay.site has no such variable; write site_preflight. relay_sever_networks: mailops.relay.site has no"
        " such variable; write relay_server_networks."
    ]
    assert site("db", "site_name=x", playbook="site")[0] == 0


def test_the_site_itself_is_about_somebody_and_a_users_own_need_not_be(site):
    code, shown = site("db", playbook="mailops.relay.site")
    assert code == 2 and "Nobody was asked: --limit db leaves no host of relay_servers:" in shown.replace("\n", " ")


@pytest.mark.parametrize(("version", "words"), [("2.15.13", "2.15.13 is too old"), ("2.16.0", ""), ("2.100.0rc1", "")])
def test_an_ansible_that_is_too_old_is_refused(version, words):
    assert [words in sentence for sentence in playbook._too_old(version)] == [True] * bool(words)
    needed = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["requires_ansible"]
    assert needed == ">={}.{}.0".format(*playbook._LEAST_CORE)


def test_a_file_is_written_where_the_playbook_is_started(site, tmp_path_factory):
    # Ansible itself takes a relative path for one beside the playbook, in the collection.
    code, _shown = site("relay", "trace_recipient=*@example.net", "trace_file=found.json")
    (found,) = tmp_path_factory.getbasetemp().glob("site0/found.json")
    assert code == 0 and json.loads(found.read_text())
    assert not (ROOT / "playbooks/found.json").exists()


def test_what_a_program_reads_has_the_value_of_a_query_and_nothing_found_is_no_success(site):
    query = "trace_query=[length(traces),ok]"
    code, shown = site("relay", "trace_sender=nobody@example.com", query, stdout="ansible.posix.json")
    results = [
        task["hosts"]["relay"]
        for play in json.loads(shown)["plays"]
        for task in play["tasks"]
        if "relay" in task["hosts"]
    ]
    assert code == 2 and ["0", "false"] in [result.get("lines") for result in results]
    assert "No message was found." in [result.get("msg") for result in results]


@pytest.mark.parametrize("playbook", ["site", "remove"])
def test_hosts_of_one_kind_that_do_not_answer_do_not_hide_those_of_another(site, playbook):
    code, shown = site("down:away", "remove_assume_yes=true", playbook=playbook)
    recap = shown.partition("PLAY RECAP")[2]
    assert code == 4 and [line.split()[0] for line in recap.splitlines() if "unreachable=1" in line] == ["away", "down"]
    assert shown.count("UNREACHABLE!") == 4
    said = {
        "site": [
            "site: 0 of 2 hosts converged; nothing changed",
            "not complete: did not answer: down, away: what was said there is above the recap",
        ],
        "remove": ["not complete: away, down: what was said there is above the recap"],
    }
    assert behind_the_recap(shown) == said[playbook]


def test_a_site_says_at_its_end_what_became_of_its_hosts_and_nothing_of_others(site):
    code, shown = site("made,db", playbook="site", options=["--tags", "none"])
    assert code == 0 and behind_the_recap(shown) == [
        "site: 1 of 1 host converged, as far as the tags go; nothing changed"
    ]
    code, shown = site("pythonless", playbook="site", options=["--check"])
    assert code == 2 and behind_the_recap(shown) == [
        "site: 0 of 1 host looked at; nothing to be changed",
        "not complete: failed: pythonless: what was said there is above the recap",
    ]
    # Behind a play of the user's own that has changed something, and with one that changes something behind it.
    code, shown = site("made", playbook="between", options=["--tags", "none"])
    assert code == 0 and behind_the_recap(shown) == [
        "site: 1 of 1 host converged, as far as the tags go; nothing changed"
    ]


def test_a_site_whose_relays_cannot_be_made_says_which_clients_were_not_reached(site):
    code, shown = site("refused,away", playbook="site")
    assert code in (2, 4) and behind_the_recap(shown) == [
        "site: 0 of 2 hosts converged; nothing changed",
        "not complete: failed: refused; not reached: away: what was said there is above the recap",
    ]


@pytest.mark.parametrize("playbook", ["site", "remove"])
def test_a_host_on_which_no_command_runs_did_not_answer_and_one_without_python_has_failed(site, playbook):
    code, shown = site("stopped", "remove_assume_yes=true", playbook=playbook)
    assert code == 4 and shown.count("UNREACHABLE!") == 2 and "Container 8e48 is not running" in shown
    code, shown = site("pythonless", "remove_assume_yes=true", playbook=playbook)
    assert code == 2 and "UNREACHABLE!" not in shown
    assert re.search(r'"msg": "No facts could be gathered: [^"]*/nowhere/python: not found"', shown)


# Of each playbook, with variables that are misspelt, that cannot be, that have the name of before 0.8.0, a time that is yet to come and
# a query that is none: what is said, all of it at once.
NO_QUERY = "'[' is not a JMESPath expression; write one that is, see jmespath.org (Invalid jmespath expression: Incomplete expression:)."
FUTURE = "'2931-01-01' is in the future by this host's clock, so nothing can be meant; write an earlier time."
REFUSED = {
    "site": {
        "site_preflght=warn": "site_preflght: mailops.relay.site has no such variable; write site_preflight.",
        "site_preflight=maybe": "site_preflight: 'maybe' is not one of off, warn, strict; write one of them.",
    },
    "remove": {
        "assume_yes=true": "assume_yes: here it is called remove_assume_yes; write that.",
        "remove_asume_yes=true": "remove_asume_yes: mailops.relay.remove has no such variable; write remove_assume_yes.",
        "remove_assume_yes=perhaps": "remove_assume_yes: 'perhaps' is not true or false; write one of them.",
    },
    "queue": {
        "sender=x": "sender: here it is called queue_sender; write that.",
        "queue_sendr=x": "queue_sendr: mailops.relay.queue has no such variable; write queue_sender.",
        "queue_subject=x": "queue_subject: the queue is not searched by subject; write queue_sender, queue_recipient or queue_id.",
        "queue_action=purge": "queue_action: 'purge' is not one of delete, hold, release, requeue, flush, expire, restore; write one of them.",
        "queue_query=[": f"queue_query: {NO_QUERY}",
    },
    "trace": {
        "recipient=x": "recipient: here it is called trace_recipient; write that.",
        "trace_recpient=x": "trace_recpient: mailops.relay.trace has no such variable; write trace_recipient.",
        "trace_subject=x": "trace_subject: a log does not tell the subject; write trace_message_id, trace_sender or trace_recipient.",
        "trace_query=[": f"trace_query: {NO_QUERY}",
        "trace_since=2931-01-01": f"trace_since: {FUTURE}",
    },
    "report": {
        "since=2d": "since: here it is called report_since; write that.",
        "report_sicne=2d": "report_sicne: mailops.relay.report has no such variable; write report_since.",
        "report_source=tape": "report_source: 'tape' is not one of auto, files, journal; write one of them.",
        "report_query=[": f"report_query: {NO_QUERY}",
        "report_since=2931-01-01": f"report_since: {FUTURE}",
    },
    "verify": {
        "recipient=x": "recipient: here it is called verify_recipient; write that.",
        "verify_recipent=x": "verify_recipent: mailops.relay.verify has no such variable; write verify_recipient.",
        "verify_recipient=nobody": "verify_recipient: 'nobody' is not a mail address; write it whole, for example ops@example.net.",
        "verify_query=[": f"verify_query: {NO_QUERY}",
    },
    "preflight": {
        "expected_address=x": "expected_address: here it is called preflight_expected_address; write that.",
        "preflight_exspected_address=x": (
            "preflight_exspected_address: mailops.relay.preflight has no such variable; write preflight_expected_address."
        ),
        "preflight_timeout=soon": "preflight_timeout: 'soon' is not a number of seconds; write a number, 1 or more.",
        "preflight_query=[": f"preflight_query: {NO_QUERY}",
    },
}


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_variables_that_cannot_be_are_refused_before_any_host_is_asked(site, playbook):
    code, shown = site("down:away", *REFUSED[playbook], playbook=playbook)
    assert code == 2 and "UNREACHABLE!" not in shown
    assert set(behind_the_recap(shown)[0].replace(". ", ".\n").split("\n")) == set(REFUSED[playbook].values())
    assert len(behind_the_recap(shown)) == 1


# site, remove and trace have theirs above.
@pytest.mark.parametrize(
    ("playbook", "given", "said"),
    [
        ("queue", (), "No host has answered."),
        ("report", (), "Nothing was read of this time, so whether there was mail is not known."),
        ("verify", ("verify_recipient=ops@example.net",), "0 of 1 message delivered as they should; not from away"),
        ("preflight", (), "down: FAILED (20 failed)"),
    ],
)
def test_where_no_host_answers_the_verdict_is_incomplete(site, playbook, given, said):
    code, shown = site("down:away", *given, playbook=playbook)
    assert code == 4 and said in behind_the_recap(shown), shown
