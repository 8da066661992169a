# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.host.commands import CommandError, Result
from ansible_collections.mailops.relay.plugins.module_utils.mail import opendkim, opendkim_conf
from ansible_collections.mailops.relay.plugins.module_utils.mail.opendkim import Signer, SignerError, key_steps
from ansible_collections.mailops.relay.plugins.module_utils.mail.opendkim_conf import FormerKey, SigningKey

# /etc/opendkim.conf of Debian's opendkim 2.11.0~beta2-8+deb12u1, as it is installed.
with open(os.path.join(os.path.dirname(__file__), "fixtures", "opendkim.conf.2.11.0-bookworm.txt")) as stream:
    STOCK = stream.read()
# An RSA key of 512 bits, made with OpenSSL 3.0.19.
PUBLIC = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKotJ9dh/pf6TQCjD6M8tu3I6XBheCewaEnPfNn5xqJPLoeYPCVrzqwcONL6QsTGUNYqwARw5hClXAkjzMkK908CAwEAAQ=="
# Seconds for which mail may be queued.
LIFETIME = 1000
QUEUE, SOCKET = "/var/spool/postfix", "relay/opendkim.sock"
FORMER = "/etc/opendkim/mailops-relay.former"
PATH = "/etc/opendkim/keys/{0}._domainkey.{1}.pem"

names = st.sampled_from(["Mode", "mode", "Socket", "KeyTable", "Domain", "UserID", "UMask", "LogWhy"])
values = st.sampled_from(["s", "yes", "inet:8891@127.0.0.1", "a, b", "refile:/etc/x", "#", ""])
lines = st.one_of(
    st.builds("{0}{1}{2}".format, names, st.sampled_from([" ", "\t\t", "  "]), values),
    st.sampled_from(["", "# Mode sv", "#Domain example.com", "  Mode s # a comment", "\tSocket local:/x"]),
)
texts = st.builds(lambda found, end: "\n".join(found) + end, st.lists(lines, max_size=8), st.sampled_from(["", "\n"]))
wanted = st.dictionaries(
    st.sampled_from(["Mode", "Socket", "Domain", "New"]), st.sampled_from(["s", "inet:1@::1", None]), max_size=4
).map(lambda found: sorted(found.items(), key=str))
labels = st.sampled_from(["a", "b", "mail", "x-1", "example"])
domains = st.lists(labels, min_size=1, max_size=3).map(lambda found: ".".join(found + ["com"]))
ONE = SigningKey("example.com", "a", PATH.format("a", "example.com"))
keys = st.lists(
    st.builds(lambda domain, selector: SigningKey(domain, selector, PATH.format(selector, domain)), domains, labels),
    unique_by=lambda key: key.domain,
    max_size=5,
)


@given(texts, wanted)
@settings(max_examples=150, deadline=None)
def test_what_is_set_is_set_once_and_all_else_stays(text, changes):
    made = opendkim_conf.edited(text, changes)
    found, before = opendkim_conf.settings(made), opendkim_conf.settings(text)
    named = set(name.lower() for name, _value in changes)
    for name, value in changes:
        assert found.get(name.lower()) == value
    assert dict(item for item in found.items() if item[0] not in named) == dict(
        item for item in before.items() if item[0] not in named
    )
    comments = [line for line in text.splitlines() if not line.partition("#")[0].strip()]
    assert [line for line in made.splitlines() if not line.partition("#")[0].strip()] == comments
    assert opendkim_conf.edited(made, changes) == made


@given(keys)
@settings(max_examples=50, deadline=None)
def test_a_key_table_is_read_as_it_was_written(found):
    assert opendkim_conf.read_key_table(opendkim_conf.key_table(found)) == found


@given(
    st.lists(st.builds(FormerKey, keys.flatmap(lambda found: st.sampled_from(found or [ONE])), st.integers(0, 2**31)))
)
@settings(max_examples=50, deadline=None)
def test_former_keys_are_read_as_they_were_written(found):
    text = opendkim_conf.former_table(found)
    assert opendkim_conf.read_former_table(text + "\nno such line\nx a:b:c\n1 a:b\n") == found


