# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the inside leaves with a message: names of hosts in senders, and header lines. What Postfix is told to change."""

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.names import (
    address_forms,
    domain_forms,
    form_to_write,
    is_domain,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.local_mail import is_address, is_user

CANONICAL_TABLE = "/etc/postfix/relay_canonical"
HEADERS_TABLE = "/etc/postfix/relay_strip_headers"

# Postfix knows its own notices to postmaster by this sender (double_bounce_sender).
_NEVER = "double-bounce"
_RECEIVED = "received"
# MAX_RECURSION of cleanup(8), as seen of 3.7.11.
_MOST_STEPS = 10
# RFC 5322, section 3.6.8, as far as names of headers are in use.
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,75}\Z")
# What a signature may cover (RFC 6376, section 5.4.1) or what a message cannot be without: taken out after signing, it is invalid.
_STAYS = re.compile(
    r"(from|sender|reply-to|to|cc|date|subject|message-id|in-reply-to|references|mime-version|content-.*|list-.*|resent-.*"
    r"|dkim-signature|arc-.*|authentication-results|autocrypt)\Z"
)


def _is_host(exception):
    return "." in exception


def settings(hostname, masquerade, exceptions, canonical, strip_headers):
    """What the relay's Postfix is told.

    Args:
        hostname: str, the relay's.
        masquerade: list of str, domains that stand for all hosts below them.
        exceptions: list of str, users (C(root)) and hosts (C(db01.example.com)) that keep theirs.
        canonical: dict: address, user or C(@domain) -> address or C(@domain).
        strip_headers: list of str, names of headers.

    Returns:
        dict: C(main), C(append) and C(tables) for M(mailops.relay.postfix_config).
    """
    main, append, tables = {}, {}, []
    if masquerade:
        hosts = [f"!{form}" for name in exceptions if _is_host(name) for form in domain_forms(name)]
        domains = [form for name in masquerade for form in domain_forms(name)]
        # The first that fits counts, so the longer name comes first.
        main["masquerade_domains"] = hosts + sorted(domains, key=lambda name: -name.count("."))
        main["masquerade_exceptions"] = [_NEVER] + [name for name in exceptions if not _is_host(name)]
        main["masquerade_classes"] = ["envelope_sender", "header_sender", "header_recipient"]
    if canonical:
        append["sender_canonical_maps"] = [f"texthash:{CANONICAL_TABLE}"]
        entries = {
            form: value for key, value in canonical.items() for form in (address_forms(key) if "@" in key else [key])
        }
        tables.append({"path": CANONICAL_TABLE, "type": "texthash", "entries": dict(sorted(entries.items()))})
    if masquerade or canonical:
        # Otherwise Postfix leaves the headers of mail that comes from other hosts as they are, and rewrites its envelope only.
        main["local_header_rewrite_clients"] = ["permit_inet_interfaces", "permit_mynetworks"]
    if strip_headers:
        # smtp(8) does it, when a signature has been made of the rest.
        append["smtp_header_checks"] = [f"regexp:{HEADERS_TABLE}"]
        tables.append({"path": HEADERS_TABLE, "type": "regexp", "entries": _header_checks(hostname, strip_headers)})
    return {"main": main, "append": append, "tables": tables}


def _masquerades(host, values):
    """str or None: the domain that stands for a host, as Postfix finds it: the longest of those above it."""
    host = host.lower()
    hosts = [str(name).lower() for name in values["relay_server_masquerade_exceptions"] if _is_host(str(name))]
    if any(host == name or host.endswith(f".{name}") for name in hosts):
        return None
    domains = sorted((str(domain).lower() for domain in values["relay_server_masquerade"]), key=len, reverse=True)
    found = next((domain for domain in domains if host == domain or host.endswith(f".{domain}")), None)
    return None if found == host else found


def becomes(sender, values):
    """What the relay makes of each sender that a route names, before it looks for the route.

    Args:
        sender: str, an address or a domain.
        values: dict: variable of relay_server -> value.

    Returns:
        (str, str) or None: the variable, and what it makes of them; nothing where they stay, or some of a domain do.
    """
    user, at, domain = sender.lower().rpartition("@")
    canonical = {str(key).lower(): str(value).lower() for key, value in values["relay_server_canonical"].items()}
    new = next((canonical[key] for key in (sender.lower(), f"@{domain}") if key in canonical), None)
    if new is not None and new not in (sender.lower(), f"@{domain}"):
        return "relay_server_canonical", f"{user}{new}" if new.startswith("@") and at else new.removeprefix("@")
    users = [str(name).lower() for name in values["relay_server_masquerade_exceptions"] if not _is_host(str(name))]
    stay = user in users if at else users or any(key.endswith(f"@{domain}") for key in canonical)
    above = None if stay else _masquerades(domain, values)
    return above and ("relay_server_masquerade", f"{user}{at}{above}")


