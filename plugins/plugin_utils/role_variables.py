# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a host's variables are what a role of this collection takes, by the role's meta/argument_specs.yml.

Ansible would check that too, but answers with the whole specification, and does not notice a name that is misspelt. So the entry
in the file has a name that is none of the role's files, and Ansible only documents it.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

from ansible.module_utils.common.yaml import yaml_load
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.mailops.relay.plugins.plugin_utils import (
    client_relays,
    local_mail,
    relay_server,
    sender_addresses,
    smarthost_problems,
    world_tls,
)
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory_names import client_names
from ansible_collections.mailops.relay.plugins.plugin_utils.variables import (
    choice,
    misspelt,
    not_to_be_had,
    number,
    truth,
)

ROLES = ("relay_server", "relay_client", "sendmail_client", "qmail_client")
_ROOT = Path(__file__).resolve().parents[2]
_ENTRY = "variables"

# Numbers that make no sense at 0; all others begin there.
_LEAST = {
    "relay_server_recipient_limit": 1,
    "relay_server_tls_key_size": 1,
    "relay_server_tls_valid_days": 1,
    "relay_server_tls_siteca_valid_days": 1,
    "qmail_client_service_timeout": 1,
}

# Lists that Postfix, or a module's own option, takes as one text too: it is divided there.
_TEXT_WILL_DO = (
    "relay_server_inet_interfaces",
    "relay_server_mydestination",
    "relay_server_smtpd_relay_restrictions",
    "relay_server_tls_excluded_protocols",
    "relay_server_tls_excluded_ciphers",
    "relay_server_firewall_ports",
    "relay_server_accept_risks",
    "relay_client_tls_excluded_protocols",
    "relay_client_accept_risks",
    "qmail_client_accept_risks",
)

# The fact that a role cannot do without, and what it comes with.
_FACTS = {"relay_server": "interfaces", "relay_client": "module_setup", "qmail_client": "module_setup"}

# On Debian the packages of their mail systems replace one another.
_ONE_OF = ("relay_client", "sendmail_client")

_STAND_INS = {"list": [], "dict": {}, "int": 0, "bool": False}