@given(st.lists(st.tuples(keys, st.booleans()), min_size=2, max_size=5))
@settings(max_examples=100, deadline=None)
def test_each_key_signs_or_is_former_since_it_signed_last(rounds):
    """Of each key that has ever signed one of the two is true, but for those that are gone, of which the last is kept."""
    former, table, ended = [], [], {}
    for now, (signing, gone) in enumerate(rounds):
        ends = [key for key in table if key not in signing]
        before = former
        former = opendkim_conf.former_keys(before, table, signing, lambda _key, gone=gone: gone, now)
        ended.update((key, now) for key in ends)
        assert not [one for one in former if one.key in signing]
        assert all(ended[one.key] == one.since for one in former)
        assert len(set(one.key for one in former)) == len(former) and set(ends) <= set(one.key for one in former)
        lost = set(one.key for one in before) - set(one.key for one in former) - set(signing)
        assert not lost if not gone else all(key.domain in [end.domain for end in ends] for key in lost)
        table = signing


@given(keys, domains)
@settings(max_examples=100, deadline=None)
def test_the_nearest_domain_signs(found, domain):
    """The first line of which the pattern fits counts, as opendkim.conf(5) says of a refile."""
    import fnmatch

    address = "someone@" + domain
    line = next(
        (
            line
            for line in opendkim_conf.signing_table(found).splitlines()
            if fnmatch.fnmatchcase(address, line.split()[0])
        ),
        None,
    )
    above = [".".join(domain.split(".")[start:]) for start in range(domain.count(".") + 1)]
    nearest = next((key for name in above for key in found if key.domain == name), None)
    assert (line.split()[1] if line else None) == (
        nearest and "{0}._domainkey.{1}".format(nearest.selector, nearest.domain)
    )


def test_a_domain_in_another_script_signs_however_a_sender_has_it():
    table = opendkim_conf.signing_table([SigningKey("xn--bcher-kva.example", "a", "/k")])
    assert [line.split()[0] for line in table.splitlines()] == [
        "*@xn--bcher-kva.example",
        "*@*.xn--bcher-kva.example",
        "*@bücher.example",
        "*@*.bücher.example",
    ]
    assert set(line.split()[1] for line in table.splitlines()) == set(["a._domainkey.xn--bcher-kva.example"])


class Host(object):
    """A host with OpenDKIM as Debian installs it; its programs by name."""

    def __init__(self, root, installed=True):
        self.root = root
        self.installed = installed
        self.started = 0.0
        self.group = os.getgid()
        root.joinpath("var", "spool", "postfix").mkdir(parents=True)
        self.states = ("active", "enabled")
        root.joinpath("etc").mkdir()
        root.joinpath("var", "lib").mkdir(parents=True)
        self.write("/etc/opendkim.conf", STOCK)

    def find(self, program):
        return "/usr/sbin/" + program if self.installed else None

    def run(self, argv, **_options):
        if argv[:3] == ["openssl", "pkey", "-in"]:
            if not os.path.exists(argv[3]):
                raise CommandError(argv, 1, "", "No such file or directory")
            return Result(0, "-----BEGIN PUBLIC KEY-----\n{0}\n-----END PUBLIC KEY-----\n".format(PUBLIC), "")
        assert argv[:2] == ["systemctl", "show"]
        with open("/proc/uptime") as uptime:
            since = float(uptime.read().split()[0]) - (time.time() - self.started)
        return Result(
            0,
            "ActiveState={0}\nUnitFileState={1}\nInactiveExitTimestampMonotonic={2:.0f}\n".format(
                self.states[0], self.states[1], since * 1e6
            ),
            "",
        )

    def path(self, path):
        return self.root.joinpath(path.lstrip("/"))

    def write(self, path, text):
        self.path(path).write_bytes(text.encode("utf-8"))

    def read(self, path):
        return self.path(path).read_bytes().decode("utf-8") if self.path(path).exists() else None

    def files(self):
        return dict(
            (str(path)[len(str(self.root)) :], path.read_bytes())
            for path in self.root.joinpath("etc").rglob("*")
            if path.is_file() and path.suffix != ".pem"
        )

    def call(self, *found, **options):
        for key in found:
            if not self.path(key["path"]).parent.is_dir():
                self.path(key["path"]).parent.mkdir(parents=True)
            if not options.get("gone"):
                self.write(key["path"], "a key")
        options.pop("gone", None)
        request = {
            "port": 8891,
            "socket": None,
            "internal_hosts": ["192.0.2.0/24"],
            "unsigned_headers": [],
            "backup": False,
            "owner": "relay_server",
            "state": "present",
        }
        check_mode = options.pop("check_mode", False)
        request.update(options, keys=list(found))
        return Signer(
            request, self, lambda: LIFETIME, lambda: (QUEUE, self.group), None, check_mode, str(self.root)
        ).apply()

    def directory(self):
        """(int, int, int) or None: mode, owner and group of the directory of the socket."""
        path = self.path(QUEUE + "/relay")
        if not path.is_dir():
            return None
        status = path.stat()
        return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def key(domain="example.com", selector="relay01", published=True):
    return {"domain": domain, "selector": selector, "path": PATH.format(selector, domain), "published": published}


