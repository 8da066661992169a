# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.postfix import secret_values
from ansible_collections.mailops.relay.plugins.module_utils.postfix.secret_values import (
    command_passwords,
    hidden_main,
    hidden_master,
    holds_password,
    secret_names,
    secret_texts,
    shown,
    shown_words,
)

PASSWORD = "hunter2secret"
LOGIN = "relay:" + PASSWORD

# (parameter, value, what is shown of it, whether that is a password)
VALUES = [
    ("smtp_sasl_password_maps", "hash:/etc/postfix/sasl_passwd", None, False),
    ("smtp_sasl_password_maps", "proxy:mysql:/etc/postfix/x.cf, $default_database_type:/etc/y", None, False),
    ("lmtp_sasl_password_maps", "$my_maps", None, False),
    ("smtp_sasl_password_maps", "static:" + LOGIN, "(not shown)", True),
    ("smtp_sasl_password_maps", "hash:/etc/x, static:{" + LOGIN + "}", "(not shown)", True),
    ("smtp_sasl_password_maps", "inline:{ {[h]:587 = " + LOGIN + "} }", "(not shown)", True),
    ("smtp_sasl_password_maps", "texthash:{" + LOGIN + "}", "(not shown)", True),
    ("lmtp_sasl_password_maps", "unionmap:{hash:/x,inline:{a=" + LOGIN + "}}", "(not shown)", True),
    ("smtp_sasl_password_maps", "pcre:{{/^/ " + LOGIN + "}}", "(not shown)", True),
    ("mysqlusers_password", PASSWORD, "(not shown)", True),
    ("ldapusers_bind_pw", "/" + PASSWORD, "(not shown)", True),
    ("my_password_file", "/etc/postfix/x", None, False),
    ("smtp_sasl_password_result_delimiter", ":", None, False),
    ("x_use_password", "yes", None, False),
    ("transport_maps", "inline:{ {a = smtp:[h]:25} }, hash:/x", "inline:{(not shown)}, hash:/x", False),
    ("smtp_header_checks", "static:{" + LOGIN, "static:{(not shown)", False),
    ("relayhost", LOGIN + "@[h]", "relay:(not shown)@[h]", True),
    ("virtual_alias_maps", "pgsql:postgresql://a:" + PASSWORD + "@db/x", "pgsql:postgresql://a:(not shown)@db/x", True),
    ("mailbox_command", "/usr/bin/x  --password=" + PASSWORD + " y", "/usr/bin/x  --password=(not shown) y", True),
    ("mailbox_command", "/usr/bin/curl -u a:" + PASSWORD + " x", "/usr/bin/curl -u a:(not shown) x", True),
    ("mailbox_command", "/usr/bin/mysql -p" + PASSWORD + " db", "/usr/bin/mysql -p(not shown) db", True),
    ("import_environment", "TZ, PGPASSWORD=" + PASSWORD, "TZ, PGPASSWORD=(not shown)", True),
    ("mydb_dbname", "host=db password=" + PASSWORD, "host=db password=(not shown)", True),
    ("mailbox_command", "/usr/bin/procmail -a $EXTENSION -m /etc/passwd", None, False),
    ("smtpd_client_restrictions", "check_client_access hash:/etc/postfix/passwd-less, permit", None, False),
    ("relayhost", "[relay.example.com]:587", None, False),
    ("local_recipient_maps", "static:all", None, False),
]


@pytest.mark.parametrize("name, value, visible, is_password", VALUES)
def test_what_is_shown_of_a_value(name, value, visible, is_password):
    assert shown(name, value) == (value if visible is None else visible)
    assert holds_password(name, value) == is_password
    if is_password:
        assert any(PASSWORD in text for text in secret_texts(name, value))
    elif visible is None:
        assert secret_texts(name, value) == set()


def test_of_a_password_map_the_password_alone_is_kept_out_of_other_texts_too():
    value = "inline:{ {[smtp.example.com]:587 = " + LOGIN + "}, example.net=" + LOGIN + "x }"
    assert set([LOGIN, PASSWORD, LOGIN + "x"]) <= secret_texts("smtp_sasl_password_maps", value)
    for text in secret_texts("smtp_sasl_password_maps", value):
        assert PASSWORD in text
    assert secret_texts("smtp_sasl_password_maps", "static:u:pw") == set(["static:u:pw", "u:pw"])


