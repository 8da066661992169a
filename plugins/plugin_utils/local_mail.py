# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mail for users of the site's own hosts, which no host delivers: to whom it goes, and what Postfix is told of it."""

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import parse_address
from ansible_collections.mailops.relay.plugins.module_utils.host.names import (
    domain_forms,
    form_to_write,
    is_domain,
    is_fqdn,
    listed,
)

# The role's tables. texthash is in each Postfix and needs no compiling, and few programs read these.
RECIPIENTS_TABLE = "/etc/postfix/relay_local_recipients"
NAMES_TABLE = "/etc/postfix/relay_local_names"
OWN_TABLE = "/etc/postfix/relay_own_root"
CLIENT_TABLE = "/etc/postfix/relay_root_recipient"
COMMANDS_TABLE = "/etc/postfix/relay_commands"
_TYPE = "texthash"

# Who gets what root gets: RFC 5321 section 4.5.1, and the sender of bounces, to whom some programs answer.
_WITH_ROOT = ("root", "postmaster", "mailer-daemon")

# RFC 5321 section 4.1.2, without quoted forms, and within the lengths of section 4.5.3.1.
_USER = re.compile(r"[A-Za-z0-9!#$%&'*/=?^_`{|}~+-]+(?:\.[A-Za-z0-9!#$%&'*/=?^_`{|}~+-]+)*\Z")
_LONGEST_USER = 64

UNSET = "error:5.1.1 mail to users of this host is not taken by the relay; set relay_server_local_recipient for it (role relay_server)"
NOT_NAMED = (
    "error:5.1.1 mail to this user is not taken by the relay; name the user in relay_server_local_recipients"
    " (role relay_server)"
)
NO_ROOT = (
    "error:5.1.1 mail to this user is not taken by the relay; set relay_server_local_recipient, or name the user in"
    " relay_server_local_recipients (role relay_server)"
)
# access(5). Sendmail hands mail for its own root to root at the relay (MAIL_HUB).
OWN_UNSET = (
    "550 5.1.1 mail to root is not taken by the relay; set relay_server_local_recipient for it (role relay_server)"
)


# qmail-send(8): the sender of a notice about a notice, which goes to postmaster. It is no address, and Postfix refuses it.
_QMAIL_NOTICE = r"/^(MAIL FROM:)[[:space:]]*<#@\[\]>(.*)$/"


def is_user(text):
    """bool: whether a text is the part of an address before the @ (RFC 5321 section 4.1.2), not quoted."""
    return isinstance(text, str) and len(text) <= _LONGEST_USER and _USER.match(text) is not None


def is_address(text):
    """bool: whether a text is one mail address with a full domain."""
    user, at, domain = str(text).rpartition("@")
    return at == "@" and is_user(user) and is_domain(domain)


def names_of(clients, hostname, given):
    """The names to which the mail systems of the clients address mail for their own users.

    A client's inventory name, with the relay's domain behind it where it has none, unless its variables tell what it is called.

    Args:
        clients: dict: inventory name -> str, the name that its variables tell; empty where they do not.
        hostname: str, the relay's.
        given: list of str, further names.

    Returns:
        (list of str, list of str): of the clients, and the others that were given; in small letters, sorted.
    """
    domain = hostname.partition(".")[2]
    found = set()
    for client, told in clients.items():
        name = told if is_fqdn(told) else client if "." in client else f"{client}.{domain}"
        if is_fqdn(name):
            found.add(name.lower())
    others = {str(name).lower() for name in given}
    return sorted(found - others), sorted(others)


def _made_up(names):
    """set of str: what hosts call themselves that know no domain: Postfix, sendmail, EL's installer."""
    return {"localhost", "localhost.localdomain", *(f"{name.partition('.')[0]}.localdomain" for name in names)}


def own_addresses(interfaces):
    """list of str: the relay's addresses and those of the loopback, as they stand in the place of a domain (RFC 5321, section 4.1.3).

    Args:
        interfaces: list of str; what is no address, such as C(all), is passed over.
    """
    addresses = filter(None, (parse_address(str(text)) for text in [*interfaces, "127.0.0.1", "::1"]))
    return sorted({f"[ipv6:{address}]" if address.family == "ipv6" else f"[{address}]" for address in addresses})