def selectors(found):
    return [one["selector"] for one in found]


def test_check_real_second_run_and_back(host):
    before = host.files()
    seen = host.call(key(), check_mode=True)
    assert seen["changed"] and not seen["up_to_date"] and host.files() == before
    done = host.call(key())
    assert done["changed"] and done["diff"] == seen["diff"] and done["restart_required"]
    assert selectors(done["signing"]) == ["relay01"] and done["waiting"] == []
    found = opendkim_conf.settings(host.read("/etc/opendkim.conf"))
    assert (found["mode"], found["socket"]) == ("s", "inet:8891@127.0.0.1")
    # What the distribution has for its own unit stays.
    assert (found["userid"], found["pidfile"]) == ("opendkim", "/run/opendkim/opendkim.pid")
    assert host.read("/etc/opendkim/mailops-relay.hosts") == "127.0.0.0/8\n::1\n192.0.2.0/24\n"
    assert host.read("/etc/opendkim/mailops-relay.signing").splitlines() == [
        "*@example.com relay01._domainkey.example.com",
        "*@*.example.com relay01._domainkey.example.com",
    ]
    host.started = time.time() + 1
    again = host.call(key())
    assert not again["changed"] and again["up_to_date"] and not again["restart_required"] and again["running"]
    back = host.call(state="absent", internal_hosts=[])
    assert back["changed"] and not back["restart_required"] and host.files() == before


def of_this_process(host):
    """Have OpenDKIM run as the user of the test, who may not give a directory to others."""
    host.write("/etc/opendkim.conf", STOCK.replace("UserID\t\t\topendkim", "UserID {0}:mail".format(os.getuid())))


def test_a_socket_in_the_queue_directory_check_real_second_run_and_back(host):
    of_this_process(host)
    before = host.files()
    seen = host.call(key(), socket=SOCKET, check_mode=True)
    assert seen["changed"] and host.directory() is None
    done = host.call(key(), socket=SOCKET)
    assert done["diff"] == seen["diff"] and done["restart_required"]
    found = opendkim_conf.settings(host.read("/etc/opendkim.conf"))
    assert (found["socket"], found["umask"]) == ("local:/var/spool/postfix/relay/opendkim.sock", "007")
    # What is made there has the group of the directory.
    assert host.directory() == (0o2750, os.getuid(), os.getgid())
    assert "mode, owner and group: 2750 {0}:{1}".format(os.getuid(), os.getgid()) in done["diff"][-1]["after"]
    host.started = time.time() + 1
    again = host.call(key(), socket=SOCKET)
    assert not again["changed"] and again["up_to_date"] and not again["restart_required"]
    host.write(QUEUE + "/relay/opendkim.sock", "")
    back = host.call(state="absent", internal_hosts=[], socket=SOCKET)
    assert back["changed"] and host.directory() is None and host.files() == before
    assert not host.call(state="absent", internal_hosts=[], socket=SOCKET)["changed"]


@pytest.mark.parametrize("spoil", ["rmdir", "chmod"])
def test_a_directory_of_the_socket_that_is_spoilt_is_mended_and_the_signer_made_anew(host, spoil):
    of_this_process(host)
    host.call(key(), socket=SOCKET)
    host.started = time.time() + 1
    path = str(host.path(QUEUE + "/relay"))
    os.rmdir(path) if spoil == "rmdir" else os.chmod(path, 0o700)
    seen = host.call(key(), socket=SOCKET, check_mode=True)
    assert seen["changed"] and seen["restart_required"] and host.directory() != (0o2750, os.getuid(), os.getgid())
    done = host.call(key(), socket=SOCKET)
    assert done["changed"] and done["restart_required"] and not done["up_to_date"]
    assert host.directory() == (0o2750, os.getuid(), os.getgid())


