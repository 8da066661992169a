# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lookup tables answer, where their content can be read: in main.cf itself, in the call, or in a text file.

Formats: DATABASE_README, cidr_table(5), regexp_table(5), pcre_table(5); dict_inline.c, dict_random.c, dict_union.c and
dict_pipe.c of Postfix. Of a compiled table, the text that it is compiled from is read.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import warnings
from collections import namedtuple

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import (
    AddressError,
    parse_address,
    parse_network,
)
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.logical_lines import BLANKS, ConfigText
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import (
    COMPILED_SUFFIXES,
    ORDERED_TYPES,
    table_entries,
)

# Types that stand in front of another table, and types that hold others.
WRAPPERS = ("proxy", "debug")
COMPOSED = ("pipemap", "unionmap")

# One is enough to say what the others say.
WRAPPED = re.compile(r"(?:(?:{0}):)*(.*)\Z".format("|".join(WRAPPERS)), re.S)
_SPECIFICATION = re.compile(r"([a-z][a-z0-9_]*):(.*)\Z", re.S)
# What stands for a character in a pattern; in the group one that is escaped.
_ANY_OF = re.compile(r"\\[dDwWsS][*+]?|(\\.)|\[[^]]*(?:\][*+?]?|\Z)|\.[*+]", re.S)
# cidr:, regexp: and pcre: take their rules in braces since Postfix 3.7.
_RULES_IN_BRACES = (3, 7)
MAXIMUM_NESTING = 20
# Answers of a unionmap: that are followed up, when tables in it answer at random.
_MAXIMUM_ANSWERS = 16

_CLASSES = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "A-Za-z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "blank": r" \t",
    "punct": r"!-/:-@\[-`{-~",
    "xdigit": "0-9A-Fa-f",
}

# negated: bool. test: function of a key that returns a match, or None. network: Network or None. text: the pattern, str.
# key: what stands before the answer, as it is written.
_Rule = namedtuple("_Rule", "kind test negated network text key value")


class SyntaxProblem(Exception):
    """A table that Postfix cannot read: each look-up in it fails.

    The text says why, and ``fix`` what to write; nothing of the table is in them, since it may hold a password.
    """

    def __init__(self, text, fix):
        super(SyntaxProblem, self).__init__(text)
        self.fix = fix


class Table(object):
    """A table of which nothing is known but its type.

    Attributes:
        partial: bool, whether Postfix looks up parent domains and networks too (DICT_FLAG_FIXED).
        known: bool, whether anything can be told of its answers.
    """

    partial = True
    known = False

    def find(self, key):
        """list of str or None: the possible answers to a key; [] for none at all, None when it cannot be told."""
        return None

    def entries(self):
        """list of (str, str): keys and answers, as far as they are known."""
        return []

    def networks(self):
        """list of Network: those that a rule is about."""
        return []

    def examples(self):
        """list of (str, str): keys made up so that a pattern matches them, and the answers."""
        return []

    def answers(self):
        """list of (str, str): the answers that are known, as they are written, and before each what it is for; empty for everything."""
        return self.entries()

    def values(self):
        """list of str: the answers that are known."""
        return [value for _key, value in self.answers()]


class _Known(Table):
    known = True


class _Nothing(_Known):
    """The accounts of the host (C(unix:)): no stranger has one."""

    def find(self, key):
        return []


class _Static(_Known):
    def __init__(self, answers, partial=True):
        self._answers = answers
        self.partial = partial

    def find(self, key):
        return self._answers

    def answers(self):
        return [("", answer) for answer in self._answers]


class _Pairs(_Known):
    """Keys and answers. Of two answers to one key the first counts, as with postmap(1); of C(inline:) the last."""

    def __init__(self, pairs, last=False):
        self._pairs = pairs
        self._answers = dict((key.lower(), value) for key, value in (pairs if last else reversed(pairs)))

    def find(self, key):
        key = key.lower()
        return [self._answers[key]] if key in self._answers else []

    def entries(self):
        return self._pairs


