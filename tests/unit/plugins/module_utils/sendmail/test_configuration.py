# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import Result
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import RelayError
from ansible_collections.mailops.relay.plugins.module_utils.host.files import read_native, to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.sendmail import configuration
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.cf import Cf
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.configuration import Configuration
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.installation import InstallationError, Sendmail
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.mc import Mc
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.request import RequestError

FIXTURES = os.path.join(os.path.dirname(__file__), "fixtures")
CANONIFY_RULE = "R$* $| $* < @ $* $={Canonify} > $*\t$: $2 < @ $[ $3 $4 $] > $5\n"
HUB_RULE = "R< > $+\t\t\t: < $H > $1\t\t\ttry hub\n"
RELAY = "smtp-relay001.example.com"


def write(path, text):
    with open(path, "wb") as handle:
        handle.write(to_file_bytes(text))


def fixture(name):
    return read_native(os.path.join(FIXTURES, name))


class Host(object):
    """A ``Runner`` whose sendmail, m4 and makemap do what is seen of the real ones, on the files of a directory."""

    def __init__(self, etc, access_db=True):
        self.etc = etc
        self.programs = set(["sendmail", "m4", "makemap"])
        self.overrides = {}
        self.included = []
        self.base = self._base(access_db)

    @staticmethod
    def _base(access_db):
        text = fixture("sendmail-8.17.1.9-bookworm.cf")
        return text if access_db else "".join(line for line in text.splitlines(True) if not line.startswith("Kaccess"))

    def find(self, program):
        return "/nowhere/" + program if program in self.programs else None

    def run(self, argv, stdin=None, check=True, env=None):
        name = argv[0]
        if name == "m4":
            return Result(0, self.build(read_native(argv[-1])), "")
        if name == "makemap":
            write(argv[-1] + ".db", stdin)
            return Result(0, "", "")
        if "-d0.1" in argv:
            return Result(0, fixture("version-8.17.1.9.txt"), "")
        return self.test_mode(argv[argv.index("-C") + 1])

    def build(self, source):
        mc = Mc(source, "m4")
        cf = Cf(self.base)

        def value(name):
            return self.overrides.get(name, mc.value(name))

        if mc.features("msp"):
            cf = Cf(fixture("submit-8.17.1.9-bookworm.cf"))
            cf.set_macro("{MTAHost}", mc.features("msp")[0].arguments[1].strip(" `'"))
        cf.set_option("DirectSubmissionModifiers", value("confDIRECT_SUBMISSION_MODIFIERS"))
        if mc.features("accept_unresolvable_domains") and "accept_unresolvable_domains" not in self.overrides:
            cf = Cf("".join(line for line in cf.text.splitlines(True) if not line.startswith("Kresolve")))
        if mc.features("nocanonify"):
            cf = Cf(cf.text + CANONIFY_RULE)
        if mc.features("msp"):
            return cf.text
        cf.set_macro("S", value("SMART_HOST") or "")
        if mc.features("access_db") and cf.access_map() is None:
            cf = Cf(cf.text.replace("DZ", "Kaccess hash -T<TMPF> {0}/access\nDZ".format(self.etc), 1))
        if value("MAIL_HUB"):
            cf = Cf(cf.text + HUB_RULE)
            cf.set_macro("H", value("MAIL_HUB"))
        for mailer in ("relay", "esmtp"):
            cf.set_mailer_arguments(mailer, value(mailer.upper() + "_MAILER_ARGS") or "TCP $h")
        cf.set_option("AliasFile", value("ALIAS_FILE") or "/etc/mail/aliases")
        cf.set_option("CACertFile", value("confCACERT"))
        cf.set_option("CACertPath", value("confCACERT_PATH"))
        cf.set_daemons([None] * len(cf.daemons()))
        for value in mc.daemons() + self.included:
            cf.add_daemon(value)
        return cf.text.replace("/etc/mail/access", self.etc + "/access")

    @staticmethod
    def test_mode(path):
        text = read_native(path)
        cf = Cf(text)
        faults = "".join(
            '{0}: line {1}: unknown configuration line "{2}"\n'.format(path, number, line)
            for number, line in enumerate(text.splitlines(), 1)
            if line.startswith("Z")
        )
        out = faults + "ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)\nEnter <ruleset> <address>\n"
        for name in ("S", "H", "{MTAHost}"):
            value = cf.macro(name)
            out += "> {0}\n".format("Undefined" if value is None else value)
        out += "> mailer 4 (smtp): P=[IPC] A=TCP $h\n"
        for mailer in ("relay", "esmtp"):
            out += "mailer 8 ({0}): P=[IPC] r=100 A={1}\n".format(mailer, cf.mailer_arguments(mailer))
        return Result(70 if faults else 0, out, "")


