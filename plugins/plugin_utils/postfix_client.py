# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_client gives to M(mailops.relay.postfix_config), worked out once for a host."""

from ansible_collections.mailops.relay.plugins.plugin_utils import local_mail, trust
from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_list

# What is told from each host's variables, by their names without the role's prefix.
VARIABLES = (
    "relays",
    "port",
    "inet_protocols",
    "myorigin",
    "tls_security_level",
    "tls_ca_file",
    "tls_excluded_protocols",
    "root_recipient",
    "main",
)


def next_hops(relays, default_port):
    """list of str: relays as Postfix names them in relayhost, C([name]:port).

    Args:
        relays: list of dict, C(name), and C(port) where it differs.
        default_port: int, the port of a relay that names none.
    """
    entries = a_list("nexthops", relays, of_dicts=True, keys=("name",))
    return [f"[{relay['name']}]:{relay.get('port', default_port)}" for relay in entries]


def settings(values, results, installed, own_file, check_mode):
    """What is set on a client, and whether what it is to trust is known.

    Args:
        values: dict, of VARIABLES -> the value of the role's variable.
        results: list of dict, what was read of the relays' certificates, by M(mailops.relay.relay_certificate_info).
        installed: str, what the host says that it trusts now: its smtp_tls_CAfile, its smtp_tls_secure_cert_match, and the certificates
            in C(own_file); empty where it was not asked.
        own_file: str, the file that the role makes for what vouches for the relays.
        check_mode: bool.

    Returns:
        dict: C(main), C(append), C(tables), C(files) and C(prefer_system_ca) for M(mailops.relay.postfix_config); C(anchors), of C(trust.anchors);
        C(in_doubt) (bool), whether that names something that cannot be verified as things are; C(not_asked) (list of str), the
        relays' hosts that nobody has asked.
    """
    level, ca_file = values["tls_security_level"], values["tls_ca_file"]
    verified = level in ("secure", "verify")
    anchors = trust.anchors(values["relays"], results, trust.RELAY_CLIENT, int(values["port"]), check_mode, installed)
    reads = verified and not ca_file
    # With nothing new about some of the relays, a file of ours that is in use is not replaced by all public authorities.
    public = anchors["public"] and installed.partition("\n")[0].rstrip("\r") != own_file
    asked = [result["item"]["host"] for result in results]
    hosts = [relay["host"] for relay in values["relays"] if "certificate" not in relay and "host" in relay]
    return {
        "main": _main(values, verified, own_file, anchors["names"]),
        **local_mail.client_settings(values["root_recipient"]),
        "files": _files(own_file, anchors["text"], verified, ca_file),
        "prefer_system_ca": ["smtp_tls_CAfile"] if reads and public else [],
        "anchors": anchors,
        "in_doubt": reads and not anchors["settled"],
        "not_asked": [host for host in dict.fromkeys(hosts) if host not in asked],
    }


def _main(values, verified, own_file, names):
    hops = next_hops(values["relays"], values["port"])
    protocols = values["tls_excluded_protocols"]
    found = {
        "inet_interfaces": "loopback-only",
        "inet_protocols": values["inet_protocols"],
        "mydestination": "",
        "mynetworks": ["127.0.0.0/8", "[::1]/128"],
        "myorigin": values["myorigin"],
        "local_transport": "error:local delivery disabled",
        "relayhost": hops[0],
        # A list in relayhost itself needs Postfix 3.5; this does the same on every version.
        "smtp_fallback_relay": hops[1:] or None,
        "smtp_tls_security_level": values["tls_security_level"],
        "smtp_tls_loglevel": 1,
        "smtp_tls_protocols": protocols,
        "smtp_tls_mandatory_protocols": protocols,
        # Up to Postfix 3.5 the default is md5; where the library refuses that (FIPS), there is no TLS at all.
        "smtp_tls_fingerprint_digest": "sha256",
        "smtpd_tls_fingerprint_digest": "sha256",
    }
    if verified:
        # What vouches for the relays is all that is trusted. Only for public authorities postfix_config takes the host's own file of
        # them, so that a client need not be converged when one of them changes its root.
        known = {str(relay["name"]).lower() for relay in values["relays"]}
        # A relay whose name changes is known by both until its next certificate takes its place.
        matches = ["nexthop"] + [name for name in names if name.lower() not in known]
        found.update(
            smtp_tls_secure_cert_match=matches,
            smtp_tls_verify_cert_match=matches,
            smtp_tls_CAfile=values["tls_ca_file"] or own_file,
            smtp_tls_CApath="",
        )
    return dict(found, **values["main"])


def _files(own_file, text, verified, ca_file):
    if verified and not ca_file:
        return [{"path": own_file, "content": text}]
    # Where another file is named, one of an earlier run is of no use: 0.4.0 could leave a private key in it.
    if verified and ca_file != own_file:
        return [{"path": own_file, "state": "absent"}]
    return []
