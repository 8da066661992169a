# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import re

import pytest
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.plugin_utils import inventory_names, local_mail

OPS = "ops@example.net"
RELAY = "smtp-relay001.example.com"


def entries_of(settings):
    return {table["path"]: table["entries"] for table in settings["tables"]}


def test_roots_mail_of_relay_and_clients_goes_to_the_recipient_and_that_of_others_is_refused_with_what_to_write():
    found = local_mail.settings(["web01.example.com"], OPS, {"www-data": "web@example.net"})
    table = entries_of(found)[local_mail.RECIPIENTS_TABLE]
    assert table["root"] == table["root@web01.example.com"] == table["postmaster@web01.example.com"] == OPS
    assert table["mailer-daemon"] == OPS
    assert table["www-data@web01.example.com"] == table["www-data"] == "web@example.net"
    names = entries_of(found)[local_mail.NAMES_TABLE]
    assert names["web01.example.com"].startswith("error:5.1.1 ")
    assert "relay_server_local_recipients" in names["web01.example.com"]
    assert found["append"] == {
        "virtual_alias_maps": ["texthash:" + local_mail.RECIPIENTS_TABLE],
        "transport_maps": ["texthash:" + local_mail.NAMES_TABLE],
    }


def test_a_user_with_a_dot_opens_no_domain_of_that_name():
    # Each key without an @ in virtual_alias_maps is one of virtual_alias_domains too, to which strangers may send.
    found = local_mail.settings(
        ["web01.example.com"], OPS, {"john.doe": "john@example.net"}, {RELAY, "localhost", "/etc/x", ""}
    )
    table = entries_of(found)[local_mail.RECIPIENTS_TABLE]
    assert [key for key in table if "@" not in key and "." in key] == []
    assert {key for key in table if key.startswith("john.doe")} == {
        f"john.doe@{name}"
        for name in ("web01.example.com", "web01.localdomain", "localhost.localdomain", RELAY, "localhost")
    }


def test_a_client_in_another_script_is_taken_however_mail_has_its_name_and_so_is_the_relay():
    own = ["relay.xn--p1ai.example", "localhost"]
    found = entries_of(local_mail.settings(["web01.xn--bcher-kva.example"], OPS, {}, own))
    for name in ("web01.xn--bcher-kva.example", "web01.bücher.example", "relay.рф.example"):
        assert found[local_mail.RECIPIENTS_TABLE]["root@" + name] == OPS
        assert found[local_mail.NAMES_TABLE][name].startswith("error:5.1.1")
    assert own[0] not in found[local_mail.NAMES_TABLE]


def test_a_host_is_no_user():
    for host in ("web01.example.com", "Web01.example.com", RELAY):
        (problem,) = problems(recipients={host: OPS})
        assert f'"{host}" is a host, not a user.' in problem


@pytest.mark.parametrize("name", ["web01.localdomain", "localhost.localdomain", "localhost"])
def test_a_client_that_knows_no_domain_of_its_own_counts_too(name):
    names = ["web01.example.com"]
    found = entries_of(local_mail.settings(names, OPS, {}, {RELAY}))
    assert found[local_mail.RECIPIENTS_TABLE]["root@" + name] == OPS
    assert "name the user in " in found[local_mail.NAMES_TABLE][name]
    assert (
        "set relay_server_local_recipient "
        in entries_of(local_mail.settings(names, "", {}))[local_mail.NAMES_TABLE][name]
    )
    # What the relay itself is called is delivered there.
    found = entries_of(local_mail.settings(names, OPS, {}, {RELAY, name}))
    assert name not in found[local_mail.NAMES_TABLE]
    if name != "localhost":
        (problem,) = problems("ops@" + name)
        assert "is a user of a client" in problem


def test_the_relays_addresses_are_names_of_it_too():
    addresses = local_mail.own_addresses(["all", "10.20.0.10", "2001:DB8::A"])
    assert addresses == ["[10.20.0.10]", "[127.0.0.1]", "[ipv6:2001:db8::a]", "[ipv6:::1]"]
    found = local_mail.settings([], "", {}, {RELAY}, kept=True, addresses=addresses)
    assert {"root@[10.20.0.10]", "root@[ipv6:::1]", "root@" + RELAY} <= set(entries_of(found)[local_mail.OWN_TABLE])


def test_a_notice_about_a_notice_of_qmail_has_a_sender_that_postfix_takes():
    found = local_mail.settings(["web03.example.com"], OPS, {}, {RELAY}, qmail=True)
    assert found["main"] == {"smtpd_command_filter": "regexp:" + local_mail.COMMANDS_TABLE}
    ((pattern, result),) = entries_of(found)[local_mail.COMMANDS_TABLE].items()
    # regexp_table(5): in small and capital letters alike.
    command = re.compile(pattern.strip("/").replace("[[:space:]]", r"\s"), re.IGNORECASE)
    assert command.sub(result.replace("$", "\\"), "MAIL FROM:<#@[]> SIZE=9") == "MAIL FROM:<> SIZE=9"
    assert not command.match("MAIL FROM:<a@example.com>")
    # Nobody would get it, or nobody sends it.
    assert local_mail.settings(["web03.example.com"], "", {}, {RELAY}, qmail=True)["main"] == {}
    assert local_mail.settings(["web03.example.com"], OPS, {}, {RELAY})["main"] == {}


