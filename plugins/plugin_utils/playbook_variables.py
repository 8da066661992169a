# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of each playbook: which there are, and what is wrong with those that a user has set."""

import difflib
import re
import time

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.mailops.relay.plugins.module_utils.mail.argument_specs import (
    ACTIONS,
    TEXTS,
    log_arguments,
    selection_arguments,
)
from ansible_collections.mailops.relay.plugins.module_utils.mail.errors import CriterionError
from ansible_collections.mailops.relay.plugins.module_utils.mail.selection import CRITERIA, Selection
from ansible_collections.mailops.relay.plugins.module_utils.mail.times import period
from ansible_collections.mailops.relay.plugins.plugin_utils.outcome import query_problem, report_problems
from ansible_collections.mailops.relay.plugins.plugin_utils.role_variables import ROLES, options_of
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import (
    choice,
    misspelt,
    number,
    said,
    text,
    texts,
    truth,
)

# A time without a zone is the host's, and no two zones of the earth are further apart.
_ZONES = 26 * 3600
_SOURCES = tuple(log_arguments()["source"]["choices"])
_LOG = {"since": text, "until": text, "paths": texts, "source": choice(*_SOURCES)}
_SITE_PREFLIGHT = ("off", "warn", "strict")
_GROUPS = ("relay_servers", "relay_clients", "sendmail_clients", "qmail_clients", "relay_outsiders")
# Where the name of an option of mail_queue would be said twice.
_QUEUE_NAMES = {"queue": "queue_name", "queue_id": "queue_id"}


def _address(name, value):
    """str or None: what is wrong with a mail address."""
    if isinstance(value, str) and re.match(r"[^\s@]+@[^\s@]+\Z", value):
        return None
    return said(name, value, "a mail address", "it whole, for example ops@example.net")


def _port(name, value):
    """str or None: what is wrong with a port."""
    problem = number(1)(name, value)
    return problem or (said(name, value, "a port", "1 to 65535") if int(value) > 65535 else None)


def _of_option(kind):
    """The check of an option of a module, from its argument_spec."""
    if "choices" in kind:
        return choice(*kind["choices"])
    return {"bool": truth, "list": texts}.get(kind["type"], text)


def _site_preflight(name, value):
    """str or None: what is wrong with the mode of the preflight of mailops.relay.site."""
    if str(value).lower() in _SITE_PREFLIGHT or truth(name, value) is None:
        return None
    return choice(*_SITE_PREFLIGHT)(name, value)


def _queue_name(option):
    return _QUEUE_NAMES.get(option, "queue_" + option)


# Playbook -> variable -> function: (name, value) -> str or None, what is wrong with it.
PLAYBOOKS = {
    "queue": dict(
        {_queue_name(name): _of_option(kind) for name, kind in selection_arguments().items()},
        queue_older_than=texts,
        queue_younger_than=texts,
        queue_min_size=texts,
        queue_max_size=texts,
        queue_action=choice(*ACTIONS, "restore"),
        queue_limit=number(0),
        queue_backup_to=text,
        queue_restore_from=text,
        queue_assume_yes=truth,
        queue_show_messages=number(0),
        queue_json=truth,
        queue_query=query_problem,
    ),
    "trace": dict(
        {"trace_" + name: check for name, check in _LOG.items()},
        **{"trace_" + name: texts for name in TEXTS if name != "queued_as"},
        trace_status=texts,
        trace_limit=number(1),
        trace_json=truth,
        trace_file=text,
        trace_query=query_problem,
    ),
    "report": dict(
        {"report_" + name: check for name, check in _LOG.items()},
        report_hosts=texts,
        report_file=text,
        report_title=text,
        report_query=query_problem,
    ),
    "verify": {
        "verify_recipient": _address,
        "verify_sender": _address,
        "verify_tls": choice("verified", "encrypted", "none"),
        "verify_timeout": number(1, whole=False, unit="seconds"),
        "verify_paths": texts,
        "verify_source": choice(*_SOURCES),
        "verify_json": truth,
        "verify_file": text,
        "verify_query": query_problem,
    },
    "preflight": {
        "preflight_mx": texts,
        "preflight_expected_address": texts,
        "preflight_sender_domains": texts,
        "preflight_dkim_selectors": texts,
        "preflight_nameservers": texts,
        "preflight_nameserver_port": _port,
        "preflight_timeout": number(1, whole=False, unit="seconds"),
        "preflight_message_rate": number(0),
        "preflight_queue_free_mib": number(0),
        "preflight_queue_free_inodes": number(0),
        "preflight_strict": truth,
        "preflight_planned": truth,
        "preflight_dns_host": text,
        "preflight_json": truth,
        "preflight_file": text,
        "preflight_query": query_problem,
    },
    "remove": {"remove_assume_yes": truth},
    "site": {"site_preflight": _site_preflight},
}
# Of other things a site may have variables that begin in this way, and hand them over with -e, too.
_OF_ANYBODY = ("site",)
# What a user's own plays may have for themselves, and be given with -e, under the name without the playbook's.
_OF_OWN_PLAYS = ("queue_name", "queue_id", "report_hosts")
# Playbook -> name without the playbook's -> variable. Only an extra variable, or one that is handed over, is taken for it.
_BARE = {
    playbook: {
        name[len(playbook) + 1 :]: name
        for name in known
        if name.startswith(playbook + "_") and name not in _OF_OWN_PLAYS and playbook not in _OF_ANYBODY
    }
    for playbook, known in PLAYBOOKS.items()
}
_BARE["queue"]["queue"] = "queue_name"
_BARE["trace"]["subject"] = "trace_subject"
_BARE["queue"]["subject"] = "queue_subject"
# What somebody may look for in vain, with the reason and what to write instead.
_IMPOSSIBLE = {
    "trace_subject": "a log does not tell the subject; write trace_message_id, trace_sender or trace_recipient",
    "trace_body": "a log does not tell what is in a message; write trace_message_id, trace_sender or trace_recipient",
    "trace_size": "messages are not looked for by their size; write trace_sender, trace_recipient or trace_client",
    "trace_reason": "messages are not looked for by the reason; write trace_status=deferred or trace_status=bounced",
    "trace_sender_domain": "write trace_sender='*@example.com', with the domain behind the @",
    "trace_recipient_domain": "write trace_recipient='*@example.com', with the domain behind the @",
    "trace_hosts": "which hosts are asked is said with --limit",
    "queue_subject": "the queue is not searched by subject; write queue_sender, queue_recipient or queue_id",
    "queue_hosts": "which hosts are asked is said with --limit",
}
# These run roles, of which the variables are checked only where they begin with the role's name.
_ROLES_OF = {"site": ROLES, "remove": ROLES}
# Of a name that is wrong at its beginning so much has to be alike, and it is longer or shorter by so many letters at most.
_ALIKE, _LONGER = 0.85, 2