@functools.cache
def options_of(role):
    """dict: each variable of a role -> its entry in meta/argument_specs.yml."""
    text = (_ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8")
    return yaml_load(text)["argument_specs"][_ENTRY]["options"]


def problems(role, variables, template, units=None, unknown=""):
    """What is wrong with the variables of a host.

    Args:
        role: str, one of ROLES.
        variables: dict, all variables of the host as they are, templates and all.
        template: function, (value) -> what it is worth; raises where it is not to be had.
        units: dict, of C(firewall_units), for relay_server.
        unknown: str, why nothing could be asked about these; empty when it could.

    Returns:
        list of str: sentences, one or two for each variable; empty when all is well.
    """
    options, facts = options_of(role), variables.get("ansible_facts") or {}
    wrong = dict(_facts_missing(role, facts))
    values = {}
    for name, near in misspelt([name for name in variables if str(name).startswith(f"{role}_")], options).items():
        what = f"Write {near}" if near else f"Take it out, or give it a name that does not begin with {role}_"
        wrong[name] = [f"{name}: the role {role} knows no such variable. {what}."]
    without_facts = bool(wrong.get("ansible_facts"))
    for name, option in options.items():
        values[name] = option.get("default", _STAND_INS.get(option["type"], ""))
        if name not in variables:
            continue
        try:
            value = template(variables[name])
        # A template can raise anything.
        except Exception as exc:
            if not without_facts:
                wrong[name] = [not_to_be_had(name, exc) + "."]
            else:
                wrong.setdefault(name, [])
            continue
        found = _wrong(name, value, option)
        if found:
            wrong[name] = [found]
        else:
            values[name] = value
    told = [sentence for sentences in wrong.values() for sentence in sentences]
    if values[f"{role}_state"] == "present":
        told.extend(_two_mail_systems(role, variables.get("group_names") or ()))
    # What only follows from a variable that has been named already says nothing new.
    return told + [
        sentence
        for sentence in ([] if without_facts else _meant(role, values, facts, units, unknown, variables))
        if sentence.partition(":")[0] not in wrong
    ]


def _two_mail_systems(role, groups):
    """Yields a sentence where the package of each role takes away that of the other, so that each run would do both."""
    if role in _ONE_OF and all(f"{name}s" in groups for name in _ONE_OF):
        yield (
            f"group_names: this host is in {' and in '.join(f'{name}s' for name in _ONE_OF)}, and one mail system sends a host's mail."
            " Take it out of one of these groups; what the role has set there, its state absent takes back."
        )


def _facts_missing(role, facts):
    fact = _FACTS.get(role)
    if fact is None or fact in facts:
        return
    if "module_setup" in facts:
        yield (
            "ansible_facts",
            [
                "ansible_facts: this host's network is not among its facts. Gather them with gather_subset: ['!all', min, network];"
                " the host needs the program ip (package iproute, on Debian iproute2)."
            ],
        )
    else:
        yield (
            "ansible_facts",
            [
                f"ansible_facts: nothing is known of this host, and the role {role} needs its facts. Take gather_facts: false out of the"
                " play, or gather them before with ansible.builtin.setup and gather_subset: ['!all', min, network]."
            ],
        )


def _shown(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a dictionary"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value)
    return f'"{text if len(text) <= 60 else text[:60] + "…"}"'


def _wrong(name, value, option):
    """str or None: the sentence on a value that is not of the option's type, or none of its choices."""
    kind = option["type"]
    if value is None:
        fitting = {"list": "[]", "dict": "{}", "str": "''"}.get(kind)
        what = f"Write {fitting} for none, or leave" if fitting else "Leave"
        return f"{name}: null is no value. {what} it out for the default."
    if kind == "bool":
        return _ended(truth(name, value))
    if kind == "int":
        return _wrong_number(name, value)
    if "choices" in option:
        return _ended(choice(*option["choices"])(name, value))
    if kind == "list":
        return _wrong_list(name, value, option)
    if kind == "dict":
        if isinstance(value, Mapping):
            return None
        return f"{name}: {_shown(value)} is not a dictionary. Write {{name: value}}; on the command line -e '{{\"{name}\": {{…}}}}'."
    if isinstance(value, (bool, Mapping, list, tuple)):
        return f"{name}: {_shown(value)} is not a text. Write one in quotes."
    return None


def _ended(sentence):
    return sentence and sentence + "."


def _wrong_number(name, value):
    port = name.endswith("_port")
    sentence = number(1 if port else _LEAST.get(name, 0))(name, value)
    if sentence is None and port and int(value) > 65535:
        return f"{name}: {value} is not between 1 and 65535. Write the number of a port."
    return _ended(sentence)


# A key of which it is the only list -> what an element of it may be.
_EXAMPLES = {
    "via": "sender: tenant.example, via: mx",
    "per_minute": "name: provider, domains: [example.com], per_minute: 30",
    "hosts": "name: provider, hosts: [smtp.provider.example]",
    "domain": "domain: example.com",
    "name": "name: smtp-relay001.example.com",
}


def _wrong_list(name, value, option):
    def _shown_there(found):
        # What was written in the wrong form may be the password.
        hidden = isinstance(found, (str, int)) and "password" in option.get("options", ())
        return "a text" if hidden and not isinstance(found, bool) else _shown(found)

    if isinstance(value, str) and name in _TEXT_WILL_DO:
        return None
    if not isinstance(value, (list, tuple)):
        example = next(text for key, text in _EXAMPLES.items() if key in option.get("options", {"name": {}}))
        instead = f"[{{{example}}}]" if "options" in option else f"[{'…' if value == '' else value}]"
        if isinstance(value, Mapping):
            instead = "a list, each element after a hyphen"
        return f"{name}: {_shown_there(value)} is not a list. Write {instead}."
    of_dicts = option["elements"] == "dict"
    for position, element in enumerate(value, 1):
        if of_dicts and not isinstance(element, Mapping):
            first = "domain" if "domain" in option.get("options", ()) else "name"
            named = "options" in option or name.endswith("_master")
            instead = f"{{{first}: …}}" if named else "its names and values"
            return f"{name}: element {position}, {_shown_there(element)}, is not a dictionary. Write {instead}."
        if not of_dicts and (element is None or isinstance(element, (bool, Mapping, list, tuple))):
            return f"{name}: element {position}, {_shown_there(element)}, is not a text. Write one in quotes."
        if "options" in option:
            for key, near in misspelt(element, option["options"]).items():
                instead = f"Write {near}" if near else f"Write {', '.join(option['options'])}"
                return f'{name}: element {position} has "{key}", which nobody knows. {instead}.'
    return None


def _meant(role, values, facts, units, unknown, variables):
    """list of str: what is wrong with values that are of their types."""
    if role == "relay_server":
        own = list(facts.get("all_ipv4_addresses") or []) + list(facts.get("all_ipv6_addresses") or [])
        named = [*own, values["relay_server_hostname"], values["relay_server_address"]]
        return [*relay_server.problems(values, units, unknown, own), *_about_mail(values, variables, named)]
    relays, port = values[f"{role}_relays"], values[f"{role}_port"]
    told = []
    name = f"{role}_root_recipient"
    fqdn = str(values.get("qmail_client_hostname") or facts.get("fqdn") or "")
    told += local_mail.client_problems(name, values[name], fqdn, str(values.get("qmail_client_defaulthost") or fqdn))
    if role == "qmail_client" and values[name] and "virtualdomains" in values["qmail_client_control"]:
        told.append(
            f"qmail_client_control: its virtualdomains would take the place of what {name} sets there. Keep one of the two."
        )
    if role == "sendmail_client":
        tls, mx_lookup = values[f"{role}_tls_security_level"], values[f"{role}_mx_lookup"]
        return [*client_relays.sendmail_client_problems(relays, port, tls, boolean(mx_lookup)), *told]
    return [*client_relays.relay_problems(relays, role, port, addresses=role == "qmail_client"), *told]


def _about_mail(values, variables, named):
    """list of str: what is wrong with the ways and the addresses of mail that relay_server takes."""
    hostname = str(values["relay_server_hostname"])
    own = local_mail.own_names(hostname, values["relay_server_mydestination"])
    names = [name for found in client_names(variables, hostname, values["relay_server_local_names"]) for name in found]
    names = [name for name in names if name not in own]
    return [
        *smarthost_problems.problems(
            values,
            [*named, *own],
            names,
            local_mail.users_of(values["relay_server_local_recipient"], values["relay_server_local_recipients"]),
        ),
        *local_mail.problems(values, names, own),
        *sender_addresses.problems(values, names, hostname),
        *world_tls.problems(values),
    ]
