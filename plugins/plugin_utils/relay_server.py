# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role relay_server decides on the controller: unusable variables, the relay's address, and the firewall."""

import re

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    BITS,
    FAMILY_NAMES,
    AddressError,
    is_link_local,
    is_loopback,
    is_mapped,
    is_no_host,
    parse_address,
    parse_network,
    plain,
    read_network,
    strangers,
)
from ansible_collections.mailops.relay.plugins.module_utils.host.names import is_fqdn

_ZONE = re.compile(r"[A-Za-z0-9_-]{1,17}\Z")
# What may be an address of IPv6, in any notation.
_IPV6 = re.compile(r"(?<![\w.-])(?:(?i:ipv6):)?((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f.]*)")
_COMMENT = re.compile(r"[ -~]{1,255}\Z")
# Before what the role asks its host beside systemctl: the name of a program that is there, a section of the record of owners in which
# there is something, the host name of now and that of the next boot, /etc/hosts in base64, the files of the key and of the
# certificate that a role has Postfix serve, and the names of clients that it takes mail for.
_TOLD = re.compile(
    r"(program|recorded|hostname|hosts_file|pair|taken|keeps|signs|smtpd_milters|non_smtpd_milters)=(.*)\Z", re.S
)

# What the question to a client ends with where the relay itself has been asked (roles/relay_server/vars/main.yml).
RELAY_ITSELF = 77

# How the controller is called in a delegated task (C(LOCALHOST) of ansible.constants).
CONTROLLER = ("localhost", "127.0.0.1", "::1")

# Of a list of hosts that Postfix reads: what is no network is a name, a table or a file.
_HOST_LISTS = ("relay_server_bare_newline_exclusions", "relay_server_client_limit_exceptions")


def _network(text):
    """Network or None: what a text means, in whatever notation, bits of a host in it or not."""
    try:
        return read_network(text.strip(), strict=False) if isinstance(text, str) else None
    except AddressError:
        return None


def _families(protocols):
    """list of str: the families that C(inet_protocols) turns on."""
    wanted = str(protocols).lower()
    return [family for family in sorted(BITS) if family in wanted or "all" in wanted]


def _is_mapped(text):
    """bool: whether a text that is a network has IPv4 written as IPv6."""
    network = parse_address(text.strip().strip("[]").partition("/")[0])
    return network is not None and is_mapped(network)


def _network_problems(networks):
    if networks and not isinstance(networks, (list, tuple)):
        yield f'relay_server_networks: "{networks}" is not a list. Write [{networks}].'
        return
    if not networks:
        yield (
            "relay_server_networks: is empty, so no client could send."
            " List the networks of the clients, for example [192.168.1.0/24]."
        )
    for text in networks:
        network = _network(text)
        if network is None:
            yield f'relay_server_networks: "{text}" is not a network. Write address/prefix, for example 192.168.1.0/24.'
            continue
        if is_no_host(network):
            yield f'relay_server_networks: "{text}" is no host\'s address, so that no connection comes from it. Leave it out.'
            continue
        shortest = f"{network.address}/{network.prefix}"
        if text in (shortest, str(network)):
            continue
        if _is_mapped(text):
            why = "is IPv4 written as IPv6, from which no connection comes"
        elif text.strip()[:1] == "[" or text.strip()[:5].lower() == "ipv6:":
            why = "is not a network as firewalls write it"
        else:
            why = "has host bits or is not in its shortest form"
        advice = "List the networks of the clients" if strangers([network]) else f"Write {shortest}"
        yield f'relay_server_networks: "{text}" {why}. {advice}.'


def _host_list_problems(name, hosts):
    for text in hosts if isinstance(hosts, (list, tuple)) else ():
        network = _network(text.lstrip("!")) if isinstance(text, str) else None
        if network is None:
            continue
        inside = text.lstrip("!").strip("[]")
        # Debian's mynetworks has 127.0.0.0/8 in this way too; it is of no use and does no harm.
        if _is_mapped(inside) and not is_loopback(network) or inside[:5].lower() == "ipv6:":
            yield f'{name}: "{text}" is not an address as Postfix knows its clients by. Write {network}.'


