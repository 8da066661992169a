# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.module_utils.mail import dkim_record
from ansible_collections.mailops.relay.plugins.module_utils.mail.dkim_record import DkimError

# Made with OpenSSL 3.0.19: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 | openssl pkey -pubout
PUBLIC = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9MnGsVYlHJghmk73PRg3YgCNTlVmOoXAHmdCjYNJfOkehOpkfyH8ep"
    "+0WjNQ1XU7/HDiS5KE4XbfPTQRHS2XGv8K9VBzjoZ1+3VJN+luvRGezKzLlLg30hluqJLrUvJ+ZQyGVSmbmZd/nvMlWMz2+4NO"
    "7Mbpg+jnoYUkaGpQv5kUya9Bt3Uy0Y1+64bEbVNNCc7JpDMxZiXK9CnKrdK6LzQ+AQ258jINr9/9O1nqHS9KiNSdkc0VMGBVMB"
    "plp9vQ/Vy+MHXJAreQc3cFzN0hT7kylr3YdC2nWjPVmqh8UEJ141eToLdSOZCY2YWoh6Eic8NacM3J02AmcoHOcNX+HwIDAQAB"
)
OTHER = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA9CksYReMW64lmNRPHgVl5157qe05xJ1EXoK0bUmVaF5q0u4zOhrCoZ"
    "UXhjS/Q5mHHHwMn0Js1FIxGW6Wn+CiYMG91et5Cl4Figxgik8z0Ek+MdJVJd/XTeygp3xxHOy5tZWm0NpmwPt9+8DuZVhhVI7Y"
    "dKzX5Z6RproSdSnAT6mM4huR+/ZSi5A9VotengaPWYVskYtznxmsom4wJvAIymfy9BSHTJiwpiE6xlFy1v75er5S3nh/npYzrT"
    "xP/gO1Uvqw8KA2UJTejfqnftBl5RjB8J/M9dWmWpz6O0a8SUSEH9asQo3bXS2+tgwi89FEiPYr5h12Kq/UQz0vn3O61QIDAQAB"
)

text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=900)
names = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_]{0,8}\Z")
values = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E, blacklist_characters=";"), max_size=40)
folds = st.sampled_from(["", " ", "\t", "\r\n ", "  "])


def read_zone(lines):
    """The owner, type and strings of a record of a zone file, with what RFC 1035 (5.1) says of quotes, backslashes and brackets."""
    found = re.findall(r'"((?:[^"\\]|\\.)*)"|([^\s()"]+)', lines)
    words = [word for _string, word in found if word]
    return words, [re.sub(r"\\(.)", r"\1", string) for string, word in found if not word]


@given(text)
@settings(max_examples=100, deadline=None)
def test_a_zone_file_gives_back_the_text_in_strings_that_the_dns_can_hold(told):
    words, strings = read_zone(dkim_record.zone_text("example.com", "relay01", told))
    assert words == ["relay01._domainkey.example.com.", "3600", "IN", "TXT"]
    # What a resolver hands over is these strings, joined.
    assert "".join(strings) == told and all(len(string) == 64 for string in strings[:-1])


@given(text)
@settings(max_examples=50, deadline=None)
def test_a_text_is_cut_into_strings_that_the_dns_can_hold(told):
    strings = dkim_record.split_text(told)
    assert "".join(strings) == told
    assert all(len(string) == 255 for string in strings[:-1]) and all(len(string) <= 255 for string in strings)


@given(st.binary(min_size=1, max_size=700))
@settings(max_examples=50, deadline=None)
def test_what_is_written_is_read_as_the_same_key(der):
    public = base64.b64encode(der).decode("ascii")
    record = dkim_record.record_text(public)
    assert dkim_record.parse_tags(record) == [("v", "DKIM1"), ("k", "rsa"), ("p", public)]
    found = dkim_record.compare(["".join(dkim_record.split_text(record)).encode("ascii")], public)
    assert found == ("same", "this key", False)


