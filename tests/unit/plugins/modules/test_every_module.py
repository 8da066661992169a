# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no module may do, whatever it is given: show a traceback, or wait for ever.

The calls are made of each module's own options, so that a new module or option is tried without being named here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import importlib
import os
import signal
import socket

import pytest

from ansible_collections.mailops.relay.plugins import modules

# seconds in which each call ends.
PATIENCE = 20
POSTFIX = os.path.join(os.path.dirname(__file__), "..", "module_utils", "postfix", "fixtures")

# What brings a module to where it uses its paths; what is required beyond that is made up.
REQUESTS = {
    "dkim_key": {"domain": "example.com"},
    "dkim_published_info": {
        "keys": [{"domain": "example.com", "selector": "x", "public_key": "x"}],
        "nameservers": ["127.0.0.1"],
        "port": 9,
        "timeout": 1,
    },
    "opendkim_config": {"keys": [{"domain": "example.com", "selector": "x", "path": "/etc/x"}]},
    "iptables_rules": {"name": "relay", "sources": ["192.0.2.0/24"], "ports": ["25/tcp"]},
    "firewalld_zone": {"zone": "relay", "sources": ["192.0.2.0/24"], "ports": ["25/tcp"]},
    "mail_dns_info": {"hostname": "relay.example.com", "nameservers": ["127.0.0.1"], "port": 9, "timeout": 1},
    "mail_queue": {"action": "delete", "all": True},
    "relay_host_info": {"subset": ["local"]},
    "sendmail_config": {"smart_hosts": ["relay.example.com"], "tls_level": "verified", "ca_file": "/etc/ca.pem"},
    "smtp_probe": {"test": "tls", "server": "127.0.0.1", "port": 9, "timeout": 2},
    "tls_keypair": {
        "common_name": "relay.example.com",
        "provider": "ownca",
        "certificate_path": "/etc/relay.crt",
        "ownca_path": "/etc/ca.crt",
        "ownca_privatekey_path": "/etc/ca.key",
    },
}


def module_of(name):
    return importlib.import_module("ansible_collections.mailops.relay.plugins.modules." + name)


# A module without a function of this name describes an action plugin, and never runs on a host.
NAMES = sorted(
    name[:-3]
    for name in os.listdir(os.path.dirname(modules.__file__))
    if name.endswith(".py") and name[0] != "_" and hasattr(module_of(name[:-3]), "main")
)


def spec_of(name):
    """The options of a module, as it gives them to RelayModule."""

    class Given(Exception):
        pass

    def give(argument_spec, **_options):
        raise Given(argument_spec)

    module = module_of(name)
    real, module.RelayModule = module.RelayModule, give
    try:
        module.main()
    except Given as given:
        return given.args[0]
    finally:
        module.RelayModule = real


def request_of(name, spec):
    """Options with which the module is called, as far as they are needed."""
    made_up = dict(
        (option, details["choices"][0] if "choices" in details else "/etc" if details.get("type") == "path" else "x")
        for option, details in spec.items()
        if details.get("required")
    )
    return dict(made_up, **REQUESTS.get(name, {}))


def places(spec, kinds, names=()):
    """list of (tuple, dict): each option of one of these types, or of these names, with those around it."""
    found = []
    for option, details in sorted(spec.items()):
        inner = places(details.get("options") or {}, kinds, names)
        if details.get("elements", details.get("type")) in kinds or option in names:
            found.append(((option,), details))
        found += [((option,) + place, last) for place, last in inner]
    return found


def put(options, spec, place, value):
    """The options with this value at a place, and with what the options around it require."""
    option, details = place[0], spec[place[0]]
    if len(place) > 1:
        value = put(request_of("", details["options"]), details["options"], place[1:], value)
    return dict(options, **{option: [value] if details.get("type") == "list" else value})


def options_of(kinds, names=()):
    """Parameters of a test: module, and the place of an option."""
    return [
        pytest.param(name, place, id="-".join((name,) + place))
        for name in NAMES
        for place, _details in places(spec_of(name), kinds, names)
    ]


PATHS = options_of(("path",), ("path", "paths"))
NUMBERS = options_of(("int", "float"))


class Hung(Exception):
    pass


