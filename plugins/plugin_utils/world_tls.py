# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS of a relay towards the world: a level for each domain, and DANE, as settings of Postfix; and what is wrong with the variables."""

from collections.abc import Mapping

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.mailops.relay.plugins.module_utils.host import unbound_conf
from ansible_collections.mailops.relay.plugins.module_utils.host.names import (
    domain_forms,
    form_to_write,
    is_domain,
    is_fqdn,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import choice

TABLE = "/etc/postfix/relay_tls_policy"
# smtp_tls_security_level (postconf(5)); "fingerprint" would need more than names.
LEVELS = ("none", "may", "encrypt", "dane", "dane-only", "verify", "secure")
# These check the server's certificate by the authorities that the host knows, and its name.
NAMED = ("verify", "secure")
_DANE = ("dane", "dane-only")
# What smtp_tls_secure_cert_match takes beside names.
_MATCHES = ("hostname", "nexthop", "dot-nexthop")
_DANE_SETTINGS = {"smtp_dns_support_level": "dnssec", "smtp_tls_security_level": "dane"}


def settings(policy, dane, authorities):
    """What the relay's Postfix is told.

    Args:
        policy: list of dict, the variable C(relay_server_tls_policy), in which ``problems`` has found nothing.
        dane: bool, C(relay_server_dane).
        authorities: str, the host's file with the certificates of the public authorities.

    Returns:
        dict: C(main), C(prepend) and C(tables) for M(mailops.relay.postfix_config).
    """
    main, prepend, tables = {}, {}, []
    if dane:
        main = dict(_DANE_SETTINGS)
    if any(entry["level"] in NAMED for entry in policy):
        main["smtp_tls_CAfile"] = authorities
    if policy:
        # Before what somebody else has there: the first that knows a domain counts.
        prepend["smtp_tls_policy_maps"] = [f"texthash:{TABLE}"]
        entries = {key: _value(entry) for entry in policy for key in domain_forms(entry["domain"])}
        tables.append({"path": TABLE, "type": "texthash", "entries": dict(sorted(entries.items()))})
    return {"main": main, "prepend": prepend, "tables": tables}


def _value(entry):
    match = entry.get("match") or []
    return f"{entry['level']} match={':'.join(match)}" if match else entry["level"]


def checks_authorities(policy):
    """bool: whether a level needs the certificates of the public authorities; what is no entry is passed over.

    Args:
        policy: list of dict.
    """
    entries = policy if isinstance(policy, (list, tuple)) else ()
    return any(isinstance(entry, Mapping) and entry.get("level") in NAMED for entry in entries)


def refused(dane, programs):
    """list of str: why the Postfix of a host cannot do this; empty where there is none to ask.

    Args:
        dane: bool, whether DANE is wanted.
        programs: collection of str, what the host has: C(postconf), and C(smtp_dns_support_level) where its Postfix knows that.
    """
    if not dane or "postconf" not in programs or "smtp_dns_support_level" in programs:
        return []
    return [
        "relay_server_dane: DANE needs Postfix 2.11 (smtp_dns_support_level), and this host's does not know that. Leave it out, or write"
        " secure for those domains whose certificates are of a public authority (relay_server_tls_policy)."
    ]


def _policy_problems(policy, dane):
    name, seen = "relay_server_tls_policy", set()
    for entry in policy:
        domain, level, match = str(entry.get("domain", "")), entry.get("level"), entry.get("match", [])
        if not is_domain(domain.removeprefix(".")):
            yield (
                f'{name}: "{domain}" is not a domain. Write the part behind the @, or .example.com for all domains below it.'
                f"{form_to_write(domain.removeprefix('.'))}"
            )
            continue
        if domain.lower() in seen:
            yield f"{name}: {domain} is there twice, and one level counts. Keep one of them."
        seen.add(domain.lower())
        problem = choice(*LEVELS)(f"{name}: {domain}: level", level)
        if problem:
            yield problem + "."
        elif level in _DANE and not dane:
            yield (
                f"{name}: {domain}: {level} needs a resolver that validates. Set relay_server_dane to true, or write secure or encrypt."
            )
        names = [match] if isinstance(match, str) else match
        if not isinstance(names, (list, tuple)) or not all(
            isinstance(text, str) and (text in _MATCHES or is_fqdn(text.removeprefix("."))) for text in names
        ):
            yield (
                f"{name}: {domain}: match, {match!r}, is not a list of names. Write those that the server's certificate may have, for example"
                " [mx.example.com], [.example.com] for all below it, or nexthop, dot-nexthop or hostname."
            )
        elif isinstance(match, str):
            yield f"{name}: {domain}: match is not a list. Write [{match}]."
        elif names and level not in NAMED:
            yield f"{name}: {domain}: match is for verify and secure, and {level} looks at no name. Leave it out."


def _dane_problems(values):
    for text in values["relay_server_dane_resolvers"]:
        problem = unbound_conf.wrong_forwarder(str(text))
        if problem:
            yield f'relay_server_dane_resolvers: "{text}" {problem}.'
    for text in values["relay_server_dane_trust_anchors"]:
        if unbound_conf.anchor_owner(str(text)) is None:
            yield (
                f'relay_server_dane_trust_anchors: "{text}" is no DS or DNSKEY record in one line. Write one as a zone file has it,'
                ' for example "example.net. IN DS 12345 13 2 …".'
            )
    for text in values["relay_server_dane_internal_zones"]:
        if not unbound_conf.is_zone(str(text)):
            yield f'relay_server_dane_internal_zones: "{text}" is no name of a zone. Write one such as corp.example.com.'
    for name in ("relay_server_dane_signed_name", "relay_server_dane_broken_name"):
        text = str(values[name])
        if text not in ("", ".") and not unbound_conf.is_zone(text.removesuffix(".")):
            yield f'{name}: "{text}" is no name of the DNS. Write one such as example.com.'
    broken = str(values["relay_server_dane_broken_name"])
    if broken in ("", "."):
        yield f'relay_server_dane_broken_name: "{broken}" is no name with a wrong signature. Write one, or leave it out for the default.'
    for name in _DANE_SETTINGS:
        if name in values["relay_server_main"]:
            yield f"relay_server_main: it has {name}, which relay_server_dane sets. Take one of them out."


def problems(values):
    """Yields a sentence or two for each variable that cannot be used.

    Args:
        values: dict: variable of relay_server -> value, of the type that it is to have.
    """
    dane = boolean(values["relay_server_dane"])
    yield from _policy_problems(values["relay_server_tls_policy"], dane)
    if values["relay_server_tls_policy"] and "smtp_tls_policy_maps" in values["relay_server_main"]:
        yield (
            "relay_server_main: it has smtp_tls_policy_maps, which relay_server_tls_policy sets. Take one of them out; a table of your own"
            " goes on to count behind the role's when main.cf has it."
        )
    if dane:
        yield from _dane_problems(values)