def test_from_a_port_to_a_socket(host):
    of_this_process(host)
    host.call(key())
    assert host.directory() is None
    assert host.call(key(), socket=SOCKET)["restart_required"] and host.directory()


@pytest.mark.parametrize("socket", ["opendkim.sock", "/run/x", "../x", "a/../b", "a/b/c", "a b/c", ".a/b", "a/"])
def test_a_socket_that_is_none_is_refused(host, socket):
    with pytest.raises(SignerError) as caught:
        host.call(key(), socket=socket)
    assert "socket: " in str(caught.value) and "such as mailops-relay/opendkim.sock" in str(caught.value)


@pytest.mark.parametrize("missing", ["user", "group"])
def test_a_socket_of_nobody_is_refused_before_anything_is_changed(host, missing):
    if missing == "user":
        host.write("/etc/opendkim.conf", STOCK.replace("opendkim\n", "nosuchuser\n"))
    else:
        of_this_process(host)
        host.group = None
    before = host.files()
    # In check mode the packages may be what is to be installed.
    assert host.call(key(), socket=SOCKET, check_mode=True)["changed"]
    with pytest.raises(SignerError) as caught:
        host.call(key(), socket=SOCKET)
    assert "Install both packages" in str(caught.value) and host.files() == before


def test_a_key_that_nobody_sees_signs_nothing(host):
    before = host.files()
    result = host.call(key(published=False))
    assert not result["changed"] and result["signing"] == [] and selectors(result["waiting"]) == ["relay01"]
    assert host.files() == before


def test_what_has_signed_goes_on_whatever_the_dns_says(host):
    host.call(key())
    files = host.files()
    result = host.call(key(published=False))
    assert not result["changed"] and selectors(result["signing"]) == ["relay01"] and result["waiting"] == []
    assert host.files() == files


def test_the_former_key_signs_until_the_next_one_is_published(host):
    host.call(key())
    waits = host.call(key(selector="relay01b", published=False))
    assert (
        not waits["changed"]
        and selectors(waits["signing"]) == ["relay01"]
        and selectors(waits["waiting"]) == ["relay01b"]
    )
    signs = host.call(key(selector="relay01b"))
    assert signs["changed"] and selectors(signs["signing"]) == ["relay01b"]
    assert "relay01._domainkey" not in host.read("/etc/opendkim/mailops-relay.signing")
    assert [(one["selector"], one["path"]) for one in signs["former"]] == [("relay01", key()["path"])]


class Clock(object):
    """The module C(time) at another time."""

    def __init__(self, now):
        self._now = now

    def time(self):
        return float(self._now)


def rotated(host, ago):
    """The time of now, on a host that has switched to another key so many seconds ago."""
    host.call(key())
    since = int(time.time()) - ago
    now, opendkim.time = opendkim.time, Clock(since)
    try:
        host.call(key(selector="relay01b"))
    finally:
        opendkim.time = now
    host.started = time.time() + 1
    return since


def test_a_former_key_is_kept_as_long_as_mail_may_be_queued_that_it_has_signed(host):
    since = rotated(host, LIFETIME - 100)
    wanted = key(selector="relay01b")
    for check_mode in (True, False):
        result = host.call(wanted, check_mode=check_mode)
        assert not result["changed"] and result["retired"] == [] and result["up_to_date"]
    assert host.path(key()["path"]).exists()
    (signs, former) = key_steps(host, [wanted], LIFETIME, str(host.root))
    assert (signs["selector"], signs["step"], signs["until"]) == ("relay01b", "signs", None)
    assert (former["selector"], former["step"], former["until"]) == ("relay01", "former", since + LIFETIME)
    assert former["public_key"] == PUBLIC