@given(
    st.lists(st.tuples(names, values, folds, folds), unique_by=lambda tag: tag[0], min_size=1, max_size=6),
    st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_tags_are_read_whatever_white_space_is_around_them(tags, last):
    written = ";".join(
        "{2}{0}{3}={3}{1}{2}".format(name, value, before, after) for name, value, before, after in tags
    ) + (";" if last else "")
    assert dkim_record.parse_tags(written) == [(name, value) for name, value, _before, _after in tags]


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_no_record_of_a_stranger_is_a_traceback_or_this_key(data):
    assert dkim_record.compare([data], PUBLIC).verdict in ("missing", "different")
    assert dkim_record.compare([b"v=DKIM1; p=" + data], PUBLIC).verdict == "different"


@pytest.mark.parametrize(
    "record",
    [
        "p={0}",
        "v=DKIM1;p={0};",
        "v=DKIM1; h=sha1:sha256; k=rsa; s=email; n=made by hand; p={0}",
        "v = DKIM1 ;\tk=rsa; s=*;t=s; p = {1} {2} ; x_new=1",
    ],
)
def test_other_ways_to_write_this_key(record):
    told = record.format(PUBLIC, PUBLIC[:40], PUBLIC[40:])
    assert dkim_record.compare([told.encode("ascii")], PUBLIC) == ("same", "this key", False)


@pytest.mark.parametrize(
    "record, seen",
    [
        ("v=DKIM1; k=rsa; p=" + PUBLIC[:237], "this key, cut after 237 of 392 characters"),
        ("v=DKIM1; k=rsa; p=" + OTHER, "another key"),
        ("v=DKIM1; k=rsa; p=", "revoked"),
        ("v=DKIM1; k=rsa", "it has no p="),
        ("k=rsa; v=DKIM1; p=" + PUBLIC, "v= is not the first"),
        ("v=DKIM2; p=" + PUBLIC, "not DKIM1"),
        ("v=DKIM1; k=ed25519; p=" + PUBLIC, "k=ed25519"),
        ("v=DKIM1; h=sha1; p=" + PUBLIC, "h=sha1"),
        ("v=DKIM1; s=tlsrpt; p=" + PUBLIC, "s=tlsrpt"),
        ("v=DKIM1; p=" + PUBLIC + "; p=" + PUBLIC, "p= twice"),
        ('v=DKIM1; k=rsa; p={0}" "{1}'.format(PUBLIC[:200], PUBLIC[200:]), "quoted twice"),
        ("v=DKIM1; p=" + PUBLIC[:-4] + "!!!!", "cannot be read as a key"),
        ("v=DKIM1; p=" + PUBLIC[1:], "cannot be read as a key"),
    ],
)
def test_a_record_with_which_nobody_can_verify(record, seen):
    found = dkim_record.compare([record.encode("ascii")], PUBLIC)
    assert found.verdict == "different" and seen in found.seen


def test_no_record_and_several():
    assert dkim_record.compare([], PUBLIC) == ("missing", "no TXT record", False)
    record = dkim_record.record_text(PUBLIC).encode("ascii")
    found = dkim_record.compare([record, record], PUBLIC)
    assert found.verdict == "different" and "2 TXT records" in found.seen


@pytest.mark.parametrize("record", [b"v=spf1 -all", b"", b"hello", b"\xff\xfe", b"google-site-verification=abc"])
def test_what_a_wildcard_has_for_each_name_is_no_key(record):
    found = dkim_record.compare([record], PUBLIC)
    assert found.verdict == "missing" and "no DKIM key" in found.seen


def test_a_domain_that_only_tries_is_told():
    record = "v=DKIM1; t=s:y; p=" + PUBLIC
    assert dkim_record.compare([record.encode("ascii")], PUBLIC) == ("same", "this key", True)


@pytest.mark.parametrize(
    "selector", ["", "a.b", "-a", "a-", "a_b", "a b", "a\n", "x" * 64, "é", "relay01._domainkey", "*"]
)
def test_a_selector_that_is_no_label_is_refused(selector):
    with pytest.raises(DkimError) as refused:
        dkim_record.check_names("example.com", selector)
    assert str(refused.value).startswith("selector: ") and "1 to 63 letters" in str(refused.value)


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "com",
        "example.com.",
        "@example.com",
        "a@example.com",
        "*.example.com",
        "192.0.2.1",
        "a.localdomain",
        "a b.de",
    ],
)
def test_what_is_no_domain_is_refused(domain):
    with pytest.raises(DkimError) as refused:
        dkim_record.check_names(domain, "relay01")
    assert str(refused.value).startswith("domain: ") and "example.com" in str(refused.value)


def test_a_name_that_the_dns_cannot_hold_is_refused():
    domain = ".".join(["a" * 60] * 4)[:220] + ".com"
    dkim_record.check_names(domain, "a" * 10)
    with pytest.raises(DkimError) as refused:
        dkim_record.check_names(domain, "a" * 60)
    assert "shorter selector" in str(refused.value)


@pytest.mark.parametrize("size", [0, 512, 1023, 4097, 16384])
def test_a_size_that_verifiers_do_not_take_is_refused(size):
    with pytest.raises(DkimError) as refused:
        dkim_record.check_size(size)
    assert "size: {0}".format(size) in str(refused.value) and "2048" in str(refused.value)