def come_to_be(sender, names, values):
    """list of str: senders, as the site's hosts give them, of which the relay makes one that a route names; sorted.

    Args:
        sender: str, an address or a domain.
        names: iterable of str, the site's hosts.
        values: dict: variable of relay_server -> value.
    """
    user, at, domain = sender.lower().rpartition("@")
    users = [str(name).lower() for name in values["relay_server_masquerade_exceptions"] if not _is_host(str(name))]
    found = set()
    if not (at and user in users):
        found.update(f"{user}{at}{name}" for name in names if _masquerades(name, values) == domain)
    for key, value in values["relay_server_canonical"].items():
        new_user, _at, new_domain = str(value).lower().rpartition("@")
        old_user, old_at, old_domain = str(key).lower().rpartition("@")
        if not old_at or new_domain != domain or old_domain == domain and not at:
            continue
        if not at or new_user == user:
            found.add(str(key).lower().removeprefix("@"))
        elif not new_user and old_user in ("", user):
            found.add(f"{user}@{old_domain}")
    return sorted(found - {sender.lower()})


def _header_checks(hostname, names):
    found = []
    for name in sorted({name.lower() for name in names}):
        if name == _RECEIVED:
            # The relay's own line stays, without the host that it is from: Postfix counts these lines to notice mail that goes in a circle.
            own = re.escape(hostname).replace("\\-", "-")
            found.append(
                {
                    f"/^Received:[[:space:]]+(.*[[:space:]])?by {own} (\\(.*)$/": f"REPLACE Received: by {hostname} $2",
                }
            )
        found.append({f"/^{name}:/": "IGNORE"})
    return found


def problems(values, names, hostname):
    """Yields a sentence for each variable of relay_server about addresses of senders, and header lines, that cannot be used.

    Args:
        values: dict: variable -> value.
        names: list of str, of clients, in small letters.
        hostname: str, the relay's.
    """
    domains = values["relay_server_masquerade"]
    for domain in domains:
        yield from _domain_problems(str(domain), [*names, hostname.lower()])
    name = "relay_server_masquerade_exceptions"
    exceptions = values[name]
    if exceptions and not domains:
        yield f"{name}: there is nothing to except from. Set relay_server_masquerade, or leave it empty."
    for exception in map(str, exceptions):
        if _is_host(exception) and is_domain(exception):
            if domains and not any(exception.lower().endswith(f".{str(domain).lower()}") for domain in domains):
                yield f'{name}: "{exception}" is in no domain of relay_server_masquerade. Take it out, or correct it.'
        elif not is_user(exception) or _is_host(exception):
            yield f'{name}: "{exception}" is neither a user nor a host. Write for example root, or db01.example.com.{form_to_write(exception)}'
    name = "relay_server_canonical"
    folded = [str(key).lower() for key in values[name]]
    for key in sorted({key for key in folded if folded.count(key) > 1}):
        yield f'{name}: "{key}" is in it more than once, in small and capital letters, which Postfix does not tell apart. Keep one.'
    for key, value in values[name].items():
        whole, key = str(key).startswith("@"), str(key)
        if not (is_user(key) or is_address(key) or whole and is_domain(key[1:])):
            script = form_to_write(key.rpartition("@")[2]) if "@" in key else ""
            yield f'{name}: "{key}" is no sender. Write an address, a user alone, or @ with a domain.{script}'
        elif not (is_address(value) or str(value).startswith("@") and is_domain(str(value)[1:])):
            script = form_to_write(str(value).rpartition("@")[2])
            yield f'{name}: "{value}", for "{key}", is not an address. Write one, or @ with a domain, which keeps the user.{script}'
    addresses = {str(key).lower(): str(value).lower() for key, value in values[name].items()}
    round_trips = [key for key in addresses if _goes_round(addresses, key, hostname.lower())]
    if round_trips:
        yield (
            f'{name}: "{round_trips[0]}" becomes one address after the other, and Postfix stops at the tenth, with a warning for each'
            " message. Take one of them out."
        )
    name = "relay_server_strip_headers"
    for header in map(str, values[name]):
        if not _HEADER.match(header):
            yield f'{name}: "{header}" is not the name of a header. Write it without a colon, for example User-Agent.'
        elif _STAYS.match(header.lower()):
            yield (
                f'{name}: "{header}" is part of what a signature covers, or of what a message needs, and it is taken out after signing. Take it'
                " out of the list."
            )


def _goes_round(addresses, key, hostname):
    """bool: whether a sender is rewritten again and again: cleanup(8) looks up what it has found."""
    address = f"user{key}" if key.startswith("@") else key if "@" in key else f"{key}@{hostname}"
    for _step in range(_MOST_STEPS):
        user, _at, domain = address.rpartition("@")
        found = addresses.get(address) or (domain == hostname and addresses.get(user)) or addresses.get(f"@{domain}")
        if not found:
            return False
        after = user + found if found.startswith("@") else found
        if after == address:
            return False
        address = after
    return True


def _domain_problems(domain, names):
    name = "relay_server_masquerade"
    if domain.startswith("!"):
        yield f'{name}: "{domain}" is an exception. Write {domain[1:]} in relay_server_masquerade_exceptions.'
        return
    plain = domain.lstrip("*.")
    if not is_domain(domain):
        instead = f"Write {plain}" if is_domain(plain) else "Write for example example.com"
        yield f'{name}: "{domain}" is not a domain. {form_to_write(plain).strip() or instead + "."}'
        return
    if not any(known.endswith(f".{domain.lower()}") for known in names):
        known = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        yield (
            f'{name}: "{domain}" is the parent of no host of this site, which are {known}, so no sender would change. Write a domain that'
            " their names end with."
        )
