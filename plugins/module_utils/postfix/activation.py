# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration is put in place: Postfix loads and checks a staged copy, tables are compiled, all moves in by rename."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import shutil
import tempfile
import time

from ansible_collections.mailops.relay.plugins.module_utils.host.file_plan import Writer, make_newer
from ansible_collections.mailops.relay.plugins.module_utils.host.files import to_file_bytes
from ansible_collections.mailops.relay.plugins.module_utils.host.transaction import Transaction, write_file
from ansible_collections.mailops.relay.plugins.module_utils.postfix.judgement import InvalidError, errors, stops
from ansible_collections.mailops.relay.plugins.module_utils.postfix.main_cf import MainCf
from ansible_collections.mailops.relay.plugins.module_utils.postfix.master_cf import MasterCf


class Activation(object):
    """The files of one call, on their way to where they belong.

    Args:
        call: Call.
        main_plan, master_plan: FilePlan.
        others: list of FilePlan, tables and files.
    """

    def __init__(self, call, main_plan, master_plan, others):
        self._call = call
        self._host = call.host
        self._main_plan = main_plan
        self._master_plan = master_plan
        self._others = others

    def check(self, scratch=None):
        """Check mode: let a program of Postfix that only reads load the new main.cf from a copy elsewhere.

        Args:
            scratch: str or None, a directory for the copy.

        Raises:
            InvalidError: Postfix does not take it.
        """
        directory = tempfile.mkdtemp(dir=scratch)
        try:
            _write_aged(os.path.join(directory, "main.cf"), self._main_plan.after or "", 0o600)
            self._load(directory)
        finally:
            shutil.rmtree(directory)

    def _load(self, directory):
        # postfix(1) and postsuper(1) tell a fatal error to the system log only; postmap(1) reads main.cf in
        # the same way and says on standard error which parameter is wrong. static: opens nothing.
        result = self._call.runner.run(["postmap", "-c", directory, "-q", "x", "static:x"], check=False)
        if result.rc != 0:
            raise InvalidError(self._explained(result, directory))

    def _explained(self, result, directory):
        text = "; ".join(line for line in (result.stderr or result.stdout).splitlines() if line.strip())
        text = text.replace(directory, self._host.config_directory) or "it wrote its reason to the system log only"
        if "no local interface found for ::1" in text:
            text += "; IPv6 is disabled on this host: set inet_protocols to ipv4"
        elif "no local interface found" in text:
            text += "; set inet_interfaces to addresses of this host"
        elif "bad numerical" in text or "bad time" in text or "bad boolean" in text:
            text += "; correct this value"
        return "Postfix refuses the new configuration, nothing was changed: " + text

    @staticmethod
    def _write_copy(directory, main_text, master_text):
        os.mkdir(directory, 0o700)
        _write_aged(os.path.join(directory, "main.cf"), main_text or "", 0o644)
        _write_aged(os.path.join(directory, "master.cf"), master_text, 0o644)

    def _check(self, directory):
        return self._call.runner.run(["postfix", "-c", directory, "check"], check=False)

    def activate(self, label=None):
        """list of str: paths of backups, when all is in place.

        Args:
            label: callable or None, see ``Transaction``.

        Raises:
            InvalidError: Postfix does not take it; nothing has changed.
        """
        main_plan, master_plan, others = self._main_plan, self._master_plan, self._others
        with Transaction(label) as transaction:
            directory = transaction.stage_of(os.path.join(os.path.realpath(self._host.config_directory), "check"))
            self._write_copy(directory, main_plan.after, master_plan.after)
            self._load(directory)
            result = self._check(directory)
            if result.rc != 0:
                raise InvalidError(self._explained(result, directory))
            writer = Writer(transaction, [main_plan, master_plan] + others, self._call.owned)
            for plan in others:
                if plan.changed and plan.after is not None:
                    self._stage(writer, plan, directory)
            config = [plan for plan in (master_plan, main_plan) if plan.replaced]
            if len(config) == 2:
                config = self._ordered(directory)
            for plan in config:
                writer.stage(plan)
                writer.move(plan)
            for plan in others:
                if plan.changed and plan.after is None:
                    for path in plan.compiled + [plan.destination]:
                        if os.path.exists(path):
                            writer.remove(path)
                for path in plan.former:
                    writer.remove(path)
            backed_up = [main_plan, master_plan] + others if self._call.request.get("backup") else []
            return writer.activate(plan for plan in backed_up if plan.replaced)

    def _ordered(self, directory):
        """list of FilePlan: in which order main.cf and master.cf keep Postfix able to start, and mail going, in between."""
        main, master = self._main_plan, self._master_plan
        ends = [(main.before, master.before), (main.after, master.after)]
        known = set().union(*[errors(self._host, self._parsed(*texts)) for texts in ends])
        orders = [([master, main], main.before, master.after), ([main, master], main.after, master.before)]
        possible = []
        for number, (order, main_text, master_text) in enumerate(orders):
            between = self._parsed(main_text, master_text)
            if stops(self._host, between):
                continue
            copy = "{0}.{1}".format(directory, number)
            self._write_copy(copy, main_text, master_text)
            if self._check(copy).rc == 0:
                possible.append((len(errors(self._host, between) - known), number, order))
        return min(possible)[2] if possible else orders[0][0]

    def _parsed(self, main_text, master_text):
        return MainCf(main_text or "", self._host.main_file), MasterCf(master_text or "", self._host.master_file)

    def _stage(self, writer, plan, config_directory):
        """Stage a table or file and compile it; it moves in before what it is compiled to: see ``make_newer``."""
        staged = writer.stage(plan)
        if plan.replaced:
            make_newer(staged, plan.compiled)
            writer.move(plan)
        if plan.compiled:
            self._compile(writer, plan, staged, config_directory)

    def _compile(self, writer, plan, staged, config_directory):
        program, kind = plan.compiler
        result = self._call.runner.run([program, "-c", config_directory, "{0}:{1}".format(kind, staged)], check=False)
        said = result.stderr.replace(staged, plan.path).strip()
        # A warning is about a line that is left out. Lines of others must not be in the way of a change.
        if result.rc != 0 or (said and not plan.foreign):
            raise InvalidError(
                "table {0}: {1} does not take it as {2}, nothing was changed: {3}".format(
                    plan.path, program, kind, said or "no reason given"
                )
            )
        if said:
            self._call.warnings.append("table {0}: {1}".format(plan.path, "; ".join(said.splitlines())))
        for path in plan.compiled:
            make_newer(staged + path[len(plan.destination) :], [staged])
            writer.move_made(path, plan.mode, plan.owner, plan.group)


def _write_aged(path, text, mode):
    """Write a file of a copy, with a time of change in the past.

    A program of Postfix that loads a file which has changed within the last second waits and reads it again, in
    case it is still being written (dict_load_file(3)). Nobody else writes to the copy, and each wait would count.
    """
    write_file(path, to_file_bytes(text), mode)
    past = time.time() - 60
    os.utime(path, (past, past))
