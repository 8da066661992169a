# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the variables relay_server_smarthosts, relay_server_routes and relay_server_pacing.

That they are lists of dictionaries, and that nobody's keys are in them, has been checked by their entries in meta/argument_specs.yml.
"""

import re
from collections.abc import Mapping

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address, is_loopback, parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.names import form_to_write, is_domain, is_fqdn
from ansible_collections.mailops.relay.plugins.module_utils.mail.smtp_session import IMPLICIT_TLS
from ansible_collections.mailops.relay.plugins.plugin_utils import sender_addresses
from ansible_collections.mailops.relay.plugins.plugin_utils import smarthosts as ways
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import choice, number

SMARTHOSTS, ROUTES, PACING = "relay_server_smarthosts", "relay_server_routes", "relay_server_pacing"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,29}[a-z0-9])?\Z")
# The part of an address before its @, as far as a table of Postfix can have it without quotes (RFC 5322, section 3.4.1).
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FAILED = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}(?: |\Z)")
# What the role sets for routes, so that nobody else may: parameter -> what to do instead.
_SET_BY_ROUTES = {
    "default_transport": "Write a route without sender and recipient instead",
    "sender_dependent_default_transport_maps": "Move its entries to relay_server_routes",
    # Looked up before the transports of senders are, and the hosts that it names would get their mail.
    "sender_dependent_relayhost_maps": "Move its entries to relay_server_routes",
}

_MAINS = ("relay_server_main", "relay_server_main_if_supported")
_WAYS_OUT = ("relayhost", *_SET_BY_ROUTES)
# What changes senders.
_REWRITING = {
    "relay_server_masquerade": (list, tuple),
    "relay_server_masquerade_exceptions": (list, tuple),
    "relay_server_canonical": Mapping,
}


def _text(value):
    """bool: whether a value is a text with something in it, in one line; a number will do."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    return bool(str(value).strip()) and not _CONTROL.search(str(value))


def _where(variable, position, entry):
    name = entry.get("name")
    return f'{variable}: element {position} ("{name}")' if _text(name) else f"{variable}: element {position}"


def _name_problem(where, entry, what):
    if "name" not in entry:
        return f"{where} has no name. Write a name for the {what}, for example name: provider."
    if not isinstance(entry["name"], str) or not _NAME.match(entry["name"]):
        return f"{where}: the name becomes part of a service of Postfix. Write at most 31 small letters, digits and hyphens."
    return None


def _whole(where, key, value, least, most):
    """str or None: what is wrong with a whole number."""
    found = number(least)(key, value)
    if found is None and int(value) > most:
        found = f"{key}: {value} is more than {most}; write a whole number from {least} to {most}"
    return f"{where}: {found}." if found else None


def _smarthost_problems(position, entry, own):
    where = _where(SMARTHOSTS, position, entry)
    yield _name_problem(where, entry, "smarthost")
    level = entry.get("tls", ways.LEVELS[0])
    found = choice(*ways.LEVELS)("tls", level)
    if found:
        yield f"{where}: {found}."
    if "port" in entry:
        found = _whole(where, "port", entry["port"], 1, 65535)
        yield found
        if not found and ways.port_of(entry) in IMPLICIT_TLS and level == "may":
            yield f"{where}: on port {entry['port']} TLS begins at once, and tls: may would be without. Leave tls out."
    yield from _host_problems(where, entry, level, own)
    yield from _login_problems(where, entry, level)
    for one, other in (("certificate", "private_key"), ("private_key", "certificate")):
        if one in entry and other not in entry:
            yield f"{where} has {one} and no {other}. Write both, as files on the relay."
    for key in ("certificate", "private_key", "ca_file"):
        if key in entry and not (_text(entry[key]) and re.match(r"/\S+\Z", str(entry[key]))):
            yield f"{where}: {key} is not the path of a file. Write one that begins with / and has no spaces."
    if "ca_file" in entry and level != "secure":
        yield f"{where}: with tls: {level} no certificate is checked, and ca_file is not read. Leave one of them out."


def _host_problems(where, entry, level, own):
    hosts = entry.get("hosts")
    if not isinstance(hosts, (list, tuple)) or not hosts:
        yield f"{where}: hosts is not a list with a host in it. Write hosts: [smtp.provider.example]."
        return
    seen = set()
    for host in hosts:
        address = isinstance(host, str) and is_address(host)
        if not isinstance(host, str) or not (address or is_fqdn(host) or host.lower() == "localhost"):
            yield f'{where}: "{host}" is not the name of a host. Write it with its domain, without brackets and port.'
        elif host.lower() in own or host.lower() == "localhost" or address and is_loopback(parse_network(host)):
            yield f'{where}: "{host}" is this relay itself, so that mail would go round in a circle. Write the host of the provider.'
        elif address and level == "secure":
            yield (
                f'{where}: "{host}" is an address, with which a certificate cannot be compared. Write the name of the host, or'
                " tls: encrypt, where no certificate is checked."
            )
        elif host.lower() in seen:
            yield f'{where}: "{host}" is there twice. Take one of them out.'
        seen.add(str(host).lower())


