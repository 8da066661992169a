#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: smtp_probe
short_description: Test a mail server from where it is used
version_added: 0.3.0
author: mailops.relay contributors (@mailops)
description:
  - Sends a test message that can be followed, looks at a server's TLS, finds out whether it relays for strangers, and what it
    tells and demands.
  - What it finds is a result, not a failure; RV(status) and RV(checks) tell. The task fails when an option cannot be used, and
    when a message with O(test=message) is not taken.
  - A server that stalls, closes early, or sends something that is not SMTP or never ends, gets a verdict within O(timeout).
    What it says is shown without control characters, and shortened.
extends_documentation_fragment:
  - mailops.relay.attributes
attributes:
  action:
    support: full
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on the controller.
  check_mode:
    support: full
    details:
      - With O(test=message) and O(test=smuggling) nothing is sent then. The other tests change nothing, and run.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run sends a message of its own with O(test=message), and several with O(test=smuggling).
options:
  test:
    description:
      - V(message) sends one message.
      - V(tls) looks at TLS on one port, and at the certificate.
      - V(relay) tries the forms of addresses with which mail ever got through a relay from one stranger to another; on each
        address and each port of the server, without TLS and with. It sends MAIL, RCPT and RSET, but no message.
      - V(limits) looks at the greeting, SIZE, VRFY and EXPN, HELO, CHUNKING, and at what happens to commands out of turn.
      - V(smuggling) sends messages with false ends (CVE-2023-51764) to O(recipient), and counts how many the server takes
        of each. A message within that arrives there as one of its own is RV(sequences).C(smuggled_id).
    type: str
    required: true
    choices: [message, tls, relay, limits, smuggling]
  server:
    description:
      - The server, by name or address. With O(test=message) the default is this host's own mail system, through its program
        C(sendmail); otherwise it is required.
      - It must be this host or one of the inventory, see O(allow_foreign).
    type: str
  through:
    description:
      - Names and addresses of relays, with O(test=message) and this host's own mail system. Unless it hands mail to one of them,
        nothing is sent, and the test fails with RV(kind) V(not_a_client). Where only tables tell where mail goes, it is sent.
    type: list
    elements: str
    version_added: 0.7.0
  root:
    description:
      - With O(test=message) and this host's own mail system, V(read) tells in RV(root) where mail to root of this host goes, by the
        configuration; V(send) sends a message to C(root) too, as cron does.
    type: str
    choices: [read, send]
    version_added: 0.10.0
  allow_foreign:
    description:
      - Whether O(server) and O(addresses) may be hosts that the inventory does not know. Nobody should be tested without
        consent.
      - The inventory knows a host by its name there, C(ansible_host), C(relay_server_hostname), C(relay_server_address),
        C(relay_server_outbound_address), and by the names and addresses in its facts. A name is not resolved for that.
    type: bool
    default: false
  port:
    description:
      - The port, with every test but O(test=relay); by default V(25). On 465 TLS begins at once.
    type: int
  ports:
    description:
      - The ports, with O(test=relay); by default V(25), V(587) and V(465).
    type: list
    elements: int
  addresses:
    description:
      - Addresses of the server, with O(test=relay). The default are all that O(server) has for the host on which the test runs,
        IPv4 and IPv6.
    type: list
    elements: str
  tls:
    description:
      - With V(none) STARTTLS is not used, with V(may), the default, where it is offered, with V(required) always.
      - With O(test=relay), V(may) tries each port without TLS and after STARTTLS.
      - With O(test=tls), V(required) makes it a failure that mail is taken without TLS.
      - The certificate is looked at with O(test=tls) only.
    type: str
    choices: [none, may, required]
  sender:
    description:
      - Envelope sender. Required with O(test=message) and O(test=smuggling).
    type: str
  recipient:
    description:
      - Envelope recipient. Required with O(test=message) and O(test=smuggling); for the latter a mailbox of yours.
    type: str
  message_id:
    description:
      - The Message-ID of O(test=message), with or without angle brackets; one is made by default.
    type: str
  sender_domain:
    description:
      - The domain of strangers that send, with O(test=relay); by default V(example.org).
    type: str
  recipient_domain:
    description:
      - The domain of strangers to whom nothing may be sent, with O(test=relay). The server must not be one of those that
        receive mail for it, or each form is accepted.
      - By default V(example.net), for which no mail is accepted anywhere (RFC 7505). A server that looks into that refuses it for this
        reason, and the verdict is V(unknown). Then name a domain that has mail, elsewhere.
    type: str
  server_name:
    description:
      - With O(test=tls) the name for which the certificate must be; by default O(server).
      - With O(test=relay) the name that forms take for the server's own; by default the one in its greeting.
    type: str
  ca_file:
    description:
      - Trust anchors in PEM, a file on the host on which the test runs, with O(test=tls). Without it, the chain is not verified.
    type: path
  fingerprint:
    description:
      - SHA-256 fingerprint of the certificate or of its public key, with O(test=tls).
    type: str
  expiry_days:
    description:
      - For how many more days the certificate must be valid, so that there is no warning, with O(test=tls); by default V(30).
    type: int
  timeout:
    description:
      - Seconds for the whole.
    type: int
    default: 60