class _Rules(_Known):
    """cidr:, regexp: and pcre:. A rule that is not understood here counts as one that does not match."""

    partial = False

    def __init__(self, rules):
        self._rules = rules

    def find(self, key):
        skipped = 0
        for rule in self._rules:
            if rule.kind == "endif":
                skipped = max(skipped - 1, 0)
            elif skipped:
                skipped += rule.kind == "if"
            else:
                match = rule.test(key)
                if (not match) != rule.negated:
                    skipped = int(rule.kind == "if")
                elif rule.kind == "match":
                    return [_substituted(rule.value, match)]
        return []

    def answers(self):
        return [(rule.key, rule.value) for rule in self._rules if rule.kind == "match"]

    def networks(self):
        return [rule.network for rule in self._rules if rule.network is not None]

    def examples(self):
        found = []
        for rule in self._rules:
            if rule.kind == "match" and rule.text and not rule.negated:
                bare = _example(rule.text)
                keys = [bare, "a" + bare, "a@" + bare, bare + "a"]
                found += [(key, rule.value) for key in keys if rule.test(key)][:1]
        return found


class _Union(_Known):
    """C(unionmap:): the answers of all tables, with commas between."""

    def __init__(self, tables):
        self._tables = tables
        self.partial = all(table.partial for table in tables)

    def find(self, key):
        results = [table.find(key) for table in self._tables]
        if None in results:
            return None
        # Each is (what stands before, answer), so that long ones are put together only once.
        joined = [None]
        for answers in results:
            if answers:
                joined = [(left, right) for left in joined for right in answers][:_MAXIMUM_ANSWERS]
        return [text for text in map(_chained, joined) if text]

    def entries(self):
        return [pair for table in self._tables for pair in table.entries()]

    def networks(self):
        return [network for table in self._tables for network in table.networks()]

    def examples(self):
        return [pair for table in self._tables for pair in table.examples()]

    def answers(self):
        return [pair for table in self._tables for pair in table.answers()]

    def values(self):
        keys = [key for key, _value in self.entries()] + [""]
        return [answer for key in keys for answer in self.find(key) or []]


def _chained(link):
    parts = []
    while link:
        link, text = link
        parts.append(text)
    # No comma behind nothing.
    while parts and not parts[-1]:
        parts.pop()
    return ",".join(reversed(parts))


class _Pipe(_Union):
    """C(pipemap:): the answer of each table is what the next one is asked."""

    def find(self, key):
        keys = [key]
        for table in self._tables:
            results = [table.find(key) for key in keys]
            if None in results:
                return None
            keys = [answer for answers in results for answer in answers][:_MAXIMUM_ANSWERS]
        return keys

    def entries(self):
        return [(key, "") for key, _value in self._tables[0].entries()]

    def networks(self):
        return self._tables[0].networks()

    def examples(self):
        return [(key, "") for key, _value in self._tables[0].examples()]

    def answers(self):
        return self._tables[-1].answers()

    def values(self):
        return self._tables[-1].values()