@pytest.mark.parametrize("backup", [False, True])
def test_then_its_private_half_goes_without_a_copy_and_the_signer_runs_on(host, backup):
    rotated(host, LIFETIME + 100)
    wanted, files = key(selector="relay01b"), host.files()
    seen = host.call(wanted, check_mode=True, backup=backup)
    assert seen["changed"] and not seen["up_to_date"] and host.path(key()["path"]).exists()
    done = host.call(wanted, backup=backup)
    assert done["changed"] and done["retired"] == [key()["path"]] == seen["retired"] and done["diff"] == seen["diff"]
    # The key is nowhere: not in the difference that is shown, and not in a file beside its own.
    assert "a key" not in str(done["diff"]) and os.listdir(str(host.path(key()["path"]).parent)) == [
        os.path.basename(wanted["path"])
    ]
    name = "/etc/opendkim/mailops-relay.former"
    assert not done["restart_required"] and len(done["backup_files"]) == backup
    files[name] = host.files()[name]
    assert dict(item for item in host.files().items() if not item[0].endswith("~")) == files
    # Retired for good: a queue that may keep mail for longer from now on has none of it.
    (_signs, former) = key_steps(host, [wanted], 10**10, str(host.root))
    assert former["until"] == 0 and host.read(name).startswith("0 ")
    again = host.call(wanted)
    assert not again["changed"] and again["retired"] == [] and selectors(again["former"]) == ["relay01"]
    # The next change of keys forgets it.
    assert selectors(host.call(key(selector="relay01c"))["former"]) == ["relay01b"]
    host.call(state="absent", internal_hosts=[])
    assert host.read(FORMER) is None


def test_a_former_key_that_signs_again_is_no_former_one_and_stays(host):
    rotated(host, LIFETIME + 100)
    result = host.call(key())
    assert result["retired"] == [] and selectors(result["former"]) == ["relay01b"]
    assert host.path(key()["path"]).exists()
    # By another name of the same file too.
    assert host.call(dict(key(selector="x"), path=key()["path"]))["retired"] == []
    assert host.path(key()["path"]).exists()


def test_a_domain_that_is_no_longer_named_signs_no_longer(host):
    host.call(key(), key("example.org"))
    result = host.call(key("example.org"))
    assert result["changed"] and [one["domain"] for one in result["signing"]] == ["example.org"]
    assert "example.com" not in host.read("/etc/opendkim/mailops-relay.signing")


def test_lines_that_others_add_stay_when_ours_go(host):
    host.call(key())
    host.write("/etc/opendkim.conf", host.read("/etc/opendkim.conf") + "LogWhy yes\n")
    assert not host.call(key())["changed"]
    host.call(state="absent", internal_hosts=[])
    assert host.read("/etc/opendkim.conf") == STOCK + "LogWhy yes\n"


# Which of these OpenDKIM 2.11.0~beta2-8+deb12u1 signs was seen in its h= tag: SignHeaders "*,+User-Agent", and "X-*" too, and none that
# OmitHeaders names.
@pytest.mark.parametrize(
    "theirs, wanted",
    [
        ("", "*,+User-Agent,+X-Mailer"),
        ("*", "*,+User-Agent,+X-Mailer"),
        ("*, +user-agent", "*,+user-agent,+X-Mailer"),
        ("Subject,Received", "Subject,Received,User-Agent,X-Mailer"),
        (".", ".,User-Agent,X-Mailer"),
    ],
)
def test_what_is_taken_out_after_signing_is_not_signed(host, theirs, wanted):
    text = STOCK + "SignHeaders *,+User-Agent,+X-Mailer\n" + ("OmitHeaders {0}\n".format(theirs) if theirs else "")
    host.write("/etc/opendkim.conf", text)
    removed = {"unsigned_headers": ["User-Agent", "X-Mailer"]}
    host.call(key(), **removed)
    assert opendkim_conf.settings(host.read("/etc/opendkim.conf"))["omitheaders"] == wanted
    assert not host.call(key(), **removed)["changed"]
    assert host.call(key())["restart_required"]
    assert opendkim_conf.settings(host.read("/etc/opendkim.conf")).get("omitheaders", "") == theirs
    host.call(state="absent", internal_hosts=[])
    assert host.read("/etc/opendkim.conf") == text


