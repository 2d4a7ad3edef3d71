#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""NSS softokn as a test token: Debian's library, as it is, with a fresh database.

    nss_token.py DIRECTORY PIN-FILE

makes the database in the directory, with the PIN from the file, and prints the module's path. The
token's label is always "NSS Certificate DB". Whoever opens it gives softokn the database's directory
(pkcs11.Module with nss_configdir; shim.c for tools that cannot) and should set
NSS_MAX_MP_PBE_ITERATION_COUNT=1, in the process that makes the database too: else each use of a
token key costs milliseconds.
"""

import glob
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from pkcs11 import CKU, Module  # noqa: E402

LABEL = "NSS Certificate DB"


def find_module():
    """The path of Debian's softokn, in the multiarch folder or its nss/ folder."""
    found = glob.glob("/usr/lib/*/libsoftokn3.so") + glob.glob("/usr/lib/*/nss/libsoftokn3.so")
    if not found:
        raise FileNotFoundError("libsoftokn3.so is missing: apt install libnss3")
    return found[0]


def create(directory, pin, module_path=None):
    """Make a database with a user PIN; the module's path."""
    path = module_path or find_module()
    os.makedirs(directory, mode=0o700, exist_ok=True)
    module = Module(path, nss_configdir=directory)
    session = module.open_session(module.find_slot(LABEL, initialised=False))
    # A database without a PIN takes the empty one of its security officer
    session.login("", CKU.SO)
    session.init_pin(pin)
    session.close()
    module.finalize()
    return path


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(f"usage: {sys.argv[0]} DIRECTORY PIN-FILE")
    with open(sys.argv[2], encoding="utf-8") as pin_file:
        print(create(sys.argv[1], pin_file.read().strip("\r\n")))