def _clients_as_hosts(position, entry, clients):
    for host in entry["hosts"] if isinstance(entry.get("hosts"), (list, tuple)) else ():
        if isinstance(host, str) and host.lower() in clients:
            yield (
                f'{_where(SMARTHOSTS, position, entry)}: "{host}" is a client, which sends its mail to this relay, so that it would go round in a'
                " circle. Write the host of the provider."
            )


def _login_problems(where, entry, level):
    user, password = "user" in entry, "password" in entry
    if user and not password:
        yield f"{where} has a user and no password. Write the password too, from a vault, or leave out user for a login without."
    if password and not user:
        yield f"{where} has a password and no user. Write the user too, or leave out password."
    if user and level == "may":
        yield f"{where}: with tls: may the password could go in clear text. Write tls: secure, or leave tls out."
    if user and not _text(entry["user"]):
        yield f"{where}: user is not a text in one line. Write the name that the provider gave."
    elif user and ":" in str(entry["user"]):
        yield f"{where}: user has a colon in it, at which Postfix would divide it. Ask the provider for a name without."
    elif user and str(entry["user"]).strip() != str(entry["user"]):
        yield f"{where}: user begins or ends with a space. Take that out."
    # Nothing of the password itself. A number is no longer what was written: 0123 is 83, 1_000 is 1000.
    if password and (not isinstance(entry["password"], str) or not _text(entry["password"])):
        yield f"{where}: password is not a text in one line with something in it. Write the one that the provider gave, in quotes."
    elif password and str(entry["password"]).rstrip() != str(entry["password"]):
        yield f"{where}: password ends with a space, which Postfix would leave out. Take it out, or have the provider make another."


def _key_problem(where, key, value):
    """str or None: what is wrong with the sender or recipient of a route, or with a domain."""
    text = value if isinstance(value, str) else ""
    local, at, domain = text.rpartition("@")
    if text in ("", "<>"):
        instead = "Write an address or a domain" + (
            "; mail without a sender goes by the route without one" if key == "sender" else ""
        )
        return f'{where}: {key} is "{value}". {instead}.'
    if at and not local:
        return f'{where}: {key} is "{value}". Write {domain} for all of the domain.'
    if not is_domain(domain) or at and not _LOCAL.match(local):
        return (
            f'{where}: {key} "{value}" is not an address or a domain. Write for example app@tenant.example or tenant.example;'
            f" each subdomain is an entry of its own.{form_to_write(domain)}"
        )
    return None


def _route_problems(position, route, names):
    where = f"{ROUTES}: element {position}"
    if "sender" in route and "recipient" in route:
        yield f"{where} has a sender and a recipient, and Postfix looks at one of them. Write two routes, of which the recipient's counts."
    key = next((key for key in ("recipient", "sender") if key in route), None)
    if key:
        yield _key_problem(where, key, route[key])
    via = route.get("via")
    known = ", ".join((*names, *ways.WAYS))
    if "via" not in route:
        yield f"{where} has no via. Write one of {known}."
    elif not isinstance(via, str) or via not in names and via not in ways.WAYS:
        yield f'{where}: via "{via}" is the name of no smarthost. Write one of {known}, or add it to {SMARTHOSTS}.'
    if via == "hold" and key is None:
        yield f"{where}: without sender and recipient it would hold all mail. Name the senders or recipients whose mail is to be held."
    if (via == "error") != ("text" in route):
        instead = (
            "has no text to refuse mail with. Write text: why"
            if via == "error"
            else "has a text, which only via: error sends"
        )
        yield f"{where} {instead}{'' if via == 'error' else '. Take it out'}."
    elif via == "error":
        text = route["text"]
        if not isinstance(text, str) or not _text(text) or not re.search(r"[A-Za-z]", text):
            yield f"{where}: text is not a sentence in one line. Write why the mail is refused."
        elif _FAILED.match(text.strip()) and not ways.is_error_status(text.strip()):
            yield f'{where}: text "{text}" does not begin with a status for good. Write 5.7.1 and the text, or the text alone.'