def _address_problem(name, text, families, what):
    """str or None: why a text is no address for a host to use.

    Args:
        name: str, the variable.
        text: its value.
        families: list of str, that C(inet_protocols) turns on.
        what: str, a sentence that says what to write for an address that other hosts see; empty for one that they need not.
    """
    found = _network(text)
    address = parse_address(text) if isinstance(text, str) else None
    if found is None:
        return f'{name}: "{text}" is not an address. {what}'
    if "/" in text:
        meant = plain(text.strip().partition("/")[0].strip("[]"))
        return f'{name}: "{text}" is not an address. Write {meant}, without a prefix length.'
    if address is None or is_mapped(address):
        return f'{name}: "{text}" is not an address as Postfix reads it. Write {found.address}.'
    if address.family == "ipv6" and is_link_local(address):
        return f'{name}: "{text}" means another host on each link. Write an address that is not of fe80::/10.'
    if what and (is_no_host(address) or is_loopback(address)):
        return f'{name}: "{text}" is not an address that another host can know this one by. {what}'
    if families and address.family not in families:
        return (
            f'{name}: "{text}" is an {FAMILY_NAMES[address.family]} address, which relay_server_inet_protocols turns off.'
            f" Set that to all, or write an {FAMILY_NAMES[families[0]]} address."
        )
    return None


def _interface_problems(interfaces, families, told):
    """Yields what is wrong with the addresses on which Postfix listens; what is wrong with C(told) has been said."""
    for text in re.split(r"[\s,]+", interfaces) if isinstance(interfaces, str) else interfaces or ():
        # Names are Postfix's to find; brackets are all that it takes beside the address itself.
        if text != told and _network(text) is not None:
            inside = text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text
            yield from filter(None, [_address_problem("relay_server_inet_interfaces", inside, families, "")])


def _is_foreign(text, own):
    """bool: whether a text is an address that a host has not, as far as its own are known."""
    found = _network(text)
    if not own or found is None or not found.single or is_loopback(found) or is_no_host(found):
        return False
    return plain(found.address) not in {plain(address) for address in own}


def _listed(own):
    """str: a host's own addresses, but for those that mean another host on each link."""
    return ", ".join(text for text in own if not _network(text) or not is_link_local(_network(text)))


def _foreign_interfaces(interfaces, told, own):
    """Yields a sentence for each address on which Postfix could not listen."""
    for text in re.split(r"[\s,]+", interfaces) if isinstance(interfaces, str) else interfaces or ():
        if not isinstance(text, str) or not _is_foreign(text, own):
            continue
        name, instead = "relay_server_inet_interfaces", "Write one of these, or [all]"
        if text == told:
            name, instead = (
                "relay_server_address",
                "Write one of these, or, where a router translates the address, set relay_server_inet_interfaces to [all]",
            )
        yield (
            f'{name}: "{text}" is not an address of this host, which has {_listed(own)}: Postfix could not listen on it. {instead}.'
        )


def _firewall_problems(variables, units, unknown):
    wanted = variables["relay_server_firewall"]
    if unknown:
        yield (
            f'relay_server_firewall: "{wanted}", but systemctl did not say which firewall this host runs:'
            f" {unknown.strip().rstrip('.')}. Mend that, or set it to none, and the firewall is left alone."
        )
    if wanted == "iptables" and (units["firewalld_runs"] or units["firewalld_starts"]):
        yield (
            'relay_server_firewall: "iptables", but this host runs firewalld or starts it at boot, and each would undo the'
            " rules of the other. Set it to firewalld, or first stop and disable firewalld."
        )
    if wanted == "firewalld" and units["iptables_starts"] and not units["firewalld_runs"]:
        yield (
            'relay_server_firewall: "firewalld", but this host loads iptables rules at boot, and each would undo the rules'
            " of the other. Set it to iptables, or first disable the service iptables or netfilter-persistent."
        )


