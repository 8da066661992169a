# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

import builtins
import json
import re

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.mailops.relay.plugins.plugin_utils import flow_page
from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import summarize
from ansible_collections.mailops.relay.tests.unit.plugins.plugin_utils.flows import HOSTILE, Page, empty, named, week

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


@pytest.fixture(autouse=True)
def a_small_library(monkeypatch):
    """What is tested is the page around the plotting library."""
    monkeypatch.setattr(flow_page, "_plotly", lambda: "/* library */")


@pytest.fixture(name="week")
def a_week():
    return week()


def page_of(flow, title="Mail report"):
    return flow_page.page(summarize(flow, title))


def numbers(text):
    return set(float(number.replace(",", "")) for number in NUMBER.findall(text))


def known(value):
    if isinstance(value, dict):
        return set().union(*[numbers(key) | known(entry) for key, entry in value.items()])
    if isinstance(value, list):
        return set().union(*[known(entry) for entry in value])
    if isinstance(value, str):
        return numbers(value)
    return set() if value is None else {float(value)}


def test_every_number_shown_is_in_the_json(week):
    page = Page(page_of(week, "Week 29"))
    assert page.embedded == json.loads(json.dumps(summarize(week, "Week 29")))
    shown = set().union(*[numbers(text) for text in page.text])
    assert len(set().union(*[numbers(text) for text in page.cells])) > 250
    assert not shown - known(page.embedded)


def test_no_mail():
    page = Page(page_of(empty(lines=7)))
    assert "There was no mail in what was read." in page.text
    assert "data-chart" not in page.attributes and "table" not in page.tags


def check_inert(name):
    harmless = Page(page_of(named("example.org"), "example.org"))
    text = page_of(named(name), name)
    page = Page(text)
    assert page.tags == harmless.tags
    assert page.attributes == harmless.attributes
    assert page.embedded == json.loads(json.dumps(summarize(named(name), name)))
    assert all(character.isprintable() or character == "\n" for character in text)
    assert text.count("<!") == 1
    text.encode("utf-8")


@pytest.mark.parametrize("name", HOSTILE)
def test_strangers_texts_are_inert(name):
    check_inert(name)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_inert(name):
    flow_page._plotly = lambda: ""
    check_inert(name)


def test_nothing_is_asked_of_the_network(week):
    text = page_of(week)
    policy = re.search('Content-Security-Policy" content="([^"]*)"', text).group(1)
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "connect-src" not in policy
    assert "unsafe-inline" not in policy.split("style-src")[0] and "unsafe-eval" not in policy
    page = Page(text)
    assert "src" not in page.attributes and page.tags.count("link") == 1 and "iframe" not in page.tags
    assert not re.search("(?i)https?://", text)


def test_without_plotly(monkeypatch):
    monkeypatch.undo()
    real = builtins.__import__

    def missing(name, *args, **kwargs):
        if name.startswith("plotly"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(AnsibleFilterError, match="pip install plotly"):
        page_of(empty())


def test_with_plotly(monkeypatch):
    monkeypatch.undo()
    pytest.importorskip("plotly")
    text = page_of(named("example.org"))
    assert text.count("plotly.js v") == 1 and len(text) > 1000000