def test_without_a_recipient_all_of_it_is_refused_with_the_variable_to_set():
    found = local_mail.settings(["web01.example.com"], "", {})
    assert list(found["append"]) == ["transport_maps"]
    assert "set relay_server_local_recipient " in entries_of(found)[local_mail.NAMES_TABLE]["web01.example.com"]


def test_a_relay_without_clients_and_recipient_has_nothing_new():
    assert local_mail.settings([], "", {}) == {"main": {}, "append": {}, "prepend": {}, "tables": []}


def test_where_nobody_reads_the_relays_own_root_other_hosts_are_told_so():
    own = {RELAY, "localhost", "/etc/x"}
    found = local_mail.settings([], "", {"www-data": OPS}, own, kept=True)
    entries = entries_of(found)[local_mail.OWN_TABLE]
    assert set(entries) == {f"root@{RELAY}", "root@localhost"}
    assert (
        set(entries.values()) == {local_mail.OWN_UNSET} and "set relay_server_local_recipient " in local_mail.OWN_UNSET
    )
    assert found["prepend"] == {
        "smtpd_recipient_restrictions": ["check_recipient_access texthash:" + local_mail.OWN_TABLE]
    }
    for recipient, recipients, kept in ((OPS, {}, True), ("", {"root": OPS}, True), ("", {}, False)):
        found = local_mail.settings([], recipient, recipients, own, kept=kept)
        assert found["prepend"] == {} and local_mail.OWN_TABLE not in entries_of(found)


def test_single_users_without_root_leave_root_refused_and_say_so():
    found = local_mail.settings(["web01.example.com"], "", {"www-data": OPS})
    assert "root@web01.example.com" not in entries_of(found)[local_mail.RECIPIENTS_TABLE]
    assert "set relay_server_local_recipient," in entries_of(found)[local_mail.NAMES_TABLE]["web01.example.com"]


def test_root_among_the_single_users_is_stronger_and_postmaster_goes_with_it():
    found = local_mail.settings(["web01.example.com"], OPS, {"ROOT": "night@example.net"})
    table = entries_of(found)[local_mail.RECIPIENTS_TABLE]
    assert table["root"] == table["postmaster@web01.example.com"] == "night@example.net"


def test_where_nobody_gets_roots_mail_one_line_says_what_to_set():
    names = [f"web{number:02d}.example.com" for number in range(9)]
    sentence = local_mail.refusal(names, "", {"www-data": OPS})
    assert (
        "web00.example.com, web01.example.com, web02.example.com, web03.example.com and 5 more is refused" in sentence
    )
    assert sentence.endswith("Set relay_server_local_recipient to an address outside that someone reads.")
    assert local_mail.refusal(names, OPS, {}) is local_mail.refusal(names, "", {"Root": OPS}) is None
    assert local_mail.refusal([], "", {}) is None


@pytest.mark.parametrize(
    ("client", "told", "name"),
    [
        ("web01", "", "web01.example.com"),
        ("web01.EXAMPLE.org", "", "web01.example.org"),
        ("web01", "www.example.org", "www.example.org"),
        ("web01", "{{ ansible_facts['fqdn'] }}", "web01.example.com"),
    ],
)
def test_a_client_is_called_as_its_variables_or_the_inventory_say(client, told, name):
    assert local_mail.names_of({client: told}, RELAY, []) == ([name], [])


def test_a_client_that_is_known_by_its_address_has_no_name_and_given_names_are_told_apart():
    assert local_mail.names_of({"10.20.0.21": "", "web01": ""}, RELAY, ["Web01.example.com"]) == (
        [],
        ["web01.example.com"],
    )


def test_the_clients_of_the_inventory_are_those_of_each_mail_system_but_no_relay():
    variables = {
        "groups": {
            "relay_servers": ["relay01", "relay02"],
            "relay_clients": ["web01", "relay02"],
            "sendmail_clients": ["legacy01"],
            "qmail_clients": ["web03"],
        },
        "hostvars": {
            "web01": {"relay_client_main": {"myhostname": "www.example.com"}},
            "legacy01": {},
            "web03": {"qmail_client_hostname": "q.example.com"},
        },
    }
    assert inventory_names.client_names(variables, RELAY, []) == (
        ["legacy01.example.com", "q.example.com", "www.example.com"],
        [],
    )


def test_what_the_relay_is_itself_is_told_from_mydestination():
    own = local_mail.own_names(RELAY, "$myhostname, localhost.$mydomain localhost ${mydomain}")
    assert own == {RELAY, "localhost.example.com", "localhost", "example.com"}


def problems(recipient="", recipients=None, names=("web01.example.com",), local_names=()):
    values = {
        "relay_server_local_recipient": recipient,
        "relay_server_local_recipients": recipients or {},
        "relay_server_local_names": list(local_names),
    }
    return list(local_mail.problems(values, list(names), {RELAY, "localhost"}))