def _site_ca_problems(variables):
    # What makes keys is much to load for who has no such CA.
    from ansible_collections.mailops.relay.plugins.module_utils.host.keypair_plan import LONGEST_DAYS
    from ansible_collections.mailops.relay.plugins.module_utils.host.openssl import NameProblem, check_common_name
    from ansible_collections.mailops.relay.plugins.module_utils.host.site_ca import SHORTEST_PASSPHRASE

    host, path = str(variables["relay_server_tls_siteca_host"]), str(variables["relay_server_tls_siteca_path"])
    name, passphrase = (str(variables[f"relay_server_tls_siteca_{what}"]) for what in ("name", "passphrase"))
    if not host:
        yield (
            'relay_server_tls_siteca_host: "" is no host. Write localhost, which is the controller, or the host in the inventory that has'
            " the CA of the site."
        )
    if not path:
        where = (
            "There is no inventory file beside which it could be"
            if host in CONTROLLER
            else f"{host} is not the controller"
        )
        yield (
            f'relay_server_tls_siteca_path: "" is no file. {where}: write an absolute path for the file of the CA on {host or "that host"}.'
        )
    elif not path.startswith(("/", "~")):
        yield f'relay_server_tls_siteca_path: "{path}" is not an absolute path. Begin it with /.'
    # Never with its value.
    if len(passphrase) < SHORTEST_PASSPHRASE or len(passphrase.splitlines()) > 1:
        was = f"has less than {SHORTEST_PASSPHRASE} characters, or a line break" if passphrase else "is empty"
        yield (
            f"relay_server_tls_siteca_passphrase: it {was}, and it is all that protects the key of the CA from who has a copy of its file."
            " Write a long random one, as of `openssl rand -base64 32`, in a file that ansible-vault encrypts."
        )
    try:
        check_common_name(name)
    except NameProblem as exc:
        yield f"relay_server_tls_siteca_name: {str(exc).partition(': ')[2]}"
    days, before = (int(variables[f"relay_server_tls_{what}"]) for what in ("siteca_valid_days", "renew_before_days"))
    if days > LONGEST_DAYS:
        yield f"relay_server_tls_siteca_valid_days: {days} is more than {LONGEST_DAYS}. Write a smaller number."
    # The CA is made anew at the latest when a third of its life is left.
    if days <= 3 * before:
        yield (
            f"relay_server_tls_siteca_valid_days: {days} is not more than three times relay_server_tls_renew_before_days, {before}, so that"
            " certificates would be renewed at every run when the CA ends. Write a larger number."
        )


def problems(variables, units, unknown, own=()):
    """Yields a sentence or two for each variable that cannot be used, in their order.

    Args:
        variables: dict: name of a variable of the role -> its value.
        units: dict, of C(firewall_units).
        unknown: str, why nothing could be asked about them; empty when it could.
        own: list of str, the host's own addresses; empty where they are not known.
    """
    hostname, address = variables["relay_server_hostname"], variables["relay_server_address"]
    outbound, families = variables["relay_server_outbound_address"], _families(variables["relay_server_inet_protocols"])
    zone, comment = variables["relay_server_firewall_zone"], variables["relay_server_firewall_comment"]
    if not is_fqdn(str(hostname)):
        yield (
            f'relay_server_hostname: "{hostname}" is not a fully qualified domain name.'
            " Write host and domain, for example smtp-relay001.example.com."
        )
    yield from _network_problems(variables["relay_server_networks"])
    networks = _networks(variables["relay_server_networks"])
    wanted = [family for family in families if any(network.family == family for network in networks)]
    if address == "" and families and networks:
        yield (
            f'relay_server_address: "" is not an address: this host has none of {" or ".join(map(FAMILY_NAMES.get, wanted or families))},'
            " as relay_server_networks and relay_server_inet_protocols want it. Set it to the address on which the clients"
            " reach this host."
        )
    else:
        what = "Set it to the address on which the clients reach this host."
        yield from filter(None, [_address_problem("relay_server_address", address, families, what)])
    yield from _interface_problems(variables["relay_server_inet_interfaces"], families, address)
    yield from _foreign_interfaces(variables["relay_server_inet_interfaces"], address, own)
    if outbound:
        what = "Write the address from which mail leaves, or leave it empty."
        problem = _address_problem("relay_server_outbound_address", outbound, families, what)
        if problem is None and _is_foreign(outbound, own):
            problem = (
                f'relay_server_outbound_address: "{outbound}" is not an address of this host, which has {_listed(own)}.'
                " Write one of these, or leave it empty; where a router translates the address, mail leaves this host with one of these."
            )
        yield from filter(None, [problem])
    for name in _HOST_LISTS:
        yield from _host_list_problems(name, variables[name])
    if not _ZONE.match(str(zone)):
        yield (
            f'relay_server_firewall_zone: "{zone}" is not a zone name for firewalld:'
            " at most 17 letters, digits, _ and - (iptables chain names hold no more)."
        )
    files = variables["relay_server_tls_ownca_path"] and variables["relay_server_tls_ownca_privatekey_path"]
    if variables["relay_server_tls_provider"] == "ownca" and not files:
        yield (
            'relay_server_tls_provider: "ownca" needs relay_server_tls_ownca_path and'
            " relay_server_tls_ownca_privatekey_path, the CA certificate and key on this host."
        )
    if variables["relay_server_tls_provider"] == "siteca":
        yield from _site_ca_problems(variables)
    renew, switch, valid = (
        int(variables[f"relay_server_tls_{name}_days"]) for name in ("renew_before", "switch_before", "valid")
    )
    # With all the days of a certificate nobody is waited for.
    if switch and renew <= switch < valid:
        yield (
            f"relay_server_tls_switch_before_days: {switch} is not less than relay_server_tls_renew_before_days, {renew}, so that clients"
            " would have no time to trust the next certificate. Write a smaller number, or leave it out."
        )
    if variables["relay_server_tls_ca_file"] and variables["relay_server_tls_provider"] != "existing":
        yield (
            'relay_server_tls_ca_file: it belongs to relay_server_tls_provider "existing" and is not read with'
            f' "{variables["relay_server_tls_provider"]}". Leave it empty.'
        )
    yield from _firewall_problems(variables, units, unknown)
    if not _COMMENT.match(str(comment)):
        yield (
            f'relay_server_firewall_comment: "{comment}" cannot be the comment of a rule:'
            " 1 to 255 printable ASCII characters."
        )