notes:
  - An option that a test does not look at is refused with it.
  - The test runs on the host of the task, and sees what that host may do. Open relays are looked for from a host that is no
    client. With C(delegate_to) it runs there; O(server) is held against the inventory all the same.
  - With O(test=relay), a yes counts as V(accepted) for a recipient that looks like the server's own only where the server
    refuses a mailbox there that nobody has. What is put off, as by greylisting, is V(unknown); so is a connection that was lost
    twice.
  - With O(test=relay), a way into the server counts as closed only where someone said no. A firewall that drops looks like a provider that
    drops what goes out to port 25, and is a warning; one that refuses is not. Which of the two it is that says "No route to host", a
    firewall or a router, the kernel tells from Linux 5.17 on, with Python 3; before, it is a firewall within 2 seconds.
  - There is a new connection after every 8 answers, because servers slow down and hang up on who makes errors.
  - A relay with Postfix may take a second for each form that it accepts (C(in_flow_delay)).
seealso:
  - module: mailops.relay.mail_log_info
"""

EXAMPLES = r"""
- name: Send a test message through this host's mail system
  mailops.relay.smtp_probe:
    test: message
    sender: app@web01.example.com
    recipient: ops@example.net
  register: sent

- name: Look at the relay's TLS as a client sees it
  mailops.relay.smtp_probe:
    test: tls
    server: smtp-relay001.example.com
    port: 587
    tls: required
    ca_file: /etc/postfix/relay-trust-anchors.pem
  register: tls
  failed_when: tls is failed or tls.status == 'failed'

- name: Make sure that strangers cannot relay
  mailops.relay.smtp_probe:
    test: relay
    server: smtp-relay001.example.com
  delegate_to: outside01
  register: probe
  failed_when: probe is failed or probe.accepted > 0

- name: Make sure that one message stays one
  mailops.relay.smtp_probe:
    test: smuggling
    server: smtp-relay001.example.com
    sender: app@web01.example.com
    recipient: ops@example.com
"""

RETURN = r"""
message_id:
  description: The Message-ID, with angle brackets.
  returned: O(test=message)
  type: str
  sample: <mailops-probe.0b5a4b6b6d3c4f0d9a57f1e2d3c4b5a6@web01.example.com>
queue_id:
  description: The queue ID that the server named; empty where it named none, as with this host's own mail system.
  returned: O(test=message)
  type: str
  sample: 4jXKsg4Qmrz1
submitted_at:
  description: When the message was handed over, in seconds since the epoch; no line of a log about it is older.
  returned: O(test=message)
  type: float
  sample: 1795331264.5
reply:
  description: What the server said to the message.
  returned: O(test=message)
  type: str
  sample: '250 2.0.0 Ok: queued as 4jXKsg4Qmrz1'
root:
  description:
    - The C(mta) of this host; the C(address) that mail to root gets there, empty where nothing tells; C(to), to whom this host itself
      sends it on, empty for nobody; the C(message_id) of what was sent, else null; C(problem), what went wrong with it, if anything.
  returned: O(test=message)
  type: dict
  sample: {mta: postfix, address: root@web01.example.com, to: '', message_id: null}
kind:
  description:
    - What went wrong; V(option), V(name), V(refused), V(prohibited) by a firewall, V(own_firewall), V(no_route) from this host,
      V(unreachable) where nobody is found there, V(timeout), V(closed), V(tls), V(refusal), V(garbage) or V(not_a_client).
  returned: failure
  type: str
  sample: refused
transcript:
  description: What was said, with C(S:) before the server's lines and C(C:) before this client's; 200 lines at most.
  returned: O(test=message), O(test=tls) or O(test=limits), and failure
  type: list
  elements: str
  sample: ['S: 220 smtp-relay001.example.com ESMTP Postfix', 'C: EHLO web01.example.com']
