# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which mail system a host has, and its queue."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.mailops.relay.plugins.module_utils.host.processes import working_directories
from ansible_collections.mailops.relay.plugins.module_utils.mail.daemons import DAEMONS
from ansible_collections.mailops.relay.plugins.module_utils.mail.queue import QueueError
from ansible_collections.mailops.relay.plugins.module_utils.postfix.queue import PostfixQueue
from ansible_collections.mailops.relay.plugins.module_utils.qmail.queue import QmailQueue
from ansible_collections.mailops.relay.plugins.module_utils.sendmail.queue import SendmailQueue

# Every Queue that there is, each made from a runner and a directory or None.
BACKENDS = (PostfixQueue, SendmailQueue, QmailQueue)


def queue_of(runner, mta, directory):
    """Queue: that of this host's mail system.

    Args:
        runner: commands.Runner.
        mta: str, C(auto), C(postfix), C(sendmail) or C(qmail).
        directory: str or None; see the option C(directory) of M(mailops.relay.mail_queue).

    Raises:
        RelayError: there is none, or there are several, none is named, and it is not one alone that runs.
    """
    if mta != "auto":
        backend = next(backend for backend in BACKENDS if backend.name == mta)
        # One that is elsewhere says itself whether it is there.
        if directory is None and not backend.is_there(runner):
            raise QueueError("mta: this host has no {0}".format(mta))
        return backend(runner, directory)
    found = [backend for backend in BACKENDS if backend.is_there(runner)]
    if not found:
        raise QueueError("mta: this host has none of {0}".format(", ".join(backend.name for backend in BACKENDS)))
    # EL leaves Postfix installed beside the sendmail that serves, and the other way round.
    running = _serving(found) if len(found) > 1 else []
    if len(found) > 1 and len(running) != 1:
        raise QueueError(
            "mta: this host has {0}, and {1} of them runs; name the one that is meant (queue_mta in mailops.relay.queue)".format(
                " and ".join(backend.name for backend in found), "more than one" if running else "none"
            )
        )
    return (running or found)[0](runner, directory)


def _serving(found):
    """list of class: those of some back ends of which a daemon runs."""
    directories = dict((backend.name, set(working_directories(DAEMONS[backend.name]))) for backend in found)
    # The command sendmail of a Postfix, which reads what a program pipes to it as long as that takes, goes to Postfix's queue.
    directories.get("sendmail", set()).difference_update(directories.get("postfix", ()))
    return [backend for backend in found if directories[backend.name]]
