# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for, checked and in the words of sendmail: smart host, mailer arguments, access entries."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import names_loopback
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError

TLS_LEVELS = ("none", "opportunistic", "encrypted", "verified")
MAILERS = ("relay", "esmtp", "smtp", "smtp8", "dsmtp")

_NAME = re.compile(
    r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$"
)
_IPV4 = re.compile(r"\d{1,3}(\.\d{1,3}){3}$")
# Sendmail's own ALIAS_FILE.
_ALIASES = "/etc/mail/aliases"
_PORT_ARGUMENTS = "TCP $h"
_DIRECT_MODIFIERS = "c u"


class RequestError(RelayError):
    """An argument that sendmail cannot be given; nothing has changed."""


class Request(object):
    """The settings of one call, in sendmail's words.

    Args:
        arguments: dict, the module's arguments.

    Attributes:
        smart_host: str or None: the value of SMART_HOST and DS; empty for none, None to leave it.
        mail_hub: str or None: the value of MAIL_HUB and DH, in the same way.
        mailer: str: whose arguments hold the port.
        mailer_arguments: str: such as C(TCP $h 587).
        hosts: list of str: the smart hosts without brackets.
        submission_host: str or None: the argument of FEATURE(`msp').
        options: list of (name in .mc, option in .cf, value): the CA settings; empty to leave them.
        entries: list of (key, value): entries of the access map; empty to leave it.
        alias_file: str or None: a file of aliases to be looked at before the others; None for none.
        address_lookups: bool or None: whether the domains in addresses are looked up; None to leave it.

    Raises:
        RequestError: the text names the argument, the reason and the fix.
    """

    def __init__(self, arguments):
        self._arguments = arguments
        self.loopback_only = bool(arguments.get("loopback_only"))
        self.address_lookups = arguments.get("address_lookups")
        self.mailer = arguments.get("mailer") or "relay"
        self.hosts = [smart_host_name(host) for host in arguments.get("smart_hosts") or []]
        self.smart_host = self._smart_host()
        self.mail_hub = self._mail_hub()
        self.mailer_arguments = self._mailer_arguments()
        self.submission_host = arguments.get("submission_host")
        if self.submission_host is not None:
            self.submission_host = "[{0}]".format(_checked(self.submission_host, "submission_host"))
        self.alias_file = arguments.get("alias_file")
        if self.alias_file is not None:
            _check_path("alias_file", self.alias_file)
        self.entries = self._entries()
        self.options = self._options()

    def _smart_host(self):
        if self._arguments.get("smart_hosts") is None:
            return None
        if len(set(name.lower() for name in self.hosts)) != len(self.hosts):
            raise RequestError("smart_hosts: a host is in the list twice; name it once")
        form = "{0}" if self._arguments.get("mx_lookup") else "[{0}]"
        hosts = ":".join(form.format(name) for name in self.hosts)
        prefix = self._arguments.get("mailer")
        return "{0}:{1}".format(prefix, hosts) if prefix and hosts else hosts

    def _mail_hub(self):
        local_delivery = self._arguments.get("local_delivery")
        if local_delivery is None:
            return None
        if local_delivery:
            return ""
        if not self.hosts:
            raise RequestError(
                "local_delivery: it can be false only with smart_hosts, the first of which gets local mail"
            )
        # The hub becomes the domain of the recipient, so it is one host, and not a name in brackets: cf/README has
        # it with a dot at its end.
        name = self.hosts[0]
        hub = "[{0}]".format(name) if _IPV4.match(name) else name + "."
        prefix = self._arguments.get("mailer")
        return "{0}:{1}".format(prefix, hub) if prefix else hub

    def _mailer_arguments(self):
        port = self._arguments.get("port", 25)
        if not 0 < port < 65536:
            raise RequestError("port: {0} is not between 1 and 65535".format(port))
        return _PORT_ARGUMENTS if port == 25 else "{0} {1}".format(_PORT_ARGUMENTS, port)

    def _entries(self):
        level = self._arguments.get("tls_level")
        if level is None:
            return []
        if level not in TLS_LEVELS:
            raise RequestError("tls_level: '{0}' is not a level; use one of {1}".format(level, ", ".join(TLS_LEVELS)))
        if not self.hosts:
            raise RequestError("tls_level: it is about the smart hosts; name them in smart_hosts")
        if self._arguments.get("mx_lookup") and level != "opportunistic":
            raise RequestError(
                "tls_level: with mx_lookup the hosts that mail goes to are not known, so that {0} cannot be asked of "
                "them; set mx_lookup to false, or tls_level to opportunistic".format(level)
            )
        name = self._arguments.get("tls_certificate_name")
        if name is not None and not _NAME.match(name):
            raise RequestError("tls_certificate_name: '{0}' is not a host name".format(name))
        entries = []
        for host in self.hosts:
            if level == "verified" and _IPV4.match(host) and name is None:
                raise RequestError(
                    "smart_hosts: {0} is an address, and a certificate is for a name; write the host's name, or the "
                    "name in its certificate as tls_certificate_name".format(host)
                )
            required = {"encrypted": "ENCR:112", "verified": "VERIFY:112+CN" + (":" + name if name else "")}.get(level)
            entries.append(("TLS_Srv:" + host, required))
            entries.append(("Try_TLS:" + host, "NO" if level == "none" else None))
        return entries

    def _options(self):
        ca_file, ca_path = self._arguments.get("ca_file"), self._arguments.get("ca_path")
        if self._arguments.get("prefer_system_ca") and ca_file is not None:
            # It is much to compile for a host that does not need it.
            from ansible_collections.mailops.relay.plugins.module_utils.host.trust import preferred_file

            ca_file = preferred_file(ca_file, self._arguments.get("files") or [])
        if ca_file is None:
            if ca_path is not None:
                raise RequestError("ca_path: sendmail loads it only together with a file; give ca_file too")
            if self._arguments.get("tls_level") == "verified":
                raise RequestError(
                    "ca_file: tls_level verified needs it; name the file with the CA certificates to trust"
                )
            return []
        for name, value in (("ca_file", ca_file), ("ca_path", ca_path)):
            if value is not None:
                _check_path(name, value)
        # inittls() loads neither unless both are there. The file's own directory holds no hashed names, as a rule.
        path = ca_path or ca_file.rpartition("/")[0] or "/"
        return [("confCACERT", "CACertFile", ca_file), ("confCACERT_PATH", "CACertPath", path)]