def own_names(hostname, mydestination):
    """set of str: the names that the relay itself is, in small letters, as far as they are written out."""
    texts = re.split(r"[\s,]+", mydestination) if isinstance(mydestination, str) else mydestination or ()
    domain = hostname.partition(".")[2]
    known = {"myhostname": hostname, "mydomain": domain}
    found = {hostname.lower()}
    for text in texts:
        name = re.sub(
            r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))", lambda match: known.get(match[match.lastindex], ""), str(text)
        )
        found.add(name.lower())
    return found


def users_of(recipient, recipients):
    """dict: user, in small letters -> address, of relay_server_local_recipient and relay_server_local_recipients."""
    named = {str(user).lower(): address for user, address in recipients.items()}
    root = named.get("root") or recipient
    return {**({user: root for user in _WITH_ROOT} if root else {}), **named}


def settings(names, recipient, recipients, own=(), kept=False, addresses=(), qmail=False):
    """What the relay's Postfix is told.

    What is refused is so by a route to its error transport, before it would be looked for in the DNS: at once, bounces too, and without
    that a stranger could send to these names.

    Args:
        names: list of str, those of the clients that are taken.
        recipient: str, who gets root's mail; may be empty.
        recipients: dict: user -> address.
        own: iterable of str, the relay's own names.
        kept: bool, whether mail to the relay's own root ends in a mailbox, to which other hosts then send nothing.
        addresses: iterable of str, the relay's, in brackets, which Postfix takes for names of its own.
        qmail: bool, whether a client is qmail.

    Returns:
        dict: C(main), C(append), C(prepend) and C(tables) for M(mailops.relay.postfix_config).
    """
    users = users_of(recipient, recipients)
    main, append, prepend, tables = {}, {}, {}, []
    here = sorted(name for name in own if is_fqdn(name) or name == "localhost")
    if names or users:
        names = {*names, *_made_up(names)}.difference(own)
        # In its own script the relay's name is none of mydestination.
        names = {form for name in [*names, *here] for form in domain_forms(name)}.difference(here)
    if users:
        # Without a host they stand for those of the relay itself. With a dot in it a key alone is a domain too (virtual_alias_domains),
        # to which strangers could send then.
        entries = {user: users[user] for user in sorted(users) if "." not in user}
        for user in sorted(users):
            hosts = {*names, *here} if "." in user else names
            entries.update({f"{user}@{name}": users[user] for name in sorted(hosts)})
        append["virtual_alias_maps"] = [f"{_TYPE}:{RECIPIENTS_TABLE}"]
        tables.append({"path": RECIPIENTS_TABLE, "type": _TYPE, "entries": entries})
    if names:
        text = UNSET if not users else NOT_NAMED if "root" in users else NO_ROOT
        append["transport_maps"] = [f"{_TYPE}:{NAMES_TABLE}"]
        tables.append({"path": NAMES_TABLE, "type": _TYPE, "entries": dict.fromkeys(sorted(names), text)})
    if kept and here and "root" not in users:
        prepend["smtpd_recipient_restrictions"] = [f"check_recipient_access {_TYPE}:{OWN_TABLE}"]
        entries = dict.fromkeys((f"root@{name}" for name in [*here, *addresses]), OWN_UNSET)
        tables.append({"path": OWN_TABLE, "type": _TYPE, "entries": entries})
    if qmail and users:
        main["smtpd_command_filter"] = f"regexp:{COMMANDS_TABLE}"
        tables.append({"path": COMMANDS_TABLE, "type": "regexp", "entries": {_QMAIL_NOTICE: "$1<>$2"}})
    return {"main": main, "append": append, "prepend": prepend, "tables": tables}


def refusal(names, recipient, recipients):
    """str or None: what an administrator should know where nobody gets root's mail.

    Args:
        names, recipient, recipients: as of ``settings``.
    """
    if not names or "root" in users_of(recipient, recipients):
        return None
    return (
        f"root_mail: mail to root and other users of {listed(sorted(names))} is refused by this relay. Set relay_server_local_recipient"
        " to an address outside that someone reads."
    )


