# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By which ways a relay sends mail out: smarthosts with their logins, routes to them, and the pace of each way, as settings of Postfix.

Each smarthost is a service of its own in master.cf, so that TLS, login, fallback and pace are its own: with a relayhost for each sender
and one fallback for all, mail of one tenant leaves through the account of another. Tables are of type C(texthash), which each Postfix
has and which needs no second file with the passwords.

Not told here: what is wrong with the variables (``smarthost_problems``).
"""

import re
from collections.abc import Mapping

from ansible_collections.mailops.relay.plugins.module_utils.host.names import address_forms, domain_forms
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import IMPLICIT_TLS

DIRECTORY = "/etc/postfix"
# What a route may name beside a smarthost.
WAYS = ("mx", "hold", "error")
DEFAULT_PORT = 587
# smtp_tls_security_level of a smarthost.
LEVELS = ("secure", "encrypt", "may")
MINUTE = 60

_RECIPIENTS, _SENDERS = f"{DIRECTORY}/route_recipients", f"{DIRECTORY}/route_senders"
_HELD_RECIPIENTS, _HELD_SENDERS = f"{DIRECTORY}/hold_recipients", f"{DIRECTORY}/hold_senders"
_REPLIES = f"{DIRECTORY}/smarthost_replies"
# What a host says to who has not shown who it is. Postfix goes on without a login where AUTH is not offered, and a certificate may be
# wrong. Such an answer is about the account and not about the message, which waits, as with a wrong password.
_NO_LOGIN = "|".join(
    (
        "(authentication|login) (is )?(required|needed)",
        "(must|need to) (first )?(authenticate|log ?in)",
        "client (is |was )?not authenticated|unauthenticated senders",
        "relay(ing)?( access)?( is)? (denied|not (permitted|allowed)|prohibited)",
        "unable to relay",
        # The last line of Gmail's answer of several, and Postfix goes by that one.
        "answer.6140680#(invalidcred|maildenied)",
    )
)
_ANY_STATUS = "[0-9]+[.][0-9]+"
# The digits behind the first of a code and of a status, and what the text holds. 530 is always that (RFC 4954). "Access denied" is
# Postfix's word for who is not permitted; with another status it may be about the recipient (Microsoft 365).
_REFUSALS = (
    ("30", _ANY_STATUS, ""),
    ("54", "7[.]1", ".*access denied"),
    ("[0-9][0-9]", _ANY_STATUS, f".*({_NO_LOGIN})"),
)
# Exchange's, of a group or mailbox that takes mail of its own people only; "authentication required" follows, and no login would help.
_RECIPIENTS_OWN = "/^(5.*(RESOLVER[.]RST[.]|[ -]5[.]7[.]13[3-6] ).*)$/"
# What POSIX takes for more than itself, and the delimiter of regexp_table(5).
_SPECIAL = re.compile(r"([.^$*+?()\[\]{}|\\/])")
_STATUS = re.compile(r"5\.[0-9]{1,3}\.[0-9]{1,3} ")


def smarthost_service(name):
    """str: the service of master.cf for a smarthost."""
    return f"smart-{name}"


def pace_service(name):
    """str: the service of master.cf for a provider that has a pace of its own."""
    return f"pace-{name}"


def password_file(name):
    """str: the table with the login of a smarthost; C(passw) in its name keeps it from being shown, whoever reads it."""
    return f"{DIRECTORY}/smarthost_{name}_password"


def port_of(smarthost):
    """int: the port of a smarthost."""
    return int(smarthost.get("port", DEFAULT_PORT))


def next_hops(smarthost):
    """list of str: the hosts of a smarthost as Postfix takes them, without a look for mail exchangers."""
    return [f"[{host}]:{port_of(smarthost)}" for host in smarthost["hosts"]]


def is_error_status(text):
    """bool: whether a text begins with a status code of RFC 3463 for what has failed for good."""
    return _STATUS.match(text) is not None


def _service(name, options, **fields):
    return {
        "name": name,
        "type": "unix",
        "command": "smtp",
        "options": {"syslog_name": f"postfix/{name}", **options},
        **fields,
    }


def _smarthost_service(smarthost):
    """dict: the service of a smarthost, as for C(master) of M(mailops.relay.postfix_config)."""
    level, login = smarthost.get("tls", LEVELS[0]), "user" in smarthost
    options = {
        # For smtp(8) alone: a host that the DNS does not know is a mistake in its relayhost, and mail waits; elsewhere it is returned.
        "relayhost": next_hops(smarthost)[0],
        # Hosts of this account only, whatever main.cf says.
        "smtp_fallback_relay": ",".join(next_hops(smarthost)[1:]),
        # A policy for a host would be stronger than the level.
        "smtp_tls_policy_maps": "",
        "smtp_tls_security_level": level,
        "smtp_sasl_auth_enable": login,
        "smtp_sender_dependent_authentication": False,
    }
    if login:
        options["smtp_sasl_password_maps"] = f"texthash:{password_file(smarthost['name'])}"
        options["smtp_sasl_tls_security_options"] = "noanonymous"
    if port_of(smarthost) in IMPLICIT_TLS:
        options["smtp_tls_wrappermode"] = True
    if "certificate" in smarthost:
        options["smtp_tls_cert_file"] = smarthost["certificate"]
        options["smtp_tls_key_file"] = smarthost["private_key"]
    if _proves_itself(smarthost):
        options["smtp_reply_filter"] = f"regexp:{_REPLIES}"
    if "ca_file" in smarthost:
        options["smtp_tls_CAfile"] = smarthost["ca_file"]
    return _service(smarthost_service(smarthost["name"]), options)


def _proves_itself(smarthost):
    """bool: whether the relay says by login or certificate who it is."""
    return "user" in smarthost or "certificate" in smarthost


def _login(smarthost):
    """dict: the table with a smarthost's login. Its keys are the next hops as they are written, brackets, port and all."""
    login = f"{smarthost['user']}:{smarthost['password']}"
    return {
        "path": password_file(smarthost["name"]),
        "type": "texthash",
        "secret_entries": dict.fromkeys(next_hops(smarthost), login),
    }


