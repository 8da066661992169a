# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traffic of one or several relays: as a summary, as lines for the terminal, as a page for the browser."""

from collections.abc import Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict, a_list, a_number

# Whoever uses any filter of a collection loads all of its files. So what only these need is imported when they are used.

_HINT = 'Give the "flow" of a result of mailops.relay.mail_flow_info, or what flow_merge returned.'


def _flow(name, value, what="the input"):
    return a_dict(name, value, what, keys=("version", "hosts"), hint=_HINT)


def _summary(name, flow, title):
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_summary import TITLE, summarize

    return summarize(_flow(name, flow), TITLE if title is None else title)


def flow_merge(results):
    """The flows of several hosts as one.

    Args:
        results: list of dict, flows; or dict, results of M(mailops.relay.mail_flow_info) by host, of which those
            without a flow (failed, unreachable) become problems.

    Returns:
        dict: a flow.

    Raises:
        AnsibleFilterError: there is something else among them, or a flow of another version.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_merge import merge, merge_results

    try:
        if isinstance(results, Mapping):
            for host, result in results.items():
                if result is not None:
                    a_dict("flow_merge", result, f"the result of {host}")
            return merge_results(results)
        flows = enumerate(a_list("flow_merge", results), 1)
        return merge([_flow("flow_merge", flow, f"element {number} of the input") for number, flow in flows])
    except ValueError as exc:
        raise AnsibleFilterError(f"flow_merge: {exc}") from exc


def flow_strangers(flow, hosts):
    """The clients without a name by whose address no host is known.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        hosts: dict, of P(mailops.relay.host_names#filter).

    Returns:
        list of str: addresses.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_merge import strangers

    return strangers(_flow("flow_strangers", flow), a_dict("flow_strangers", hosts, "hosts"))


def flow_with_names(flow, hosts):
    """The flow, in which clients without a name have that of the host whose address is theirs.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        hosts: dict, of P(mailops.relay.host_names#filter).

    Returns:
        dict: a flow.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_merge import with_names

    return with_names(_flow("flow_with_names", flow), a_dict("flow_with_names", hosts, "hosts"))


def flow_with_inventory(flow, hosts, expected):
    """The flow, with what it tells of the hosts of an inventory: who sent nothing, and which clients are none of them.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        hosts: dict, of P(mailops.relay.host_names#filter).
        expected: list of str, the hosts that may send; each is among C(hosts).

    Returns:
        dict: a flow.

    Raises:
        AnsibleFilterError: there is something else, or a host of which no name is known.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_merge import with_inventory

    known = a_dict("flow_with_inventory", hosts, "hosts")
    for host in a_list("flow_with_inventory", expected, "expected"):
        if host not in known:
            raise AnsibleFilterError(f"flow_with_inventory: {host} is not among the hosts of host_names.")
    return with_inventory(_flow("flow_with_inventory", flow), known, list(expected))


def flow_with_certificates(flow, results):
    """The flow, with how long the certificates of the relays are valid.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        results: dict: inventory name -> registered result of M(mailops.relay.relay_host_info), or None.

    Returns:
        dict: a flow.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.certificates import joined

    certificates = joined("flow_with_certificates", results)
    return dict(_flow("flow_with_certificates", flow), certificates=certificates)


def flow_summary(flow, title=None):
    """What a report shows: totals, ranked lists, quantiles, shares.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str or None, without which it is the usual one.

    Returns:
        dict: every number and text of the report.
    """
    return _summary("flow_summary", flow, title)


def flow_table(flow, title=None, rows=5):
    """A flow in short, for the terminal.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str or None, the first words.
        rows: int, how many of each list are shown.

    Returns:
        list of str: lines, of printable characters only.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_lines import lines_of

    rows = int(a_number("flow_table", rows, "rows", 0))
    return lines_of(_summary("flow_table", flow, title), rows)


def flow_report(flow, title=None):
    """A flow as one HTML file that asks nobody for anything.

    Args:
        flow: dict, of M(mailops.relay.mail_flow_info) or P(mailops.relay.flow_merge#filter).
        title: str or None, without which it is the usual one.

    Returns:
        str: HTML, with the summary as JSON and the plotting library in it.
    """
    from ansible_collections.mailops.relay.plugins.plugin_utils.flow_page import page

    return page(_summary("flow_report", flow, title))


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {
            "flow_merge": flow_merge,
            "flow_report": flow_report,
            "flow_strangers": flow_strangers,
            "flow_summary": flow_summary,
            "flow_table": flow_table,
            "flow_with_certificates": flow_with_certificates,
            "flow_with_inventory": flow_with_inventory,
            "flow_with_names": flow_with_names,
        }