def _candidates(addresses):
    """list of Network: those of a host's own addresses that another host can call it by."""
    found = [address for address in map(_network, addresses) if address is not None and address.single]
    found = [address for address in found if not is_loopback(address)]
    found = [address for address in found if address.family == "ipv4" or not is_link_local(address)]
    # IPv4 in the order of its text, as ever; of IPv6 a static address, which is short, before one that was made up.
    return sorted(
        found, key=lambda address: (address.family, address.number if address.family == "ipv6" else address.address)
    )


def _networks(texts):
    return list(filter(None, map(_network, texts if isinstance(texts, (list, tuple)) else [texts])))


def addresses_within(networks, addresses):
    """list of str: of each family the first of a host's addresses that is in a network, the networks in their order; IPv4 first.

    It is asked before anything has been checked: what is not a network is passed over.

    Args:
        networks: list of str.
        addresses: list of str, the host's own.
    """
    found = {}
    for network in _networks(networks):
        for address in _candidates(addresses):
            if network.contains(address):
                found.setdefault(address.family, address.address)
    return [found[family] for family in sorted(found)]


def own_addresses(networks, addresses, defaults, protocols, first=""):
    """list of str: the host's own address for each family of the clients' networks, IPv4 first.

    It is that of ``addresses_within``, else the one with the default route, else the only one that the host has.

    Args:
        networks: list of str.
        addresses: list of str, the host's own.
        defaults: list of str, those with a default route; empty ones are passed over.
        protocols: str, Postfix's C(inet_protocols): which families are used.
        first: str, the address that stands for its family, and comes first; empty to choose one.
    """
    wanted = set(network.family for network in _networks(networks))
    within = [parse_address(text) for text in addresses_within(networks, addresses)]
    given = _network(first) if isinstance(first, str) and first else None
    found = [] if given is None else [given]
    for family in _families(protocols):
        if (given is not None and given.family == family) or (wanted and family not in wanted):
            continue
        own = [address for address in _candidates(addresses) if address.family == family]
        choice = [address for address in within + _candidates(defaults) if address.family == family]
        found += (choice or (own if len(own) == 1 else []))[:1]
    return [address.address for address in found]


def in_brackets(host):
    """An element of a list of hosts as Postfix wants it: a network of IPv6 in brackets, anything else as it is."""
    if not isinstance(host, str):
        return host
    text = host.lstrip("!")
    try:
        network = parse_network(text, strict=False)
    except AddressError:
        return host
    if network.family != "ipv6":
        return host
    address, slash, prefix = text.partition("/")
    return f"{host[: len(host) - len(text)]}[{plain(address)}]{slash}{prefix}"


def _units(lines):
    """list of dict: the properties of each unit that C(systemctl show) tells; an empty line is between two units."""
    units = [{}]
    for line in lines:
        if line:
            name, _equals, value = line.partition("=")
            units[-1][name] = value
        else:
            units.append({})
    return units


