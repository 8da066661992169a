# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

from ansible_collections.mailops.relay.plugins.module_utils.host.processes import working_directories


def test_only_programs_of_these_names_with_this_file_system_count(tmp_path):
    for number, name, root in ((1, "master", "/"), (2, "master", str(tmp_path)), (3, "qmgr", "/"), (4, "master", "/")):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "comm").write_bytes(name.encode("ascii") + b"\n")
        os.symlink(root, str(tmp_path / str(number) / "root"))
        os.symlink("/queue/{0}".format(number), str(tmp_path / str(number) / "cwd"))
    # It ends while it is looked at.
    os.unlink(str(tmp_path / "4" / "cwd"))
    (tmp_path / "5").mkdir()
    (tmp_path / "version").write_bytes(b"")
    assert working_directories(("master",), str(tmp_path)) == ["/queue/1"]
    assert working_directories(("master", "qmgr"), str(tmp_path)) == ["/queue/1", "/queue/3"]
    assert working_directories(("master",), str(tmp_path / "none")) == []
