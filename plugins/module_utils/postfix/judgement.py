# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a configuration is not taken: what the lint finds in it, and what Postfix itself says of it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.postfix import lint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError

# Findings that need no Postfix to ask: what they judge is the same in each version.
INDEPENDENT_IDENTIFIERS = ("network-host-bits", "network-invalid", "open-relay-mynetworks", "relayhost-malformed")


class RefusedError(RelayError):
    """The wanted configuration is wrong or dangerous; nothing has changed."""

    def __init__(self, findings):
        self.findings = findings
        super(RefusedError, self).__init__(
            "refused, nothing was changed: " + " | ".join(finding_text(finding) for finding in findings)
        )

    def facts(self):
        """dict: the findings, as in the module's result."""
        return {"findings": [finding_facts(finding) for finding in self.findings]}


class InvalidError(RelayError):
    """Postfix itself does not accept the staged configuration; nothing has changed."""


def finding_text(finding):
    """str: a finding as one sentence for a message, with its parameter and value."""
    return "{0}: {1} = {2}: {3}; {4} ({5})".format(
        finding.file, finding.parameter, finding.value, finding.message, finding.fix, finding.identifier
    )


def finding_facts(finding):
    """dict: a finding as the module returns it."""
    return dict(finding._asdict())


def judge(call, before, after, managed, restored):
    """list of Finding: what is wrong with a configuration and does not refuse it; each is a warning of the call too.

    Args:
        call: Call.
        before, after: (MainCf, MasterCf), as it is and as it is to be.
        managed: set of str, parameters of main.cf that the call sets.
        restored: set of str, those that it gives back.

    Raises:
        RefusedError: it is wrong or dangerous.
    """
    host = call.host
    findings = _checked(after, host)
    if not host.installed:
        findings = [finding for finding in findings if finding.identifier in INDEPENDENT_IDENTIFIERS]
    refused, remaining = lint.accepted(findings, call.request.get("accept_risks") or [])
    if refused:
        with host.judged_with({}, {}):
            known = _places(_checked(before, host))
        old = [
            finding
            for finding in refused
            # An open relay is refused whoever wrote it; other faults only when this call brings or confirms them, and not
            # when it gives back what was there before.
            if not finding.identifier.startswith("open-relay-")
            and finding.parameter not in managed
            and (finding.parameter in restored or _place(finding) in known)
        ]
        if call.check_mode:
            # What is not there yet may be made in between; what this call itself takes away is missed.
            there = dict((path, True) for path, present in host.planned.items() if present)
            with host.judged_with(there, host.plans):
                missing = _places(_checked(after, host))
            old += [
                finding
                for finding in refused
                if finding.identifier in lint.MISSING_IDENTIFIERS and _place(finding) in missing
            ]
        refused = [finding for finding in refused if finding not in old]
        remaining = [finding._replace(severity=lint.WARNING) for finding in old] + remaining
    if refused:
        raise RefusedError(refused)
    call.warnings.extend(finding_text(finding) for finding in remaining)
    return remaining


def _checked(configuration, host):
    main, master = configuration
    return lint.check(main.values(), master.services(), host)


def stops(host, configuration):
    """bool: whether no program of Postfix starts with these; each that is called then says so in the mail log."""
    return any(finding.identifier in lint.STOPS for finding in _checked(configuration, host))


def check_risks(accept_risks):
    """Refuse names that are no finding which can be accepted.

    Args:
        accept_risks: list of str, identifiers of findings.

    Raises:
        SettingError: names those that can be.
    """
    risks = sorted(name for name, acceptable in lint.KNOWN_IDENTIFIERS.items() if acceptable)
    for name in accept_risks:
        if name not in risks:
            raise SettingError(
                "accept_risks: '{0}' is {1}; those that can be accepted are {2}".format(
                    name,
                    "a fault, not a risk" if name in lint.KNOWN_IDENTIFIERS else "no known finding",
                    ", ".join(risks),
                )
            )


def _place(finding):
    return (finding.identifier, finding.file, finding.parameter, finding.value)


def errors(host, configuration):
    """set: places of what would not work, of which C(postfix check) says nothing, such as a service that is missing."""
    return _places(finding for finding in _checked(configuration, host) if finding.severity == lint.ERROR)


def _places(findings):
    return set(_place(finding) for finding in findings)