def firewall_units(lines):
    """dict: C(firewalld_runs), C(firewalld_starts) at boot and C(iptables_starts), bool each.

    Args:
        lines: list of str, what C(systemctl show --property=ActiveState,UnitFileState) says of firewalld first, then of the
            two services that load iptables rules; an empty line between two units, and nothing where it was not asked. What
            follows is of no interest.
    """
    units = _units(lines)[:3]
    starts = [unit.get("UnitFileState", "").startswith("enabled") for unit in units]
    return {
        "firewalld_runs": units[0].get("ActiveState") == "active",
        "firewalld_starts": starts[0],
        "iptables_starts": any(starts[1:]),
    }


def host_state(lines):
    """What a host has and runs.

    Args:
        lines: list of str, what C(systemctl show --property=Id,ActiveState,UnitFileState) says, an empty line between two units, and
            C(program=NAME), C(recorded=SECTION), see ``host/owners_record``, C(hostname=NAME) twice, C(hosts_file=BASE64),
            C(pair=PATH) twice, C(taken=NAME) for each client's name that it takes mail for, C(keeps=root) where it refuses what would
            stay with its own root, and for a relay that signs C(signs=LINE) for each line of its KeyTable, C(smtpd_milters=LIST) and
            C(non_smtpd_milters=LIST); nothing where it was not asked.

    Returns:
        dict: C(services), those that run and start at boot, C(programs), those that are there, C(recorded), and C(hostnames), that of
        now and that of the next boot, C(pair), the files of the key and of the certificate that a role has Postfix serve, C(taken) and
        C(keeps); lists of str. C(hosts_file) is the content of /etc/hosts in base64 (str).
        C(signs), list of str, are the paths of the keys that sign, C(smtpd_milters) and C(non_smtpd_milters) (str) the milters of Postfix.
    """
    told = {
        name: []
        for name in (
            "program",
            "recorded",
            "hostname",
            "hosts_file",
            "pair",
            "taken",
            "keeps",
            "signs",
            "smtpd_milters",
            "non_smtpd_milters",
        )
    }
    units = []
    for line in lines:
        match = _TOLD.match(line)
        if match:
            told[match[1]].append(match[2])
        else:
            units.append(line)
    ready = [
        unit for unit in _units(units) if (unit.get("ActiveState"), unit.get("UnitFileState")) == ("active", "enabled")
    ]
    return {
        "services": [unit.get("Id", "").removesuffix(".service") for unit in ready],
        "programs": told["program"],
        "recorded": told["recorded"],
        "hostnames": told["hostname"],
        "hosts_file": "".join(told["hosts_file"]),
        "pair": told["pair"],
        "taken": told["taken"],
        "keeps": told["keeps"],
        # A line of OpenDKIM's KeyTable ends with domain, selector and path.
        "signs": [line.split(":", 2)[-1] for line in told["signs"]],
        "smtpd_milters": "".join(told["smtpd_milters"]),
        "non_smtpd_milters": "".join(told["non_smtpd_milters"]),
    }


def firewall(units, wanted):
    """str: C(firewalld), C(iptables) or C(none). What runs now comes first, then what the next boot would start.

    Args:
        units: dict, of C(firewall_units).
        wanted: str, one of these, or C(auto).
    """
    if wanted != "auto":
        return wanted
    if units["firewalld_runs"]:
        return "firewalld"
    if units["iptables_starts"]:
        return "iptables"
    return "firewalld" if units["firewalld_starts"] else "none"


def users(results, names):
    """Yields a sentence for each client that still sends to a relay, or may do so.

    Args:
        results: list of dict, of a task that asked each client (C(item)) to which hosts it sends.
        names: list of str, the relay's names and addresses.
    """
    named = re.compile(
        r"(?<![\w.-])(?:{0})(?!\.?[\w-])".format(
            "|".join(re.escape(name) for name in names if name and ":" not in name)
        ),
        re.I,
    )
    addresses = {plain(name) for name in names if name}
    for result in results:
        client, said = result["item"], result.get("stdout", "")
        if result.get("rc") == RELAY_ITSELF:
            yield (
                f"{client} could not be asked whether it still sends to this relay, which answered itself, so it counts as a client of"
                f" it. Write ansible_host of {client} without inventory_hostname, which is the relay's in a delegated task."
            )
        elif result.get("unreachable") or result.get("rc") != 0:
            yield f"{client} could not be asked whether it still sends to this relay, so it counts as a client of it."
        elif named.search(said) or any(plain(text) in addresses for text in _IPV6.findall(said)):
            yield f"{client} still sends to this relay."