@pytest.fixture
def etc(tmp_path):
    directory = tmp_path / "mail"
    directory.mkdir()
    path = str(directory)
    for name in ("sendmail", "submit"):
        write(
            path + "/" + name + ".mc",
            fixture(name + "-8.17.1.9-bookworm.mc").replace("/usr/share/sendmail/cf/m4", path),
        )
        text = fixture(name + "-8.17.1.9-bookworm.cf").replace("/etc/mail/access", path + "/access")
        write(path + "/" + name + ".cf", text)
    for name in ("cf.m4", "dialup.m4", "provider.m4"):
        write(path + "/" + name, "")
    mc = read_native(path + "/sendmail.mc").replace("/etc/mail/m4", path)
    write(path + "/sendmail.mc", mc)
    write(path + "/access", "Connect:127\t\tRELAY\n")
    write(path + "/access.db", "Connect:127\t\tRELAY\n")
    for name in ("sendmail.mc", "submit.mc", "access"):
        os.utime(path + "/" + name, (1000000000, 1000000000))
    return path


@pytest.fixture
def host(etc, monkeypatch):
    monkeypatch.setattr(configuration, "can_bind", lambda address: False)
    return Host(etc)


@pytest.fixture
def apply(etc, host, tmp_path):
    def call(check_mode=False, **arguments):
        return Configuration(
            dict({"config_directory": etc, "port": 25}, **arguments), host, check_mode=check_mode, scratch=str(tmp_path)
        ).apply()

    return call


def files(etc):
    return dict((name, read_native(os.path.join(etc, name))) for name in sorted(os.listdir(etc)))


def full(etc):
    return dict(
        smart_hosts=[RELAY],
        port=587,
        local_delivery=False,
        loopback_only=True,
        tls_level="verified",
        ca_file=etc + "/anchors.pem",
        files=[{"path": etc + "/anchors.pem", "content": "PEM\n"}],
    )


def test_check_mode_says_what_the_real_run_does_and_the_next_one_has_nothing_to_do(apply, etc):
    before = files(etc)
    predicted = apply(check_mode=True, **full(etc))
    assert predicted["changed"] and files(etc) == before
    result = apply(**full(etc))
    assert result == predicted
    assert result["restart_required"] and result["smart_host"] == "[{0}]".format(RELAY)
    after = files(etc)
    assert "TLS_Srv:{0}\tVERIFY:112+CN\n".format(RELAY) in after["access"]
    assert after["access.db"] == after["access"]
    assert after["anchors.pem"] == "PEM\n"
    cf = Cf(after["sendmail.cf"])
    assert (cf.macro("H"), cf.mailer_arguments("relay")) == (RELAY + ".", "TCP $h 587")
    assert HUB_RULE in after["sendmail.cf"]
    again = apply(**full(etc))
    assert not again["changed"] and again["diff"] == [] and files(etc) == after


def test_another_mail_system_is_told_or_refused_before_anything_changes(apply, etc, monkeypatch):
    monkeypatch.setattr(configuration.Units, "other_services", ["postfix.service"])
    before = files(etc)
    for check_mode in (True, False):
        with pytest.raises(RelayError, match="postfix.service runs.*Nothing was changed"):
            apply(check_mode=check_mode, refuse_other_mta=True, **full(etc))
    assert files(etc) == before
    assert apply(**full(etc))["other_services"] == ["postfix.service"]


V6 = [
    "Family=inet6, Name=MTA-ipv6, Port=smtp, M=O, Addr=::1",
    "Family=inet6, Name=MSP-ipv6, Port=submission, M=EaO, Addr=::1",
]