class Lookups(object):
    """The tables that a configuration names, each read once.

    Args:
        host: see ``lint.check``.
        queue_directory: str, where a path without a slash at its beginning is looked for.
    """

    def __init__(self, host, queue_directory="/var/spool/postfix"):
        self._host = host
        self._queue_directory = queue_directory
        self._tables = {}
        self._depth = 0

    def table(self, specification):
        """Table: what C(type:name) stands for.

        Args:
            specification: str, references already expanded.

        Raises:
            SyntaxProblem: see the class.
        """
        if specification not in self._tables:
            self._depth += 1
            try:
                self._tables[specification] = self._open(specification)
            except SyntaxProblem as exc:
                self._tables[specification] = exc
            finally:
                self._depth -= 1
        found = self._tables[specification]
        if isinstance(found, SyntaxProblem):
            raise found
        return found

    def text(self, path):
        """str or None: the text of a file that a list names, or None when it cannot be read."""
        if not path.startswith("/"):
            path = "{0}/{1}".format(self._queue_directory, path)
        return self._host.text(path)

    def _open(self, specification):
        if self._depth > MAXIMUM_NESTING:
            raise SyntaxProblem("tables stand in tables more than {0} deep".format(MAXIMUM_NESTING), "use fewer")
        match = _SPECIFICATION.match(specification)
        if not match:
            return Table()
        kind, name = match.groups()
        installed = self._host.table_types
        if installed is not None and kind not in installed:
            raise SyntaxProblem("this Postfix has no tables of type {0}".format(kind), "use another type")
        if kind in WRAPPERS:
            return self.table(WRAPPED.match(name).group(1))
        if kind == "static":
            return _Static([_unbraced(name, kind)])
        if kind == "randmap":
            return _Static(_members(kind, name), partial=False)
        if kind in COMPOSED:
            members = _members(kind, name)
            for member in members:
                if not _SPECIFICATION.match(member):
                    raise SyntaxProblem("what is in the braces of {0}: is no table".format(kind), _form(kind))
            tables = [self.table(member) for member in members]
            return _Union(tables) if kind == "unionmap" else _Pipe(tables)
        if kind == "inline":
            return _Pairs([_pair(item) for item in _members(kind, name)], last=True)
        if kind in ORDERED_TYPES:
            return self._ordered(kind, name)
        if kind == "unix":
            return _Nothing()
        if kind == "fail":
            raise SyntaxProblem("fail: answers each look-up with an error", "use a table that can answer")
        if kind in COMPILED_SUFFIXES or kind == "texthash":
            text = self.text(name)
            return Table() if text is None else _Pairs(table_entries(text, name))
        return Table()

    def _ordered(self, kind, name):
        if name.startswith("{"):
            if self._host.version < _RULES_IN_BRACES:
                raise SyntaxProblem(
                    "this Postfix takes no rules in braces for {0}:, which needs 3.7".format(kind),
                    "put them into a file",
                )
            items = _members(kind, name)
            if not all(item.startswith("{") for item in items):
                raise SyntaxProblem("{0}: has a rule without braces of its own".format(kind), _form(kind))
            lines = [_unbraced(item, kind) for item in items]
        else:
            text = self.text(name)
            if text is None:
                table = Table()
                table.partial = False
                return table
            lines = [line.folded() for line in ConfigText(text, name).logical_lines()]
        read = _cidr_rule if kind == "cidr" else _pattern_rule
        return _Rules([rule for rule in (read(kind, line) for line in lines) if rule is not None])


# How a table is written whose content stands in the parameter.
_FORMS = {
    "inline": "inline:{name=value}, and inline:{{name=some value}} for a value with spaces in it",
    "randmap": "randmap:{value, value}",
    "unionmap": "unionmap:{type:name, type:name}",
    "pipemap": "pipemap:{type:name, type:name}",
    "static": "static:{some value}, with nothing behind the brace",
}


def _form(kind):
    return "write " + _FORMS.get(kind, "{0}:{{{{pattern answer}}, {{pattern answer}}}}".format(kind))


def _members(kind, text):
    """list of str: what stands in the braces of a table, as Postfix splits it."""
    content = inside(text)
    items = split_list(content) if content is not None else []
    if not items:
        raise SyntaxProblem("{0}: has nothing in braces that Postfix can read".format(kind), _form(kind))
    return items


def inside(text):
    """str or None: what stands between the braces that hold the whole text."""
    level = 0
    for position, character in enumerate(text):
        level += {"{": 1, "}": -1}.get(character, 0)
        if level <= 0:
            return text[1:position] if text[0] == "{" and position == len(text) - 1 else None
    return None


def _unbraced(text, kind):
    if not text.startswith("{"):
        return text
    content = inside(text)
    if content is None:
        raise SyntaxProblem("the braces in {0}: do not match".format(kind), _form(kind))
    return content.strip(BLANKS)


