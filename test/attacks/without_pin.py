# SPDX-License-Identifier: Apache-2.0
"""Run as a program: what somebody without the PIN sees in the sandbox's token and can take away, as
JSON. Logging out would take the other attacks' objects from them, so this is a process of its
own."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../token"))

import tokentool  # noqa: E402
from pkcs11 import CKA, CKO, Error, Module  # noqa: E402


def attempt(call, *arguments):
    try:
        call(*arguments)
    except Error as error:
        return error.name
    return "CKR_OK"


def look(environ):
    module = Module(environ["KEYFERRY_MODULE"], environ.get("KEYFERRY_NSS_CONFIGDIR"))
    label = tokentool.token_label(environ["KEYFERRY_TOKEN_URI"])
    session = module.open_session(module.find_slot(label))
    seen = session.find({CKA.TOKEN: True})
    classes = sorted({CKO(session.get_attribute(each, CKA.CLASS)).name for each in seen})
    certificates = session.find({CKA.CLASS: CKO.CERTIFICATE})
    return {"classes": classes, "destroy": attempt(session.destroy, certificates[0])}


if __name__ == "__main__":
    print(json.dumps(look(os.environ)))
