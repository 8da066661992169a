# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of main.cf: parameters, elements of lists, choices by what Postfix knows, and what goes back."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.arguments import texts_in
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import split_list
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_parameters import is_known
from ansible_collections.mailops.relay.plugins.module_utils.postfix.lint_tables import tables_in, takes_tables
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError, setting_text


def first_supported(choices, defaults, named, types=None):
    """dict: parameter -> value: of each choice the first entry of which Postfix knows every parameter and type of table.

    Args:
        choices: list of list of dict; each dict is parameter -> value.
        defaults: dict, what C(postconf -d) shows; None when there is no Postfix to ask, and the newest is assumed.
        named: container of str, parameters that the call sets elsewhere; they are left out of the result.
        types: set of str, what C(postconf -m) shows, or None when it cannot be told; then each type is assumed.

    Raises:
        SettingError: a choice has another form, or two of them set one parameter to different values.
    """
    chosen = {}
    for choice in choices:
        if not all(isinstance(entry, dict) for entry in choice):
            raise SettingError("first_supported: each choice is a list of mappings of parameter and value")
        entry = next((entry for entry in choice if _is_supported(entry, defaults, types)), {})
        for name, value in entry.items():
            if chosen.get(name, value) != value:
                raise SettingError(
                    "first_supported: {0} would be both '{1}' and '{2}'; keep one".format(name, chosen[name], value)
                )
            if name not in named:
                chosen[name] = value
    return chosen


def _is_supported(entry, defaults, types):
    if defaults is not None and not all(is_known(name, defaults) for name in entry):
        return False
    tables = [
        table
        for name, value in entry.items()
        if takes_tables(name)
        for text in texts_in(value)
        for table in tables_in(text)
    ]
    return types is None or all(kind in types for kind, _path in tables)


def _elements(value, what):
    """list of str: the elements of a list, of which one such as C(check_sender_access hash:/a) is several words."""
    return [setting_text(element, what) for element in (value if isinstance(value, (list, tuple)) else [value])]


def without_elements(text, elements):
    """str: a list of Postfix without these elements, wherever they stand; what is left stays as it is written.

    Args:
        text: str.
        elements: list of str, of one word or several.
    """
    words = split_list(text)
    own = sorted((split_list(element) for element in elements), key=len, reverse=True)
    parts, position, at, joined = [], 0, 0, False
    while position < len(words):
        length = next((len(one) for one in own if one and words[position : position + len(one)] == one), 0)
        for word in words[position : position + (length or 1)]:
            start = text.index(word, at)
            at = start + len(word)
        if length:
            joined = False
        elif joined:
            parts[-1] = (parts[-1][0], at)
        else:
            parts.append((start, at))
            joined = True
        position += length or 1
    return ", ".join(text[start:end] for start, end in parts)


def set_main(call, plan, main):
    """(list of str, set of str, set of str): parameters that this Postfix does not know, those that are set, those that go back.

    Args:
        call: Call.
        plan: FilePlan, of main.cf.
        main: MainCf, as it is; it is changed.

    Raises:
        SettingError: a parameter is named twice, or a value is none.
    """
    wanted = dict(call.request.get("main") or {})
    for name in call.request.get("prefer_system_ca") or []:
        if name in wanted:
            # What a second run does not need is imported where it is needed: on the host nothing is compiled beforehand.
            from ansible_collections.mailops.relay.plugins.module_utils.host.trust import preferred_file

            wanted[name] = preferred_file(wanted[name], call.request.get("files") or [])
    optional = call.request.get("if_supported") or {}
    both = sorted(set(wanted) & set(optional))
    if both:
        raise SettingError("main: {0} is named in if_supported too; keep one of them".format(", ".join(both)))
    named = dict(wanted, **optional)
    chosen = first_supported(
        call.request.get("first_supported") or [],
        call.host.defaults if call.host.installed else None,
        named,
        call.host.table_types,
    )
    named.update(chosen)
    unknown = set()
    if call.host.installed:
        offered = set(optional)
        for entries in call.request.get("first_supported") or []:
            offered.update(name for entry in entries for name in entry)
        unknown = set(name for name in offered - set(wanted) if not is_known(name, call.host.defaults))
    else:
        call.warnings.append(
            "Postfix is not installed on this host yet: the values could not be checked against it, "
            "and the difference shown is against what there is now"
        )
    texts = dict(
        (name, None if value is None else setting_text(value, "main: " + name))
        for name, value in named.items()
        if name not in unknown
    )
    values = main.values()
    extended = _extended(call, plan.destination, texts, values)
    texts.update(extended)
    if call.owner_name is not None and not call.owned.known and call.host.installed:
        from ansible_collections.mailops.relay.plugins.module_utils.postfix.earlier import Earlier

        earlier = Earlier(plan.destination, texts, values)
        call.earlier = earlier if earlier.found else None
    before = call.before(plan, lambda text: MainCf(text, plan.path).values(), texts, values)
    if call.earlier is not None:
        call.earlier.find_original(plan.destination, main, before)
    restored = call.owned.settle(plan.destination, texts, values, before)
    texts.update(restored)
    # Sorted: Python 2.7 gives a mapping in any order, and new parameters are appended in this one.
    for name, value in sorted(texts.items()):
        main.set(name, value)
    return sorted(unknown), set(named).union(extended), set(restored)


def _extended(call, thing, texts, values):
    """dict: parameter -> str: lists of main.cf with elements of ours before and behind those that they have otherwise.

    Args:
        thing: str, main.cf itself, not a link to it.
        texts: dict: parameter -> str or None, what the call sets otherwise.
        values: dict: parameter -> str, what main.cf says.
    """
    claims = call.owned.claims
    first, last = [
        dict(
            (name, _elements(value, "{0}: {1}".format(option, name)))
            for name, value in (call.request.get(option) or {}).items()
        )
        for option in ("prepend", "append")
    ]
    found = {}
    for name in sorted(set(first).union(last)):
        before, behind = first.get(name, []), last.get(name, [])
        recorded = claims is not None and name in claims.keys(thing)
        if name in texts:
            base = texts[name]
        elif recorded and claims.is_ours(thing, name, values.get(name)):
            base = claims.before(thing, name)
        else:
            base = values.get(name)
            if recorded:
                # Others have changed the list since: without ours it is what is to come back.
                claims.found_since(thing, name, without_elements(base or "", before + behind) or None)
        others = without_elements(base or "", before + behind)
        found[name] = ", ".join(before + [others] * bool(others) + behind)
    return found