def _routes_at_home(routes, own, clients, users):
    """Yields a sentence for each route by recipient of mail that the relay itself takes before it looks for a route."""
    for position, route in enumerate(routes, 1):
        recipient = route.get("recipient")
        if not isinstance(recipient, str) or route.get("via") in ("error", "hold"):
            continue
        user, at, domain = recipient.lower().rpartition("@")
        where = f'{ROUTES}: element {position}: recipient "{recipient}"'
        if at and user in users and domain in {*own, *clients}:
            yield (
                f"{where}: no mail would go by it: relay_server_local_recipient and relay_server_local_recipients say where it goes. Name"
                " another address there, or take the route out."
            )
        elif domain in own:
            yield f"{where} is the relay itself, whose mail would come back to it. Take the route out, or name who gets it in relay_server_local_recipients."


def _repeated_routes(routes):
    seen = set()
    for position, route in enumerate(routes, 1):
        key = next(((key, str(route[key]).lower()) for key in ("recipient", "sender") if key in route), None)
        if key in seen:
            what = "sender and recipient are missing" if key is None else f'{key[0]} "{key[1]}" is'
            yield f"{ROUTES}: element {position}: {what} in an earlier route too. Keep one of them."
        seen.add(key)


def _pacing_problems(position, entry, names):
    where = _where(PACING, position, entry)
    if ("smarthost" in entry) == ("domains" in entry):
        yield f"{where}: whose pace it is must be said once. Write either smarthost: NAME, or name: NAME and domains: [gmail.com]."
    if "domains" in entry:
        yield _name_problem(where, entry, "provider")
        domains = entry["domains"]
        if not isinstance(domains, (list, tuple)) or not domains:
            yield f"{where}: domains is not a list with a domain in it. Write domains: [gmail.com, googlemail.com]."
        else:
            for domain in domains:
                if not isinstance(domain, str) or not is_domain(domain):
                    yield f'{where}: "{domain}" is not a domain. Write the part of the addresses behind the @.{form_to_write(str(domain))}'
    elif "smarthost" in entry:
        if "name" in entry:
            yield f"{where}: a smarthost has its name already. Take name out."
        if entry["smarthost"] not in names:
            yield f'{where}: "{entry["smarthost"]}" is the name of no smarthost. Write one of {", ".join(names) or "those in " + SMARTHOSTS}.'
    if ("concurrency" in entry) == ("per_minute" in entry):
        yield f"{where}: write either concurrency, how many at once, or per_minute, messages a minute, which go one at a time."
    if "concurrency" in entry:
        yield _whole(where, "concurrency", entry["concurrency"], 1, 1000)
    if "per_minute" in entry:
        found = _whole(where, "per_minute", entry["per_minute"], 1, ways.MINUTE)
        yield found
        rate = 1 if found else int(entry["per_minute"])
        if ways.MINUTE % rate:
            near = max(less for less in range(1, rate) if not ways.MINUTE % less)
            yield (
                f"{where}: per_minute {rate} would not be whole seconds from one message to the next, as Postfix counts. Write a divisor"
                f" of 60, for example {near}."
            )


def _repeated(variable, entries, key, what):
    seen = set()
    for position, entry in enumerate(entries, 1):
        if key in entry and isinstance(entry[key], str):
            if entry[key] in seen:
                yield f'{variable}: element {position}: "{entry[key]}" is the {what} of an earlier element too. {_OTHER[key]}.'
            seen.add(entry[key])


_OTHER = {"name": "Give it another name, or take it out", "smarthost": "Keep one of them"}


def _other_ways(values):
    """list of str: what beside routes says that mail does not go to mail exchangers, as sentences name it."""
    found = ["relay_server_relayhost"] if values["relay_server_relayhost"] else []
    for variable in _MAINS:
        named = values[variable] if isinstance(values[variable], Mapping) else {}
        # The service smtp is Postfix's default.
        found += [f"{name} in {variable}" for name in _WAYS_OUT if named.get(name) and named[name] != "smtp"]
    return found


def _domains_in_the_way(routes, pacing, others):
    """Yields a sentence for each domain whose pace would take its mail past the way that a route, or main.cf, has for it."""
    by_mail_exchanger = {
        str(route["recipient"]).lower() for route in routes if "recipient" in route and route.get("via") == "mx"
    }
    routed = {str(route["recipient"]).lower(): route.get("via") for route in routes if "recipient" in route}
    elsewhere = [
        f"the sender {route['sender']}"
        for route in routes
        if "sender" in route and route.get("via") not in ("mx", "hold", "error")
    ]
    default = next((route.get("via") for route in routes if "sender" not in route and "recipient" not in route), "mx")
    if default != "mx":
        elsewhere.append(f"the route to {default} without sender and recipient")
    elsewhere += others
    seen = set()
    for position, entry in enumerate(pacing, 1):
        for domain in entry.get("domains") or () if isinstance(entry.get("domains"), (list, tuple)) else ():
            name = str(domain).lower()
            where = _where(PACING, position, entry)
            if name in seen:
                yield f'{where}: "{domain}" has a pace already. Take one of them out.'
            elif routed.get(name, "mx") != "mx":
                yield (
                    f'{where}: mail for "{domain}" goes by the route to {routed[name]}. Write the pace for that smarthost, or take the'
                    " domain out."
                )
            elif elsewhere and name not in by_mail_exchanger:
                yield (
                    f'{where}: mail for "{domain}" would go to its mail exchangers at this pace, past {elsewhere[0]}. Write the pace for'
                    f" the smarthost, or add the route {{recipient: {domain}, via: mx}} where that is meant."
                )
            seen.add(name)