@given(
    st.sampled_from(["", "*", "*,+a", "a b", "Subject"]),
    st.lists(st.sampled_from(["a", "B", "User-Agent"]), min_size=1, unique=True),
)
@settings(max_examples=50, deadline=None)
def test_headers_are_left_out_once(theirs, names):
    made = opendkim_conf.omitting(theirs, names)
    listed = [part.lstrip("+").lower() for part in made.split(",")]
    assert set(name.lower() for name in names) <= set(listed) and len(set(listed)) == len(listed)
    assert opendkim_conf.omitting(made, names) == made


def test_a_list_in_a_file_of_its_own_is_refused(host):
    host.write("/etc/opendkim.conf", STOCK + "OmitHeaders file:/etc/opendkim/omit\n")
    files = host.files()
    for check_mode in (True, False):
        with pytest.raises(SignerError) as refused:
            host.call(key(), unsigned_headers=["User-Agent"], check_mode=check_mode)
        assert "OmitHeaders *,+User-Agent" in str(refused.value) and host.files() == files
    assert host.call(key())["changed"]


@pytest.mark.parametrize("line", ["Domain example.com", "KeyTable /etc/dkimkeys/table", "SigningTable refile:/x"])
def test_a_host_that_signs_already_is_left_alone(host, line):
    host.write("/etc/opendkim.conf", STOCK + line + "\n")
    files = host.files()
    with pytest.raises(SignerError) as refused:
        host.call(key())
    assert line.split()[0].lower() in str(refused.value) and "relay_server_dkim" in str(refused.value)
    assert host.files() == files


def test_a_daemon_that_is_older_than_its_files_has_to_be_restarted(host):
    # As after a run that was killed before it restarted the daemon.
    host.call(key())
    host.started = time.time() - 100
    result = host.call(key())
    assert not result["changed"] and result["restart_required"]
    host.states = ("inactive", "disabled")
    result = host.call(key())
    assert not result["restart_required"] and not result["running"] and not result["enabled"]


def test_a_key_that_has_signed_and_is_gone_is_told(host):
    host.call(key())
    host.path(key()["path"]).unlink()
    for check_mode in (True, False):
        with pytest.raises(SignerError) as refused:
            host.call(key(published=False), gone=True, check_mode=check_mode)
        assert key()["path"] in str(refused.value) and "another selector" in str(refused.value)
    # That is a way out.
    assert selectors(host.call(key(selector="relay01b"))["signing"]) == ["relay01b"]


def test_each_key_is_told_with_its_step_and_its_public_half(host):
    def told(*wanted):
        return key_steps(host, wanted, LIFETIME, str(host.root))

    new = {"domain": "example.com", "selector": "relay01", "public_key": "", "step": "new", "until": None}
    assert told() == [] and told(key()) == [new]
    host.call(key(published=False))
    assert told(key()) == [dict(new, public_key=PUBLIC)]
    host.call(key())
    signs = dict(new, public_key=PUBLIC, step="signs")
    assert told(key()) == told() == [signs]
    host.path(key()["path"]).unlink()
    assert told() == [dict(signs, public_key="")]
    # Named again before it signs again: new, and no former one.
    host.call(key(selector="relay01b"))
    assert [(one["selector"], one["step"]) for one in told(key())] == [("relay01", "new"), ("relay01b", "signs")]


def test_without_the_program_it_is_refused_and_in_check_mode_told(host):
    host.installed = False
    with pytest.raises(SignerError) as refused:
        host.call(key())
    assert "Install the package opendkim" in str(refused.value) and "EPEL" in str(refused.value)
    assert host.call(key(), check_mode=True)["warnings"]


@pytest.mark.parametrize(
    "found, options, words",
    [
        ([key(selector="a.b")], {}, "selector: 'a.b'"),
        ([key(), key("Example.com", "x")], {}, "keys: example.com is named twice"),
        ([dict(key(), path="/a b")], {}, "white space"),
        ([key()], {"port": 0}, "port: 0"),
        ([key()], {"internal_hosts": ["a\nb"]}, "internal_hosts: 'a\\nb'"),
        ([key()], {"state": "absent"}, "Leave out keys"),
        ([key()], {"unsigned_headers": ["a, b"]}, "unsigned_headers: 'a, b'"),
    ],
)
def test_bad_input_is_refused_by_name(host, found, options, words):
    files = host.files()
    with pytest.raises(SignerError if "selector" not in words else Exception) as refused:
        host.call(*found, **options)
    assert words in str(refused.value) and host.files() == files
