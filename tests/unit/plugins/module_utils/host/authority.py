# -*- coding: utf-8 -*-
# Copyright (c) 2026, mailops.relay contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of every kind, made by the openssl of this machine."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import subprocess

NAME = "relay.example.com"

_CONFIG = """
[ca]
default_ca = default
[default]
database = {0}/index
new_certs_dir = {0}
serial = {0}/serial
default_md = sha256
policy = policy
unique_subject = no
copy_extensions = none
[policy]
commonName = optional
[req]
prompt = no
distinguished_name = subject
[subject]
CN = {1}
[extensions]
{2}
"""


class Authority(object):
    """A directory full of certificates.

    Args:
        directory: str.
    """

    def __init__(self, directory):
        self._directory = directory
        for name, content in (("index", ""), ("serial", "1000\n")):
            self._write(name, content)

    def _write(self, name, content):
        path = os.path.join(self._directory, name)
        with open(path, "w") as stream:
            stream.write(content)
        return path

    def path(self, name):
        return os.path.join(self._directory, name)

    def read(self, name):
        with open(self.path(name)) as stream:
            return stream.read()

    def join(self, name, *others):
        """str: the path of a file with the content of these."""
        return self._write(name, "".join(self.read(other) for other in others))

    def make(self, name, issuer=None, common_name=None, names=None, is_ca=False, start=None, end=None, purpose=None):
        """str: the path of a new certificate; its key is beside it, with C(.key).

        Args:
            name: str, of the files.
            issuer: str or None, name of who signs it; None for itself.
            common_name: str or None, by default C(name).
            names: list of str or None, subject alternative names.
            is_ca: bool.
            start, end: str or None, C(YYMMDDHHMMSSZ).
            purpose: str or None, extended key usage.
        """
        extensions = ["basicConstraints = critical, CA:" + ("TRUE" if is_ca else "FALSE")]
        if names:
            extensions.append("subjectAltName = " + ", ".join(names))
        if purpose:
            extensions.append("extendedKeyUsage = " + purpose)
        config = self._write(name + ".cnf", _CONFIG.format(self._directory, common_name or name, "\n".join(extensions)))
        key, request, certificate = (self.path(name + suffix) for suffix in (".key", ".csr", ""))
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        self._openssl("req", "-new", "-config", config, "-key", key, "-out", request)
        signer = ["-selfsign", "-keyfile", key]
        if issuer:
            signer = ["-cert", self.path(issuer), "-keyfile", self.path(issuer + ".key")]
        self._openssl(
            *[
                "ca",
                "-batch",
                "-config",
                config,
                "-extensions",
                "extensions",
                "-in",
                request,
                "-out",
                certificate,
                "-notext",
            ]
            + ["-startdate", start or "200101000000Z", "-enddate", end or "490101000000Z"]
            + signer
        )
        return certificate

    def _openssl(self, *arguments):
        process = subprocess.Popen(("openssl",) + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = process.communicate()[0]
        assert process.returncode == 0, said


def site(directory):
    """Authority: with the certificates that tests of trust need.

    C(root), C(middle) and C(leaf) are a chain; C(self) is self-signed; C(public) is a chain of its own, C(public-root) and
    C(public-leaf).
    """
    made = Authority(directory)
    made.make("root", common_name="Example root", is_ca=True)
    made.make("middle", "root", common_name="Example middle", is_ca=True)
    made.make("leaf", "middle", common_name=NAME, names=["DNS:" + NAME], purpose="serverAuth")
    made.make("self", common_name=NAME, names=["DNS:" + NAME], is_ca=True)
    made.make("public-root", common_name="Public root", is_ca=True)
    made.make("public-middle", "public-root", common_name="Public middle", is_ca=True)
    made.make("public-leaf", "public-middle", common_name=NAME, names=["DNS:" + NAME])
    made.join("bundle", "public-root")
    return made
