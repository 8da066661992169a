# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module begins and ends with: options that can mean something, and the one place where errors are caught."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import json
import platform
import sys
from numbers import Number

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.common.text.converters import to_bytes, to_native

from ansible_collections.mailops.relay.plugins.module_utils.host import arguments
from ansible_collections.mailops.relay.plugins.module_utils.host.errors import HostError, RelayError, explained

# Shorter texts would be found in half the words.
_SHORTEST_SECRET = 4
# What a result says in words of its own: a password that is one of them too changes no verdict.
_WORDS = ("id", "status", "verdict")


class RelayModule(AnsibleModule):
    """An C(AnsibleModule) that can be given any text, and whose mappings and lists of them stay out of the system log.

    A password may be in any of them, and which ones are is known only when the host's configuration has been read; the
    line in the log is written before that. What is known then is added to C(no_log_values), which the result goes through.
    """

    def log(self, msg, log_args=None):
        """Write to the system log; see C(AnsibleModule.log)."""
        if log_args:
            log_args = self.without_mappings(log_args, "(not logged)")
            msg = "Invoked with " + " ".join("{0}={1}".format(*item) for item in sorted(log_args.items()))
        super(RelayModule, self).log(msg, log_args=log_args)

    def exit_json(self, words=(), **result):
        """End well; what a result has as C(warnings) is shown as such. (ansible-core 2.23 no longer takes them from a result.)

        Secrets are taken out of its texts; its numbers, its truth values and its own words stay what they are, whatever the secret is.

        Args:
            words: iterable of str, names of values that hold no text of others, besides C(id), C(status) and C(verdict).
        """
        secrets = set(text for text in self.no_log_values if len(text) >= _SHORTEST_SECRET)
        for warning in result.pop("warnings", ()):
            # Now: what looks like a number of the result is no secret below.
            self.warn(remove_values(self.in_words_of_role(warning), secrets))
        if self.no_log_values:
            arguments_shown = remove_values(self.params, self.no_log_values)
            result = without_secrets(result, secrets, _WORDS + tuple(words))
            # Ansible would take what is still there out of those words, too.
            said = list(_leaves(result))
            self.no_log_values = set(text for text in secrets if not any(text in one for one in said))
            result["invocation"] = {"module_args": arguments_shown}
        super(RelayModule, self).exit_json(**result)

    def jsonify(self, data):
        """str: a result as JSON; see C(AnsibleModule.jsonify), which makes a copy of all of it first, for bytes that may be in it."""
        try:
            return json.dumps(data)
        except (TypeError, ValueError):
            return super(RelayModule, self).jsonify(data)

    def in_words_of_role(self, text):
        """str: a text that may name options of this module, for the user of the role that has called it."""
        if not self.params.get("owner"):
            return text
        # Few calls have anything to say.
        from ansible_collections.mailops.relay.plugins.module_utils.host.role_names import in_words_of

        return in_words_of(self.params["owner"], text)

    def conceal(self, texts):
        """Keep texts out of the result and of every message.

        Args:
            texts: iterable of str. What has less than four characters would be found in half the words, and is left.
        """
        self.no_log_values.update(text for text in texts if len(text) >= _SHORTEST_SECRET)

    def need(self, packages):
        """End unless all Python packages are there; the message fits in a table's cell, with the command that installs them.

        Args:
            packages: dict of str to str or None: by the name that pip knows, the traceback of the import that failed.
        """
        missing = sorted(name for name, problem in packages.items() if problem)
        if missing:
            self.fail_json(
                msg="Python of {0} lacks {1}; there: {2} -m pip install {3}".format(
                    platform.node(), " and ".join(missing), sys.executable, " ".join(missing)
                ),
                exception=packages[missing[0]],
            )

    def without_mappings(self, options, note):
        """dict: options with a note (str) in the place of mappings and lists of them, in which any text may be a password."""
        return dict(
            (name, note if self._has_mapping(self.params.get(name)) else value) for name, value in options.items()
        )

    @staticmethod
    def _has_mapping(value):
        return isinstance(value, dict) or (
            isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
        )

    def _log_to_syslog(self, msg):
        # Ansible logs the options before a module sees them, and what syslog(3) does not take would end in a traceback.
        text = to_native(to_bytes(msg, errors="surrogate_then_replace"), errors="replace")
        super(RelayModule, self)._log_to_syslog(text.replace("\0", "\\0"))


def without_secrets(value, secrets, words):
    """A result of which no text has a secret in it.

    Args:
        value: what JSON has.
        secrets: set of str.
        words: tuple of str, the names of the values that are left as they are.
    """
    if isinstance(value, dict):
        return dict(
            (name, one if name in words else without_secrets(one, secrets, words)) for name, one in value.items()
        )
    if isinstance(value, (list, tuple)):
        return [without_secrets(one, secrets, words) for one in value]
    # A number or a truth value would be one by chance only.
    return value if value is None or isinstance(value, Number) else remove_values(value, secrets)


def _leaves(value):
    """Yields each text, number and truth value of a result as a str."""
    if isinstance(value, (dict, list, tuple)):
        for one in value.values() if isinstance(value, dict) else value:
            for leaf in _leaves(one):
                yield leaf
    else:
        yield to_native(value)


@contextlib.contextmanager
def reported(module):
    """Check a module's options, run what it does, and end in C(fail_json) with a sentence when that fails.

    Errors of the operating system that nobody has explained by then are explained here: a full disk is no fault of the
    program, and no reason for a traceback.

    Args:
        module: a ``RelayModule``.
    """
    checked = False
    try:
        arguments.check(module.argument_spec, module.params, module.required_if or ())
        checked = True
        yield
        return
    except RelayError as exc:
        problem = exc
    except EnvironmentError as exc:
        problem = HostError(explained(exc))
    facts = problem.facts()
    if not checked:
        # Nobody has looked yet which of these are secrets; Ansible returns all of them otherwise.
        facts["invocation"] = {"module_args": module.without_mappings(module.params, "(not shown)")}
    module.fail_json(msg=module.in_words_of_role(str(problem)), **facts)
