# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of one call of the module share: what is asked for, the host, what its owner has set, the warnings."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host.owners_record import Owned, is_path
from ansible_collections.mailops.relay.plugins.module_utils.host.ownership import WHOLE
from ansible_collections.mailops.relay.plugins.module_utils.postfix.expand import expand
from ansible_collections.mailops.relay.plugins.module_utils.postfix.installation import Host
from ansible_collections.mailops.relay.plugins.module_utils.postfix.tables import COMPILED_SUFFIXES, TEXT_TYPES

COMPILERS = ("postmap", "postalias")


class Call(object):
    """One call of the module.

    Args:
        request: dict, the module's arguments.
        runner: a ``Runner``.
        check_mode: bool.

    Attributes:
        request, check_mode: as above.
        runner: a ``Runner``.
        host: Host.
        owner_name: str or None, as whom the call sets what it sets.
        owned: Owned, what this owner has set; that of nobody until ``read_record``.
        earlier: Earlier or None, what a release without a record has left.
        secret_files: SecretFiles or None, until the configurations before and after are known.
        warnings: list of str.
    """

    def __init__(self, request, runner, check_mode=False):
        self.request = request
        self.runner = runner
        self.check_mode = check_mode
        self.host = Host(runner, request.get("config_directory"))
        self.owner_name = request.get("owner")
        self.owned = Owned(None, "")
        self.earlier = None
        self.secret_files = None
        self.warnings = []

    def read_record(self):
        """Read what this owner has set in this configuration directory."""
        directory = os.path.realpath(self.host.config_directory)
        self.owned = Owned(self.owner_name, "postfix_config " + directory, fits=self._fits)

    def expanded(self, settings, name):
        """str: the value of a parameter in these settings, with its references expanded.

        Raises:
            ExpansionError: it cannot be told.
        """

        def lookup(reference):
            return settings.get(reference, self.host.defaults.get(reference))

        return expand(lookup(name) or "", lookup)

    def before(self, plan, parse, wanted, current, name="{0}"):
        """dict or None: what an earlier release found; see ``Earlier.before``."""
        return None if self.earlier is None else self.earlier.before(plan.destination, parse, wanted, current, name)

    def render(self, plan, config):
        """MainCf or MasterCf: a configuration as its plan has it then; the text from before when that is given back."""
        text = rendered(config, plan.before)
        original = None if self.earlier is None else self.earlier.originals.get(plan.destination)
        plan.after = self.owned.text(plan.destination, plan.before, text, self.earlier is None, original)
        return config if plan.after == text else type(config)(plan.after or "", plan.path)

    def _fits(self, thing, key, entry):
        """bool: whether an entry of a record is as it is recorded here; for ``Owned``."""
        if not is_path(thing):
            return False
        how = entry.get("how")
        if how is None:
            # Of what is no table.
            files = (self.host.main_file, self.host.master_file)
            return key == WHOLE or thing in [os.path.realpath(path) for path in files]
        kind, compiler = how
        return compiler in COMPILERS and kind in TEXT_TYPES + tuple(COMPILED_SUFFIXES)


def rendered(config, before):
    """str or None: the text of a MainCf or MasterCf; None for a file that is not there and stays so."""
    text = config.render()
    return None if before is None and not text else text
