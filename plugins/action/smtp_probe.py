# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps M(mailops.relay.smtp_probe) from hosts of others: only the controller knows which hosts are the site's own."""

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.mailops.relay.plugins.module_utils.host.addresses import names_loopback, plain
from ansible_collections.mailops.relay.plugins.plugin_utils.delegated import DelegatedAction
from ansible_collections.mailops.relay.plugins.plugin_utils.inventory import NAMES_IN, known_names, read_variables

# So many variables that cannot be read are named.
_MOST_UNREAD = 5


def normal(name):
    """str: a host name or address in the form in which they are compared."""
    return plain(str(name).strip().lower()).rstrip(".")


def strangers(targets, groups, hostvars):
    """(list of str, list of str): those that are neither the host itself nor in the inventory; why some of it could not be read.

    Args:
        targets: list of str, host names and addresses.
        groups: dict: group -> list of str, inventory names.
        hostvars: mapping: inventory name -> its variables.
    """
    others = [target for target in targets if not names_loopback(normal(target))]
    # Not before it is needed: the variables of every host of a large inventory take a while.
    hosts = groups.get("all", ()) if others else ()
    names, unread = set(), []
    for host in hosts:
        variables, problems = read_variables(hostvars[host], NAMES_IN)
        names.update(normal(name) for kind in known_names(host, variables).values() for name in kind)
        unread.extend(f"{host}: {problem}" for problem in problems)
    return [target for target in others if normal(target) not in names], unread


class ActionModule(DelegatedAction):
    """Looks at whom the test is to talk to, then runs the module."""

    def ask(self, task_vars):
        arguments = self._task.args
        addresses = arguments.get("addresses") or []
        if isinstance(addresses, str):
            addresses = [address.strip() for address in addresses.split(",")]
        targets = [str(target) for target in [arguments.get("server")] + list(addresses) if target]
        if not boolean(arguments.get("allow_foreign", False), strict=False):
            foreign, unread = strangers(targets, task_vars["groups"], task_vars["hostvars"])
            if foreign:
                text = (
                    "server: {0} is not a host of this inventory by name, ansible_host or a known address, so it may be somebody "
                    "else's. Write it as the inventory knows it, or gather the facts of the host that has this address; if you "
                    "may test it, set allow_foreign: true".format(", ".join(foreign))
                )
                if unread:
                    text += ". Variables that could not be read may name it; repair them: " + "; ".join(
                        unread[:_MOST_UNREAD]
                    )
                return {"failed": True, "msg": text}
        return super().ask(task_vars)