@pytest.fixture
def host(programs, tmp_path):
    """A host with programs of Postfix 3.7.11 (recorded), and others that say nothing."""
    recorded = os.path.abspath(os.path.join(POSTFIX, "postconf-d.3.7.11-bookworm.txt"))
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "main.cf").write_bytes(b"")
    (etc / "master.cf").write_bytes(b"smtp unix - - n - - smtp\n")
    programs(
        postconf="[ $1 = -d ] && exec cat {0}\nprintf '%s\\n' 3.7.11 {1} postfix".format(recorded, etc),
        postqueue="exit 0",
        postfix="exit 0",
        postmap="exit 0",
    )
    return tmp_path


@pytest.fixture
def call(host, run_module):
    """Calls a module in check mode with this value at this place; returns whether it failed, and its message."""

    def hung(_number, _frame):
        raise Hung

    def run(name, place, value):
        spec = spec_of(name)
        options = put(request_of(name, spec), spec, place, value)
        if name == "postfix_config":
            options.setdefault("config_directory", str(host / "etc"))
        before = signal.signal(signal.SIGALRM, hung)
        signal.alarm(PATIENCE)
        try:
            failed, result = run_module(module_of(name).main, check_mode=True, **options)
        finally:
            signal.alarm(0)
            signal.signal(signal.SIGALRM, before)
        return failed, result.get("msg", "")

    return run


@pytest.mark.parametrize("name, place", PATHS)
def test_a_path_that_is_none_is_refused_by_the_name_of_its_option(call, name, place):
    for value in ("/etc/a\0b", "\0"):
        failed, message = call(name, place, value)
        assert failed and ".".join(place) in message and "NUL" in message
    is_path = dict(places(spec_of(name), ("path",))).get(place)
    for value in ("", "null", "None", "etc/passwd"):
        failed, message = call(name, place, value)
        assert failed or not is_path
        assert not is_path or (".".join(place) in message and "is not an absolute path" in message)


def test_what_is_refused_before_anybody_knows_its_secrets_is_not_returned(host, run_module):
    table = {"path": "/etc/sasl", "entries": {"relay": "mail:hunter2secret\0"}}
    main = module_of("postfix_config").main
    failed, result = run_module(main, tables=[table], main={"x": "hunter2secret"}, backup=True)
    assert failed and "tables.entries.relay: it holds a NUL" in result["msg"]
    # Ansible adds all of the options otherwise.
    given = result["invocation"]["module_args"]
    assert "hunter2" not in str(result) and given["tables"] == "(not shown)" and given["backup"] is True


@pytest.mark.parametrize("name, place", PATHS)
def test_null_as_a_path_is_no_traceback(call, name, place):
    call(name, place, None)


@pytest.mark.parametrize("name, place", PATHS)
def test_what_is_no_file_is_neither_waited_for_nor_a_traceback(call, host, name, place):
    fifo, loop, dangling, listening = [str(host / part) for part in ("fifo", "loop", "dangling", "socket")]
    os.mkfifo(fifo)
    os.symlink(loop, loop)
    os.symlink(str(host / "nowhere" / "file"), dangling)
    with_file = str(host / "etc" / "main.cf" / "below")
    server = socket.socket(socket.AF_UNIX)
    server.bind(listening)
    for path in (
        "/dev/full",
        "/dev/zero",
        "/dev/tty",
        fifo,
        listening,
        loop,
        dangling,
        with_file,
        str(host),
        "/" + "a" * 5000,
    ):
        call(name, place, path)
    server.close()


@pytest.mark.parametrize("name, place", NUMBERS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "-1", "0", "1e300", str(10**30), "-" + "9" * 25])
def test_a_number_out_of_this_world_is_no_traceback(call, name, place, value):
    if place[-1] == "timeout":
        failed, message = call(name, place, value)
        assert failed and "timeout" in message
    else:
        call(name, place, value)


@pytest.mark.parametrize("name", NAMES)
def test_each_module_leaves_its_errors_to_the_one_place(name):
    with open(module_of(name).__file__.replace(".pyc", ".py")) as stream:
        source = stream.read()
    assert "with reported(module):" in source and "except RelayError" not in source
