# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are put in place with a configuration; shared by postfix_config, sendmail_config and qmail_config."""


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  backup:
    description:
      - Whether to keep each file that is replaced under a second name with a time stamp. The backup of a file with a private key or
        passwords in it can be read by its owner only.
    type: bool
    default: false
"""

    # For a module that leaves owners alone.
    FILES = r"""
options:
  files:
    description:
      - Further files that belong to this configuration, such as a file of trusted certificates. They are put
        in place in the same transaction.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The absolute path.
        type: str
        required: true
      mode:
        description:
          - The permission bits, such as V('0644'). The default keeps those of an existing file; a new one gets
            V(0644). A file with a private key or passwords gets V(0600), and a mode that lets everyone read it is refused.
            Where only the form of its lines speaks of passwords, an existing file keeps its own.
        type: raw
      content:
        description:
          - The content. It is shown in the difference, unless it has a private key or passwords in it.
          - Where a private key was in the file and no longer is, as versions 0.3.0 and 0.4.0 could put a relay's among the trust
            anchors of its clients, no backup is made, and backups of the file that hold a key are removed; see
            RV(leaked_private_keys).
        type: str
      state:
        description:
          - V(absent) removes the file, after the files that could name it are in place.
        type: str
        choices: [present, absent]
        default: present
"""

    # For a module that manages owners too: all of it again, since one fragment cannot add to the suboptions of
    # another, and ansible-test takes no joined texts.
    OWNED_FILES = r"""
options:
  files:
    description:
      - Further files that belong to this configuration, such as a file of trusted certificates. They are put
        in place in the same transaction.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description:
          - The absolute path.
        type: str
        required: true
      mode:
        description:
          - The permission bits, such as V('0644'). The default keeps those of an existing file; a new one gets
            V(0644). A file with a private key or passwords gets V(0600), and a mode that lets everyone read it is refused.
            Where only the form of its lines speaks of passwords, an existing file keeps its own.
        type: raw
      content:
        description:
          - The content. It is shown in the difference, unless it has a private key or passwords in it.
          - Where a private key was in the file and no longer is, as versions 0.3.0 and 0.4.0 could put a relay's among the trust
            anchors of its clients, no backup is made, and backups of the file that hold a key are removed; see
            RV(leaked_private_keys).
        type: str
      owner:
        description:
          - The user that owns the file.
        type: str
      group:
        description:
          - The group that owns the file.
        type: str
      state:
        description:
          - V(absent) removes the file, after main.cf is in place.
        type: str
        choices: [present, absent]
        default: present
"""
