# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdict on a client's test message: delivered, how fast and how safely; or where it stuck, why, and what to do.

The way itself comes from C(plugin_utils/trace). Here its end is named for what it is.
"""

import re

from ansible_collections.mailops.relay.plugins.module_utils.mail.checks import failed, ok
from ansible_collections.mailops.relay.plugins.module_utils.mail.hops import refusals
from ansible_collections.mailops.relay.plugins.module_utils.mail.probe_message import NOT_A_CLIENT
from ansible_collections.mailops.relay.plugins.plugin_utils.delivery_causes import (
    AT_CLIENT,
    AT_RELAY,
    AT_RELAY_ITSELF,
    LOG_TELLS,
    Cause,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.trace import THROWN_AWAY, stays

IDENTIFIER = "delivery"
# What a client's TLS must be at least: the first words of what the log says of it that will do; None for any.
_ENCRYPTED = ("Verified", "Trusted", "Untrusted", "Anonymous")
NEEDS = {"verified": ("Verified",), "encrypted": _ENCRYPTED + ("TLS",), "none": None}
# Waiting does not change these. A deferred message is tried again after minutes only.
_ENDS = frozenset(("delivered", "bounced", "rejected", "deferred", "deleted"))
# How Postfix, sendmail and qmail name the host and port that did not answer.
_CONNECT = re.compile(r"connect to ([^\s\[]+)\[([^\]\s]{1,64})\]:([0-9]{1,5}): ")
_SUSPENDED = "delivery temporarily suspended: "
_LOOPBACK = re.compile(r"\[?(?:127\.[0-9.]+|::1)\]?\.?\Z")

# How Postfix names what it has looked for in the DNS in vain (dns_lookup.c).
_LOOKED_UP = re.compile(r"Name service error for name=([^\s]{1,255}) type=")
_NEXT_HOP = Cause(
    "next_hop",
    None,
    "the next mail system did not take it",
    "The reason is what it said; the log of {relay} has more.",
)
# Seconds between an answer and the lines of the log that say why, which another clock has dated: the nearest that there are.
_NEAR = (3, 60)
# So many of them are shown, of programs that have to do with who sends to the relay.
_MOST_LINES = 5
_RECEIVING = frozenset("smtpd cleanup trivial-rewrite rewrite proxymap postscreen tlsproxy master".split())


def _words(text):
    """str: a text in one line."""
    return " ".join(text.split())


def _seconds_text(seconds):
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


class Ways:
    """The traces of the test messages, by client.

    Args:
        traces: list of dict, of C(trace.describe).
        relays: collection of str, inventory names.
    """

    def __init__(self, traces, relays):
        self._relays = frozenset(relays)
        self._by_message, self._by_host = {}, {}
        for trace in traces:
            if trace["message_id"] is not None:
                self._by_message.setdefault(trace["message_id"], []).append(trace)
            else:
                # qmail's log has no Message-ID.
                self._by_host.setdefault(trace["hops"][0]["host"], []).append(trace)

    def of(self, host, message_id):
        """dict or None: the trace that tells most of this message of a client."""
        found = self._by_message.get(message_id) or self._by_host.get(host) or []
        if not found:
            return None
        return max(
            found, key=lambda trace: (bool(self.relay_hops(trace)), len(trace["hops"]), trace["hops"][0]["first"])
        )

    def exactly(self, message_id):
        """dict or None: the trace that tells most of a message, of those that name it."""
        found = self._by_message.get(message_id) or []
        return max(found, key=lambda trace: (bool(self.relay_hops(trace)), len(trace["hops"])), default=None)

    def relay_hops(self, trace):
        """list of dict: the hops on relays, without notices of them; the one from which it went out is the last."""
        found = [hop for hop in trace["hops"] if hop["host"] in self._relays and hop["led_by"] is None]
        # In a log with whole seconds several begin at the same time.
        return sorted(found, key=lambda hop: not hop["next"])


def _end_of(trace):
    """(str, dict): what is said of the end that gave the trace its verdict, and the hop where it is."""
    end = next(
        (end for end in trace["verdicts"] if end["verdict"] == trace["verdict"] and not end["notification"]),
        trace["verdicts"][0],
    )
    hop = next(hop for hop in trace["hops"] if hop["host"] == end["host"] and hop["queue_id"] == end["queue_id"])
    return _words(end["text"]), hop


def on_the_way(ways, messages):
    """list of str: the Message-IDs of which waiting may still tell more, sorted.

    Args:
        ways: Ways.
        messages: dict, Message-ID -> inventory name of the client.
    """
    found = []
    for message_id, host in messages.items():
        trace = ways.of(host, message_id)
        if trace is None or trace["verdict"] not in _ENDS:
            found.append(message_id)
    return sorted(found)


def put_off(ways, messages):
    """dict: inventory name -> queue ID, of the messages that their client has put off without an attempt; this tells nothing of now.

    For minutes after a relay did not answer, Postfix tries it no more. Sendmail leaves messages to its next queue run when
    the load is high.
    """
    found = {}
    for message_id, host in messages.items():
        trace = ways.of(host, message_id)
        if trace is None:
            continue
        _text, hop = _end_of(trace)
        if hop["host"] != host:
            continue
        suspended = bool(hop["deliveries"]) and hop["deliveries"][-1]["reply"].startswith(_SUSPENDED)
        if (trace["verdict"] == "deferred" and suspended) or (
            trace["verdict"] == "queued" and hop["mta"] == "sendmail"
        ):
            found[host] = hop["queue_id"]
    return found


def _handed_over(trace, host, relays):
    """(dict, dict, dict) or None: the last hop on the client, its delivery to a relay, and the hop there."""
    for hop in reversed(trace["hops"]):
        if hop["host"] != host:
            continue
        for step in hop["next"]:
            following = trace["hops"][step["hop"] - 1]
            if following["host"] in relays:
                return hop, hop["deliveries"][step["delivery"]], following
    return None


def _took(hop, delivery, since):
    """float: seconds from a moment on that host's clock to the end of this delivery; never negative.

    Where a log has whole seconds only, what Postfix itself has measured is more exact.
    """
    measured = delivery["delay"] if hop["mta"] == "postfix" and delivery["delay"] is not None else 0.0
    return max(delivery["time"] - since, measured, 0.0)


def _final(hop):
    """dict or None: the last delivery that was successful."""
    return next((delivery for delivery in reversed(hop["deliveries"]) if delivery["status"] == "sent"), None)


def _elapsed(sent, handed, relay_hops):
    """float: seconds from the submission to the delivery. Each part is taken from one host's clock, since two may differ."""
    seconds = 0.0
    if handed is not None:
        seconds += _took(handed[0], handed[1], sent["submitted_at"])
    for hop in relay_hops:
        final = _final(hop)
        if final is not None:
            seconds += _took(hop, final, hop["arrival"] or hop["first"])
    return seconds


