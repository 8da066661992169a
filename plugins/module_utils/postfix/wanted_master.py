# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wanted of master.cf: services and their settings, and what goes back."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import fingerprint
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import FIELDS, MasterCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.settings import SettingError, setting_text


def set_master(call, plan, master):
    """Set the services that the call names.

    Args:
        call: Call.
        plan: FilePlan, of master.cf.
        master: MasterCf, as it is; it is changed.

    Raises:
        SettingError: a field or setting has no value that master.cf takes.
    """
    items = [item for item in call.request.get("master") or [] if _is_for_this_postfix(call, item)]
    services = set((item["name"], item["type"]) for item in items)
    current = _entries(master)
    asked, wanted, ours = {}, {}, {}
    for name, kind in sorted(services):
        key = "{0}/{1}".format(name, kind)
        asked[key] = [item for item in items if (item["name"], item["type"]) == (name, kind)]
        wanted[key], ours[key] = _service(call, plan, key, asked[key], current.get(key))
    # Of an earlier release too that knew fewer options.
    found = dict(
        (key, wanted[key] if _holds(wanted[key], text) else text) for key, text in current.items() if key in wanted
    )
    before = call.before(plan, lambda text: _entries(MasterCf(text, plan.path)), wanted, found, "the service {0}")
    for key, text in list((before or {}).items()):
        if text is None and _adds(asked[key]):
            # It was there, whoever it was that set these: without it there would be no service at all.
            del before[key]
            call.earlier.adopted.remove("the service " + key)
            continue
        made = _made(call, plan, key, asked[key], text)
        ours[key] = wanted[key] if _same_service(made, wanted[key]) else made
    texts = dict(wanted, **call.owned.settle(plan.destination, ours, current, before))
    for key in [key for item in items for key in ["{0[name]}/{0[type]}".format(item)]] + sorted(
        set(texts) - set(wanted)
    ):
        if fingerprint(texts[key], key) != fingerprint(current.get(key), key):
            name, _slash, kind = key.rpartition("/")
            master.put(name, kind, texts[key])


def _service(call, plan, key, items, text):
    """(str or None, str or None): a service as it is to be, and as it would be had nobody else changed it.

    Args:
        plan: FilePlan, of master.cf.
        key: str, name/type.
        items: list of dict, what is asked of it.
        text: str or None, as it is.
    """
    claims = call.owned.claims
    if claims is None or key not in claims.keys(plan.destination):
        made = _made(call, plan, key, items, text)
        return made, made
    # From before, so that what an item no longer says goes back too.
    before = claims.before(plan.destination, key)
    made = _made(call, plan, key, items, text if before is None and _adds(items) else before)
    if text is None or claims.is_ours(plan.destination, key, text):
        made = text if _same_service(made, text) else made
        return made, made
    wanted = _made(call, plan, key, items, text)
    if _same_service(made, wanted):
        return wanted, wanted
    if not claims.is_ours(plan.destination, key, made):
        call.warnings.append(
            "{0}: {1} was changed by somebody else after it had been set here: what is asked of it now is set, what is no "
            "longer asked of it stays".format(plan.path, key)
        )
    return wanted, made


def _made(call, plan, key, items, text):
    """str or None: the text of a service with what is asked of it."""
    master = MasterCf(text or "", plan.path)
    _set_services(call, master, items)
    name, _slash, kind = key.rpartition("/")
    return master.entry(name, kind)


def _is_for_this_postfix(call, item):
    return not call.host.installed or all(name in call.host.defaults for name in item.get("if_supported") or [])


def _set_services(call, master, items):
    for item in items:
        name, kind = item["name"], item["type"]
        if item.get("state") == "absent":
            master.remove_service(name, kind)
            continue
        what = "master: {0}/{1}: ".format(name, kind)
        fields = dict((field, _flag(item.get(field), what + field)) for field in ("private", "unprivileged", "chroot"))
        fields.update((field, item.get(field)) for field in ("wakeup", "maxproc"))
        options = dict(
            (option, None if value is None else setting_text(value, what + option, ","))
            for option, value in (item.get("options") or {}).items()
        )
        # Without a Postfix to ask (check mode), the newest form is assumed.
        braces = not call.host.installed or call.host.version >= (3, 0)
        master.set(name, kind, fields, item.get("command"), options, braces)


def _entries(master):
    """dict: "name/type" -> text of each service of a ``MasterCf``."""
    keys = [(service["name"], service["type"]) for service in master.services()]
    return dict(("{0}/{1}".format(name, kind), master.entry(name, kind)) for name, kind in keys)


def _adds(items):
    """bool: whether what is asked of a service needs one that is there."""
    return not any(item.get("command") or item.get("state") == "absent" for item in items)


def _parts(text):
    """(list, list) or None: the fields and the program with its arguments of a service (str or None), its sorted settings."""
    service = next((found for found, _line in MasterCf(text or "", "").lines()), None)
    if service is None:
        return None
    return [service.field(name) for name in FIELDS[:-1]] + [service.command()], sorted(service.options())


def _same_service(one, other):
    """bool: whether two texts of a service (str or None) differ in nothing but the order of their settings, and in comments."""
    return _parts(one) == _parts(other)


def _holds(whole, part):
    """bool: whether a service (str or None) is another one (str) with further settings, or with none."""
    more, less = _parts(whole), _parts(part)
    return more is not None and more[0] == less[0] and set(less[1]) <= set(more[1])


def _flag(value, what):
    """str or None: a yes/no field of master.cf from C(y), C(n), C(-) or what YAML makes a boolean of."""
    if value is None:
        return None
    flag = {"y": "y", "yes": "y", "true": "y", "n": "n", "no": "n", "false": "n", "-": "-"}.get(str(value).lower())
    if flag is None:
        raise SettingError("{0}: '{1}' is not y, n or -".format(what, value))
    return flag
