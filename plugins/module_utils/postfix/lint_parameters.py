# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of the lint for names and types of parameters, and for how options stand in master.cf."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
import re

from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import (
    ExpansionError,
    Names,
    references,
    split_list,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_base import (
    WARNING,
    Finding,
    has_queue_manager,
    program,
    service_label,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import ends_options, option_letter
from ansible_collections.mailops.relay.plugins.module_utils.postfix.parameter_versions import INTRODUCED, WITHDRAWN
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import shown

# Parameters that each service has under its own name: suffix -> parameter that gives the default
# (postconf(5), "transport_destination_concurrency_limit" and its siblings).
SERVICE_SUFFIXES = {
    "_recipient_limit": "default_recipient_limit",
    "_extra_recipient_limit": "default_extra_recipient_limit",
    "_recipient_refill_limit": "default_recipient_refill_limit",
    "_recipient_refill_delay": "default_recipient_refill_delay",
    "_delivery_slot_cost": "default_delivery_slot_cost",
    "_delivery_slot_discount": "default_delivery_slot_discount",
    "_delivery_slot_loan": "default_delivery_slot_loan",
    "_minimum_delivery_slots": "default_minimum_delivery_slots",
    "_initial_destination_concurrency": "initial_destination_concurrency",
    "_destination_concurrency_limit": "default_destination_concurrency_limit",
    "_destination_concurrency_positive_feedback": "default_destination_concurrency_positive_feedback",
    "_destination_concurrency_negative_feedback": "default_destination_concurrency_negative_feedback",
    "_destination_concurrency_failed_cohort_limit": "default_destination_concurrency_failed_cohort_limit",
    "_destination_recipient_limit": "default_destination_recipient_limit",
    "_destination_rate_delay": "default_destination_rate_delay",
    "_transport_rate_delay": "default_transport_rate_delay",
    "_time_limit": "command_time_limit",
}

# Parameters whose default looks like a number or a boolean but which take text
# (CONFIG_STR_TABLE and CONFIG_RAW_TABLE in the source of Postfix 2.10.1 and of the newest one).
_TEXT = re.compile(
    r"(html_directory|readme_directory|sample_directory|compatibility_level|milter_protocol"
    r"|(smtp|lmtp)_tcp_port|(smtp|smtpd|lmtp)_tls_loglevel|maillog_file_permissions"
    r"|.*_destination_concurrency_(positive|negative)_feedback)\Z"
)

# Parameters that take one of a few words: name -> (words, whether it is a list).
_WORDS = {
    "mynetworks_style": (("class", "subnet", "host"), False),
    "inet_protocols": (("all", "ipv4", "ipv6"), True),
    "smtp_address_preference": (("any", "ipv4", "ipv6"), False),
    "lmtp_address_preference": (("any", "ipv4", "ipv6"), False),
    "smtpd_forbid_bare_newline": (("yes", "no", "normalize", "reject", "note"), False),
}

# They know one protocol, in small letters (smtpd_peer_from_proxy(), psc_endpt_lookup()).
_PROXY_PROTOCOLS = frozenset("{0}_upstream_proxy_protocol".format(name) for name in ("smtpd", "postscreen"))

# kind -> (what Postfix accepts, how to say it): strtol(3), conv_time(3) and mail_conf_bool(3).
_KINDS = {
    "number": (re.compile(r"\s*[+-]?[0-9]+\Z"), "a whole number"),
    "time": (re.compile(r"\s*[+-]?[0-9]+([smhdw].*)?\Z", re.S), "a whole number with s, m, h, d or w after it"),
    "boolean": (re.compile(r"(yes|no)\Z", re.I), "yes or no"),
}
# int of mail_conf_int(3) and conv_time(3), and the parameters that are a long (mail_conf_long(3)).
_INT, _LONG = 2147483647, 9223372036854775807
_LONGS = frozenset("lmdb_map_size mailbox_size_limit message_size_limit queue_minfree virtual_mailbox_limit".split())
_NUMBER = re.compile(r"\s*([+-]?)0*([0-9]*)([smhdw]?)")
_SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 604800}
_BEGINNINGS = frozenset("0123456789yn")
_DEFAULT_FORM = re.compile(r"(?:(?P<number>[0-9]+)|(?P<time>[0-9]+[smhdw])|(?P<boolean>yes|no))\Z")

# Lookup tables whose own settings may stand in main.cf as NAME_setting (ldap_table(5), "BACKWARDS COMPATIBILITY").
_MAIN_CF_TABLES = re.compile(r"\b(?:ldap|mysql|pgsql|sqlite|mongodb|memcache):([A-Za-z0-9_]+)")

# Programs of Postfix that take nothing behind their options ("unexpected command-line argument"; postscreen(8) ignores
# it). smtp(8) and lmtp(8) take flags=, pipe(8) and spawn(8) the command that they run; what others take is not known.
_WITHOUT_ARGUMENTS = frozenset(
    """
    anvil bounce cleanup discard dnsblog error flush local nqmgr oqmgr pickup postlogd postscreen proxymap qmgr qmqpd
    scache showq smtpd tlsmgr tlsproxy trivial-rewrite verify virtual
    """.split()
)
_FLAGS_ONLY = ("smtp", "lmtp")
_FLAGS = re.compile(r"[Ff][Ll][Aa][Gg][Ss]=[DORX]*\Z")


def parameter_kind(name, defaults, names):
    """str or None: "number", "time" or "boolean", by the form of the default; None for text.

    Args:
        name: str.
        defaults: dict: parameter -> Postfix's default.
        names: expand.Names of these.
    """
    if name not in defaults:
        for suffix, parent in SERVICE_SUFFIXES.items():
            if name.endswith(suffix):
                return parameter_kind(parent, defaults, names) if parent in defaults else None
        return None
    default = defaults[name]
    if "$" in default:
        try:
            default = names.expand(default)
        except ExpansionError:
            return None
    # Half of the defaults are empty or a name, which takes no pattern to see.
    form = _DEFAULT_FORM.match(default) if default[:1] in _BEGINNINGS else None
    return form.lastgroup if form and not _TEXT.match(name) else None


def check_types(scope):
    """list of Finding: values of another type than the parameter's (postconf(5); mail_conf_int(3) and others).

    A daemon that reads such a value stops with "bad numerical configuration"; C(postfix check) prints
    nothing on standard error, or does not read the parameter at all.
    """
    findings = []
    names = Names(scope.host.defaults.get)
    for name, value in scope.effective():
        if value is None:
            continue
        if name in _WORDS:
            words, many = _WORDS[name]
            for word in split_list(value) if many else [value]:
                if word.lower() not in words:
                    findings.append(
                        scope.finding(
                            "wrong-type",
                            name,
                            "{0} is not one of {1}".format(word or "an empty value", ", ".join(words)),
                            "set it to {0}".format(" or ".join(words)),
                        )
                    )
            continue
        if name in _PROXY_PROTOCOLS:
            if value not in ("", "haproxy"):
                message = "Postfix knows no proxy protocol '{0}', and stops at each connection".format(value)
                findings.append(scope.finding("wrong-type", name, message, "write haproxy, or leave it empty"))
            continue
        kind = parameter_kind(name, scope.host.defaults, names)
        if kind is not None and _KINDS[kind][0].match(value):
            findings += _check_range(scope, kind, name, value)
            continue
        if kind is None:
            continue
        fix = "give {0}; the default is {1}".format(_KINDS[kind][1], scope.host.defaults.get(name, "that of Postfix"))
        if kind == "boolean" and value.lower() in ("true", "false", "on", "off", "1", "0"):
            fix = "write {0}".format("yes" if value.lower() in ("true", "on", "1") else "no")
        elif not value:
            fix = "give {0}, or take the parameter out of the file".format(_KINDS[kind][1])
        findings.append(
            scope.finding(
                "wrong-type",
                name,
                "Postfix takes {0} here, and its programs stop when they read {1}".format(
                    _KINDS[kind][1], "'{0}'".format(value) if value else "an empty value"
                ),
                fix,
            )
        )
    return findings


def _check_range(scope, kind, name, value):
    """list of Finding: a number that Postfix cannot hold, or a time that is negative."""
    if kind == "boolean":
        return []
    sign, digits, unit = _NUMBER.match(value).groups()
    most = _LONG if name in _LONGS else _INT
    if kind == "time" and unit in _SECONDS:
        # conv_time(3) refuses the last one too.
        most = _INT // _SECONDS[unit] - 1
    if len(digits) < 20 and int(digits or "0") <= most and not (kind == "time" and sign == "-" and digits):
        return []
    return [
        scope.finding(
            "wrong-type",
            name,
            "Postfix takes {0} up to {1}{2} here, and its programs stop when they read '{3}'".format(
                _KINDS[kind][1], most, unit if kind == "time" else "", value
            ),
            "give a smaller one" if sign != "-" else "give one that is not negative",
        )
    ]


def user_defined(main, services):
    """(set of str, tuple of str): names and name prefixes that the administrator defines on purpose.

    What C($name) refers to, restriction classes, and settings of tables in main.cf.
    """
    names, prefixes = set(), set()
    values = list(main.values())
    for service in services:
        values += [value for name, value in service["options"]] + list(service["words"])
    for value in values:
        names |= references(value)
        prefixes.update(name + "_" for name in _MAIN_CF_TABLES.findall(value))
    for value in [main.get("smtpd_restriction_classes", "")] + [
        value for service in services for name, value in service["options"] if name == "smtpd_restriction_classes"
    ]:
        names.update(split_list(value))
    return names, tuple(prefixes)


def is_known(name, defaults):
    """bool: whether a Postfix knows a parameter, of itself or for a service that has this name in front.

    Args:
        name: str.
        defaults: dict, what C(postconf -d) shows.
    """
    return name in defaults or _transport_of(name, defaults) is not None


def check_names(scope, services, names, prefixes):
    """list of Finding: parameters that Postfix does not know and that nothing refers to.

    Postfix ignores them; C(postfix check) says so in a warning and exits 0 (postconf(1), "unused parameter").

    Args:
        scope: Scope.
        services: list of dict, see ``lint.check``.
        names: set of str, names that the administrator defines.
        prefixes: tuple of str, the same for prefixes.
    """
    defaults = scope.host.defaults
    unknown = [name for name in scope.ordered if not (name in defaults or name in names or name.startswith(prefixes))]
    own, referred = set(), set()
    if unknown:
        own = set(
            service["name"] + suffix
            for service in services
            for suffix, parent in SERVICE_SUFFIXES.items()
            if parent in defaults
        )
        # Names of old go on counting where the default of a new one refers to them (postscreen_blacklist_action).
        referred = set(reference for value in defaults.values() for reference in references(value))
    findings = []
    for name in [name for name in unknown if name not in own and name not in referred]:
        transport = _transport_of(name, defaults)
        version = ".".join(str(number) for number in scope.host.version)
        if name in WITHDRAWN and _reached(scope.host, WITHDRAWN[name]):
            message = "Postfix has it no more since {0}, and this host's {1} ignores it".format(
                WITHDRAWN[name], version
            )
            fix = "take it out"
        elif name in INTRODUCED and _reached(scope.host, INTRODUCED[name]):
            message = "this host's Postfix {0} was built without it and ignores it".format(version)
            fix = "take it out, or set it only where it is supported"
        elif name in INTRODUCED:
            message = "this host's Postfix {0} does not know it; it came with {1}".format(version, INTRODUCED[name])
            fix = "take it out, or set it only where it is supported"
        else:
            close = nearest_name(name, list(defaults) + sorted(own))
            message = "no such parameter, Postfix ignores it" + ("; did you mean {0}?".format(close) if close else "")
            fix = "write {0}".format(close) if close else "correct the name or take it out"
            if transport and not close:
                message = "there is no service {0} in master.cf, so Postfix ignores it".format(transport)
                fix = "write the name of a service in front, or take it out"
        findings.append(scope.finding("unknown-parameter", name, message, fix))
    return findings


def _reached(host, version):
    """bool: whether a host's Postfix is of this version, a text, or newer."""
    return host.version >= tuple(int(part) for part in version.split("."))


def _transport_of(name, defaults):
    """str or None: the service that a parameter is for, by its ending."""
    for suffix, parent in sorted(SERVICE_SUFFIXES.items(), key=lambda item: -len(item[0])):
        if name.endswith(suffix) and len(name) > len(suffix) and parent in defaults:
            return name[: -len(suffix)]
    return None


def nearest_name(name, known):
    """str or None: what was probably meant: at most two letters wrong, or the same words in another order.

    One word more or less makes another parameter: C(virtual_maps) is not C(virtual_uid_maps).
    """
    close = [
        other
        for other in difflib.get_close_matches(name, known, 5, 0.8)
        if _mistyped(name.replace("_", ""), other.replace("_", "")) <= 2
    ]
    words = sorted(name.split("_"))
    return next((other for other in close + list(known) if other in close or sorted(other.split("_")) == words), None)


def _mistyped(left, right):
    """int: how many letters to put in, take out, change or swap with the next one (Damerau and Levenshtein)."""
    before, line = None, list(range(len(right) + 1))
    for row, letter in enumerate(left):
        current = [row + 1]
        for column, other in enumerate(right):
            cost = min(line[column + 1] + 1, current[column] + 1, line[column] + (letter != other))
            if before and column and letter == right[column - 1] and left[row - 1] == other:
                cost = min(cost, before[column - 1] + 1)
            current.append(cost)
        before, line = line, current
    return line[-1]


def check_master_options(services, host):
    """list of Finding: arguments in master.cf that Postfix splits differently from what they look like.

    master(5): an argument with white space needs braces, C(-o { name = value }), which Postfix 3.0 brought.
    A daemon stops at C(-o key = value) with "missing '=' after attribute name"; C(postfix check) does not read options.
    """
    findings = []
    for service in services:
        name = program(service)
        single = name in _WITHOUT_ARGUMENTS or name in _FLAGS_ONLY
        if not single and name not in ("pipe", "spawn"):
            continue
        words = service["words"]
        position = 0
        while position < len(words):
            word = words[position]
            position += 1
            if ends_options(word):
                if not single:
                    break
                reason = _misplaced(name, word, host)
                if reason:
                    findings.append(_option_finding(service, host, word, reason))
                elif name in _FLAGS_ONLY and position < len(words) and not ends_options(words[position]):
                    # getopt(3) of Postfix ends at the first word that is no option.
                    findings.append(_option_finding(service, host, words[position], _behind_flags(name)))
                    break
                continue
            letter = option_letter(word)
            if letter is None:
                continue
            option = word[letter + 1 :]
            if not option and position < len(words):
                option = words[position]
                position += 1
            if word[letter] != "o":
                continue
            if option.startswith("{"):
                # The words of an option in braces may come in one piece or split at its spaces.
                while option.count("{") > option.count("}") and position < len(words):
                    option += " " + words[position]
                    position += 1
                if host.version < (3, 0):
                    findings.append(_option_finding(service, host, option, _no_braces(option)))
            elif "=" not in option or option.startswith("="):
                tail = []
                while position < len(words) and not words[position].startswith("-"):
                    tail.append(words[position])
                    position += 1
                findings.append(_option_finding(service, host, " ".join([option] + tail), _spaces()))
                if not single:
                    break
    return findings


def _misplaced(name, word, host):
    """(str, str) or None: why a program does not take a word behind its options, and what to write instead."""
    if word == "--":
        return None
    if name in _FLAGS_ONLY and word.lower().startswith("flags="):
        # RELEASE_NOTES of Postfix 3.5
        if host.version >= (3, 5):
            return None if _FLAGS.match(word) else _unknown_flags(name, word)
        return ("flags of {0} need Postfix 3.5, and the program stops at them".format(name), "take this word out")
    return (
        "{0} takes no such argument; it was probably meant for the option before it, which ends at the space".format(
            name
        ),
        "separate the items of a list with commas and no spaces",
    )


def _behind_flags(name):
    return (
        "{0} takes no option behind flags=, and stops at it with unknown attribute name".format(name),
        "write the options first, and flags= at the end",
    )


def _unknown_flags(name, word):
    unknown = "".join(sorted(set(word[6:]) - set("DORX")))
    return (
        "{0} has no flag {1}, and stops at it; pipe has others".format(name, unknown),
        "write flags= with letters of DORX only",
    )


def _spaces():
    return (
        "Postfix ends an option at the first space, and the program stops at it",
        "write name=value without spaces around the equals sign",
    )


def _no_braces(option):
    return (
        "braces around an option need Postfix 3.0",
        "write name=value without braces and spaces",
    )


def _option_finding(service, host, value, reason):
    message, fix = reason
    name, equals, text = value.partition("=")
    visible = name + equals + shown(name.strip("{ "), text)
    return Finding(
        "master-option-syntax",
        "error",
        host.master_file,
        "{0} -o".format(service_label(service)),
        visible,
        message,
        fix,
    )


# Program that stops -> its limit, the transport that leads to it and whose mail that is, what is delivered by it.
_MAILBOXES = {
    "local": ("mailbox_size_limit", "local_transport", "mydestination", "local delivery"),
    "virtual": (
        "virtual_mailbox_limit",
        "virtual_transport",
        "virtual_mailbox_domains",
        "delivery to virtual mailboxes",
    ),
}


def check_limits(scope, services):
    """list of Finding: a mailbox limit below the message limit, where the program that compares them delivers mail.

    local(8) and virtual(8) stop with "main.cf configuration error". Other programs do not look at it: on a host that only
    relays, or that hands mailboxes to another program, these limits mean nothing.
    """
    findings = []
    message_limit = whole_number(scope.get("message_size_limit"))
    for deliverer, (name, transport, domains, what) in sorted(_MAILBOXES.items()):
        limit = whole_number(scope.get(name))
        if message_limit is None or not limit:
            continue
        if not set(scope.explicit) & set(("message_size_limit", name)):
            continue
        # What -o sets for one service concerns this one only.
        if scope.service is not None:
            used = program(scope.service) == deliverer
        else:
            used = _delivers(scope, services, deliverer, transport, domains)
        if used and (limit < message_limit or message_limit == 0):
            findings.append(
                scope.finding(
                    "size-limits",
                    name,
                    "it is below message_size_limit ({0}), so {1} of all mail stops".format(
                        "unlimited" if message_limit == 0 else message_limit, what
                    ),
                    "set {0} to 0 (unlimited) or to at least message_size_limit".format(name),
                    WARNING,
                )
            )
    return findings


def _delivers(scope, services, deliverer, transport, domains):
    """bool: whether mail of these domains goes to a service that runs this program."""
    if scope.get(domains) == "":
        return False
    name = (scope.get(transport) or "").partition(":")[0].strip()
    programs = [program(service) for service in services if (service["name"], service["type"]) == (name, "unix")]
    # A master.cf of which only a part is known has the services that every Postfix has.
    return deliverer in programs or (not programs and name == deliverer and not has_queue_manager(services))