def daemons(etc):
    found = Cf(read_native(etc + "/sendmail.cf")).daemons()
    assert Mc(read_native(etc + "/sendmail.mc"), "mc").daemons() == found
    return found


def test_a_host_with_ipv6_listens_on_its_loopback_address_too_and_no_longer_when_it_has_none(apply, etc, monkeypatch):
    before = files(etc)
    own = daemons(etc)
    monkeypatch.setattr(configuration, "can_bind", lambda address: address == "::1")
    predicted = apply(check_mode=True, loopback_only=True)
    assert predicted["changed"] and files(etc) == before
    assert sum(item["after"].count("Addr=::1") - item["before"].count("Addr=::1") for item in predicted["diff"]) == 4
    result = apply(loopback_only=True)
    assert result == predicted and result["restart_required"]
    assert daemons(etc) == own + V6
    assert not apply(loopback_only=True)["changed"]
    monkeypatch.setattr(configuration, "can_bind", lambda address: False)
    assert apply(loopback_only=True)["restart_required"]
    assert (read_native(etc + "/sendmail.mc"), read_native(etc + "/sendmail.cf")) == (
        before["sendmail.mc"],
        before["sendmail.cf"],
    )


def test_addresses_that_stay_as_they_are_get_no_further_one(apply, etc, monkeypatch):
    monkeypatch.setattr(configuration, "can_bind", lambda address: True)
    assert not apply(loopback_only=False)["changed"]


def test_what_a_site_has_of_its_own_for_ipv6_is_kept(apply, etc, host, monkeypatch):
    monkeypatch.setattr(configuration, "can_bind", lambda address: True)
    mc = read_native(etc + "/sendmail.mc").replace(
        "dnl DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6,", "DAEMON_OPTIONS(`Family=inet6, Name=MTA-v6,"
    )
    write(etc + "/sendmail.mc", mc)
    write(etc + "/sendmail.cf", host.build(mc))
    os.utime(etc + "/sendmail.mc", (1000000000, 1000000000))
    apply(loopback_only=True)
    assert daemons(etc)[0] == "Family=inet6, Name=MTA-v6, Port=smtp, Addr=::1"
    assert daemons(etc)[3:] == V6[1:]
    assert not apply(loopback_only=True)["changed"]


def test_one_that_was_added_goes_with_the_daemon_that_it_was_beside(apply, etc, monkeypatch):
    monkeypatch.setattr(configuration, "can_bind", lambda address: True)
    apply(loopback_only=True)
    for name in ("mc", "cf"):
        text = read_native(etc + "/sendmail." + name)
        write(etc + "/sendmail." + name, text.replace("MSP-v4, Port=submission", "MSP-v4, Port=2587"))
    os.utime(etc + "/sendmail.mc", (1000000000, 1000000000))
    apply(loopback_only=True)
    assert [value for value in daemons(etc) if "ipv6" in value] == [V6[0], V6[1].replace("submission", "2587")]


def test_a_daemon_of_an_included_file_has_one_beside_it(apply, etc, host, monkeypatch):
    monkeypatch.setattr(configuration, "can_bind", lambda address: True)
    host.included = ["Name=More, Port=26, Addr=127.0.0.1"]
    write(etc + "/sendmail.cf", host.build(read_native(etc + "/sendmail.mc")))
    apply(loopback_only=True)
    added = [value for value in Cf(read_native(etc + "/sendmail.cf")).daemons() if "ipv6" in value]
    assert added == V6 + ["Family=inet6, Name=More-ipv6, Port=26, M=O, Addr=::1"]
    assert not apply(loopback_only=True)["changed"]
    write(etc + "/sendmail.cf", host.build(read_native(etc + "/sendmail.mc")))
    assert not apply(loopback_only=True)["changed"]


def test_the_cf_is_newer_than_its_mc_and_the_compiled_map_than_its_source(apply, etc):
    apply(**full(etc))

    def time_of(name):
        return os.stat(os.path.join(etc, name)).st_mtime

    assert time_of("sendmail.cf") > time_of("sendmail.mc")
    assert time_of("access.db") >= time_of("access")


def test_after_a_rebuild_nothing_is_to_be_done(apply, etc, host):
    apply(**full(etc))
    write(etc + "/sendmail.cf", host.build(read_native(etc + "/sendmail.mc")))
    assert not apply(**full(etc))["changed"]


