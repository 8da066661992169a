# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleUndefinedVariable
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.plugin_utils import role_variables

ROOT = Path(__file__).resolve().parents[4]
RELAY = {"name": "smtp-relay001.example.com", "host": "smtp-relay001"}
FACTS = {
    "module_setup": True,
    "interfaces": ["eth0"],
    "all_ipv4_addresses": ["10.20.0.10"],
    "all_ipv6_addresses": ["fd00:20::10", "fe80::1"],
    "fqdn": "mail.example.com",
}
QUIET = {"firewalld_runs": False, "firewalld_starts": False, "iptables_starts": False}
# What the defaults work out from facts and groups.
WORKED_OUT = {
    "relay_server": {
        "relay_server_hostname": "smtp-relay001.example.com",
        "relay_server_networks": ["10.20.0.0/24"],
        "relay_server_address": "10.20.0.10",
        "relay_server_inet_interfaces": ["10.20.0.10", "127.0.0.1"],
        "relay_server_inet_protocols": "all",
        "relay_server_firewall_ports": ["25/tcp"],
        "relay_server_tls_switch_before_days": 7,
        "relay_server_tls_valid_days": 3650,
        "relay_server_tls_siteca_path": "/srv/inventory/.siteca.pem",
    },
    "relay_client": {"relay_client_relays": [RELAY], "relay_client_inet_protocols": "all"},
    "sendmail_client": {"sendmail_client_relays": [RELAY]},
    "qmail_client": {
        "qmail_client_relays": [RELAY],
        "qmail_client_hostname": "mail.example.com",
        "qmail_client_defaulthost": "mail.example.com",
        "qmail_client_defaultdomain": "example.com",
    },
}


def defaults_of(role):
    return yaml.safe_load((ROOT / "roles" / role / "defaults" / "main.yml").read_text("utf-8"))


def template(value):
    """The stand-in for Ansible's: a value with a brace asks for what nobody has defined."""
    if isinstance(value, str) and "{{" in value:
        raise AnsibleUndefinedVariable("'nobody' is undefined. 'nobody' is undefined")
    return value


def problems(role, facts=None, **variables):
    given_variables = {f"{role}_{name}": value for name, value in variables.items()}
    everything = dict(defaults_of(role), **WORKED_OUT[role], ansible_facts=FACTS if facts is None else facts)
    everything.update(given_variables)
    return role_variables.problems(role, everything, template, QUIET)


@pytest.mark.parametrize("role", role_variables.ROLES)
def test_each_variable_has_a_default_and_a_description_and_no_entry_is_one_that_ansible_would_check(role):
    assert set(role_variables.options_of(role)) == set(defaults_of(role))
    documented = yaml.safe_load((ROOT / "roles" / role / "meta" / "argument_specs.yml").read_text("utf-8"))
    files = {path.stem for path in (ROOT / "roles" / role / "tasks").iterdir()}
    assert not files.intersection(documented["argument_specs"])


def test_clients_have_time_to_trust_a_next_certificate():
    # The last one waits for nobody.
    for renew, switch in ((30, 7), (0, 0), ("5", "4"), (30, "3650")):
        assert problems("relay_server", tls_renew_before_days=renew, tls_switch_before_days=switch) == []
    for renew, switch in ((30, 30), ("5", 7), (0, 1)):
        (problem,) = problems("relay_server", tls_renew_before_days=renew, tls_switch_before_days=switch)
        assert (
            problem.startswith(f"relay_server_tls_switch_before_days: {switch} is not less than")
            and f", {renew}," in problem
        )


@pytest.mark.parametrize("role", role_variables.ROLES)
def test_what_the_role_sets_itself_has_no_problems(role):
    assert problems(role) == []


