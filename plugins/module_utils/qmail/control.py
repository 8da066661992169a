# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control files of qmail: which there are, what each may hold, who reads it, and how it is written.

Sources: qmail-control(5), qmail-send(8), qmail-remote(8), qmail-smtpd(8), qmail-inject(8), qmail-qmqpc(8) of
notqmail 1.09, and control.c, constmap.c, qmail-newmrh.c of the same, which say how a file is read:

- one value: the first line, without trailing spaces and tabs; a number is its leading digits;
- a list or a mapping: each line likewise; empty lines and lines that begin with C(#) are skipped; a mapping splits at the
  first colon, a line without one has no effect, and of equal keys (letter case does not matter) the last counts.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import difflib
import re
from collections import namedtuple

from ansible.module_utils.common.text.converters import to_native

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import AddressError, parse_network
from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import TEXT
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.numbers import whole_number
from ansible_collections.mailops.relay.plugins.module_utils.mail.public_domains import is_public_domain

NONE, HUP, RESTART, RESTART_SMTPD = "none", "hup", "restart", "restart_smtpd"

_HOST = re.compile(
    r"(?=.{1,253}\Z)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*"
    r"(?=[0-9-]*[A-Za-z])[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)
_PRINTABLE = re.compile(r"[!-~]+\Z")
_INT_MAX = 2**31 - 1


class ControlError(RelayError):
    """A control file that qmail does not know, or a value that it could not use; the text names both."""


# kind: name, word, text, number, list or mapping. default: what the manual page says holds without the file.
# reader: the program. action: what makes a running qmail use a change. check: a function that is called with
# (file's name, value), or (file's name, key, value) for a mapping; for a number (lowest, highest).
ControlFile = namedtuple("ControlFile", "name kind default reader action check")


def _fail(name, value, reason):
    raise ControlError("control file {0}: '{1}' {2}".format(name, to_native(value, nonstring="simplerepr"), reason))


def _is_network(text):
    try:
        parse_network(text, strict=False)
    except AddressError:
        return False
    return True


def _check_printable(name, value, what):
    if not _PRINTABLE.match(value):
        _fail(
            name,
            value,
            "has white space or a character outside ASCII, or is empty; write {0} without spaces "
            "(an internationalised domain in its xn-- form)".format(what),
        )


def _check_host(name, value):
    _check_printable(name, value, "a host name")
    if "/" in value and _is_network(value):
        _fail(name, value, "is a network where a domain name belongs; qmail knows no networks here")
    if _is_network(value) or value.isdigit():
        _fail(
            name, value, "is a number or an address where a host name belongs; write a name such as web01.example.com"
        )
    if value.startswith("*"):
        _fail(name, value, "has an asterisk; where qmail knows wildcards they begin with the dot: .example.com")
    if not _HOST.match(value):
        _fail(name, value, "is not a host name; write letters, digits, hyphens and dots, such as web01.example.com")


def _check_me(name, value):
    _check_host(name, value)
    if "." not in value:
        _fail(name, value, "is not fully qualified; write the whole name, such as web01.example.com (qmail-control(5))")


def _check_plus_host(name, value):
    # qmail-inject(8): a name that ends with a plus sign gets plusdomain.
    _check_host(name, value[:-1] if value.endswith("+") else value)


def _check_user(name, value):
    _check_printable(name, value, "a user name")
    if value.isdigit():
        _fail(name, value, "is a number where a user name belongs")
    if "@" in value:
        _fail(name, value, "has a domain; write the user's name only, its domain is in bouncehost or doublebouncehost")


def _check_greeting(name, value):
    if not re.match(r"[!-~](?:[ -~]*[!-~])?\Z", value):
        _fail(name, value, "is empty, has a space at an end, or a character outside printable ASCII; write NAME TEXT")
    _check_host(name, value.split()[0])


def _is_bracketed_ipv4(text):
    return text[:1] == "[" and text[-1:] == "]" and _is_ipv4(text[1:-1])


def _is_ipv4(text):
    return re.match(r"[0-9.]+\Z", text) is not None and "." in text and _is_network(text)


def _check_domain(name, value):
    if not _is_bracketed_ipv4(value):
        if value.startswith("."):
            _fail(name, value, "has a wildcard, which qmail does not know in this file; name each domain")
        _check_domain_text(name, value)


def _check_domain_text(name, value):
    if "@" in value:
        _fail(
            name,
            value,
            "is an address where a domain belongs; write {0}".format(value.rpartition("@")[2] or "a domain"),
        )
    _check_host(name, value)


def _check_wildcard_domain(name, value):
    if not _is_bracketed_ipv4(value):
        _check_domain_text(name, value[1:] if value.startswith(".") else value)


def _check_sender(name, value):
    _check_printable(name, value, "an address")
    if value.count("@") != 1 or value.endswith("@"):
        _fail(name, value, "is not an address; write user@domain, or @domain for each address at the domain")


def _check_ipv4(name, value):
    if not _is_ipv4(value):
        _fail(name, value, "is not an IPv4 address, which is all that qmail-qmqpc can connect to")


def _check_route(name, key, value):
    route = "{0}:{1}".format(key, value)
    # Never repeat what may be a password.
    if "|" in value or re.search(r"\s.*\s", value.strip()):
        raise ControlError(
            "control file {0}: the route for '{1}' seems to have credentials (they are not repeated here); "
            "give them in the option 'credentials', so that the file is protected and they are never shown".format(
                name, key
            )
        )
    if re.search(r"\s", route):
        _fail(
            name,
            route,
            "has white space, and qmail would take it as part of a name; write DOMAIN:RELAY:PORT without spaces",
        )
    relay, colon, port = value.partition(":")
    if value.count(":") > 1:
        _fail(
            name,
            route,
            "has an IPv6 address or too many colons; qmail-remote knows IPv4 only: "
            "name the relay, or give its IPv4 address",
        )
    if key:
        _check_wildcard_domain(name, key)
    check_relay(name, route, relay, port if colon else None)


def check_relay(name, route, relay, port):
    """Refuse a relay and port that qmail-remote could not use (qmail-remote(8), dns_ipplus in dns.c).

    Args:
        name: str, the control file.
        route: str, what the message repeats.
        relay: str; empty means that MX records are looked up.
        port: str or None.

    Raises:
        ControlError: the text says what is wrong.
    """
    if relay and not _is_ipv4(relay) and not _is_bracketed_ipv4(relay):
        if "/" in relay and _is_network(relay):
            _fail(name, route, "routes to a network; a relay is one host, by name or IPv4 address")
        if not _HOST.match(relay):
            _fail(
                name, route, "has no usable relay; write a host name, an IPv4 address, or nothing to look up MX records"
            )
    if port is not None:
        if not relay:
            _fail(name, route, "has a port without a relay, which qmail ignores; write RELAY:PORT or nothing")
        if not re.match(r"[0-9]{1,5}\Z", port) or not 0 < int(port) < 65536:
            _fail(name, route, "has no usable port; write a number from 1 to 65535")


def _check_virtual(name, key, value):
    user, at, domain = key.rpartition("@")
    if at:
        _check_printable(name, user, "a user")
        _check_domain(name, domain)
    elif key:
        _check_wildcard_domain(name, key)
    if value and (not _PRINTABLE.match(value) or "@" in value):
        _fail(
            name,
            "{0}:{1}".format(key, value),
            "has white space or an @ after the colon; write the prefix of the local user, such as alias-sales",
        )


def _check_address(name, value):
    user, _at, domain = value.rpartition("@")
    _check_printable(name, value, "an address")
    if not user or not domain:
        _fail(name, value, "is no address; write USER@DOMAIN")
    # dot-qmail(5) writes C(&) before an address; qmail would take a second one for a part of it.
    if user[0] == "&" or re.search(r'[<>()"@]', user):
        _fail(name, value, "is more than an address; write USER@DOMAIN alone")
    _check_me(name, domain)


_SEND, _INJECT, _REMOTE, _SMTPD = "qmail-send", "qmail-inject", "qmail-remote", "qmail-smtpd"

_FILES = (
    ControlFile("badmailfrom", "list", "none", _SMTPD, NONE, _check_sender),
    ControlFile("bouncefrom", "word", "MAILER-DAEMON", _SEND, RESTART, _check_user),
    ControlFile("bouncehost", "name", "me", _SEND, RESTART, _check_host),
    # No program of qmail reads this one: the run script of the SMTP service gives it to tcpserver -c.
    ControlFile(
        "concurrencyincoming", "number", "none", "the run script of the SMTP service", RESTART_SMTPD, (1, 65535)
    ),
    ControlFile("concurrencylocal", "number", "10", _SEND, RESTART, (0, 65535)),
    ControlFile("concurrencyremote", "number", "20", _SEND, RESTART, (0, 65535)),
    ControlFile("databytes", "number", "0", _SMTPD, NONE, (0, 2**32 - 2)),
    ControlFile("defaultdomain", "name", "me", _INJECT, NONE, _check_host),
    ControlFile("defaulthost", "name", "me", _INJECT, NONE, _check_plus_host),
    ControlFile("doublebouncehost", "name", "me", _SEND, RESTART, _check_host),
    ControlFile("doublebounceto", "word", "postmaster", _SEND, RESTART, _check_user),
    ControlFile("envnoathost", "name", "me", _SEND, RESTART, _check_host),
    ControlFile("helohost", "name", "me", _REMOTE, NONE, _check_host),
    ControlFile("idhost", "name", "me", _INJECT, NONE, _check_host),
    ControlFile("localiphost", "name", "me", _SMTPD, NONE, _check_host),
    ControlFile("locals", "list", "me", _SEND, HUP, _check_domain),
    # The default of a dozen others, of which qmail-send reads five at its start only.
    ControlFile("me", "name", "none", _SEND, RESTART, _check_me),
    ControlFile("morercpthosts", "list", "none", _SMTPD, NONE, _check_wildcard_domain),
    ControlFile("percenthack", "list", "none", _SEND, RESTART, _check_domain),
    ControlFile("plusdomain", "name", "me", _INJECT, NONE, _check_host),
    ControlFile("qmqpservers", "list", "none", "qmail-qmqpc", NONE, _check_ipv4),
    ControlFile("queuelifetime", "number", "604800", _SEND, RESTART, (0, _INT_MAX)),
    ControlFile("rcpthosts", "list", "none", _SMTPD, NONE, _check_wildcard_domain),
    ControlFile("smtpgreeting", "text", "me", _SMTPD, NONE, _check_greeting),
    ControlFile("smtproutes", "mapping", "none", _REMOTE, NONE, _check_route),
    ControlFile("timeoutconnect", "number", "60", _REMOTE, NONE, (1, _INT_MAX)),
    ControlFile("timeoutremote", "number", "1200", _REMOTE, NONE, (1, _INT_MAX)),
    ControlFile("timeoutsmtpd", "number", "1200", _SMTPD, NONE, (1, _INT_MAX)),
    ControlFile("virtualdomains", "mapping", "none", _SEND, HUP, _check_virtual),
)

CONTROL_FILES = dict((item.name, item) for item in _FILES)

# A file of the user alias: dot-qmail(5). qmail-local looks for it in small letters.
FORWARD_PREFIX = ".qmail-"
_FORWARD_NAME = re.compile(r"[a-z0-9_]+(?:-[a-z0-9_]+)*\Z")


def forward_file(name):
    """ControlFile: of the file that says where mail for an address of the user C(alias) goes.

    Raises:
        ControlError: qmail would not look for a file of that name.
    """
    if not isinstance(name, TEXT) or not _FORWARD_NAME.match(name):
        raise ControlError(
            "forwards: '{0}' is no name of an alias; write small letters, digits, hyphens and underscores, such as root".format(
                to_native(name, nonstring="simplerepr")
            )
        )
    return ControlFile(FORWARD_PREFIX + name, "forward", "none", "qmail-local", NONE, _check_address)


def file_called(name):
    """ControlFile or None: by the name of a file."""
    if name.startswith(FORWARD_PREFIX) and _FORWARD_NAME.match(name[len(FORWARD_PREFIX) :]):
        return forward_file(name[len(FORWARD_PREFIX) :])
    return CONTROL_FILES.get(name)


# The servers are tried in the order of the file (qmail-qmqpc(8)); elsewhere the order means nothing.
_ORDERED = ("qmqpservers",)

_MEANINGS = {
    "name": "a host name",
    "word": "a user name",
    "text": "a line of text",
    "forward": "an address",
    "list": "a list",
    "mapping": "a mapping",
}

_REASONS = {
    NONE: "each {0} reads it when it starts",
    HUP: "qmail-send reads it again when it gets the signal HUP",
    RESTART: "qmail-send reads it only when it starts",
    RESTART_SMTPD: "{0} reads it when the service starts; restart the service of qmail-smtpd",
}


def control_file(name):
    """ControlFile: what is known of a control file.

    Raises:
        ControlError: qmail has none of that name; the text has the nearest one.
    """
    if name in CONTROL_FILES:
        return CONTROL_FILES[name]
    if name == "morercpthosts.cdb":
        fix = "it is compiled from morercpthosts: name that one"
    else:
        near = difflib.get_close_matches(str(name), sorted(CONTROL_FILES), 1)
        fix = "did you mean {0}?".format(near[0]) if near else "qmail-control(5) lists them"
    raise ControlError("control file {0}: qmail does not know it; {1}".format(name, fix))


def reason(spec):
    """str: why a change of this file needs its action."""
    return _REASONS[spec.action].format(spec.reader)


def checked(spec, value):
    """A wanted value in the form in which it is compared and written.

    Args:
        spec: ControlFile.
        value: as the user gave it.

    Returns:
        int for a number; str for a name, word or text; list of str for a list; dict of str for a mapping.

    Raises:
        ControlError: qmail could not use it.
    """
    if spec.kind == "number":
        return _checked_number(spec, value)
    if spec.kind == "list":
        return _checked_list(spec, value)
    if spec.kind == "mapping":
        return _checked_mapping(spec, value)
    _check_string(spec, value)
    spec.check(spec.name, value)
    return value


def _check_string(spec, value):
    if not isinstance(value, TEXT):
        what = {bool: "a boolean", int: "a number", float: "a number", dict: "a mapping", list: "a list"}
        _fail(
            spec.name,
            value,
            "is {0} where {1} belongs".format(
                what.get(type(value), "not text"),
                _MEANINGS[spec.kind] if spec.kind not in ("list", "mapping") else "a text",
            ),
        )


def _checked_number(spec, value):
    low, high = spec.check
    text = "" if isinstance(value, (bool, float)) else str(value).strip()
    number = whole_number(text)
    if number is None or not low <= number <= high:
        _fail(spec.name, value, "is not a whole number from {0} to {1}".format(low, high))
    return number


def _checked_list(spec, value):
    if isinstance(value, TEXT):
        value = [value]
    if not isinstance(value, (list, tuple)):
        _fail(spec.name, value, "is not a list; write its lines as a list, [] for an empty file, null for no file")
    for item in value:
        _check_string(spec, item)
        if item.startswith("#"):
            _fail(spec.name, item, "is a comment; comments that are in the file stay, name entries only")
        spec.check(spec.name, item)
    return _unique(value)


def _unique(items):
    seen, found = set(), []
    for item in items:
        if item.lower() not in seen:
            seen.add(item.lower())
            found.append(item)
    return found


def _checked_mapping(spec, value):
    if isinstance(value, TEXT):
        value = [value]
    if isinstance(value, (list, tuple)):
        value = _pairs_of_lines(spec, value)
    elif isinstance(value, dict):
        value = sorted(value.items())
    else:
        _fail(
            spec.name, value, "is neither a mapping nor a list of lines; write {} for an empty file, null for no file"
        )
    found, seen = {}, set()
    for key, target in value:
        target = "" if target is None else target
        _check_string(spec, key)
        _check_string(spec, target)
        spec.check(spec.name, key, target)
        if key.lower() in seen:
            _fail(spec.name, key, "is named more than once; keep one of them")
        seen.add(key.lower())
        found[key] = target
    return found


def _pairs_of_lines(spec, lines):
    pairs = []
    for line in lines:
        _check_string(spec, line)
        key, colon, target = line.partition(":")
        if line.startswith("#"):
            _fail(spec.name, line, "is a comment; comments that are in the file stay, name entries only")
        if not colon:
            _fail(spec.name, line, "has no colon, and qmail would ignore it; write KEY:VALUE")
        pairs.append((key, target))
    return pairs


def _lines(text):
    return text.split("\n")[:-1] if text.endswith("\n") else text.split("\n")


def _entry(spec, line):
    """(str, str) or None: key for comparing, and the entry as qmail reads the line; None for any other line."""
    line = line.rstrip(" \t")
    if not line or line.startswith("#"):
        return None
    if spec.kind == "list":
        return line.lower(), line
    return (line.partition(":")[0].lower(), line) if ":" in line else None


def parse(spec, text):
    """What qmail reads from a control file; the inverse of ``write``.

    Args:
        spec: ControlFile.
        text: str, the content of the file.

    Returns:
        As of ``checked``; None for a number without digits, for which qmail uses its default; of a forward all ``instructions``.
    """
    if spec.kind == "number":
        return whole_number(re.match(r"[0-9]*", text).group())
    if spec.kind == "forward":
        return instructions(text)
    if spec.kind in ("list", "mapping"):
        entries = [entry for entry in (_entry(spec, line) for line in _lines(text)) if entry is not None]
        if spec.kind == "list":
            return _unique(line for _key, line in entries)
        last = dict(entries)
        return dict(last[key].split(":", 1) for key in last)
    return text.split("\n", 1)[0].rstrip(" \t")


def instructions(text):
    """list of str: the lines of a C(.qmail) file that qmail-local follows."""
    lines = [line.rstrip(" \t") for line in text.split("\n")]
    return [line for line in lines if line and not line.startswith("#")]


def same(spec, text, value):
    """bool: whether qmail reads this value from this text already."""
    have = parse(spec, text)
    if spec.kind == "forward":
        return have == ["&" + value]
    if spec.kind == "mapping":
        return _lowered(have) == _lowered(value)
    if spec.kind == "list":
        have, value = [item.lower() for item in have], [item.lower() for item in value]
        return have == value if spec.name in _ORDERED else set(have) == set(value)
    return have == value


def _lowered(mapping):
    return dict((key.lower(), value) for key, value in mapping.items())


def _wanted_lines(spec, value):
    if spec.kind == "list":
        return list(value)
    return ["{0}:{1}".format(key, value[key]) for key in sorted(value)]


def write(spec, value, before=None):
    """The text of a control file.

    Args:
        spec: ControlFile.
        value: as of ``checked``.
        before: str or None, the present content. Comments, empty lines and lines without effect in a list or
            mapping stay, and so does the order of the entries that stay.

    Returns:
        str.
    """
    if spec.kind == "forward":
        return "&{0}\n".format(value)
    if spec.kind not in ("list", "mapping"):
        return "{0}\n".format(value)
    wanted = _wanted_lines(spec, value)
    lines = wanted if before is None else _merged(spec, wanted, _lines(before) if before else [])
    return "".join(line + "\n" for line in lines)


def _merged(spec, wanted, lines):
    missing = dict(_entry(spec, line) for line in wanted)
    merged = []
    # From the end: of equal keys qmail uses the last.
    for line in reversed(lines):
        entry = _entry(spec, line)
        if entry is None:
            merged.append(line)
        elif entry[0] in missing:
            target = missing.pop(entry[0])
            unchanged = entry[0] == target.lower() if spec.kind == "list" else _value(entry[1]) == _value(target)
            merged.append(line if unchanged else target)
    merged.reverse()
    merged += [line for line in wanted if _entry(spec, line)[0] in missing]
    if spec.name in _ORDERED and [line for line in merged if _entry(spec, line)] != wanted:
        merged = [line for line in merged if not _entry(spec, line)] + wanted
    return merged


def _value(line):
    return line.partition(":")[2]


def credential_routes(items, style):
    """The routes of C(smtproutes) that carry credentials, for a qmail-remote that is patched to use them.

    Args:
        items: list of dict: domain, relay, port, user, password.
        style: C(pipe) for C(DOMAIN:RELAY:PORT|USER|PASSWORD) (sagredo's qmail, qmailtoaster), C(space) for
            C(DOMAIN:RELAY:PORT USER PASSWORD) (dev.qmailrocks.org/smtproutes.shtml).

    Returns:
        dict: what belongs behind the first colon, by domain.

    Raises:
        ControlError: something cannot be written in this format; the text never has the password.
    """
    routes = {}
    for item in items:
        domain, relay, user, password = item["domain"] or "", item["relay"], item["user"], item["password"]
        route = "{0}:{1}:{2}".format(domain, relay, item["port"])
        if domain:
            _check_wildcard_domain("smtproutes", domain)
        if not relay:
            _fail("smtproutes", route, "has credentials without a relay; name the relay that they are for")
        if ":" in relay:
            _fail("smtproutes", route, "has an IPv6 address or a second port; qmail-remote knows IPv4 only")
        check_relay("smtproutes", route, relay, str(item["port"]))
        bad = r"[^!-~]|\|" if style == "pipe" else r"[^!-~]"
        for what, value in (("user", user), ("password", password)):
            if not value or re.search(bad, value):
                raise ControlError(
                    "control file smtproutes: credentials for '{0}': the {1} is empty or has a character that cannot be "
                    "written in the format '{2}' (white space, beyond ASCII{3}); use another".format(
                        route, what, style, ", |" if style == "pipe" else ""
                    )
                )
        if domain.lower() in [key.lower() for key in routes]:
            _fail("smtproutes", domain, "is named more than once in credentials; keep one of them")
        routes[domain] = "{0}:{1}{4}{2}{4}{3}".format(
            relay, item["port"], user, password, "|" if style == "pipe" else " "
        )
    return routes


def domains_of_everybody(values):
    """list of (str, str): file and entry of each wildcard for a top-level domain, to all of which strangers may send.

    Args:
        values: dict: name of a control file -> its wanted value as ``checked`` returns it.
    """
    return [
        (name, entry)
        for name in ("rcpthosts", "morercpthosts")
        for entry in values.get(name) or []
        if entry.startswith(".") and is_public_domain(entry)
    ]


def misplaced_credentials(value):
    """set of str: the routes with credentials in a value for smtproutes, which does not take them.

    Args:
        value: as a user gave it: a mapping, a list of lines, one line or None.
    """
    if isinstance(value, dict):
        routes = list(value.values())
    else:
        routes = value if isinstance(value, (list, tuple)) else [value]
    texts = [route for route in routes if isinstance(route, TEXT)]
    return set(text for text in texts if re.search(r"\||\S\s+\S", text))


def has_credentials(text):
    """bool: whether a present smtproutes holds what looks like credentials, in either format."""
    return any(re.search(r"[|\s]", route) for route in parse(CONTROL_FILES["smtproutes"], text).values())