def test_an_edit_keeps_lines_that_only_the_cf_has(apply, etc):
    write(etc + "/sendmail.cf", read_native(etc + "/sendmail.cf") + "Cwold.example.com\n")
    apply(smart_hosts=[RELAY], port=587)
    text = read_native(etc + "/sendmail.cf")
    assert text.endswith("Cwold.example.com\n") and Cf(text).macro("S") == "[{0}]".format(RELAY)


def test_a_build_that_would_lose_such_lines_is_refused(apply, etc):
    write(etc + "/sendmail.cf", read_native(etc + "/sendmail.cf") + "Cwold.example.com\n")
    before = files(etc)
    with pytest.raises(RelayError, match="local_delivery: .*Cwold.example.com"):
        apply(**full(etc))
    assert files(etc) == before


def test_the_guides_edit_of_the_cf_alone_does_not_stand_in_the_way(apply, etc):
    write(etc + "/sendmail.cf", read_native(etc + "/sendmail.cf").replace("\nDS\n", "\nDS192.168.1.100\n"))
    apply(**full(etc))
    assert Cf(read_native(etc + "/sendmail.cf")).macro("S") == "[{0}]".format(RELAY)


def test_without_the_macros_both_files_are_edited(apply, etc, host):
    host.programs.remove("m4")
    result = apply(smart_hosts=[RELAY], port=587, tls_level="encrypted")
    assert result["changed"]
    assert Cf(read_native(etc + "/sendmail.cf")).macro("S") == "[{0}]".format(RELAY)
    assert Mc(read_native(etc + "/sendmail.mc"), "mc").value("RELAY_MAILER_ARGS") == "TCP $h 587"


def test_without_the_macros_what_a_line_cannot_say_is_refused_with_the_fix(apply, etc, host):
    host.programs.remove("m4")
    before = files(etc)
    with pytest.raises(RelayError, match="local_delivery: .*MAIL_HUB.*'sendmail-cf' and 'm4'"):
        apply(smart_hosts=[RELAY], local_delivery=False)
    write(etc + "/sendmail.cf", Host(etc, access_db=False).base)
    before = files(etc)
    with pytest.raises(RelayError, match="tls_level: .*access_db.*sendmail-cf"):
        apply(smart_hosts=[RELAY], tls_level="encrypted")
    assert files(etc) == before


def test_the_access_map_is_brought_in_by_the_mc(apply, etc, host):
    host.base = Host(etc, access_db=False).base
    mc = read_native(etc + "/sendmail.mc").replace("FEATURE(`access_db', , `skip')dnl\n", "")
    write(etc + "/sendmail.mc", mc)
    write(etc + "/sendmail.cf", host.build(mc))
    os.utime(etc + "/sendmail.mc", (1000000000, 1000000000))
    apply(smart_hosts=[RELAY], tls_level="encrypted")
    assert "FEATURE(`access_db')dnl\n" in read_native(etc + "/sendmail.mc")
    assert Cf(read_native(etc + "/sendmail.cf")).access_map() is not None
    assert "TLS_Srv:{0}\tENCR:112\n".format(RELAY) in read_native(etc + "/access.db")


def test_another_file_that_sets_the_smart_host_too_is_found(apply, etc, host):
    host.overrides["SMART_HOST"] = "other.example.com"
    before = files(etc)
    with pytest.raises(RelayError, match="SMART_HOST.*other.example.com.*includes"):
        apply(smart_hosts=[RELAY])
    assert files(etc) == before


def test_a_flag_with_which_sendmail_asks_for_no_tls_is_refused(apply, etc):
    apply(**full(etc))
    cf = read_native(etc + "/sendmail.cf")
    write(
        etc + "/sendmail.cf", cf.replace("F=mDFMuXa8, S=EnvFromSMTP/HdrFromSMTP, R=MasqSMTP", "F=mDFMuXa80, S=A/B, R=C")
    )
    before = files(etc)
    with pytest.raises(RelayError) as caught:
        apply(**full(etc))
    assert "mailer relay" in str(caught.value) and "RELAY_MAILER_FLAGS" in str(caught.value)
    assert files(etc) == before