def _pair(item):
    """(str, str): key and answer of an item of C(inline:)."""
    match = re.match(r"([^=\s]+)\s*=\s*(.*)\Z", _unbraced(item, "inline"), re.S)
    if not match:
        raise SyntaxProblem("inline: has an element without an equals sign", _form("inline"))
    return match.groups()


def _negation(text):
    """(bool, str): whether an odd number of exclamation marks stands before a pattern, and the pattern."""
    pattern = text.lstrip("!" + BLANKS)
    return text[: len(text) - len(pattern)].count("!") % 2 == 1, pattern


def _cidr_rule(kind, line):
    condition = re.match(r"(if|endif)\b\s*(.*)\Z", line, re.I | re.S)
    rule = condition.group(1).lower() if condition else "match"
    if rule == "endif":
        return _Rule(rule, None, False, None, None, None, None)
    negated, text = _negation(condition.group(2) if condition else line)
    pattern, value = (text.split(None, 1) + ["", ""])[:2]
    if rule == "if":
        pattern, value = text, ""
    elif not value:
        # Postfix skips it, with a warning.
        return None
    try:
        network = parse_network(re.sub(r"\[([^][]*)\]", r"\1", pattern.strip(BLANKS)))
    except AddressError:
        return None

    def test(key):
        address = parse_address(key)
        return address is not None and network.contains(address)

    return _Rule(rule, test, negated, network if rule == "match" else None, None, pattern, value.strip(BLANKS))


def _pattern_rule(kind, line):
    condition = re.match(r"(if|endif)\b\s*(.*)\Z", line, re.I | re.S)
    rule = "match"
    if condition:
        rule, line = condition.group(1).lower(), condition.group(2)
        if rule == "endif":
            return _Rule(rule, None, False, None, None, None, None)
    negated, line = _negation(line)
    delimiter = re.escape(line[:1])
    # What is escaped is nothing else as well, or a line without an end would take forever.
    form = r"{0}((?:\\.|(?!{0})[^\\])*){0}([A-Za-z]*)\s*(.*)\Z".format(delimiter)
    match = re.match(form, line, re.S) if line else None
    if not match:
        return None
    pattern, flags, value = match.groups()
    # Letter case does not matter unless the flag is there, which turns it over.
    options = 0 if flags.count("i") % 2 else re.I
    if kind == "pcre":
        options |= re.X if flags.count("x") % 2 else 0
        options |= 0 if flags.count("s") % 2 else re.S
        options |= re.M if flags.count("m") % 2 else 0
    try:
        with warnings.catch_warnings():
            # A later Python may read "[[" and "--" in a set otherwise, it says; the pattern is another's, and Postfix's meaning stays.
            warnings.simplefilter("ignore", FutureWarning)
            compiled = re.compile(_python_pattern(pattern), options)
    except (re.error, OverflowError, RuntimeError, AssertionError):
        # Python 2 says in the last one that it has no more than 100 groups.
        # What is behind a condition that is not understood counts for nothing.
        return _Rule("if", _no_match, False, None, None, None, None) if rule == "if" else None
    key = line[: match.start(3)].strip(BLANKS)
    return _Rule(rule, compiled.search, negated, None, pattern, key, value.strip(BLANKS))


def _no_match(key):
    return None


def _python_pattern(pattern):
    return re.sub(r"\[:([a-z]+):\]", lambda match: _CLASSES.get(match.group(1), match.group()), pattern)


def _substituted(value, match):
    """str: an answer with $1 and the like replaced."""

    def group(reference):
        number = int(reference.group(1))
        groups = match.groups() if hasattr(match, "groups") else ()
        return groups[number - 1] or "" if 0 < number <= len(groups) else ""

    return re.sub(r"\$[({]?([0-9]+)[)}]?", group, value)


def _example(pattern):
    """str: a text that a simple pattern may well match."""
    text = _ANY_OF.sub(lambda match: match.group() if match.group(1) else "a", pattern)
    return re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)[\^$()?*+]", "", text.split("|")[0]))