def client_settings(recipient):
    """dict: C(append) and C(tables), as of ``settings``, for a null client whose own root's mail goes to an address; empty for none."""
    if not recipient:
        return {"append": {}, "tables": []}
    entries = {f"{user}{host}": recipient for user in _WITH_ROOT for host in ("", "@localhost")}
    return {
        "append": {"virtual_alias_maps": [f"{_TYPE}:{CLIENT_TABLE}"]},
        "tables": [{"path": CLIENT_TABLE, "type": _TYPE, "entries": entries}],
    }


def address_problem(name, value, what=""):
    """str or None: why a value is no address to which mail can go.

    Args:
        name: str, the variable.
        value: its value.
        what: str, a part of it that is meant, with a blank before it.
    """
    if is_address(value):
        return None
    script = form_to_write(str(value).rpartition("@")[2])
    return f'{name}:{what} "{value}" is not a mail address. Write one outside, for example ops@example.net.{script}'


def client_problems(name, value, fqdn, origin):
    """Yields a sentence where a client's recipient of root's mail cannot be used.

    Args:
        name: str, the variable.
        value: its value; empty for none.
        fqdn: str, what the client calls itself; empty where that is not known.
        origin: str, what it writes behind a user without a host, of whom it takes root and the like.
    """
    wrong = address_problem(name, value) if value else None
    user, _at, domain = str(value).lower().rpartition("@")
    if wrong:
        yield wrong
    elif value and user in _WITH_ROOT and domain == origin.lower() != fqdn.lower():
        yield f'{name}: "{value}" is what it stands for itself, so that mail would go in a circle. Write another address.'
    elif value and domain == fqdn.lower():
        yield f'{name}: "{value}" is a user of this host, where no mail is delivered. Write an address outside.'


def problems(values, names, own):
    """Yields a sentence for each variable of relay_server about root's mail that cannot be used.

    Args:
        values: dict: variable -> value.
        names: iterable of str, of clients, in small letters.
        own: set of str, the relay's own names.
    """
    name = "relay_server_local_recipient"
    recipient, recipients = values[name], values["relay_server_local_recipients"]
    wrong = address_problem(name, recipient) if recipient else None
    targets = [] if wrong or not recipient else [(name, "", recipient)]
    if wrong:
        yield wrong
    name = "relay_server_local_recipients"
    for user, address in recipients.items():
        if not is_user(str(user)):
            yield f'{name}: "{user}" is not a user. Write the name alone, without a host, for example www-data.'
            continue
        if str(user).lower() in own.union(names):
            yield f'{name}: "{user}" is a host, not a user. Write the name of the user alone, for example root.'
            continue
        wrong = address_problem(name, address, f' of "{user}",')
        if wrong:
            yield wrong
        else:
            targets.append((name, f' of "{user}",', address))
    folded = [str(user).lower() for user in recipients]
    for user in sorted({user for user in folded if folded.count(user) > 1}):
        yield f'{name}: "{user}" is in it more than once, in small and capital letters, which Postfix does not tell apart. Keep one.'
    users = users_of(recipient, recipients)
    names = {*names, *_made_up(names)}
    for name, what, address in targets:
        user, _at, domain = address.lower().rpartition("@")
        if domain in names:
            yield (
                f'{name}:{what} "{address}" is a user of a client, whose mail comes back to this relay. Write an address outside.'
            )
        elif domain in own and user in users:
            yield f'{name}:{what} "{address}" is what it stands for itself, so that mail would go in a circle. Write an address outside.'
    for text in values["relay_server_local_names"]:
        if not is_domain(str(text)):
            yield (
                f'relay_server_local_names: "{text}" is not a full host name. Write what the client calls itself, for example'
                f" web01.example.com.{form_to_write(str(text))}"
            )
        elif str(text).lower() in own:
            yield f'relay_server_local_names: "{text}" is the relay itself, which needs no entry. Take it out.'
