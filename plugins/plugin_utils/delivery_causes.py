# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a log says of why a message stuck, named for what it is, and what to do.

Replies are those of Postfix 2.10 to 3.11 (smtpd.c, smtpd_check.c, cleanup.c, postscreen), sendmail 8.14 to 8.18 and qmail, with
the codes of RFC 5321, section 4.2.3, and RFC 3463. The first cause whose pattern is found counts: what is told apart by words stands
before what is told by a code.
"""

import re
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.mail.reply import own_fault

# name: str. matches: callable (text) -> bool. meaning, todo: str, with C({client}), C({relay}), C({port}), or C({domain}).
Cause = namedtuple("Cause", "name matches meaning todo")

BROKEN = "relay_broken"
# The causes of which the relay's own log says more.
LOG_TELLS = frozenset((BROKEN, "relay_without_tls", "filter", "relay_said_no"))


def _cause(name, pattern, meaning, todo):
    search = re.compile(pattern, re.I).search
    return Cause(name, lambda text: search(text) is not None, meaning, todo)


_RATE = (
    r"too many (?:concurrent |connections|messages|mail|recipients? (?:from|rate))|too much mail|rate (?:limit )?exceeded|rate limit|"
    r"(?:connection|message|recipient|new TLS session)[ a-z]{0,40} rate|connection concurrency limit|concurrency limit exceeded"
)
_GREYLISTING = r"gr[ea]y-?list|gr[ea]ylisted|postgrey"
_NO_ROOM = r"4\.3\.1(?![0-9])|insufficient (?:system storage|disk space)|(?:no|not enough) (?:disk )?space|low on space|disk full"
_TOO_MANY_RECIPIENTS = r"[45]\.5\.3(?![0-9])|too many recipients(?! from)"
_TOO_LARGE = r"[45]\.3\.4(?![0-9])|size exceeds|message (?:size|file|too)[a-z ]{0,60} (?:too (?:big|large)|exceeds)|exceeds [a-z ]{0,60}size"
_BUSY = (
    r"all server ports are busy|[45]\.3\.2(?![0-9])|(?<![0-9.])421[ -]|load average|too busy|service (?:currently )?not available|"
    r"no system resources"
)

# What a client says of why it could not hand over to a relay.
AT_CLIENT = (
    Cause(
        BROKEN,
        own_fault,
        "the configuration of {relay} itself is broken, so that it puts off what anybody sends",
        "Repair it on {relay}, whose log says what is wrong (postfix check shows some of it);"
        " ansible-playbook mailops.relay.site --limit {relay} puts back what its role sets. Nothing is wrong with {client}.",
    ),
    _cause(
        "certificate",
        r"certificate not (?:verified|trusted)|certificate verif|4\.7\.0 authentication failed|verification failed",
        "it does not trust the certificate of {relay}",
        "Converge the client, so that it gets the certificate that {relay} has now: ansible-playbook mailops.relay.site --limit {client}.",
    ),
    _cause(
        "relay_without_tls",
        r"TLS not available|TLS currently unavailable",
        "{relay} offers TLS and cannot do it: its key or certificate cannot be used",
        "Converge it, so that it has a key and a certificate that it can read:"
        " ansible-playbook mailops.relay.site --limit {relay}.",
    ),
    _cause(
        "no_tls",
        r"TLS is required, but was not offered|4\.7\.[0-9] .{0,300}(?:encryption|TLS) (?:required|too weak)|issue a STARTTLS"
        r"|5\.7\.10(?![0-9])|must use TLS|encryption (?:needed|required)",
        "it must use TLS with {relay}, which does not offer it or was not asked for it",
        "Converge the relay and the client, and see what the relay's log says of its key and certificate.",
    ),
    _cause(
        "tls_failed",
        r"Cannot start TLS|TLS handshake|refused to start TLS(?!: 454 4\.3\.0)",
        "TLS with {relay} could not be started",
        "Read why in the logs of {client} and {relay} (SSL_connect error, SSL_accept error); protocol versions that do not meet"
        " are the usual reason.",
    ),
    _cause(
        "login_failed",
        r"SASL authentication failed|(?<![0-9.])535[ -]|[45]\.7\.8(?![0-9])|authentication credentials invalid",
        "{relay} does not accept its name and password",
        "Set the name and password of {client} anew in the variables of its role and on {relay}, and converge both.",
    ),
    _cause(
        "login_required",
        r"(?<![0-9.])530[ -]|authentication required|must authenticate|5\.7\.11(?![0-9])|(?<![0-9.])538[ -]",
        "{relay} wants it to log in first",
        "Add the address of {client} to relay_server_networks and converge {relay}; or give {client} a name and password with the"
        " variables of its role.",
    ),
    _cause(
        "name_of_client",
        r"cannot find your (?:reverse )?hostname|(?:Client host|Helo command) rejected: .{0,200}(?:not found|fully-qualified|invalid name)"
        r"|reverse (?:DNS|name|lookup)|4\.7\.25(?![0-9])|5\.7\.25(?![0-9])",
        "{relay} refuses it for its name: it is none of the relay's networks, and its address or the name that it gives is not in the DNS",
        "Add the address of {client} to relay_server_networks, and converge {relay}.",
    ),
    _cause(
        "blocked",
        r"blocked using|block ?list|black ?list",
        "{relay} refuses its address because of a block list",
        "Add the address of {client} to relay_server_networks, and converge {relay}; or see why the list has it.",
    ),
    _cause(
        "denied",
        r"Relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|prohibited)|Client host rejected|Access denied|rcpthosts"
        r"|unable to relay",
        "{relay} does not relay for it",
        "Add the address of {client} to relay_server_networks, and converge {relay}.",
    ),
    _cause(
        "sender_domain",
        r"[45]\.1\.[078](?![0-9])|Sender address rejected|Domain of sender|sender domain",
        "{relay} does not take mail of this sender: there is no such domain for it, or the address is not whole",
        "Use a sender whose domain is in the DNS (verify_sender), and have the programs on {client} do so.",
    ),
    _cause(
        "too_many_recipients",
        _TOO_MANY_RECIPIENTS,
        "{relay} takes fewer recipients of a message than it had",
        "Have programs send to fewer at once, or raise relay_server_recipient_limit and converge {relay}. Postfix sends the rest with"
        " the next attempt.",
    ),
    _cause(
        "rate_limit",
        _RATE,
        "{relay} holds it back, since it sends more than the limit allows",
        "See what {client} sends (ansible-playbook mailops.relay.report); if that is meant, raise the relay's limits"
        " (relay_server_client_message_rate_limit and its like). What waits is tried again.",
    ),
    _cause(
        "greylisting",
        _GREYLISTING,
        "{relay} puts off who is new to it (greylisting), and so its own client",
        "Put permit_mynetworks before that rule on {relay}, and the address of {client} into relay_server_networks.",
    ),
    _cause(
        "relay_full",
        _NO_ROOM,
        "{relay} has no room for mail",
        "Make room on the file system of its queue on {relay} (df -h and df -i of the queue_directory); Postfix wants 1.5 times"
        " message_size_limit to be free, and queue_minfree. What waits is tried again.",
    ),
    _cause(
        "too_large",
        _TOO_LARGE,
        "the message is larger than {relay} takes",
        "Send less at once, or raise message_size_limit on {relay}.",
    ),
    _cause(
        "mailbox",
        r"[45]\.1\.1(?![0-9])|[45]\.2\.[0-9](?![0-9])|User unknown|unknown user|no such user|mailbox|quota",
        "{relay} takes the recipient's domain for its own, and does not take mail for this address",
        "Choose a verify_recipient outside the site, or take its domain out of relay_server_mydestination.",
    ),
    _cause(
        "recipient_domain",
        r"[45]\.1\.2(?![0-9])|Recipient address rejected: .{0,200}not found",
        "{relay} finds no such domain as the recipient's",
        "See what {relay} resolves (dig MX with the recipient's domain). If there is no such domain, choose another verify_recipient.",
    ),
    _cause(
        "filter",
        # smtpd(8) says 4.7.0 of TLS itself; with 4.3.0 a milter, which it asks about STARTTLS too, does not answer.
        r"milter|refused to start TLS: 454 4\.3\.0"
        r"|service unavailable - try again|[45]\.7\.1 .{0,100}(?:service unavailable|content)|message content rejected|virus|spam",
        "a filter on {relay} does not take it, or does not answer",
        "See what the log of {relay} says of its milters and policy services, such as the signer opendkim, and whether they run.",
    ),
    _cause(
        "busy",
        _BUSY,
        "{relay} takes no more connections at this moment",
        "See how busy {relay} is (its load, the number of smtpd processes, default_process_limit), and whether it is being stopped."
        " What waits is tried again.",
    ),
    _cause(
        "refused",
        r"Connection refused",
        "{port} of {relay} refuses connections",
        "Start Postfix on {relay} (systemctl status postfix; postfix check), and see that it listens there (ss -ltn). A firewall"
        " that answers with a reset looks the same.",
    ),
    _cause(
        "no_way",
        r"No route to host|is unreachable|prohibited|Permission denied",
        "{port} of {relay} is closed by a firewall, or there is no route to it",
        "Open it: ansible-playbook mailops.relay.site --limit {relay} restores the relay's own firewall; then look at those between"
        " {client} and {relay}.",
    ),
    _cause(
        "silent",
        r"timed? ?out",
        "{port} of {relay} does not answer",
        "See whether {relay} is up and Postfix runs there. If so, a firewall drops what {client} sends:"
        " ansible-playbook mailops.relay.site --limit {relay} restores the relay's own.",
    ),
    _cause(
        "no_connection",
        r"establish an SMTP connection",
        "it gets no connection to {relay}; qmail does not say why",
        "See whether Postfix runs on {relay} (systemctl status postfix), and whether a firewall closes port 25 there:"
        " ansible-playbook mailops.relay.site --limit {relay} restores the relay's own.",
    ),
    _cause(
        "name",
        r"name not found|Name service|name server|name lookup|look up host|find any host|Host unknown|CNAME lookup",
        "it cannot find the address of {relay}",
        "See what {client} resolves (getent hosts with the relay's name; /etc/resolv.conf, /etc/hosts).",
    ),
    _cause(
        "relay_said_no",
        r"\bsaid: |refused to talk to me|(?<![0-9.])[45][0-9]{2}[ -]",
        "{relay} did not take it",
        "The reason is the relay's answer; read the relay's log at that time.",
    ),
)

# What a relay says of its own, before any other mail system is asked.
AT_RELAY_ITSELF = _cause(
    BROKEN,
    r"mail transport unavailable|unknown mail transport error|alias database unavailable|configuration (?:error|problem)|lookup failure"
    r"|address resolver failure",
    "the configuration of {relay} itself is broken",
    "Repair it on {relay}, whose log says what is wrong (postfix check shows some of it);"
    " ansible-playbook mailops.relay.site --limit {relay} puts back what its role sets.",
)
# What a relay says of why it could not send, or why it was refused.
AT_RELAY = (
    Cause(
        "next_hop_broken",
        own_fault,
        "the mail system of {domain} has a fault of its own",
        "Nothing is to be done here: {relay} tries again. If it lasts, tell the postmaster of {domain}; if the next host is one of yours"
        " (relay_server_relayhost), repair that.",
    ),
    _cause(
        "next_hop_denied",
        r"Relay(?:ing)? (?:access )?(?:is )?(?:denied|not permitted|prohibited)|rcpthosts|unable to relay",
        "the host to which {relay} sends mail for {domain} does not take it for its own",
        "See to whom {relay} sends it: relay_server_relayhost must relay for {relay}; without one, dig MX {domain} must name hosts that"
        " receive mail for it.",
    ),
    _cause(
        "next_hop_login",
        r"SASL authentication failed|(?<![0-9.])53[058][ -](?!.{0,40}STARTTLS)|[45]\.7\.8(?![0-9])|authentication required",
        "the host to which {relay} sends mail wants a login, or does not accept the one it gets",
        "Set the name and password for it on {relay} (the variables of relay_server_relayhost), and converge {relay}.",
    ),
    _cause(
        "next_hop_full",
        _NO_ROOM,
        "the mail system of {domain} has no room",
        "Nothing is to be done here: {relay} tries again. If it lasts, tell the postmaster of {domain}.",
    ),
    _cause(
        "too_many_recipients",
        _TOO_MANY_RECIPIENTS,
        "the mail system of {domain} takes fewer recipients of a message than it had",
        "{relay} sends the rest with the next attempt; smtp_destination_recipient_limit makes it send to fewer at once.",
    ),
    _cause(
        "too_large",
        _TOO_LARGE,
        "the message is larger than the mail system of {domain} takes",
        "Send less at once.",
    ),
    _cause(
        "greylisting",
        _GREYLISTING,
        "the mail system of {domain} puts off who is new to it (greylisting)",
        "Wait: {relay} tries again within minutes, and then it goes through. A longer verify_timeout waits for that.",
    ),
    _cause(
        "next_hop_rate_limit",
        _RATE + r"|4\.7\.28(?![0-9])|unusual rate",
        "the mail system of {domain} limits how much it takes from {relay}",
        "See what is sent there (ansible-playbook mailops.relay.report, mailops.relay.queue) and send it more slowly"
        " (smtp_destination_rate_delay on {relay}). What waits is tried again.",
    ),
    _cause(
        "next_hop_busy",
        _BUSY,
        "the mail system of {domain} takes no more connections at this moment",
        "Wait: {relay} tries again within minutes. A longer verify_timeout waits for that.",
    ),
    _cause(
        "next_hop_unreachable",
        r"Connection refused|timed? ?out|No route to host|is unreachable|lost connection",
        "{relay} does not reach the mail system of {domain}",
        "See whether {relay} may connect to port 25 outside (mailops.relay.preflight tests it), and whether the mail system of"
        " {domain} runs.",
    ),
    _cause(
        "next_hop_not_found",
        r"name not found|Name service|no MX|mail for .{0,300} loops back|Host not found",
        "{relay} finds no mail system for {domain}",
        "See what {relay} resolves: dig MX {domain}. If there is no such domain, choose another verify_recipient.",
    ),
    _cause(
        "next_hop_tls",
        r"certificate|TLS|handshake",
        "TLS with the mail system of {domain} failed",
        "See which TLS {relay} demands of others (postconf smtp_tls_security_level smtp_tls_policy_maps).",
    ),
    _cause(
        "policy",
        r"[45]\.7\.[0-9]|SPF|DKIM|DMARC|PTR|reverse|block",
        "the mail system of {domain} does not want it from this relay or sender",
        "{domain} does not trust the relay or the sender: see SPF, PTR and HELO name with mailops.relay.preflight, and use a sender"
        " whose domain names the relay in its SPF record (verify_sender).",
    ),
    _cause(
        "mailbox",
        r"[45]\.[12]\.[0-9]|user|mailbox|recipient",
        "the mail system of {domain} does not take mail for this address",
        "Choose a verify_recipient whose mailbox exists and takes mail.",
    ),
)