def relevant(playbook, names):
    """list of str: those of these names of which the check of a playbook's variables wants the values."""
    return [name for name in names if name in PLAYBOOKS[playbook]]


def problems(playbook, values, given, inventory, whole=True):
    """What is wrong with the variables of a playbook.

    Args:
        playbook: str, its name.
        values: dict: variable -> value, of those that the playbook knows (C(relevant)).
        given: collection of str: the names of extra variables, and of those that are handed to the playbook alone.
        inventory: collection of str: the names of all variables that the first host has.
        whole: bool: whether these are all values, so that those can be looked at that only make sense together.

    Returns:
        list of str: a sentence on each, with the variable and what to write instead.
    """
    found = _named_wrong(playbook, set(given), set(inventory))
    checks = PLAYBOOKS[playbook]
    good = {}
    for name, value in values.items():
        problem = checks[name](name, value)
        if problem:
            found.append(problem)
        else:
            good[name] = value
    if playbook in ("trace", "report"):
        found.extend(_of_times(playbook, good))
    if whole and playbook == "report":
        found.extend(report_problems())
    if whole and not found:
        found = {"queue": _of_queue, "trace": _of_trace}.get(playbook, lambda known: [])(good)
    return found


def groups_misspelt(groups):
    """list of str: a sentence on each group that is called almost like one of the site's, which nobody is in.

    Args:
        groups: dict: group -> list of hosts.
    """
    called = {_bare_group(name): name for name in _GROUPS if not groups.get(name)}
    meant = {name: called.get(_bare_group(name)) for name in sorted(groups) if groups[name]}
    return [
        f"{name}: no playbook of mailops.relay asks a group of this name; call it {near}"
        for name, near in meant.items()
        if near
    ]


def _bare_group(name):
    return name.lower().replace("-", "").replace("_", "").removesuffix("s")


def nobody(pattern, limit):
    """str: that no host is asked, and what to write.

    Args:
        pattern: str or list of str, which hosts a playbook is about.
        limit: str, the --limit that leaves none of them; None where the inventory has none.
    """
    pattern = pattern if isinstance(pattern, str) else ",".join(str(entry) for entry in pattern)
    if limit is None:
        return (
            f"Nobody was asked: the inventory has no host in {pattern}; put the hosts into groups of these names, or write"
            " -i INVENTORY, of one that has them"
        )
    return f"Nobody was asked: --limit {limit} leaves no host of {pattern}; name one of them, or leave it out"