@pytest.mark.parametrize(
    ("role", "name", "value", "sentence"),
    [
        ("relay_server", "networks", "10.20.0.0/24", '"10.20.0.0/24" is not a list. Write [10.20.0.0/24].'),
        ("relay_server", "networks", None, "null is no value. Write [] for none, or leave it out for the default."),
        ("relay_server", "networks", [None], "element 1, null, is not a text. Write one in quotes."),
        ("relay_server", "hostname", None, "null is no value. Write '' for none, or leave it out for the default."),
        ("relay_server", "hostname", ["a"], "a list is not a text. Write one in quotes."),
        ("relay_server", "hostname", True, "true is not a text. Write one in quotes."),
        ("relay_server", "client_message_rate_limit", -5, "-5 is not 0 or more; write a whole number, 0 or more."),
        ("relay_server", "client_message_rate_limit", "-5", "'-5' is not 0 or more; write a whole number, 0 or more."),
        (
            "relay_server",
            "client_message_rate_limit",
            "many",
            "'many' is not a whole number; write a whole number, 0 or more.",
        ),
        (
            "relay_server",
            "client_message_rate_limit",
            True,
            "True is not a whole number; write a whole number, 0 or more.",
        ),
        ("relay_server", "recipient_limit", 0, "0 is not 1 or more; write a whole number, 1 or more."),
        ("relay_server", "tls_key_type", "rsa2048", "'rsa2048' is not one of RSA, ECC; write one of them."),
        ("relay_server", "submission", "perhaps", "'perhaps' is not true or false; write one of them."),
        (
            "relay_server",
            "smarthosts",
            [{"name": "a", "hosts": ["a.example"], "pasword": "x"}],
            'element 1 has "pasword", which nobody knows. Write password.',
        ),
        # What was written in the wrong form may be the password.
        (
            "relay_server",
            "smarthosts",
            "smtp://u:secret@a.example",
            "a text is not a list. Write [{name: provider, hosts: [smtp.provider.example]}].",
        ),
        (
            "relay_server",
            "smarthosts",
            ["u:secret@a.example"],
            "element 1, a text, is not a dictionary. Write {name: …}.",
        ),
        (
            "relay_server",
            "smarthosts",
            {"ses": {}},
            "a dictionary is not a list. Write a list, each element after a hyphen.",
        ),
        (
            "relay_server",
            "routes",
            [{"via": "nobody"}],
            'element 1: via "nobody" is the name of no smarthost. Write one of mx, hold, error, or add it to relay_server_smarthosts.',
        ),
        (
            "relay_server",
            "pacing",
            [{"smarthosts": "a"}],
            'element 1 has "smarthosts", which nobody knows. Write smarthost.',
        ),
        ("relay_server", "pacing", ["gmail.com"], 'element 1, "gmail.com", is not a dictionary. Write {name: …}.'),
        (
            "relay_server",
            "main",
            "a",
            '"a" is not a dictionary. Write {name: value}; on the command line -e \'{"relay_server_main": {…}}\'.',
        ),
        (
            "relay_server",
            "master",
            {"name": "smtp"},
            "a dictionary is not a list. Write a list, each element after a hyphen.",
        ),
        ("relay_server", "dkim", "example.com", '"example.com" is not a list. Write [{domain: example.com}].'),
        ("relay_server", "dkim", ["example.com"], 'element 1, "example.com", is not a dictionary. Write {domain: …}.'),
        ("relay_server", "dkim", [{"domains": "a.de"}], 'element 1 has "domains", which nobody knows. Write domain.'),
        ("relay_server", "master", ["smtp"], 'element 1, "smtp", is not a dictionary. Write {name: …}.'),
        ("relay_server", "tables", [1], 'element 1, "1", is not a dictionary. Write its names and values.'),
        (
            "relay_server",
            "outbound_address",
            "192.0.2.7",
            '"192.0.2.7" is not an address of this host, which has 10.20.0.10, fd00:20::10. Write one of these, or leave it empty; where'
            " a router translates the address, mail leaves this host with one of these.",
        ),
        (
            "relay_server",
            "inet_interfaces",
            ["127.0.0.1", "192.0.2.7"],
            '"192.0.2.7" is not an address of this host, which has 10.20.0.10, fd00:20::10: Postfix could not listen on it. Write one of'
            " these, or [all].",
        ),
        ("relay_client", "port", 0, "0 is not 1 or more; write a whole number, 1 or more."),
        ("relay_client", "port", 65536, "65536 is not between 1 and 65535. Write the number of a port."),
        (
            "relay_client",
            "tls_security_level",
            "secured",
            "'secured' is not one of none, may, encrypt, verify, secure; write secure.",
        ),
        (
            "relay_client",
            "relays",
            "r.example.com",
            '"r.example.com" is not a list. Write [{name: smtp-relay001.example.com}].',
        ),
        ("relay_client", "relays", [dict(RELAY, prot=25)], 'element 1 has "prot", which nobody knows. Write port.'),
        (
            "relay_client",
            "relays",
            [],
            "is empty, and the inventory group in relay_client_relay_group has no other host. Put a relay into that group, or name one.",
        ),
        (
            "relay_client",
            "myorigin",
            "{{ nobody }}",
            "its value cannot be had: 'nobody' is undefined. Define what its template needs.",
        ),
        (
            "relay_server",
            "local_recipient",
            "ops",
            '"ops" is not a mail address. Write one outside, for example ops@example.net.',
        ),
        (
            "relay_client",
            "root_recipient",
            "ops@mail.example.com",
            '"ops@mail.example.com" is a user of this host, where no mail is delivered. Write an address outside.',
        ),
        (
            "qmail_client",
            "root_recipient",
            "ops@mail.example.com",
            '"ops@mail.example.com" is a user of this host, where no mail is delivered. Write an address outside.',
        ),
        ("sendmail_client", "mailer", "stmp", "'stmp' is not one of '', relay, esmtp, smtp, smtp8, dsmtp; write smtp."),
        ("sendmail_client", "tls_ca_file", {}, "a dictionary is not a text. Write one in quotes."),
        ("qmail_client", "rcpthosts", "example.com", '"example.com" is not a list. Write [example.com].'),
        ("qmail_client", "service_timeout", 0, "0 is not 1 or more; write a whole number, 1 or more."),
    ],
)
def test_one_sentence_with_the_variable_the_value_and_what_to_write(role, name, value, sentence):
    assert problems(role, **{name: value}) == [f"{role}_{name}: {sentence}"]