def aliases_with(path, others):
    """str: the files of aliases, one first that needs no database (op.me, "AliasFile").

    Args:
        path: str, that one.
        others: str or None, the value from before.
    """
    return "stab:{0},{1}".format(path, others or _ALIASES)


def _check_path(argument, value):
    if not re.match(r"/[^\s`',#]*$", value):
        raise RequestError(
            "{0}: '{1}' is not an absolute path without white space, quotes and commas".format(argument, value)
        )


def smart_host_name(text):
    """str: a smart host without brackets.

    Raises:
        RequestError: the text is not a host name or IPv4 address.
    """
    return _checked(text, "smart_hosts")


def _checked(text, argument):
    name = text
    if text.startswith("[") != text.endswith("]"):
        raise RequestError("{0}: '{1}' has half a bracket; write it with both, or with none".format(argument, text))
    if text.startswith("["):
        name = text[1:-1]
    if re.match(r"[^:]+:\d+$", name):
        raise RequestError("{0}: '{1}' names a port; write that as the argument port".format(argument, text))
    if _IPV4.match(name):
        if any(int(part) > 255 for part in name.split(".")):
            raise RequestError("{0}: '{1}' is not an IPv4 address".format(argument, text))
    elif not _NAME.match(name) or name.replace(".", "").isdigit():
        raise RequestError(
            "{0}: '{1}' is not a host name or IPv4 address; write for example smtp-relay001.example.com".format(
                argument, text
            )
        )
    return name


def hosts_of(smart_host):
    """list of str: the host names in a value of SMART_HOST or DS, without mailer and brackets."""
    text = smart_host or ""
    prefix, colon, rest = text.partition(":")
    if colon and prefix in MAILERS:
        text = rest
    return [part.strip("[]") for part in text.split(":") if part.strip("[]")]


def direct_modifiers(current, lookups):
    """str or None: confDIRECT_SUBMISSION_MODIFIERS; None for sendmail's own ones.

    Those ask for canonification (c) of what a local program submits, even where FEATURE(`nocanonify') is (op.me,
    "DirectSubmissionModifiers").

    Args:
        current: str or None, the value that is set.
        lookups: bool, whether the domains in addresses are looked up.
    """
    old, new = ("C", "c") if lookups else ("c", "C")
    value = (_DIRECT_MODIFIERS if current is None else current).replace(old, new)
    return None if value == _DIRECT_MODIFIERS else value


def on_loopback(options):
    """str: the options of a daemon, with a loopback address in place of another one or none.

    Args:
        options: str, as in DAEMON_OPTIONS and DaemonPortOptions: C(Name=MTA, Family=inet6, Addr=...). A key may be
            cut down to its first letter (op.me, "DaemonPortOptions").
    """
    fields = options.split(",")
    keys = [field.strip().partition("=")[0].strip().lower() for field in fields]
    values = [field.strip().partition("=")[2].strip() for field in fields]
    family = [value.lower() for key, value in zip(keys, values) if key[:1] == "f"]
    wanted = "::1" if family[-1:] == ["inet6"] else "127.0.0.1"
    if family[-1:] not in ([], ["inet"], ["inet6"]):
        return options
    places = [number for number, key in enumerate(keys) if key[:1] == "a"]
    if not places:
        return "{0}, Addr={1}".format(options.rstrip(), wanted)
    if names_loopback(values[places[-1]]):
        return options
    field = fields[places[-1]]
    fields[places[-1]] = field[: field.index("=") + 1] + wanted
    return ",".join(fields)