def _replies():
    """dict: the table that makes a refusal for want of a login a temporary one, line by line (postconf(5), smtp_reply_filter)."""
    entries = [{_RECIPIENTS_OWN: "${1}"}]
    for digits, status, text in _REFUSALS:
        entries.append({f"/^5({digits}[ -])5([.]{status} {text}.*)$/": "4${1}4${2}"})
        if status == _ANY_STATUS:
            entries.append({f"/^5({digits}[ -]{text}.*)$/": "4${1}"})
    return {"path": _REPLIES, "type": "regexp", "entries": entries}


def _regular(route_key):
    """str: a pattern that matches an address, or each one of a domain, and no other."""
    # For Postfix 3.7.11 only Latin letters without marks are the same in capitals here.
    letters = (f"({sign}|{sign.upper()})" if sign > "~" and sign.upper() != sign else sign for sign in route_key)
    escaped = "".join(_SPECIAL.sub(r"\\\1", part) if len(part) == 1 else part for part in letters)
    return f"/^{escaped}$/" if "@" in route_key else f"/@{escaped}$/"


def _target(route, smarthosts):
    """str: what a table of transports has for a route."""
    if route["via"] == "mx":
        return "smtp:"
    if route["via"] == "error":
        text = route["text"].strip()
        return f"error:{text if is_error_status(text) else '5.7.1 ' + text}"
    smarthost = smarthosts[route["via"]]
    return f"{smarthost_service(smarthost['name'])}:{next_hops(smarthost)[0]}"


def _table(path, entries):
    return {"path": path, "type": "texthash", "entries": entries}


def _held(path, keys):
    return {"path": path, "type": "regexp", "entries": [{_regular(key): "HOLD"} for key in keys]}


def _pace(entry):
    """(str, str): the service that has a pace, and where it is to be found in main.cf what it is."""
    return smarthost_service(entry["smarthost"]) if "smarthost" in entry else pace_service(entry["name"])