def test_good_values_have_no_problems():
    assert problems(OPS, {"root": "a.b+c@example.org", "www-data": OPS, "svc_1$": OPS}) == []
    assert problems("ops@" + RELAY) == []


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"recipient": "ops"}, '"ops" is not a mail address. Write one outside, for example ops@example.net.'),
        ({"recipient": "ops@example"}, '"ops@example" is not a mail address.'),
        ({"recipient": "a@example.net, b@example.net"}, "is not a mail address."),
        ({"recipient": "ops @example.net"}, "is not a mail address."),
        ({"recipient": "ops@web01.example.com"}, "is a user of a client, whose mail comes back to this relay."),
        ({"recipient": "root@" + RELAY}, "is what it stands for itself, so that mail would go in a circle."),
        (
            {"recipients": {"root@web01.example.com": OPS}},
            '"root@web01.example.com" is not a user. Write the name alone',
        ),
        ({"recipients": {"www data": OPS}}, '"www data" is not a user.'),
        ({"recipients": {"www-data": "web"}}, 'of "www-data", "web" is not a mail address.'),
        ({"recipients": {"www-data": None}}, 'of "www-data", "None" is not a mail address.'),
        ({"recipients": {"a": OPS, "A": OPS}}, '"a" is in it more than once'),
        ({"recipient": "ops@bücher.example"}, "Write xn--bcher-kva.example, which counts for both."),
        ({"local_names": ["web01.bücher.example"]}, "Write web01.xn--bcher-kva.example, which counts for both."),
        ({"local_names": ["web01"]}, '"web01" is not a full host name.'),
        ({"local_names": [RELAY]}, "is the relay itself, which needs no entry."),
    ],
)
def test_bad_values_are_named_with_the_fix(values, sentence):
    found = problems(**values)
    assert len(found) == 1
    assert sentence in found[0]
    assert found[0].startswith("relay_server_local_")


def test_a_client_of_somebody_elses_relay_sends_roots_mail_to_its_own_recipient():
    found = local_mail.client_settings(OPS)
    table = entries_of(found)[local_mail.CLIENT_TABLE]
    assert table["root"] == table["root@localhost"] == table["postmaster"] == OPS
    assert local_mail.client_settings("") == {"append": {}, "tables": []}
    name = "relay_client_root_recipient"
    own = "web01.example.com"
    assert list(local_mail.client_problems(name, OPS, own, own)) == []
    assert list(local_mail.client_problems(name, "ops@example.com", own, "example.com")) == []
    assert len(list(local_mail.client_problems(name, "ops@Web01.example.com", own, own))) == 1
    assert len(list(local_mail.client_problems(name, "Root@example.com", own, "Example.com"))) == 1
    assert len(list(local_mail.client_problems(name, "ops", "", ""))) == 1


@given(st.text())
def test_whatever_counts_as_an_address_has_one_domain_and_nothing_that_ends_an_entry_of_a_table(text):
    if local_mail.is_address(text):
        assert text.count("@") >= 1
        assert not set(text) & set(' \t\r\n,:;<>()"\\')


def looked_up(term, host=None, said=None, **more):
    given = {"hostname": RELAY, "mydestination": ["$myhostname", "localhost"], "local_names": []}
    given.update(local_recipient=OPS, inet_interfaces=["all"])
    given.update(local_recipients={}, masquerade=[], masquerade_exceptions=[], canonical={}, strip_headers=[])
    variables = {f"relay_server_{name}": value for name, value in {**given, **more}.items()}
    variables["__relay_server_own_addresses"] = ["10.20.0.10"]
    variables["groups"] = {"relay_clients": ["web01", "web02"], "qmail_clients": ["web03"]}
    variables["hostvars"] = {name: {} for group in variables["groups"].values() for name in group}
    variables.update(__relay_server_host=host, __relay_server_names_said=said)
    plugin = lookup_loader.get(
        "mailops.relay.relay_local_mail", loader=None, templar=Templar(None, variables=variables)
    )
    return plugin.run([term], variables=variables)[0]


def test_the_dns_is_asked_only_about_names_that_the_relay_does_not_take_and_those_of_no_client_go():
    host = {"taken": ["web01.example.com", "gone.example.com"]}
    assert looked_up("names", host) == ["web02.example.com", "web03.example.com"]
    assert looked_up("clients", host) == ["web01.example.com", "web02.example.com", "web03.example.com"]
    names = entries_of({"tables": looked_up("tables", host, {"names": ["web02.example.com"]})})[local_mail.NAMES_TABLE]
    assert [name for name in names if "localdomain" not in name] == [
        "web01.example.com",
        "web02.example.com",
    ]


def test_a_site_with_a_qmail_client_takes_its_notices():
    assert looked_up("main") == {"smtpd_command_filter": "regexp:" + local_mail.COMMANDS_TABLE}


def test_a_relay_that_listens_everywhere_knows_its_own_address():
    tables = looked_up("tables", {"keeps": ["root"]}, local_recipient="")
    assert "root@[10.20.0.10]" in tables[-1]["entries"]