@pytest.mark.parametrize(
    ("role", "name", "meant"),
    [
        ("relay_server", "network", "relay_server_networks"),
        ("relay_client", "tls_securitylevel", "relay_client_tls_security_level"),
        ("sendmail_client", "mx_lookups", "sendmail_client_mx_lookup"),
        ("qmail_client", "rcpt_hosts", "qmail_client_rcpthosts"),
    ],
)
def test_a_name_that_the_role_does_not_know_is_told_with_the_one_meant(role, name, meant):
    assert problems(role, **{name: []}) == [f"{role}_{name}: the role {role} knows no such variable. Write {meant}."]


def test_the_roles_own_virtual_domains_and_those_of_somebody_else_are_not_set_at_once():
    control = {"virtualdomains": {"shop.example": "shop"}}
    assert problems("qmail_client", control=control) == []
    (told,) = problems("qmail_client", control=control, root_recipient="ops@example.net")
    assert told.startswith("qmail_client_control: its virtualdomains") and "qmail_client_root_recipient" in told


def test_a_name_that_is_near_to_none_is_told_too():
    (problem,) = problems("relay_client", zzz=1)
    assert problem.endswith("Take it out, or give it a name that does not begin with relay_client_.")


def test_variables_of_other_roles_and_of_the_role_itself_are_not_its_business():
    variables = dict(defaults_of("relay_client"), **WORKED_OUT["relay_client"], ansible_facts=FACTS)
    variables.update(relay_server_network=1, __relay_client_config_result={}, relay_clients=[], my_relay_client_x=1)
    assert role_variables.problems("relay_client", variables, template) == []


def test_all_that_is_wrong_with_a_host_is_told_at_once_and_nothing_twice():
    found = problems("relay_server", networks="10.0.0.0/8", network=[], tls_key_type="DSA", recipient_limit=-1)
    assert [sentence.partition(":")[0] for sentence in found] == [
        "relay_server_network",
        "relay_server_networks",
        "relay_server_recipient_limit",
        "relay_server_tls_key_type",
    ]


@pytest.mark.parametrize("role", ["relay_server", "relay_client", "qmail_client"])
def test_a_play_without_facts_is_told_so_and_what_follows_from_it_is_not(role):
    (problem,) = (
        problems(role, facts={}, relays="{{ ansible_facts['x'] }}")
        if role != "relay_server"
        else problems(role, facts={})
    )
    assert problem.startswith("ansible_facts: nothing is known of this host")
    assert "gather_facts: false" in problem and "gather_subset: ['!all', min, network]" in problem


def test_facts_without_the_network_are_told_so():
    (problem,) = problems("relay_server", facts={"module_setup": True})
    assert "gather_subset" in problem and "iproute2" in problem


def test_an_address_is_not_refused_where_the_hosts_own_are_not_known():
    assert problems("relay_server", facts={"interfaces": []}, outbound_address="192.0.2.7") == []


def test_the_relays_own_address_may_be_one_that_a_router_translates_where_postfix_does_not_listen_on_it():
    assert problems("relay_server", address="192.0.2.7", inet_interfaces="all") == []
    (problem,) = problems("relay_server", address="192.0.2.7", inet_interfaces=["192.0.2.7", "127.0.0.1"])
    assert problem.startswith('relay_server_address: "192.0.2.7" is not an address of this host')


@pytest.mark.parametrize("role", role_variables.ROLES)
def test_numbers_and_truth_values_may_be_text_as_the_command_line_gives_them(role):
    text = {
        name.removeprefix(f"{role}_"): str(option["default"]).lower()
        for name, option in role_variables.options_of(role).items()
        if option["type"] in ("bool", "int")
    }
    assert text and problems(role, **text) == []


def test_a_text_that_postfix_divides_itself_is_a_list():
    assert problems("relay_server", mydestination="localhost, example.com", inet_interfaces="all") == []


@settings(max_examples=60)
@given(
    st.sampled_from(role_variables.ROLES),
    st.data(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
        max_leaves=4,
    ),
)
def test_whatever_a_variable_is_there_are_sentences_that_name_it_and_no_traceback(role, data, value):
    name = data.draw(st.sampled_from(sorted(role_variables.options_of(role))))
    found = problems(role, **{name.removeprefix(f"{role}_"): value})
    assert all(sentence.startswith(f"{role}_") and sentence.endswith(".") for sentence in found)


@pytest.mark.parametrize("role", ["relay_client", "sendmail_client"])
def test_a_host_with_two_mail_systems_is_refused_before_one_replaces_the_other(role):
    variables = dict(defaults_of(role), **WORKED_OUT[role], ansible_facts=FACTS)
    both = dict(variables, group_names=["relay_clients", "sendmail_clients", "site"])
    (problem,) = role_variables.problems(role, both, template)
    assert "in relay_clients and in sendmail_clients" in problem and "Take it out of one" in problem
    assert role_variables.problems(role, dict(both, **{f"{role}_state": "absent"}), template) == []
    assert role_variables.problems(role, dict(variables, group_names=[f"{role}s", "qmail_clients"]), template) == []