def test_what_a_password_map_refers_to_is_a_password_too():
    settings = [
        ("smtp_sasl_password_maps", "static:{$my_user:$my_word}, hash:$config_directory/x, ${my_maps}"),
        ("my_word", "$my_other"),
        ("my_other", PASSWORD),
        ("my_maps", "static:" + LOGIN),
        ("config_directory", "/etc/postfix"),
    ]
    names = secret_names(settings)
    assert names == set(["smtp_sasl_password_maps", "my_user", "my_word", "my_other", "my_maps"])
    text = hidden_main("".join("{0} = {1}\n".format(*pair) for pair in settings), None, names)
    assert PASSWORD not in text and "config_directory = /etc/postfix\n" in text


def test_main_cf_is_shown_with_comments_and_all_else_as_it_is():
    text = (
        "# password maps\nmyhostname = a.example\nsmtp_sasl_password_maps =\n  # within\n  inline:{\n  {a = "
        + LOGIN
        + "} }\n"
        "#smtp_sasl_password_maps = static:" + LOGIN + "\n## relayhost = " + LOGIN + "@h\nmynetworks = 127.0.0.0/8"
    )
    assert hidden_main(text, None, secret_names([])) == (
        "# password maps\nmyhostname = a.example\nsmtp_sasl_password_maps = (not shown)\n  # within\n"
        "#smtp_sasl_password_maps = (not shown)\n## relayhost = relay:(not shown)@h\nmynetworks = 127.0.0.0/8"
    )


def test_a_password_that_changes_is_said_to_have_changed():
    old, new = ("a = b\nsmtp_sasl_password_maps = static:u:{0}\n".format(word) for word in ("one", "two"))
    assert hidden_main(old, None, set()) == "a = b\nsmtp_sasl_password_maps = (not shown)\n"
    assert hidden_main(new, old, set()) == "a = b\nsmtp_sasl_password_maps = (not shown, changed)\n"
    assert hidden_main(new, new, set()) == hidden_main(new, "a = b\n", set()) == hidden_main(old, None, set())


MASTER = (
    (
        "smtp inet n - n - - smtpd\n"
        "smart unix - - n - - smtp\n  -o smtp_sasl_password_maps=static:{0}\n  # -o smtp_sasl_password_maps=static:{0}\n"
        "  -o { smtp_x = inline:{a=b} } -o smtp_tls_security_level=may\n"
        "deliver unix - n n - - pipe\n  user=mail argv=/usr/bin/deliver --password {1} --passwd={1} smtp://u:{1}@h ${recipient}\n"
    )
    .replace("{0}", LOGIN)
    .replace("{1}", PASSWORD)
)


def test_master_cf_is_shown_without_passwords_in_options_and_commands():
    text = hidden_master(MASTER, None, set())
    assert PASSWORD not in text
    assert "-o smtp_sasl_password_maps=(not shown)\n" in text and "-o smtp_x=inline:{(not shown)}" in text
    assert "-o smtp_tls_security_level=may\n" in text and "# -o smtp_sasl_password_maps=(not shown)\n" in text
    assert "--password (not shown) --passwd=(not shown) smtp://u:(not shown)@h ${recipient}\n" in text
    changed = hidden_master(MASTER.replace("static:" + LOGIN, "static:u:other"), MASTER, set())
    assert "-o smtp_sasl_password_maps=(not shown, changed)\n" in changed


def test_other_arguments_are_shown():
    words = ["flags=DRhu", "-a", "${sender}", "--bypass", "x"]
    assert shown_words(words)[:3] == words[:3]