def test_entries_of_relays_that_are_no_longer_used_go(apply, etc):
    apply(smart_hosts=["old.example.com"], tls_level="encrypted")
    apply(smart_hosts=[RELAY], tls_level="none")
    assert read_native(etc + "/access") == "Connect:127\t\tRELAY\nTry_TLS:{0}\tNO\n".format(RELAY)


def test_back_to_no_smart_host_the_files_are_as_they_were(apply, etc):
    before = files(etc)
    apply(smart_hosts=[RELAY], port=587, mailer="esmtp")
    assert Mc(read_native(etc + "/sendmail.mc"), "mc").value("ESMTP_MAILER_ARGS") == "TCP $h 587"
    apply(smart_hosts=[], mailer="esmtp")
    assert files(etc) == before


def test_the_submission_side(apply, etc):
    assert not apply(submission_host="127.0.0.1")["changed"]
    result = apply(submission_host=RELAY)
    assert result["restart_required"]
    assert Cf(read_native(etc + "/submit.cf")).macro("{MTAHost}") == "[{0}]".format(RELAY)
    assert "FEATURE(`msp', `[{0}]', `25')dnl\n".format(RELAY) in read_native(etc + "/submit.mc")


PAIRS = ("sendmail", "submit")


def test_no_domain_is_looked_up_by_daemon_and_submission_program_and_back(apply, etc, host):
    for name in PAIRS:
        write(etc + "/" + name + ".cf", host.build(read_native(etc + "/" + name + ".mc")))
    before = files(etc)
    predicted = apply(check_mode=True, address_lookups=False)
    result = apply(address_lookups=False)
    assert result == predicted and result["restart_required"]
    for name in PAIRS:
        cf = Cf(read_native(etc + "/" + name + ".cf"))
        assert cf.has_feature("nocanonify") and cf.has_feature("accept_unresolvable_domains")
        # Without it, what local programs submit is canonified even with the feature.
        assert cf.option("DirectSubmissionModifiers") == "C u"
        assert host.build(read_native(etc + "/" + name + ".mc")) == cf.text
    assert not apply(address_lookups=False)["changed"]
    assert not apply()["changed"]
    assert apply(address_lookups=True)["changed"]
    assert files(etc) == before


def test_without_the_macros_lookups_cannot_be_switched(apply, etc, host):
    host.programs.remove("m4")
    before = files(etc)
    with pytest.raises(RelayError, match="address_lookups: .*FEATURE.*'sendmail-cf' and 'm4'"):
        apply(address_lookups=False)
    assert files(etc) == before
    assert not apply(address_lookups=True)["changed"]


def test_an_included_file_that_brings_lookups_back_is_found(apply, etc, host):
    host.overrides["accept_unresolvable_domains"] = False
    before = files(etc)
    with pytest.raises(RelayError, match="address_lookups: .*accept_unresolvable_domains.*includes"):
        apply(address_lookups=False)
    assert files(etc) == before


def test_a_cf_that_sendmail_does_not_read_is_refused(apply, etc):
    write(etc + "/sendmail.cf", read_native(etc + "/sendmail.cf") + "Zgarbage\n")
    before = files(etc)
    with pytest.raises(InstallationError, match='sendmail.cf: line .*unknown configuration line "Zgarbage"'):
        apply(smart_hosts=[RELAY])
    assert files(etc) == before


def test_missing_files(apply, etc):
    os.unlink(etc + "/sendmail.mc")
    result = apply(smart_hosts=[RELAY])
    assert "there is no {0}/sendmail.mc".format(etc) in result["warnings"][0]
    assert Cf(read_native(etc + "/sendmail.cf")).macro("S") == "[{0}]".format(RELAY)
    os.unlink(etc + "/sendmail.cf")
    with pytest.raises(RelayError, match="there is neither"):
        apply(smart_hosts=[RELAY])


def test_a_missing_cf_is_built(apply, etc):
    os.unlink(etc + "/sendmail.cf")
    apply(smart_hosts=[RELAY])
    assert Cf(read_native(etc + "/sendmail.cf")).macro("S") == "[{0}]".format(RELAY)