def _steps(trace):
    """list of dict: the way in short."""
    return [
        {
            "host": hop["host"],
            "mta": hop["mta"],
            "queue_id": hop["queue_id"],
            "status": hop["status"],
            "relay": hop["deliveries"][-1]["relay"] if hop["deliveries"] else "",
            "reply": hop["deliveries"][-1]["reply"] if hop["deliveries"] else "",
            "tls": hop["deliveries"][-1]["tls"] if hop["deliveries"] else "",
            "time": hop["last"],
        }
        for hop in trace["hops"]
        if hop["led_by"] is None
    ]


class Judge:
    """Names the end of each client's message.

    Args:
        site: trace.Site with what every host has told.
        ways: Ways.
        relays: collection of str, inventory names.
        recipient: str, to whom the messages went.
        signers: dict: inventory name of a relay that signs -> list of str, the domains.
    """

    def __init__(self, site, ways, relays, recipient, signers=()):
        self._site = site
        self._ways = ways
        self._relays = frozenset(relays)
        self._domain = recipient.rpartition("@")[2]
        self._signers = dict(signers)

    def verdict(self, host, sent, needs, has_tls=True):
        """dict: a check as of C(mail/checks), with C(detail) (what the logs say), C(log) (lines of the relay's log that say why),
        C(verdict), C(cause), C(seconds), C(tls),
        C(signed) (list of str), C(message_id) and C(hops).

        Args:
            host: str, the client's inventory name.
            sent: dict, the result of M(mailops.relay.smtp_probe), or C(problem) (str), with C(unreachable) (bool).
            needs: str, a key of NEEDS.
            has_tls: bool, whether this mail system can do TLS at all.
        """
        extra = {
            "detail": "",
            "log": [],
            "verdict": "",
            "cause": "",
            "seconds": None,
            "tls": "",
            "signed": [],
            "message_id": None,
            "hops": [],
        }
        if "problem" in sent:
            return self._not_sent(host, sent, extra)
        extra["message_id"] = sent["message_id"]
        trace = self._ways.of(host, sent["message_id"])
        if trace is None:
            return self._never_seen(host, extra)
        extra.update(verdict=trace["verdict"], hops=_steps(trace))
        handed = _handed_over(trace, host, self._relays)
        if handed is not None:
            extra["tls"] = handed[1]["tls"]
        if trace["verdict"] == "delivered":
            return self._with_signature(trace, self._delivered(host, sent, trace, handed, NEEDS[needs], has_tls, extra))
        return self._stuck(host, trace, extra)

    @staticmethod
    def _failed(host, extra, cause, seen, todo):
        return dict(failed(IDENTIFIER, host, seen, todo), **dict(extra, cause=cause))

    def _not_sent(self, host, sent, extra):
        extra["detail"] = _words(sent["problem"])
        if sent.get("unreachable"):
            extra["verdict"] = "unreachable"
            return self._failed(
                host,
                extra,
                "unreachable",
                "Ansible cannot reach it",
                f"Repair the login (ansible {host} -m ping), then verify again with --limit {host}.",
            )
        extra["verdict"] = "not sent"
        if sent.get("kind") == NOT_A_CLIENT:
            return self._failed(
                host,
                extra,
                "not_a_client",
                "does not send through the relay",
                f"Converge it: ansible-playbook mailops.relay.site --limit {host}.",
            )
        return self._failed(
            host,
            extra,
            "not_sent",
            "its mail system did not take the message",
            f"See whether a mail system is installed there and runs; ansible-playbook mailops.relay.site --limit {host} makes it so.",
        )

    def _never_seen(self, host, extra):
        extra["verdict"] = "lost"
        told = [entry for entry in self._site.results.get(host, ()) if "problem" not in entry]
        extra["detail"] = _words(self._site.problem_of(host))
        seen = f"lost from sight at {host}; no relay has seen it either"
        if not told:
            return self._failed(
                host,
                extra,
                "no_log",
                seen,
                f"Let {host} keep a log of its mail (rsyslog or the journal), and verify again.",
            )
        return self._failed(
            host,
            extra,
            "not_picked_up",
            seen,
            f"See whether the mail system of {host} runs (systemctl status postfix, sendmail or qmail) and what waits in its queue"
            " (mailq); then whether its log is written.",
        )

    def _delivered(self, host, sent, trace, handed, wanted, has_tls, extra):
        relay_hops = self._ways.relay_hops(trace)
        if not relay_hops:
            extra["detail"] = _end_of(trace)[0]
            return self._failed(
                host,
                extra,
                "past_the_relays",
                "delivered, but past the relays of the inventory",
                f"Make it their client: ansible-playbook mailops.relay.site --limit {host}.",
            )
        last = relay_hops[-1]
        final = _final(last)
        if final is not None and stays(self._site, last["host"], final):
            return self._failed(
                host,
                extra,
                "not_outside",
                "{} kept it ({}), so nothing went out".format(last["host"], final["relay"]),
                "Choose a verify_recipient outside the site, or take its domain out of mydestination on {}.".format(
                    last["host"]
                ),
            )
        extra["seconds"] = round(_elapsed(sent, handed, relay_hops), 3)
        trust, _blank, rest = extra["tls"].partition(" ")
        seen = "delivered in {}".format(_seconds_text(extra["seconds"]))
        if not has_tls:
            return dict(ok(IDENTIFIER, host, seen + ", no TLS (qmail has none)"), **extra)
        if trust in _ENCRYPTED:
            seen += " over {} ({})".format(
                {"Verified": "verified TLS", "Trusted": "TLS with a trusted certificate of another name"}.get(
                    trust, "TLS with a certificate that was not verified"
                ),
                rest,
            )
        elif handed is not None and handed[2]["tls"] not in ("", "none"):
            # A Postfix without smtp_tls_loglevel writes nothing of its TLS.
            trust = "Untrusted"
            seen += " over TLS as {} says ({}); the log of {} does not tell whether it verified the certificate".format(
                handed[2]["host"], handed[2]["tls"].partition(" ")[2], host
            )
        elif trust == "TLS":
            seen += f" over TLS; the log of {host} does not tell whether it verified the certificate"
        elif trust == "none":
            seen += " without TLS"
        elif handed is None:
            extra["detail"] = _words(self._site.problem_of(host))
            seen += f", over which TLS is not known: the log of {host} does not have it"
        else:
            seen += f", over which TLS the log of {host} does not tell"
        if wanted is None or trust in wanted:
            return dict(ok(IDENTIFIER, host, seen), **extra)
        if trust in _ENCRYPTED or trust == "none":
            return self._failed(
                host,
                extra,
                "tls_too_weak",
                seen,
                "Converge the client, so that it verifies the relay (the default of its role) and logs it; where less will do, say so in"
                " verify_tls.",
            )
        return self._failed(
            host,
            extra,
            "tls_not_known",
            seen,
            f"Let {host} log its TLS (smtp_tls_loglevel = 1 for Postfix) and keep its log, or say verify_tls=none.",
        )

    def _with_signature(self, trace, row):
        """dict: the same, with who has signed the message; not well where nobody has, and the relay signs for its sender."""
        relay_hops = self._ways.relay_hops(trace)
        if row["seconds"] is None:
            # It has not gone out.
            return row
        row["signed"] = [note["text"] for hop in relay_hops for note in hop["notes"] if note["kind"] == "signed"]
        if row["signed"]:
            row["seen"] += ", signed ({})".format("; ".join(row["signed"]))
            return row
        last = relay_hops[-1]
        domains = self._signers.get(last["host"], ())
        if not domains:
            return row
        row["seen"] += ", not signed"
        own = "." + (last["sender"] or "").rpartition("@")[2].lower()
        signer = next((domain for domain in domains if own.endswith("." + domain)), None)
        if signer is None or row["status"] != "ok":
            return row
        return self._failed(
            row["subject"],
            {name: row[name] for name in row if name not in ("id", "status", "subject", "seen", "todo")},
            "not_signed",
            "{}, though {} signs for {}".format(row["seen"], last["host"], signer),
            "Look for opendkim in the log of {}, and for signer-bypassed in what mailops.relay.site warns of.".format(
                last["host"]
            ),
        )

    def _stuck(self, host, trace, extra):
        text, hop = _end_of(trace)
        extra["detail"] = text
        said = hop["deliveries"] or refusals(hop)
        reply = said[-1]["reply"] if said else ""
        if trace["verdict"] in ("lost", "unknown"):
            return self._lost(host, hop, extra)
        if trace["verdict"] in ("queued", "deleted"):
            cause = "held" if "on hold" in text else "thrown_away" if THROWN_AWAY in text else trace["verdict"]
            todo = {
                "held": "Release it on {0}: ansible-playbook mailops.relay.queue --limit {0} -e queue_action=release -e queue_name=hold.",
                "thrown_away": "See which transport or filter of {0}, or behind it, throws it away, or choose another verify_recipient.",
                "deleted": "Someone or a rule on {0} deleted it; verify again.",
                "queued": "See what the mail system of {0} is doing (mailq, load, its log); a longer verify_timeout may do.",
            }[cause].format(hop["host"])
            return self._failed(host, extra, cause, "{} on {}".format(cause.replace("_", " "), hop["host"]), todo)
        if hop["host"] in self._relays:
            return self._stuck_at_relay(host, hop, trace["verdict"], reply, extra)
        return self._stuck_at_client(host, hop, trace["verdict"], reply, extra)

    def _lost(self, host, hop, extra):
        last = next((delivery for delivery in reversed(hop["deliveries"]) if delivery["status"] == "sent"), None)
        target = self._site.host_of(last["relay_host"], hop["host"]) if last is not None else None
        place = target or hop["host"]
        told = [
            entry
            for entry in self._site.results.get(place, ())
            if "problem" not in entry and entry["log"]["first"] is not None
        ]
        seen = f"lost from sight at {place}"
        if not told:
            return self._failed(
                host,
                extra,
                "no_log",
                seen,
                f"See whether Ansible reaches {place} and its mail is logged there (rsyslog or the journal), and verify again.",
            )
        if any(entry["log"]["gaps"] for entry in told):
            return self._failed(
                host,
                extra,
                "log_gap",
                seen,
                f"The log of {place} has lost lines; lift its rate limit (converge {place}), and verify again.",
            )
        return self._failed(
            host,
            extra,
            "lost",
            seen,
            f"See the queue and the log of {place}; if its log comes late, a longer verify_timeout may do.",
        )

    def _stuck_at_client(self, host, hop, verdict, reply, extra):
        delivery = hop["deliveries"][-1] if hop["deliveries"] else None
        named = {"name": "", "address": "", "port": None} if delivery is None else delivery["relay_host"]
        match = _CONNECT.search(reply)
        if match:
            named = {"name": match.group(1), "address": match.group(2), "port": int(match.group(3))}
        said = reply.rpartition(" by ")[2] if " refused by " in reply else ""
        if hop["mta"] == "sendmail" and (_LOOPBACK.match(said) or _LOOPBACK.match(named["address"])):
            return self._failed(
                host,
                extra,
                "own_daemon",
                f"{verdict} on {host}: its own mail daemon does not answer",
                f"See whether it runs on {host} (systemctl status sendmail). When the load is above RefuseLA, it takes no mail.",
            )
        name = named["name"].rstrip(".") if named["name"] != "none" else ""
        relay = self._site.host_of(named) or name or ",".join(sorted(self._relays))
        words = {
            "client": host,
            "relay": relay,
            "port": "port {}".format(named["port"]) if named["port"] else "the mail port",
        }
        if self._site.host_of(named) not in self._relays and self._is_of_the_domain(name, reply):
            return self._failed(
                host,
                extra,
                NOT_A_CLIENT,
                f"{verdict} on {host}: it does not send through the relay, but to {name or self._domain} itself",
                f"Converge it: ansible-playbook mailops.relay.site --limit {host}.",
            )
        for cause in AT_CLIENT:
            if cause.matches(reply):
                if cause.name in LOG_TELLS:
                    extra["log"] = self._complaints(relay, delivery["time"] if delivery else hop["last"])
                seen = f"{verdict} on {host}: {cause.meaning.format(**words)}"
                return self._failed(host, extra, cause.name, seen, cause.todo.format(**words))
        return self._failed(
            host,
            extra,
            "client",
            f"{verdict} on {host}, before any relay",
            f"The reason is what the mail system of {host} says; its log has more.",
        )

    def _stuck_at_relay(self, host, hop, verdict, reply, extra):
        words = {"relay": hop["host"], "domain": self._domain}
        if " said: " not in reply and AT_RELAY_ITSELF.matches(reply):
            found = AT_RELAY_ITSELF
            extra["log"] = self._complaints(hop["host"], hop["last"], None)
        else:
            found = next((cause for cause in AT_RELAY if cause.matches(reply)), _NEXT_HOP)
        seen = "{} on {}: {}".format(verdict, hop["host"], found.meaning.format(**words))
        return self._failed(host, extra, found.name, seen, found.todo.format(**words))

    def _is_of_the_domain(self, name, reply):
        """bool: whether a client has looked for the recipient's own mail system, or has sent to it."""
        domain = self._domain.lower()
        name = name.lower()
        match = _LOOKED_UP.search(reply)
        looked_up = match.group(1).lower().rstrip(".") if match else ""
        return bool(domain) and (
            looked_up == domain or name == domain or (name.endswith("." + domain) and "." in domain)
        )

    def _complaints(self, relay, moment, programs=_RECEIVING):
        """list of str: what the programs on a relay complained of about that time, the newest last.

        Args:
            relay: str, inventory name.
            moment: float, seconds since the epoch.
            programs: collection of str, or None for all.
        """
        told = [entry for result in self._site.results.get(relay, ()) for entry in result.get("complaints", ())]
        told = [entry for entry in told if programs is None or entry["program"] in programs]
        found = []
        for seconds in _NEAR:
            found = found or [entry for entry in told if abs(entry["time"] - moment) <= seconds]
        return ["{} {}: {}".format(relay, entry["program"], _words(entry["text"])) for entry in found[-_MOST_LINES:]]