def _conflicts(values, routes):
    """Yields a sentence for each parameter that a route needs and another variable sets."""
    if not routes:
        return
    for variable in _MAINS:
        for name, instead in _SET_BY_ROUTES.items():
            if name in values[variable]:
                yield f"{variable}: {name} decides what {ROUTES} decides too. {instead}."
    relayhost = values["relay_server_relayhost"] or any(values[variable].get("relayhost") for variable in _MAINS)
    for position, route in enumerate(routes if relayhost else (), 1):
        if "recipient" in route:
            continue
        if "sender" not in route:
            yield (
                f"{ROUTES}: element {position}, without sender and recipient, is the way out for all mail, and so is"
                " relay_server_relayhost. Keep one of them."
            )
        elif route.get("via") == "mx":
            yield (
                f"{ROUTES}: element {position}: mail of a sender that goes to mail exchangers would go to relay_server_relayhost all the"
                f" same. Make that a smarthost in {SMARTHOSTS}, with a route without sender and recipient."
            )


def _rewritten(values, routes, clients):
    """Yields a sentence for each route by sender that misses the senders it names, since the relay changes senders."""
    if not all(isinstance(values[name], kind) for name, kind in _REWRITING.items()):
        return
    held = {
        str(route["sender"]).lower()
        for route in routes
        if route.get("via") == "hold" and isinstance(route.get("sender"), str)
    }
    for position, route in enumerate(routes, 1):
        sender, via = route.get("sender"), route.get("via")
        if not isinstance(sender, str) or via == "error" or _key_problem("", "sender", sender):
            continue
        where = f"{ROUTES}: element {position}"
        if via != "hold":
            found = sender_addresses.becomes(sender, values)
            if found:
                variable, new = found
                yield (
                    f'{where}: no mail would go by it: {variable} makes "{sender}" {new} before the route is looked for. Write {new} here, or'
                    f" leave that sender out there."
                )
            continue
        missed = [
            name
            for name in sender_addresses.come_to_be(sender, clients, values)
            if name not in held and name.rpartition("@")[2] not in held
        ]
        if missed:
            more = f", and {len(missed) - 1} more like it" if len(missed) > 1 else ""
            yield (
                f'{where}: mail is held by the sender that a client gives, and "{missed[0]}" becomes "{sender}" only later, so that it would'
                f" go out. Add the route {{sender: {missed[0]}, via: hold}}{more}."
            )


def problems(values, own, clients=(), users=()):
    """Yields a sentence or two for each thing in these variables that cannot be used.

    Args:
        values: dict: name of a variable of the role -> its value.
        own: iterable of str, the relay's own names and addresses.
        clients: iterable of str, the names of the site's hosts that send through it, in small letters.
        users: collection of str, those whose mail at these names somebody gets, in small letters.
    """
    smarthosts, routes, pacing = values[SMARTHOSTS], values[ROUTES], values[PACING]
    known = {str(name).lower() for name in own if name}
    names = [entry["name"] for entry in smarthosts if isinstance(entry.get("name"), str)]
    found = []
    for position, entry in enumerate(smarthosts, 1):
        found += _smarthost_problems(position, entry, known)
        found += _clients_as_hosts(position, entry, clients)
        if entry.get("name") in ways.WAYS:
            found.append(
                f"{_where(SMARTHOSTS, position, entry)}: a route to it would mean something else. Give it another name."
            )
    found += _repeated(SMARTHOSTS, smarthosts, "name", "name")
    for position, route in enumerate(routes, 1):
        found += _route_problems(position, route, names)
    found += _routes_at_home(routes, known, clients, users)
    found += _repeated_routes(routes)
    found += _rewritten(values, routes, clients)
    for position, entry in enumerate(pacing, 1):
        found += _pacing_problems(position, entry, names)
    for key in ("name", "smarthost"):
        found += _repeated(PACING, pacing, key, key)
    found += _domains_in_the_way(routes, pacing, _other_ways(values))
    if all(isinstance(values[variable], Mapping) for variable in _MAINS):
        found += _conflicts(values, routes)
    yield from filter(None, found)