def test_a_cf_that_is_older_than_its_mc_is_built_as_the_next_make_would(apply, etc):
    write(etc + "/sendmail.mc", read_native(etc + "/sendmail.mc").replace("Name=MTA-v4", "Name=Other"))
    os.utime(etc + "/sendmail.cf", (1000000000, 1000000000))
    apply(smart_hosts=[RELAY])
    assert "Name=Other" in Cf(read_native(etc + "/sendmail.cf")).daemons()[0]


def test_where_sendmail_is_not_installed(apply, etc, host):
    host.programs.clear()
    with pytest.raises(InstallationError, match="not installed"):
        apply(smart_hosts=[RELAY])
    for name in os.listdir(etc):
        os.unlink(os.path.join(etc, name))
    result = apply(check_mode=True, submission_host=RELAY, address_lookups=False, **full(etc))
    assert result["changed"] and "not installed" in result["warnings"][0]
    submit = [diff["after"] for diff in result["diff"] if diff["after_header"] == etc + "/submit.mc"]
    assert "FEATURE(`msp', `[{0}]')dnl\n".format(RELAY) in submit[0] and "FEATURE(`nocanonify')dnl\n" in submit[0]
    assert [diff["after_header"] for diff in result["diff"]][-1] == etc + "/sendmail.cf"


def test_another_mail_systems_sendmail_is_none(apply, host, monkeypatch):
    def knows_no_test_mode(argv, **options):
        return Result(64, "", "usage: sendmail [options]")

    monkeypatch.setattr(host, "run", knows_no_test_mode)
    with pytest.raises(InstallationError, match="sendmail is not installed"):
        apply(smart_hosts=[RELAY])


def test_a_failed_move_puts_everything_back(apply, etc, monkeypatch):
    before = files(etc)
    real = os.rename

    def rename(source, destination):
        if destination.endswith("/sendmail.cf") and "old." not in source:
            raise OSError(28, "No space left on device")
        real(source, destination)

    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(RelayError, match="everything is as it was"):
        apply(**full(etc))
    assert files(etc) == before


def test_backups(apply, etc):
    result = apply(smart_hosts=[RELAY], backup=True)
    assert (
        sorted(os.path.basename(path).split(".cf.")[0].split(".mc.")[0] for path in result["backup_files"])
        == ["sendmail"] * 2
    )


class Recorded(object):
    """A ``Runner`` that gives one recorded answer."""

    def __init__(self, name, rc=0):
        self._result = Result(rc, fixture(name), "")

    def find(self, program):
        return "/nowhere/" + program

    def run(self, argv, stdin=None, check=True, env=None):
        return self._result


def test_what_a_real_sendmail_says_of_a_good_file():
    macros, mailers = Sendmail(Recorded("bt-8.17.1.9.txt")).load("/tmp/t.cf", "sendmail.cf")
    assert macros == {"S": "", "H": "", "{MTAHost}": ""}
    assert mailers["relay"] == "TCP $h" and mailers["local"].startswith("sensible-mda ")


def test_what_a_real_sendmail_says_of_a_bad_file():
    with pytest.raises(InstallationError) as caught:
        Sendmail(Recorded("bt-fault-8.17.1.9.txt", 70)).load("/tmp/t.cf", "sendmail.cf")
    assert "sendmail.cf: line " in str(caught.value) and "unknown option name NoSuch" in str(caught.value)


def test_the_version_of_a_real_sendmail():
    assert Sendmail(Recorded("version-8.17.1.9.txt")).version == "8.17.1.9"


KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
PASSWORD = "hunter2secret"
AUTH_INFO = 'AuthInfo:relay.example.com "U:mail" "P:{0}" "M:PLAIN"\n'.format(PASSWORD)


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_private_key_among_trust_anchors_is_taken_away_with_its_backups(apply, etc, check_mode):
    apply(**full(etc))
    anchors, backup = etc + "/anchors.pem", etc + "/anchors.pem.2026-11-21@07:44:01~"
    write(anchors, "PEM\n" + KEY)
    write(backup, KEY)
    result = apply(check_mode=check_mode, backup=True, **full(etc))
    assert result["changed"] and result["leaked_private_keys"] == [anchors, backup]
    assert "must be made anew" in result["warnings"][-1] and result["backup_files"] == []
    assert "MIIE" not in str(result)
    assert (KEY in read_native(anchors), os.path.exists(backup)) == (check_mode, check_mode)
    if not check_mode:
        again = apply(backup=True, **full(etc))
        assert not again["changed"] and again["leaked_private_keys"] == [] and again["warnings"] == []


