# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The open-relay matrix as lines to read."""

from ansible_collections.mailops.relay.plugins.plugin_utils.arguments import a_dict
from ansible_collections.mailops.relay.plugins.plugin_utils.terminal import printable

_WIDTH = 14


def _cell(entry):
    verdict = entry["verdict"].upper() if entry["verdict"] == "accepted" else entry["verdict"]
    return "{0} {1}".format(verdict, entry["code"]) if entry["code"] else verdict


def probe_table(result):
    """The matrix as a table, a row for each form and a column for each way in, then the transcripts of what was accepted.

    Args:
        result: dict, of M(mailops.relay.smtp_probe) with C(test=relay).

    Returns:
        list of str: lines, of printable characters only.
    """
    # Whoever uses any filter of a collection loads all of its files; this waits until it is used.
    from ansible_collections.mailops.relay.plugins.module_utils.mail.relay_matrix import TLS_WORDS

    keys = ("channels", "accepted", "tried", "refused", "unknown", "seconds")
    a_dict("probe_table", result, keys=keys, hint="Give a result of mailops.relay.smtp_probe with test: relay.")
    lines = [
        "{0}: {accepted} of {tried} accepted, {refused} refused, {unknown} not known, in {seconds} s".format(
            "RELAYS FOR WHO ASKED"
            if result["accepted"]
            else "Not clear"
            if result["unknown"]
            else "Relays nothing for who asked",
            **result,
        )
    ]
    tested = [channel for channel in result["channels"] if channel["state"] == "tested"]
    for channel in result["channels"]:
        if channel["state"] == "tested":
            lines.append(
                "  [{0}] {address} port {port} {1}".format(
                    tested.index(channel) + 1, TLS_WORDS[channel["tls"]], **channel
                )
            )
        else:
            lines.append("  {state}: {address} port {port} {0}: {reason}".format(TLS_WORDS[channel["tls"]], **channel))
    if tested:
        rows = list(zip(*(channel["forms"] for channel in tested), strict=False))
        width = max(len(row[0]["form"]) for row in rows)
        lines.append(
            "  {0} {1}".format(
                "".ljust(width), " ".join(f"[{number + 1}]".ljust(_WIDTH) for number in range(len(tested)))
            )
        )
        for row in rows:
            lines.append(
                "  {0} {1}".format(row[0]["form"].ljust(width), " ".join(_cell(entry).ljust(_WIDTH) for entry in row))
            )
    for number, channel in enumerate(tested):
        for entry in channel["forms"]:
            if entry["verdict"] == "unknown":
                lines.append("[{0}] {form} is not known: {reason}; {reply}".format(number + 1, **entry))
            if entry["verdict"] == "accepted":
                lines.append("[{0}] {form} was accepted:".format(number + 1, **entry))
                lines.extend("    " + line for line in entry["transcript"])
    return [printable(line.rstrip()) for line in lines]


class FilterModule:
    """The filters of this collection."""

    def filters(self):
        return {"probe_table": probe_table}