def ways(smarthosts, routes, pacing, authorities):
    """What smarthosts, routes and paces are in Postfix.

    Args:
        smarthosts, routes, pacing: lists of dict, the variables C(relay_server_smarthosts), C(relay_server_routes) and
            C(relay_server_pacing), in which ``smarthost_problems.problems`` has found nothing.
        authorities: str, the host's file with the certificates of the public authorities.

    Returns:
        dict: C(main), C(prepend), C(first_supported), C(master) and C(tables) for M(mailops.relay.postfix_config).
    """
    by_name = {smarthost["name"]: smarthost for smarthost in smarthosts}
    main, prepend, choices = {}, {}, []
    master = [_smarthost_service(smarthost) for smarthost in smarthosts]
    tables = [_login(smarthost) for smarthost in smarthosts if "user" in smarthost]
    if any(map(_proves_itself, smarthosts)):
        tables.append(_replies())
    if any(map(_checks_authority, smarthosts)):
        # For all services, so that the TLS connections to smarthosts can be used again: see postfix.lint_reuse.
        main["smtp_tls_CAfile"] = authorities
    recipients, senders, held = {}, {}, {"recipient": [], "sender": []}
    for route in routes:
        key = next((key for key in held if key in route), None)
        if key is None:
            main["default_transport"] = _target(route, by_name).removesuffix(":")
        elif route["via"] == "hold":
            held[key] += address_forms(route[key])
        elif key == "recipient":
            recipients.update(dict.fromkeys(address_forms(route[key]), _target(route, by_name)))
        else:
            forms = address_forms(route[key])
            senders.update((form if "@" in form else f"@{form}", _target(route, by_name)) for form in forms)
    for entry in pacing:
        service = _pace(entry)
        concurrency = int(entry["concurrency"]) if "concurrency" in entry else None
        if "domains" in entry:
            # Each domain is a destination of its own for the queue manager; so many processes are the limit of all together.
            fields = {} if concurrency is None else {"maxproc": str(concurrency)}
            master.append(_service(service, {}, **fields))
            recipients.update((form, f"{service}:") for domain in entry["domains"] for form in domain_forms(domain))
        if concurrency is not None:
            main[f"{service}_destination_concurrency_limit"] = concurrency
        else:
            delay = f"{MINUTE // int(entry['per_minute'])}s"
            choices.append([{f"{service}_transport_rate_delay": delay}, {f"{service}_destination_rate_delay": delay}])
    if any("recipient" not in route and route["via"] != "hold" for route in routes):
        # Stronger than a smarthost's own host: what somebody has set there would send an account's mail elsewhere.
        main["sender_dependent_relayhost_maps"] = None
    if recipients:
        tables.append(_table(_RECIPIENTS, recipients))
        prepend["transport_maps"] = [f"texthash:{_RECIPIENTS}"]
    if senders:
        tables.append(_table(_SENDERS, senders))
        prepend["sender_dependent_default_transport_maps"] = [f"texthash:{_SENDERS}"]
    for key, path in (("sender", _HELD_SENDERS), ("recipient", _HELD_RECIPIENTS)):
        if held[key]:
            tables.append(_held(path, held[key]))
            prepend.setdefault("smtpd_recipient_restrictions", []).append(f"check_{key}_access regexp:{path}")
    return {"main": main, "prepend": prepend, "first_supported": choices, "master": master, "tables": tables}


def _entries(written):
    """list of dict: those that have been written as such; what is wrong with the others is told elsewhere."""
    return [entry for entry in written if isinstance(entry, Mapping)] if isinstance(written, (list, tuple)) else []


def _checks_authority(smarthost):
    return smarthost.get("tls", LEVELS[0]) == LEVELS[0] and "ca_file" not in smarthost


def packages(smarthosts, manager):
    """list of str: the packages that smarthosts need; what is no smarthost is passed over.

    Args:
        smarthosts: list of dict.
        manager: str, the host's package manager, as the fact C(pkg_mgr) has it.
    """
    entries = _entries(smarthosts)
    login = "libsasl2-modules" if manager == "apt" else "cyrus-sasl-plain"
    return [login] * any("user" in entry for entry in entries) + ["ca-certificates"] * any(
        map(_checks_authority, entries)
    )


def refused(smarthosts, programs, routes):
    """Yields a sentence for each smarthost and route by which a host's Postfix cannot send; nothing where there is none to ask.

    Args:
        smarthosts: list of dict; what is no smarthost is passed over.
        programs: collection of str, what the host has: C(postconf), and C(smtp_tls_wrappermode) and C(smtpd_milter_maps) where its
            Postfix knows these parameters.
        routes: list of dict; what is no route is passed over.
    """
    if "postconf" not in programs:
        return
    for entry in _entries(smarthosts):
        if str(entry.get("port")) in map(str, IMPLICIT_TLS) and "smtp_tls_wrappermode" not in programs:
            yield (
                f"relay_server_smarthosts: {entry.get('name')}: port {entry['port']}, on which TLS begins at once, needs Postfix 3.0"
                " (smtp_tls_wrappermode), and this host's does not know that. Write port: 587."
            )
    others = [route for route in _entries(routes) if "sender" in route and route.get("via") not in ("hold", "error")]
    ends = any(route.get("via") == "error" and not {"sender", "recipient"} & set(route) for route in _entries(routes))
    if ends and others and "smtpd_milter_maps" not in programs:
        # Postfix's HISTORY, 20160618: smtpd(8) asked where the mail goes without its sender.
        yield (
            "relay_server_routes: via: error without sender and recipient needs Postfix 3.2 where a sender has another way: this"
            f" host's Postfix is older, and would refuse mail of {others[0]['sender']} with it. Leave that route out, and write one"
            " with via: error for each sender whose mail is to be refused."
        )