def test_a_key_in_a_backup_alone_needs_no_restart(apply, etc):
    apply(**full(etc))
    write(etc + "/anchors.pem.2026-11-21@07:44:01~", KEY)
    before = os.stat(etc + "/anchors.pem").st_ino
    result = apply(**full(etc))
    assert result["changed"] and not result["restart_required"]
    assert not os.path.exists(etc + "/anchors.pem.2026-11-21@07:44:01~")
    assert os.stat(etc + "/anchors.pem").st_ino == before


@pytest.mark.parametrize("check_mode", [True, False])
def test_trust_anchors_of_an_earlier_run_go_with_the_key_in_them(apply, etc, check_mode):
    apply(**full(etc))
    anchors, backup = etc + "/anchors.pem", etc + "/anchors.pem.2026-11-21@07:44:01~"
    write(anchors, "PEM\n" + KEY)
    write(backup, KEY)
    write(etc + "/own.pem", "PEM\n")
    own = dict(full(etc), ca_file=etc + "/own.pem", files=[{"path": anchors, "state": "absent"}])
    result = apply(check_mode=check_mode, backup=True, **own)
    assert result["changed"] and result["leaked_private_keys"] == [anchors, backup]
    assert "MIIE" not in str(result) and not [name for name in result["backup_files"] if "/anchors.pem" in name]
    assert [os.path.exists(anchors), os.path.exists(backup)] == [check_mode, check_mode]
    if not check_mode:
        again = apply(backup=True, **own)
        assert not again["changed"] and again["leaked_private_keys"] == [] and again["warnings"] == []


def test_the_trust_anchors_in_use_are_not_removed(apply, etc):
    apply(**full(etc))
    before = files(etc)
    with pytest.raises(RequestError, match="state absent would remove what CACertFile .* give ca_file another"):
        apply(**dict(full(etc), files=[{"path": etc + "/anchors.pem", "state": "absent"}]))
    with pytest.raises(RequestError, match="it needs content"):
        apply(**dict(full(etc), files=[{"path": etc + "/anchors.pem"}]))
    assert files(etc) == before


def test_a_key_in_trust_anchors_that_the_call_does_not_write_is_told(apply, etc, monkeypatch):
    monkeypatch.setattr(configuration, "readers_of", lambda path: None if "private" in path else "everybody")
    apply(**full(etc))
    write(etc + "/own.pem", "PEM\n" + KEY)
    write(etc + "/own.pem.2026-11-21@07:44:01~", KEY)
    told = apply(**dict(full(etc), ca_file=etc + "/own.pem", files=[]))["warnings"]
    assert ["own.pem holds a private key, and everybody can read it; take the key out" in told[0], len(told)] == [
        True,
        2,
    ]
    assert "delete this backup" in told[1]
    # It stays what sendmail trusts where the call does not name it.
    assert apply(**{"smart_hosts": [RELAY]})["warnings"] == told
    os.rename(etc + "/own.pem", etc + "/private.pem")
    assert apply(**dict(full(etc), ca_file=etc + "/private.pem", files=[]))["warnings"] == []


@pytest.mark.parametrize("form", ['"P:{0}"', '"P={0}"', "P:{0}"])
def test_passwords_in_the_access_map_are_not_shown_and_nobody_else_reads_them(apply, etc, host, tmp_path, form):
    write(etc + "/access", 'Connect:127\t\tRELAY\nAuthInfo:x.example.com "U:mail" ' + form.format(PASSWORD) + "\n")
    for name in ("access", "access.db"):
        os.chmod(etc + "/" + name, 0o644)
    concealed = set()
    arguments = dict({"config_directory": etc, "backup": True}, **full(etc))
    result = Configuration(arguments, host, scratch=str(tmp_path), conceal=concealed.update).apply()
    shown = [diff for diff in result["diff"] if diff["after_header"] == etc + "/access"]
    assert (
        "AuthInfo:x.example.com (not shown)\n" in shown[0]["after"] and "Connect:127\t\tRELAY\n" in shown[0]["before"]
    )
    assert PASSWORD not in str(result) and concealed == set([PASSWORD])
    (backup,) = [name for name in result["backup_files"] if "/access." in name]
    assert [mode_of(etc + "/access"), mode_of(etc + "/access.db"), mode_of(backup)] == [0o640, 0o640, 0o600]
    assert not Configuration(arguments, host, scratch=str(tmp_path)).apply()["changed"]
    os.chmod(etc + "/access.db", 0o644)
    assert Configuration(arguments, host, scratch=str(tmp_path)).apply()["changed"]
    assert mode_of(etc + "/access.db") == 0o640


