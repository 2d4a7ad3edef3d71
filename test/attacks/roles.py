# SPDX-License-Identifier: Apache-2.0
"""Keyferry's roles as templates of PKCS#11, read from the table itself (p11/role_rule.c), so that
what is attacked is what is made."""
import os
import re

import harness
from pkcs11 import CKA, CKK, CKM, CKO

TABLE = os.path.join(harness.SOURCE, "p11", "role_rule.c")
FLAGS = {
    "sensitive": CKA.SENSITIVE,
    "extractable": CKA.EXTRACTABLE,
    "derive": CKA.DERIVE,
    "wrap": CKA.WRAP,
    "unwrap": CKA.UNWRAP,
    "encrypt": CKA.ENCRYPT,
    "sign": CKA.SIGN,
}
CBC = {"AES": CKM.AES_CBC, "TDES": CKM.DES3_CBC}
ECB = {"AES": CKM.AES_ECB, "TDES": CKM.DES3_ECB}
# Of session roles; what the test tokens have proven is CBC and ECB themselves.
MECHANISMS = {
    "ANY": lambda kind: None,
    "WRAPPING": lambda kind: [CBC[kind]],
    "WRAPPING_AROUND": lambda kind: [CBC[kind]],
    "UNWRAPPING": lambda kind: [CBC[kind]],
    "MACING": lambda kind: [CBC[kind], ECB[kind]],
}


def read_table():
    """The rows by name: {"shape": .., "mechanisms": .., "in_token": bool, "flags": names that are
    true}"""
    with open(TABLE, encoding="utf-8") as file:
        rows = re.findall(r"\{(\.role = ROLE_.*?)\}", file.read(), re.DOTALL)
    table = {}
    for row in rows:
        members = dict(re.findall(r"\.(\w+) = \"?([\w -]+)\"?", row))
        table[members["name"]] = {
            "shape": members["shape"],
            "mechanisms": members["mechanisms"],
            "in_token": members.get("in_token") == "true",
            "flags": {name for name in members if members[name] == "true"},
        }
    return table


ROLES = read_table()


def key_type(kind, length):
    if kind == "TDES":
        return CKK.DES2 if length == 16 else CKK.DES3
    return CKK.AES if kind == "AES" else CKK.GENERIC_SECRET


def session_template(role, kind, length):
    """The template that role_session_template makes."""
    row = ROLES[role]
    kind = "generic" if row["shape"] == "SHAPE_GENERIC" else kind
    template = {
        CKA.CLASS: CKO.SECRET_KEY,
        CKA.KEY_TYPE: key_type(kind, length),
        CKA.TOKEN: False,
        CKA.PRIVATE: True,
        CKA.DECRYPT: False,
        CKA.VERIFY: False,
    }
    template.update((type_, name in row["flags"]) for name, type_ in FLAGS.items())
    allowed = MECHANISMS[row["mechanisms"]](kind)
    if allowed:
        template[CKA.ALLOWED_MECHANISMS] = allowed
    return template