checks:
  description:
    - What was found; C(id), C(status) (V(ok), V(warning), V(failed) or V(skipped)), C(subject), C(seen), and C(todo).
  returned: every test but O(test=message)
  type: list
  elements: dict
  sample:
    - id: tls.expiry
      status: ok
      subject: smtp-relay001.example.com port 587
      seen: valid until 2036-11-22T12:00:00Z, 3650 days from now
      todo: ''
status:
  description: The worst status of RV(checks).
  returned: every test but O(test=message)
  type: str
  sample: ok
session:
  description:
    - The C(version) of TLS, the C(cipher), and of the certificate C(subject), C(issuer), C(names), C(not_before), C(not_after),
      C(fingerprint) and C(public_key_fingerprint).
  returned: O(test=tls)
  type: dict
  sample: {version: TLSv1.3, cipher: TLS_AES_256_GCM_SHA384, subject: CN=smtp-relay001.example.com}
channels:
  description: The ways into the server.
  returned: O(test=relay)
  type: list
  elements: dict
  contains:
    address:
      description: IPv4 or IPv6.
      type: str
      sample: 203.0.113.4
    port:
      description: The port.
      type: int
      sample: 25
    tls:
      description: V(none), V(starttls), or V(implicit) when TLS begins at once.
      type: str
      sample: starttls
    state:
      description:
        - V(tested), V(closed) when the server or a firewall refuses whoever asks from here, V(failed) when there was no dialogue, or
          V(unreached) when nothing left this host for there, nobody was found, or nothing came back, so that nobody knows who gets in.
      type: str
      sample: tested
    reason:
      description: Why it was not tested, or empty.
      type: str
      sample: ''
    server_name:
      description: What was taken for the server's own name.
      type: str
      sample: smtp-relay001.example.com
    accepted:
      description: How many forms were accepted.
      type: int
      sample: 0
    refused:
      description: How many were refused.
      type: int
      sample: 32
    unknown:
      description: How many got no answer that tells; all of them unless it was tested or closed.
      type: int
      sample: 0
    forms:
      description:
        - Each C(form), with C(sender) and C(recipient) as they stood in the commands, C(stage), the command that was answered,
          C(code) and C(reply), C(verdict) (V(accepted), V(refused) or V(unknown)), C(reason) of an unknown one, and the
          C(transcript) of what was accepted.
      type: list
      elements: dict
      sample: [{form: third-party, stage: RCPT, code: 554, verdict: refused}]
forms:
  description: How many forms are tried on each of RV(channels).
  returned: O(test=relay)
  type: int
  sample: 32
tried:
  description: How many were to be tried on all that are not closed.
  returned: O(test=relay)
  type: int
  sample: 128
accepted:
  description: How many were accepted.
  returned: O(test=relay)
  type: int
  sample: 0
refused:
  description: How many were refused.
  returned: O(test=relay)
  type: int
  sample: 128
unknown:
  description: How many got no answer that tells.
  returned: O(test=relay)
  type: int
  sample: 0
seconds:
  description: How long it took.
  returned: O(test=relay)
  type: float
  sample: 1.2
sequences:
  description:
    - Each false end, C(sequence), with the C(message_id) of the message, the C(smuggled_id) of the one in it, how many the
      server C(taken), its C(replies) from the message on, the C(problem) where there was no answer, and the C(transcript).
  returned: O(test=smuggling)
  type: list
  elements: dict
  sample: [{sequence: LF.LF, taken: 1}]
"""

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import is_address
from ansible_collections.mailops.relay.plugins.module_utils.host.basic import RelayModule, reported
from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Runner
from ansible_collections.mailops.relay.plugins.module_utils.mail import (
    probe_message,
    relay_matrix,
    smtp_limits,
    smtp_smuggling,
    smtp_tls,
)
from ansible_collections.mailops.relay.plugins.module_utils.mta import next_hops, own_root


def argument_spec():
    """dict: the module's options."""
    return {
        "test": {"type": "str", "required": True, "choices": ["message", "tls", "relay", "limits", "smuggling"]},
        "server": {"type": "str"},
        "through": {"type": "list", "elements": "str"},
        "root": {"type": "str", "choices": ["read", "send"]},
        "allow_foreign": {"type": "bool", "default": False},
        "port": {"type": "int"},
        "ports": {"type": "list", "elements": "int"},
        "addresses": {"type": "list", "elements": "str"},
        "tls": {"type": "str", "choices": ["none", "may", "required"]},
        "sender": {"type": "str"},
        "recipient": {"type": "str"},
        "message_id": {"type": "str"},
        "sender_domain": {"type": "str"},
        "recipient_domain": {"type": "str"},
        "server_name": {"type": "str"},
        "ca_file": {"type": "path"},
        "fingerprint": {"type": "str"},
        "expiry_days": {"type": "int"},
        "timeout": {"type": "int", "default": 60},
    }