def test_passwords_in_a_mc_are_not_shown(apply, etc):
    for name in ("sendmail.mc", "sendmail.cf"):
        write(etc + "/" + name, read_native(etc + "/" + name) + "# " + AUTH_INFO)
    result = apply(backup=True, **full(etc))
    assert PASSWORD not in str(result)
    assert [mode_of(name) for name in result["backup_files"] if "sendmail." in name] == [0o600, 0o600]
    assert mode_of(etc + "/sendmail.mc") == 0o644 and AUTH_INFO in read_native(etc + "/sendmail.mc")


@pytest.mark.parametrize(
    "name, content, named",
    [
        ("authinfo", AUTH_INFO, ""),
        ("default-auth-info", "mail\nmail\n" + PASSWORD + "\n", ""),
        ("logins", "mail\nmail\n" + PASSWORD + "\n", "O DefaultAuthInfo={0}\n"),
        ("logins", PASSWORD, "Kauthinfo hash -o {0}\n"),
        ("logins", AUTH_INFO, ""),
        ("key.pem", KEY + PASSWORD, ""),
    ],
)
def test_a_file_of_passwords_is_private(apply, etc, name, content, named):
    path = etc + "/" + name
    write(etc + "/sendmail.cf", read_native(etc + "/sendmail.cf") + named.format(path))
    write(path, content + "old")
    item = {"path": path, "content": content}
    result = apply(files=[item], backup=True)
    assert PASSWORD not in str(result) and mode_of(path) == 0o600
    assert [mode_of(backup) for backup in result["backup_files"]] == [0o600]
    assert not apply(files=[item])["changed"]
    with pytest.raises(RelayError) as error:
        apply(files=[dict(item, mode="0644")])
    assert "lets everyone read secrets" in str(error.value)


@pytest.mark.parametrize("fault", ["mode", "second file", "main.cf", "request"])
def test_what_is_refused_before_its_secrets_are_known_keeps_them_back(etc, host, tmp_path, fault):
    secret = {"path": etc + "/authinfo", "content": 'AuthInfo:x "P:{0}"\n'.format(PASSWORD)}
    plain = {"path": etc + "/ldap.conf", "content": "bindpw {0}\n".format(PASSWORD)}
    arguments = dict(config_directory=etc, port=25, files=[secret, plain])
    if fault == "mode":
        plain["mode"] = "0644"
    elif fault == "second file":
        arguments["files"] = [dict(secret, path="relative"), plain]
    elif fault == "main.cf":
        os.unlink(etc + "/sendmail.cf")
        os.mkdir(etc + "/sendmail.cf")
    else:
        arguments["port"] = 0
    concealed = set()
    with pytest.raises((RelayError, EnvironmentError)):
        Configuration(arguments, host, scratch=str(tmp_path), conceal=concealed.update).apply()
    assert set([secret["content"], plain["content"]]) <= concealed


@pytest.mark.parametrize("content", ["password = {0}\n", "bindpw {0}\n", "dnpass: {0}\n"])
def test_a_mode_that_lets_everybody_read_a_file_with_a_password_is_refused(apply, etc, content):
    item = {"path": etc + "/ldap.conf", "content": content.format(PASSWORD)}
    with pytest.raises(RelayError) as error:
        apply(files=[dict(item, mode="0644")])
    assert "ldap.conf: mode 0644 lets everyone read secrets; use 0600" in str(error.value)
    assert not os.path.exists(item["path"])
    apply(files=[dict(item, mode="0640")])
    assert mode_of(item["path"]) == 0o640