def _named_wrong(playbook, given, inventory):
    """list of str: on names that the playbook does not know."""
    known, prefix = PLAYBOOKS[playbook], playbook + "_"
    found = []
    for name in sorted(given & set(_BARE[playbook])):
        new = _BARE[playbook][name]
        found.append(
            f"{name}: {_IMPOSSIBLE[new]}" if new in _IMPOSSIBLE else f"{name}: here it is called {new}; write that"
        )
    for name, near in misspelt((name for name in given | inventory if name.startswith(prefix)), known, prefix).items():
        if name in given and name in _IMPOSSIBLE:
            found.append(f"{name}: {_IMPOSSIBLE[name]}")
        # An inventory may have variables of others whose names begin in the same way; a slip is about as long as what was meant.
        elif (name in given and (near or playbook not in _OF_ANYBODY)) or (near and abs(len(name) - len(near)) <= 1):
            instead = near or "one of " + ", ".join(sorted(known))
            found.append(f"{name}: mailops.relay.{playbook} has no such variable; write {instead}")
    roles = _ROLES_OF.get(playbook, ())
    own = [*known, *(option for role in roles for option in options_of(role))]
    for name, near in _slips(given, own, tuple(f"{owner}_" for owner in (playbook, *roles))).items():
        found.append(f"{name}: mailops.relay.{playbook} has no such variable; write {near}")
    return found


def _slips(given, known, beginnings):
    """dict: name that was given and is wrong at its beginning, by which nobody takes it for his -> the known one that is meant."""
    found = {}
    for name in sorted(given):
        if name.startswith(("ansible_", "__", *beginnings)):
            continue
        plain = name.lower().replace("-", "_")
        alike = [one for one in known if abs(len(one) - len(plain)) <= _LONGER]
        near = difflib.get_close_matches(plain, alike, 1, _ALIKE)
        if near:
            found[name] = near[0]
    return found


# Where a message names options besides; elsewhere a word such as recipient is a word.
_OPTIONS_OF = re.compile(
    r"(?<=it says how ).*?(?= are meant)|(?<=all=true contradicts ).*?(?=;)|(?<=it is later than )until\b"
)


def _renamed(message, names):
    """str: the message of a module about its options, with the variables' names for theirs."""
    message = _OPTIONS_OF.sub(
        lambda part: re.sub(r"\w+", lambda word: names.get(word[0], word[0]), part[0]),
        message,
    )
    for option, variable in names.items():
        if "_" in option:
            message = re.sub(rf"(?<![\w.]){option}(?!\w)", variable, message)
        else:
            message = re.sub(rf"^{option}(?=: )|(?<!\w){option}(?==)", variable, message)
    return message


def _criteria(make, names):
    """list of str: what is wrong with criteria that only make sense together."""
    try:
        make()
    except CriterionError as exc:
        return [_renamed(str(exc), names)]
    return []


def _list(value, comma=False):
    """list of str: a list option's value; a module divides its text at commas."""
    if isinstance(value, (list, tuple)):
        return [str(entry) for entry in value]
    return str(value).split(",") if comma else [str(value)]


def _of_queue(values):
    options = selection_arguments()
    params = {}
    for name, kind in options.items():
        if _queue_name(name) in values:
            value = values[_queue_name(name)]
            params[name] = (
                boolean(value)
                if kind["type"] == "bool"
                else _list(value, comma=True)
                if kind["type"] == "list"
                else str(value)
            )
    action = values.get("queue_action")
    if action is None:
        found = [
            f"{name}: without queue_action nothing is done; write queue_action too, or leave it out"
            for name in ("queue_limit", "queue_backup_to", "queue_restore_from", "queue_assume_yes")
            if name in values
        ]
        if found:
            return found
        params.setdefault("all", not any(params.get(name) not in (None, False) for name in CRITERIA))
    return _criteria(lambda: Selection(params, time.time()), {name: _queue_name(name) for name in options})


def _of_times(playbook, values):
    """list of str: what is wrong with since and until."""
    names = {name: f"{playbook}_{name}" for name in ("since", "until")}
    params = {name: str(values[names[name]]) for name in names if names[name] in values}
    return _criteria(lambda: period(params, time.time() + _ZONES), names)


def _of_trace(values):
    # What reads logs is much to load for a playbook that does not.
    from ansible_collections.mailops.relay.plugins.module_utils.mail.log_search import STATUSES, Query

    names = {name: "trace_" + name for name in TEXTS}
    params = {name: _list(values[names[name]]) for name in names if names[name] in values}
    if not params and "trace_status" not in values:
        return [
            "Say which messages are meant: write trace_message_id, trace_queue_id, trace_sender, trace_recipient, trace_client or"
            " trace_status"
        ]
    for status in _list(values.get("trace_status", [])):
        problem = choice(*STATUSES)("trace_status", status)
        if problem:
            return [problem]
    return _criteria(lambda: Query(params, time.time()), names)