@pytest.mark.parametrize(
    "command, visible",
    [
        ("--api-token={0} x", "--api-token=(not shown) x"),
        ("--secret {0} x", "--secret (not shown) x"),
        ("--credentials={0}", "--credentials=(not shown)"),
        ("/usr/bin/env API_SECRET={0} /bin/true", "/usr/bin/env API_SECRET=(not shown) /bin/true"),
        ("curl -u mail:{0} https://x/", "curl -u mail:(not shown) https://x/"),
        ("curl --user mail:{0} https://x/", "curl --user mail:(not shown) https://x/"),
        ("curl -u mail https://mail:{0}@x/", "curl -u mail https://mail:(not shown)@x/"),
        ("curl -umail:{0} https://x/", "curl -umail:(not shown) https://x/"),
        ("curl --proxy-user=mail:{0} https://x/", "curl --proxy-user=mail:(not shown) https://x/"),
        ("env MYSQL_PWD={0} mysql", "env MYSQL_PWD=(not shown) mysql"),
        ("search --bind-pw {0} x", "search --bind-pw (not shown) x"),
        ("deliver --pw={0}", "deliver --pw=(not shown)"),
        ("deliver {{--password={0} x", "deliver {--password=(not shown) x"),
        ("argv=/usr/bin/sshpass -p {0} ssh -p 22 h", "argv=/usr/bin/sshpass -p (not shown) ssh -p 22 h"),
        ("argv=sshpass -v -p{0} scp -p f h:", "argv=sshpass -v -p(not shown) scp -p f h:"),
        ("sshpass -P assword: -p {0} ssh h", "sshpass -P assword: -p (not shown) ssh h"),
        ("swaks -au app -ap {0} -apt -t x@y", "swaks -au app -ap (not shown) -apt -t x@y"),
        ("swaks --ap={0} -t x@y", "swaks --ap=(not shown) -t x@y"),
        ("sendEmail -xu app -xp {0} -f x@y", "sendEmail -xu app -xp (not shown) -f x@y"),
        ("/usr/bin/mysql -u mail -p{0} db", "/usr/bin/mysql -u mail -p(not shown) db"),
        ("ldapsearch -D cn=a -w {0} uid=x", "ldapsearch -D cn=a -w (not shown) uid=x"),
        ("redis-cli -a {0} ping", "redis-cli -a (not shown) ping"),
        ("mosquitto_pub -u a -P {0} -t x", "mosquitto_pub -u a -P (not shown) -t x"),
    ],
)
def test_a_password_in_a_command_is_neither_shown_nor_in_a_message(command, visible):
    words = command.format(PASSWORD).split()
    assert " ".join(shown_words(words)) == visible
    assert command_passwords(command.format(PASSWORD)) == set([PASSWORD])


def test_a_command_without_a_password_is_shown_as_it_is():
    command = "flags=DRhu user=mail:mail argv=/usr/bin/deliver -u mail -d ${recipient} --user mail x:y --pwx=a PWD=/b"
    assert " ".join(shown_words(command.split())) == command and command_passwords(command) == set()
    for other in (
        "deliver -p 25 -w 3 -P x -a y -ap z -xp q",
        "mysql -p db",
        "sshpass -e ssh -p 22 h",
        "sshpass -f /f scp -p a b:",
    ):
        assert " ".join(shown_words(other.split())) == other and command_passwords(other) == set()


@pytest.mark.parametrize("name", ["db_pass", "db_pwd", "my_api_key", "api_token", "my_bind_pw"])
def test_a_parameter_named_after_a_password_is_not_shown(name):
    assert shown(name, PASSWORD) == "(not shown)"


@pytest.mark.parametrize("name", ["smtp_bypass", "tokens_max", "my_passive"])
def test_a_parameter_named_otherwise_is(name):
    assert shown(name, "5") == "5"


WORDS = st.text("abcXYZ019_.-/", min_size=1, max_size=10)


@given(
    st.lists(
        st.one_of(
            st.builds("{0} = {1}\n".format, WORDS.map(lambda word: "p" + word.strip(".-/")), WORDS),
            st.builds("# {0}\n".format, WORDS),
            st.just("\n"),
        ),
        max_size=6,
    )
)
def test_without_passwords_main_cf_is_shown_byte_for_byte(lines):
    text = "".join(lines)
    assert hidden_main(text, None, set()) == text


@given(
    st.sampled_from(
        ["static:{0}", "static:{{{0}}}", "inline:{{ {{ k = {0} }} }}", "inline:{{k={0}}}", "hash:/x inline:{{k={0}}}"]
    ),
    st.text("abcdefgh019!$%&*+~^", min_size=6, max_size=12).filter(lambda word: "$" not in word),
    st.sampled_from([" ", "\n\t", "\n  # a comment\n  "]),
)
def test_no_form_of_a_password_map_shows_the_password(form, password, blank):
    password = "Q" + password
    value = form.format("user:" + password)
    text = "myhostname = a.example\nsmtp_sasl_password_maps ={0}{1}\nmyorigin = b.example\n".format(blank, value)
    assert password not in hidden_main(text, None, set()) and password not in hidden_main(text, "", set())
    assert hidden_main(text, None, set()).endswith("\nmyorigin = b.example\n")
    master = "x unix - - n - - smtp -o {{ smtp_sasl_password_maps = {0} }}\n".format(value)
    assert password not in hidden_master(master, None, set())
    assert password in secret_texts("smtp_sasl_password_maps", value)
    assert secret_values.is_secret("smtp_sasl_password_maps")
