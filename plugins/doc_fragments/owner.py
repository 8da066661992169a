# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later


class ModuleDocFragment:
    """What a module that records what it has set says of that."""

    DOCUMENTATION = r"""
options:
  owner:
    description:
      - In whose name this is set, for example the name of the role. The host then keeps a record of it, and of what was there
        before, in C(/var/lib/mailops.relay/owners.json), which only root can read.
      - A name has letters, digits and C(_.-), 100 characters at most, and single spaces between words.
      - A call names everything that its owner wants of this module. What it named before and no longer names returns to what it was
        before the owner set it, in the same change. Where somebody else has changed it since, it stays, and a warning says so.
      - Something that another owner has set to another value is refused, and nothing changes. An equal value is shared, and
        returns when its last owner no longer names it.
      - Where a release before 0.7.0 has set what is wanted, a warning says that it is recorded now. When it is taken back, it
        returns to what the oldest backup says, or goes out where there is none.
      - A record that is damaged, or was written by a newer release, is refused.
      - Of a file with lines of others, ours are told from theirs, which stay when ours go.
      - Without it, nothing is recorded, and nothing is taken back.
    type: str
    version_added: 0.7.0
  state:
    description:
      - V(absent) takes back everything that O(owner) has set with this module. Nothing else can be named then.
    type: str
    choices: [present, absent]
    default: present
    version_added: 0.7.0
"""
