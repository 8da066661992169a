# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_server decides about DKIM: its keys, unusable wishes, and what to say of a key that does not sign yet."""

import re
from collections.abc import Mapping

from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record

# Where the keys are: SELinux has a type for this directory (dkim_milter_private_key_t), and OpenDKIM's packages for EL have made it.
DIRECTORY = "/etc/opendkim/keys"
# Where Postfix finds the signer without a socket.
_PORT = "inet:127.0.0.1:8891"
# A signer of this role, of any release.
_OURS = re.compile(re.escape(_PORT) + r"\Z|unix:mailops-relay/")

_SIZE = 2048
_LISTS = ("smtpd_milters", "non_smtpd_milters")
_VARIABLE = "relay_server_dkim"
# A milter of Postfix's list; with settings of its own it is in braces (Postfix 3.0).
_MILTER = re.compile(r"\{[^{}]*\}|(?:\$\{[^{}]*\}|[^\s,{}])+")


def keys(entries, hostname):
    """list of dict: C(domain), C(selector), C(size) and C(path) of each key that is asked for.

    Args:
        entries: list of dict, relay_server_dkim; what is none is passed over.
        hostname: str, of the relay, of which the first label is its selector.
    """
    found = []
    for entry in entries if isinstance(entries, (list, tuple)) else ():
        if not isinstance(entry, Mapping) or not isinstance(entry.get("domain"), str):
            continue
        domain = entry["domain"].lower()
        selector = str(entry.get("selector") or str(hostname).partition(".")[0])
        found.append(
            {
                "domain": domain,
                "selector": selector,
                "size": entry.get("size", _SIZE),
                "path": f"{DIRECTORY}/{dkim_record.record_name(domain, selector)}.pem",
            }
        )
    return found


def signing(wanted, published):
    """list of dict: the keys as M(mailops.relay.opendkim_config) takes them.

    Args:
        wanted: list of dict, of C(keys).
        published: list of str, the paths of those that the world is known to see.
    """
    return [
        {
            "domain": key["domain"],
            "selector": key["selector"],
            "path": key["path"],
            "published": key["path"] in published,
        }
        for key in wanted
    ]


def asked(made):
    """list of dict: the keys as M(mailops.relay.dkim_published_info) takes them.

    Args:
        made: list of dict, the results of M(mailops.relay.dkim_key); in check mode some are not made yet.
    """
    return [{name: key[name] for name in ("domain", "selector", "public_key")} for key in made if key.get("public_key")]


def problems(entries, hostname, main, others, there):
    """Yields a sentence or two for each wish that cannot be fulfilled.

    Args:
        entries: list of dict, relay_server_dkim.
        hostname: str, of the relay.
        main: dict, relay_server_main.
        others: dict: name of another relay -> (its relay_server_dkim, its host name).
        there: dict, C(smtpd_milters) and C(non_smtpd_milters) (str) as they are on the host.
    """
    for position, entry in enumerate(entries, 1):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("domain"), str):
            yield f"{_VARIABLE}: element {position} has no domain. Write {{domain: example.com}}."
    wanted = keys(entries, hostname)
    taken = {}
    for host, (its, name) in others.items():
        for key in keys(its, name):
            taken.setdefault((key["domain"], key["selector"].lower()), host)
    for position, key in enumerate(wanted):
        try:
            dkim_record.check_names(key["domain"], key["selector"])
            size = key["size"] if isinstance(key["size"], int) else int(str(key["size"]))
            dkim_record.check_size(size)
        except dkim_record.DkimError as exc:
            yield f"{_VARIABLE}: {exc}"
            continue
        except ValueError:
            yield f'{_VARIABLE}: size: "{key["size"]}" is not a whole number. Write 2048.'
            continue
        if key["domain"] in [other["domain"] for other in wanted[:position]]:
            yield f"{_VARIABLE}: {key['domain']} is named twice, and one key signs for a domain. Take one of them out."
        other = taken.get((key["domain"], key["selector"].lower()))
        if other is not None:
            yield (
                f"{_VARIABLE}: {other} has the selector {key['selector']} for {key['domain']} too, and the DNS holds one key under it, so"
                f" that what one of the two signs would not verify. {_own_selector(key['selector'], hostname)}"
            )
    if isinstance(main, Mapping) and wanted and "accept" in str(main.get("milter_default_action", "")):
        yield (
            "relay_server_main: with milter_default_action = accept mail leaves unsigned while the signer is down. Take it out, and such"
            " mail waits at its client."
        )
    for name in _LISTS if wanted else ():
        foreign = [one for one in _MILTER.findall(there.get(name, "")) if not _OURS.match(one)]
        if foreign and not (isinstance(main, Mapping) and name in main):
            # What is taken back later returns to what was there before, so only a variable can keep what came in between.
            yield (
                f"{_VARIABLE}: this host has {name} = {', '.join(foreign)} already, which the signer would replace. Write it into"
                f" relay_server_main, as {{{name}: '{', '.join(foreign)}'}}; the role puts the signer behind it."
            )


def _own_selector(selector, hostname):
    """str: how two relays come to a selector each, also where they have their variables in common."""
    if selector.lower() == str(hostname).partition(".")[0].lower():
        return "Name another selector in the variables of one of the two hosts."
    return (
        "Leave selector out, and each takes the first label of its name; for a further key, write inventory_hostname_short into it, with"
        " which common variables give each relay its own."
    )


def milters(listed, socket):
    """str: a list of milters with the signer at its end, those of others as they are.

    Args:
        listed: str or list, smtpd_milters or non_smtpd_milters as it is.
        socket: str, of the signer, below Postfix's queue directory; empty where it has a port.
    """
    text = " ".join(map(str, listed)) if isinstance(listed, (list, tuple)) else str(listed or "")
    others = [one for one in _MILTER.findall(text) if not _OURS.match(one)]
    signer = "unix:" + socket if socket else _PORT
    # A list that names the other one has the signer with it, and would sign twice.
    return ", ".join(others if any("smtpd_milters" in one for one in others) else [*others, signer])


def verdicts(made, seen):
    """What is known of keys that do not sign yet.

    Args:
        made: list of dict, the results of M(mailops.relay.dkim_key).
        seen: dict, the result of M(mailops.relay.dkim_published_info), failed or not.

    Returns:
        dict: C(published), list of str, the paths of the keys that the world sees; C(wrong), list of str, sentences on those in the
        place of which the DNS has something else; C(waiting), list of str, what to publish for each of the others.
    """
    by_name = {record["record_name"]: record for record in seen.get("records", ())}
    found = {"published": [], "wrong": [], "waiting": []}
    for key in made:
        name = dkim_record.record_name(key["domain"], key["selector"])
        record = by_name.get(name, {"verdict": "unknown", "seen": _why_unknown(key, seen)})
        if record["verdict"] == "published":
            found["published"].append(key["path"])
        elif record["verdict"] == "different":
            found["wrong"].append(
                f"{_VARIABLE}: the DNS has under {name} what does not verify this host's key {key['path']}: {record['seen']}. Publish"
                f" the record of this key, or give {key['domain']} another selector. Nothing is signed with it until then. {key['zone_record'].strip()}"
            )
        else:
            what = "is not published" if record["verdict"] == "missing" else "may not be published"
            found["waiting"].append(
                f"Not signed with yet: {name} {what} ({record['seen']}). Publish this record, and run the role again."
                f"\n{(key.get('zone_record') or '').strip()}"
            )
    return found


def _why_unknown(key, seen):
    if not key.get("public_key"):
        return "the key is not made yet"
    return str(seen.get("msg") or "the DNS was not asked").strip().rstrip(".")
