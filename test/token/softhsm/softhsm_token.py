# SPDX-License-Identifier: Apache-2.0
"""A fresh SoftHSM token in a directory, made through PKCS#11 alone. The directory above this one
must be on sys.path."""

import os

from pkcs11 import CKU, Module


def configure(directory):
    """Write SoftHSM's configuration for tokens in this directory; its path, for SOFTHSM2_CONF."""
    tokens = os.path.join(directory, "tokens")
    os.makedirs(tokens, mode=0o700, exist_ok=True)
    path = os.path.join(directory, "softhsm2.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"directories.tokendir = {tokens}\n"
                   "objectstore.backend = file\n"
                   "log.level = ERROR\n")
    return path


def create(module_path, directory, label, pin, so_pin="12345678"):
    """Make a token in the directory. Sets SOFTHSM2_CONF in this process and returns its value."""
    os.environ["SOFTHSM2_CONF"] = configure(directory)
    module = Module(module_path)
    # The last slot is the one without a token
    module.init_token(module.slots()[-1], so_pin, label)
    session = module.open_session(module.find_slot(label))
    session.login(so_pin, CKU.SO)
    session.init_pin(pin)
    session.close()
    module.finalize()
    return os.environ["SOFTHSM2_CONF"]