# Which options each test looks at, besides test and timeout; those of a server only where there is one.
_OF_A_SERVER = ("allow_foreign", "port", "tls")
_LOOKS_AT = {
    "message": ("sender", "recipient", "message_id", "server", "through", "root") + _OF_A_SERVER,
    "tls": ("server", "server_name", "ca_file", "fingerprint", "expiry_days") + _OF_A_SERVER,
    "relay": (
        "server",
        "allow_foreign",
        "ports",
        "addresses",
        "tls",
        "sender_domain",
        "recipient_domain",
        "server_name",
    ),
    "limits": ("server",) + _OF_A_SERVER,
    "smuggling": ("server", "sender", "recipient") + _OF_A_SERVER,
}
# What is taken where nothing is given; here, so that it can be told from what is.
_DEFAULTS = {
    "port": 25,
    "ports": [25, 587, 465],
    "tls": "may",
    "sender_domain": "example.org",
    "recipient_domain": "example.net",
    "expiry_days": 30,
}


def with_defaults(params):
    """dict: the options, with what is taken for those that were not given.

    Raises:
        ProbeError: one was given that this test would pass over.
    """
    test = params["test"]
    given = [name for name in sorted(params) if params[name] not in (None, False)]
    for name in given:
        if name not in _LOOKS_AT[test] + ("test", "timeout"):
            users = [other for other in sorted(_LOOKS_AT) if name in _LOOKS_AT[other]]
            text = "{0}: test={1} does not look at it, only test={2} does; leave it out".format(
                name, test, " or ".join(users)
            )
            raise probe_message.ProbeError("option", text)
    if test == "message":
        for name in ["root", "through"] if params["server"] is not None else _OF_A_SERVER:
            if name in given:
                text = "{0}: it is passed over {1} server; leave it out".format(
                    name, "with a" if params["server"] is not None else "without a"
                )
                raise probe_message.ProbeError("option", text)
    return dict(params, **dict((name, _DEFAULTS[name]) for name in _DEFAULTS if params[name] is None))


def check_numbers(params):
    """Make sure that numbers and addresses are what they should be.

    Raises:
        ProbeError: one is not.
    """
    for option in ("port", "ports"):
        for port in params[option] if option == "ports" else [params[option]]:
            if not 0 < port < 65536:
                raise probe_message.ProbeError("option", "{0}: {1} is not a port from 1 to 65535".format(option, port))
    for option in ("ports", "addresses"):
        if params[option] is not None and not params[option]:
            raise probe_message.ProbeError("option", "{0}: it names none; leave it out, or name one".format(option))
    for address in params["addresses"] or ():
        if not is_address(address):
            raise probe_message.ProbeError("option", "addresses: {0!r} is not an IPv4 or IPv6 address".format(address))


def send_message(runner, params, check_mode):
    """dict: the result of the test C(message)."""
    if params["through"] and params["server"] is None:
        next_hops.check(runner, params["through"])
    result = probe_message.send(runner, params, check_mode)
    result["root"] = None
    if params["root"]:
        result["root"] = own_root.tell(runner, params["root"] == "send" and not check_mode, params["timeout"])
    return result


def main():
    module = RelayModule(
        argument_spec=argument_spec(),
        required_if=[
            ("test", "message", ("sender", "recipient")),
            ("test", "tls", ("server",)),
            ("test", "relay", ("server",)),
            ("test", "limits", ("server",)),
            ("test", "smuggling", ("server", "sender", "recipient")),
        ],
        supports_check_mode=True,
    )
    params = {}
    tests = {
        "message": lambda: send_message(Runner(module), params, module.check_mode),
        "tls": lambda: smtp_tls.Probe(params).run(),
        "relay": lambda: relay_matrix.probe(params),
        "limits": lambda: smtp_limits.Probe(params).run(),
        "smuggling": lambda: smtp_smuggling.probe(params, module.check_mode),
    }
    with reported(module):
        params.update(with_defaults(module.params))
        check_numbers(params)
        result = tests[params["test"]]()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
