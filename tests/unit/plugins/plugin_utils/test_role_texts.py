# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C(-e name=value) gives text. What a role does with a truth value or a number is the same when it comes as one.

Each expression of a role is rendered with ansible-core's own templates in a process of its own, one for all roles, which finds the
collection as a playbook does; with the newest core too, where tests/setup core-latest has made its environment.
"""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ansible_collections.mailops.relay.plugins.plugin_utils import playbook_variables, role_variables

ROOT = Path(__file__).resolve().parents[4]
COLLECTIONS = ROOT.parents[2]
ENVIRONMENT = Path(sys.prefix)
PYTHONS = {
    "core-2.16": ENVIRONMENT / "bin" / "python",
    "core-latest": ENVIRONMENT.with_name(".venv-latest") / "bin" / "python",
}

# Of each role, renders {name: expression} with each of some sets of variables; prints lists of {name: what came out}.
RENDER = """
import json, sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([sys.argv[1]])
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
try:
    from ansible.template import trust_as_template
except ImportError:
    trust_as_template = str
given = json.load(sys.stdin)

def trusted(value):
    if isinstance(value, dict):
        return {key: trusted(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [trusted(entry) for entry in value]
    return trust_as_template(value) if isinstance(value, str) else value

results = {}
for role, task in given.items():
    results[role] = []
    for variables in task["variables"]:
        templar = Templar(loader=DataLoader(), variables=trusted(variables))
        found = {}
        for name, expression in task["expressions"].items():
            try:
                found[name] = json.loads(json.dumps(templar.template(trust_as_template(expression)), default=str))
            except Exception as exc:
                found[name] = "ERROR " + type(exc).__name__
        results[role].append(found)
print(json.dumps(results))
"""

# As a play of the site has them: what tasks register is there as if each module had found nothing to do.
SITE = {
    "inventory_hostname": "web01",
    "ansible_check_mode": False,
    "ansible_play_hosts_all": ["web01"],
    "ansible_play_batch": ["web01"],
    "groups": {"relay_servers": ["relay01"], "relay_clients": ["web01"]},
    "hostvars": {"web01": {}, "relay01": {"relay_server_hostname": "relay01.example.com"}},
    "ansible_facts": {
        "all_ipv4_addresses": ["10.20.0.10"],
        "all_ipv6_addresses": [],
        "default_ipv4": {"address": "10.20.0.10"},
        "default_ipv6": {},
        "fqdn": "web01.example.com",
        "lo": {},
        "pkg_mgr": "apt",
    },
    "relay_server_networks": ["10.20.0.0/24"],
    "__relay_server_host_said": {"rc": 0, "stdout_lines": []},
    "__relay_server_config_check": {"up_to_date": True, "installed": True, "running": True, "enabled": True},
    "__relay_server_log_limits_result": {},
    "__relay_client_certificates": {"results": []},
    "__relay_client_config_result": {
        "installed": True,
        "running": True,
        "enabled": True,
        "other_services": [],
        "other_program": "",
    },
    "__sendmail_client_certificates": {"results": []},
    "__sendmail_client_config_result": {
        "restart_required": False,
        "installed": True,
        "running": True,
        "enabled": True,
        "alone": True,
        "other_services": [],
        "other_program": "",
    },
    "__relay_client_others": {"other_services": [], "other_program": ""},
    "__relay_client_others_mta": "postfix",
    "__relay_client_others_queues": {"results": []},
}


def expressions_in(path, value, conditions=False):
    """Yields (place, expression) of each template, and of each condition, which has no braces."""
    if isinstance(value, dict):
        for key, entry in value.items():
            if key not in ("name", "loop_control"):
                yield from expressions_in(f"{path} {key}", entry, key in ("when", "failed_when"))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from expressions_in(f"{path} {number}", entry, conditions)
    elif isinstance(value, str) and conditions:
        yield path, f"{{% if {value} %}}yes{{% else %}}no{{% endif %}}"
    elif isinstance(value, str) and "{{" in value:
        yield path, value


def read(path):
    return yaml.safe_load(path.read_text("utf-8"))


def role_of(role, parts=("tasks",)):
    folder = ROOT / "roles" / role
    variables = dict(read(folder / "defaults" / "main.yml"), **read(folder / "vars" / "main.yml"))
    expressions = dict(
        found
        for path in sorted(folder.glob("*/*.yml"))
        if path.parent.name in parts
        for found in expressions_in(f"{path.parent.name}/{path.name}", read(path))
    )
    return variables, expressions


def touched(names, variables, expressions):
    """dict: the expressions that use one of the names, be it through other variables."""
    uses = {name: set(re.findall(r"\w+", json.dumps(value))) for name, value in variables.items()}
    # The lookup reads the role's variables itself.
    names, before = {*names, "postfix_client"}, None
    while names != before:
        before = set(names)
        names |= {name for name, used in uses.items() if used & before}
    return {place: text for place, text in expressions.items() if names.intersection(re.findall(r"\w+", text))}


def told(value):
    """What a module's option of the right type would make of it."""
    if isinstance(value, dict):
        return {key: told(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [told(entry) for entry in value]
    return str(value).strip().lower()


def to_render(role):
    """The expressions of a role that use a truth value or a number, and sets of variables: each as it is, then as text."""
    variables, expressions = role_of(role)
    types = {name: option["type"] for name, option in role_variables.options_of(role).items()}
    expressions = touched([name for name, kind in types.items() if kind in ("bool", "int")], variables, expressions)
    sets = []
    for truth in (True, False):
        given = {name: {"bool": truth, "int": 7}[kind] for name, kind in types.items() if kind in ("bool", "int")}
        texts = {name: str(value).lower() for name, value in given.items()}
        sets += [dict(variables, **SITE, **values) for values in (given, texts)]
    return {"expressions": expressions, "variables": sets}


def without_packages():
    """Of each role that installs its mail system: whether a host without it is refused where no packages are installed, then one that
    has it."""
    found = {}
    for role in ("relay_server", "relay_client", "sendmail_client"):
        variables, _expressions = role_of(role)
        if role == "relay_server":
            refused = {"refused": "{{ __relay_server_packages_refused | join }}"}
        else:
            last = read(ROOT / "roles" / role / "tasks" / "install.yml")[-1]
            assert "ansible.builtin.fail" in last
            refused = {"refused": "{{ " + " and ".join(f"({one})" for one in last["when"]) + " }}"}
        sets = [
            {
                **variables,
                **SITE,
                "ansible_check_mode": True,
                f"{role}_manage_packages": "false",
                f"__{role}_config_result": {"installed": there},
                "__relay_server_host": {"programs": ["openssl", *(["postconf"] if there else [])]},
            }
            for there in (False, True)
        ]
        if role == "relay_server":
            login = [{"name": "ses", "hosts": ["smtp.example.net"], "user": "a", "password": "b"}]
            sets += [
                {
                    **sets[-1],
                    "relay_server_smarthosts": login,
                    "ansible_facts": {**SITE["ansible_facts"], "pkg_mgr": manager},
                }
                for manager in ("yum", "apt")
            ] + [{**sets[-1], "relay_server_dkim": [{"domain": "example.com"}]}]
        found[f"{role} without packages"] = {"expressions": refused, "variables": sets}
    return found


# Numbers in elements of lists, which -e @FILE or an inventory may have as text.
ELEMENTS = {
    "relay_server_smarthosts": {"name": "provider", "hosts": ["mail.provider.example"], "port": 2525},
    "relay_server_pacing": {"domains": ["slow.example"], "concurrency": 2, "per_minute": 30},
    "relay_server_dkim": {"domain": "example.com", "selector": "x", "size": 1024},
    "relay_client_relays": {"name": "relay01.example.com", "port": 2525},
    "sendmail_client_relays": {"name": "relay01.example.com", "port": 2525},
    "qmail_client_relays": {"name": "relay01.example.com", "port": 2525},
}


def elements_to_render(role):
    """As C(to_render), of the numbers in elements of lists."""
    variables, expressions = role_of(role)
    lists = {
        name: [key for key, kind in option["options"].items() if kind["type"] in ("bool", "int", "float")]
        for name, option in role_variables.options_of(role).items()
        if "options" in option
    }
    lists = {name: keys for name, keys in lists.items() if keys}
    sets = []
    for kind in (int, str):
        given = {
            name: [ELEMENTS[name] | {key: kind(ELEMENTS[name][key]) for key in keys}] for name, keys in lists.items()
        }
        sets.append({**variables, **SITE, **given})
    return {"expressions": touched(list(lists), variables, expressions), "variables": sets}


@functools.cache
def rendered(core):
    done = subprocess.run(
        [PYTHONS[core], "-W", "ignore", "-c", RENDER, COLLECTIONS],
        input=json.dumps(
            {role: to_render(role) for role in role_variables.ROLES}
            | {f"elements {role}": elements_to_render(role) for role in role_variables.ROLES}
            | {f"refused {role}": with_a_refused_client(role) for role in CLIENTS}
            | without_packages()
            | {"beside sendmail": beside_sendmail(), "ways out": ways_out()}
        ),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("core", PYTHONS)
def test_a_host_without_a_mail_system_is_refused_in_check_mode_too(core):
    """The module refuses it where it would change something, at a time when relay_server has changed other things."""
    if not PYTHONS[core].exists():
        pytest.skip("tests/setup core-latest has not been run")
    assert {role: [one["refused"] for one in rendered(core)[role]] for role in without_packages()} == {
        "relay_server without packages": [
            "relay_server_manage_packages: it is false, and this host lacks postfix. Install that, or set it to true.",
            "",
            "relay_server_manage_packages: it is false, and this host lacks cyrus-sasl-plain and ca-certificates. Install that, or set it to"
            " true.",
            "relay_server_manage_packages: it is false, and this host lacks libsasl2-modules and ca-certificates. Install that, or set it to"
            " true.",
            "relay_server_manage_packages: it is false, and this host lacks opendkim (on EL it is in EPEL). Install that, or set it to true.",
        ],
        "relay_client without packages": [True, False],
        "sendmail_client without packages": [True, False],
    }


@pytest.mark.parametrize("core", PYTHONS)
@pytest.mark.parametrize("role", role_variables.ROLES)
def test_a_truth_value_or_a_number_that_is_text_does_the_same(role, core):
    if not PYTHONS[core].exists():
        pytest.skip("tests/setup core-latest has not been run")
    results = rendered(core)[role] + rendered(core)[f"elements {role}"]
    for plain, as_text in zip(results[::2], results[1::2], strict=True):
        assert not plain or not all(str(value).startswith("ERROR") for value in plain.values())
        assert {place: told(value) for place, value in as_text.items()} == {
            place: told(value) for place, value in plain.items()
        }


@pytest.mark.parametrize("role", role_variables.ROLES)
def test_a_truth_value_decides_nothing_unless_it_has_been_cast(role):
    """Newer releases of ansible-core refuse a text as a condition, where 2.16 takes each that is not empty for true."""
    names = [name for name, option in role_variables.options_of(role).items() if option["type"] == "bool"]
    _variables, expressions = role_of(role, ("tasks", "vars", "defaults"))
    for place, expression in expressions.items():
        for name in names:
            if re.fullmatch(r"\s*\{\{\s*" + name + r"\s*\}\}\s*", expression):
                continue
            bare = re.search(rf"(?<!\w){name}\b(?!\s*\|\s*bool)", expression)
            assert not bare, f"{place}: {expression}"


@pytest.mark.parametrize("cast", ["bool", "(?:int|float)"])
def test_a_truth_value_or_a_number_of_a_playbook_is_cast_where_it_is_used(cast):
    """Unless it goes to an option of a module, which casts it."""
    names = [
        name
        for known in playbook_variables.PLAYBOOKS.values()
        for name, check in known.items()
        if (check is playbook_variables.truth if cast == "bool" else check(name, "7") is None and check(name, "x"))
    ]
    assert len(names) > 5
    expressions = {}
    for path in sorted((ROOT / "playbooks").rglob("*.yml")):
        expressions.update(expressions_in(path.name, read(path)))
    used = set()
    for place, expression in expressions.items():
        for name in names:
            used.update({name} & set(re.findall(r"\w+", expression)))
            if re.fullmatch(r"\s*\{\{\s*" + name + r"\s*\|\s*default\(omit\)\s*\}\}\s*", expression):
                continue
            # {{ name | default(x) | bool }}, and of all hosts: map('extract', hostvars, 'name') | map('default', x) | map('bool').
            default = r"(?:\s*\|\s*default\([^)]*\)|'\)\s*\|\s*map\('default', [^)]*\))?"
            bare = re.search(rf"(?<!\w){name}\b(?!{default}\s*\|\s*(?:map\(')?{cast}\b)", expression)
            assert not bare, f"{place}: {expression}"
    assert len(used) > 5


CLIENTS = ("relay_client", "sendmail_client")


def with_a_refused_client(role):
    """For the other client: whose certificates are read."""
    relays = [{"name": "relay02.example.com", "host": "relay02"}]
    hostvars = dict(SITE["hostvars"], web01={f"{role}_relays": relays}, web02={f"{role}_relays": "relay01.example.com"})
    variables = {**role_of(role)[0], **SITE, "hostvars": hostvars, f"{role}_relays": relays}
    variables["ansible_play_hosts_all"] = ["web01", "web02"]
    return {"expressions": {"hosts": f"{{{{ __{role}_certificate_hosts }}}}"}, "variables": [variables]}


@pytest.mark.parametrize("core", PYTHONS)
@pytest.mark.parametrize("role", CLIENTS)
def test_a_client_that_was_refused_stops_no_other(role, core):
    if not PYTHONS[core].exists():
        pytest.skip("tests/setup core-latest has not been run")
    assert rendered(core)[f"refused {role}"] == [{"hosts": ["relay01", "relay02"]}]


def beside_sendmail():
    variables = role_of("relay_client")[0]
    told = SITE["__relay_client_config_result"]
    beside = [{}, {"other_services": ["sendmail.service"]}, {"other_program": "/usr/sbin/sendmail.sendmail"}]
    return {
        "expressions": {"ready": "{{ __relay_client_is_ready }}"},
        "variables": [{**variables, **SITE, "__relay_client_config_result": told | one} for one in beside],
    }


@pytest.mark.parametrize("core", PYTHONS)
def test_a_client_beside_another_mail_system_is_not_ready(core):
    if not PYTHONS[core].exists():
        pytest.skip("tests/setup core-latest has not been run")
    assert [one["ready"] for one in rendered(core)["beside sendmail"]] == [True, False, False]


def ways_out():
    variables = {**role_of("relay_server")[0], **SITE, "item": "web01", "relay_server_hostname": "relay01.example.com"}
    return {"expressions": {"script": "{{ __relay_server_asks_for_ways_out }}"}, "variables": [variables]}


@pytest.mark.parametrize("main_cf", ["relayhost = [relay01.example.com]:587\n", "", None])
def test_a_client_whose_postfix_reads_no_main_cf_is_asked_by_its_text(tmp_path, main_cf):
    """Beside sendmail on EL7 without IPv6; where there is no text either, nothing is known of it."""
    postconf = tmp_path / "postconf"
    postconf.write_text(f'#!/bin/sh\n[ "$1" = -dh ] || exit 1\necho {tmp_path}\n')
    postconf.chmod(0o755)
    if main_cf is not None:
        (tmp_path / "main.cf").write_text("# relayhost = [old.example.com]\n" + main_cf)
    script = rendered("core-2.16")["ways out"][0]["script"]
    done = subprocess.run(
        ["sh", "-c", script],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == ((1, "") if main_cf is None else (0, main_cf))


def test_a_variable_of_another_host_has_a_default():
    """A role's defaults are no variables of the hosts on which it does not run yet, and ansible-core 2.19 and later refuse what is
    not there, whatever follows."""
    asked = [
        (str(path.relative_to(ROOT)), one[1], " ".join(text[one.end() : one.end() + 200].split()))
        for path in sorted([*ROOT.glob("roles/*/*/*.yml"), *ROOT.glob("playbooks/**/*.yml")])
        for text in [path.read_text("utf-8")]
        for one in re.finditer(r"'extract', hostvars, '([a-z]\w+)'\)", text)
    ]
    assert len(asked) > 15
    assert [one for one in asked if not one[2].startswith("| map('default'")] == []
