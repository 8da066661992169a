# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a client would trust is checked before it changes, and no private key comes to it."""

import importlib.util
import json

import pytest
import site_under_test as site

NAME = "smtp-relay001.example.com"
WEB, LEGACY = "web01", "legacy01"
FILES = "/root/trust"
# What a refused run must leave alone, and where a key would be.
STATE = (
    "find /etc/postfix /etc/mail -type f ! -name 'prng_exch*' -exec sha256sum {} + 2>/dev/null | sort -k2;"
    " cat /etc/*/relay-trust-anchors.pem | grep -c 'PRIVATE KEY'"
)
# A file on the relay, or the inventory name of the relay, and what is said of it.
CASES = [
    ({"file": "both"}, ""),
    ({"file": "between"}, 'has no anchor: "CN=Example root", which issued "CN=Example middle"'),
    ({"file": "wrong"}, "other.example.com"),
    # This reads the client itself.
    ({"file": "mine", "host": "by-template"}, "does not vouch for what port 587"),
]
# Both roles ask the same filter, but sendmail compares another name.
CASES_OF_SENDMAIL = [({"file": "wrong"}, 'has the common name "other.example.com"')]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Files for the relay and the client, as text."""
    helper = site.ROOT / "tests/unit/plugins/module_utils/host/authority.py"
    spec = importlib.util.spec_from_file_location("authority", helper)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.Authority(str(tmp_path_factory.mktemp("authority")))
    made.make("root", common_name="Example root", is_ca=True)
    made.make("middle", "root", common_name="Example middle", is_ca=True)
    made.make("leaf", "middle", common_name=NAME, names=["DNS:" + NAME])
    made.make("wrong", common_name="other.example.com", names=["DNS:other.example.com"], is_ca=True)
    made.make("mine", common_name=NAME, names=["DNS:" + NAME], is_ca=True)
    return {
        "between": made.read("leaf") + made.read("middle"),
        **{name: made.read(name) for name in ("wrong", "mine")},
    }


@pytest.mark.skipif(
    site.DISTRO not in ("centos7", "debian11"), reason="one distribution, the one with the oldest Python"
)
def test_what_could_not_be_verified_is_refused_and_a_key_stays_on_the_relay(certificates, tmp_path):
    for host in (site.RELAY, WEB, LEGACY):
        site.run(host, f"mkdir -p {FILES}")
    for name, text in certificates.items():
        site.run(WEB if name == "mine" else site.RELAY, f"cat > {FILES}/{name}", stdin=text)
    # The certificate that the relay serves, with its key before it.
    site.run(site.RELAY, f"cat /etc/postfix/server.key /etc/postfix/server.crt > {FILES}/both")
    try:
        for host, role, cases in ((WEB, "relay_client", CASES), (LEGACY, "sendmail_client", CASES_OF_SENDMAIL)):
            said, states, shown = refusals(host, role, cases, tmp_path)
            for text, (_case, words) in zip(said, cases, strict=True):
                assert words in text and bool(words) == bool(text), (host, text)
            assert set(states) == {states[0]} and states[0].endswith("\n0")
            assert "PRIVATE KEY" not in shown
    finally:
        for host in (site.RELAY, WEB, LEGACY):
            site.run(host, f"rm -rf {FILES}")


def refusals(host, role, cases, tmp_path):
    """What the role says of each case, the host's state before and after each, and all that Ansible showed."""
    connection = {
        "ansible_connection": "community.docker.docker",
        "ansible_host": "{{ testbed_prefix ~ inventory_hostname }}",
    }
    inventory, play, results = (tmp_path / name for name in ("by-template.json", "play.json", "results"))
    inventory.write_text(json.dumps({"ungrouped": {"hosts": {"by-template": connection}}}))
    results.unlink(missing_ok=True)
    look = {"ansible.builtin.shell": STATE, "changed_when": False, "failed_when": False}
    tasks = [look]
    for case, _words in cases:
        relay = {"name": NAME, "host": case.get("host", site.RELAY)}
        tasks += [
            {
                "ansible.builtin.file": {
                    "src": f"{FILES}/{case['file']}",
                    "dest": f"{FILES}/now",
                    "state": "link",
                    "force": True,
                },
                "delegate_to": host if "host" in case else site.RELAY,
                "changed_when": False,
            },
            {
                "block": [
                    {
                        "ansible.builtin.include_role": {"name": f"mailops.relay.{role}"},
                        "vars": {f"{role}_relays": [relay]},
                    },
                    {"ansible.builtin.debug": {"msg": {"refused": ""}}},
                ],
                "rescue": [{"ansible.builtin.debug": {"msg": {"refused": "{{ ansible_failed_result.msg }}"}}}],
            },
            look,
        ]
    play.write_text(json.dumps([{"hosts": host, "gather_facts": True, "tasks": tasks}]))
    variables = {
        "relay_server_tls_provider": "existing",
        "relay_server_tls_certificate_path": f"{FILES}/now",
        f"{role}_manage_packages": False,
    }
    done = site.playbook(
        "--inventory",
        str(inventory),
        "-e",
        json.dumps(variables),
        "--diff",
        name=str(play),
        results=results,
        check=False,
    )
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    messages = [line.get("msg") for line in lines]
    said = [message["refused"] for message in messages if isinstance(message, dict) and "refused" in message]
    states = [line["stdout"] for line in lines if line.get("cmd") == STATE]
    assert len(said) == len(cases) == len(states) - 1, done.stdout + done.stderr
    return said, states, done.stdout
