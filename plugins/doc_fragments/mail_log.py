# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which logs are read; shared by mail_log_info and mail_flow_info."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  source:
    description:
      - Where the lines come from.
      - V(auto) takes the files of O(paths), or the usual ones where there are any, or else the journal.
    type: str
    choices: [auto, files, journal]
    default: auto
  paths:
    description:
      - Files, directories or shell patterns. Rotated files are part of their log, whether compressed with gzip, bzip2, xz or
        zstd, or not.
      - The usual ones are C(/var/log/mail.log*), C(/var/log/maillog*) and the directories in which C(multilog) keeps the log
        of C(qmail-send).
    type: list
    elements: str
  since:
    description:
      - The earliest time. A date such as V(2026-11-22) or V(2026-11-22T07:07:44), in this host's time where no zone follows,
        an age such as V(2h) or V(3d), V(today), V(yesterday) or a weekday such as V(monday), or seconds since the epoch.
      - A day begins at midnight, also where the clocks change on it. A weekday is the last one of that name, today if it is that day.
      - Files that were last written before are not read.
    type: str
  until:
    description:
      - The latest time, written in the same way.
    type: str
"""
