#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Another tool on the same token: puts known keys in and looks at objects from outside Keyferry.

It works from the environment that keyferry-sandbox gives to its command:

    KEYFERRY_MODULE         path of the PKCS#11 module
    KEYFERRY_TOKEN_URI      pkcs11:token=LABEL
    KEYFERRY_PIN_FILE       file with the user's PIN
    SOFTHSM2_CONF           SoftHSM's own configuration
    KEYFERRY_NSS_CONFIGDIR  NSS only: directory of the database

As a library: session = open_token(), then put(), objects(), reveal().
"""

import argparse
import json
import os
import sys
import urllib.parse

from pkcs11 import CKA, CKK, CKM, CKO, Error, Module

KEY_TYPES = {
    "aes": CKK.AES, "des2": CKK.DES2, "des3": CKK.DES3, "generic": CKK.GENERIC_SECRET,
    "sha224-hmac": CKK.SHA224_HMAC, "sha256-hmac": CKK.SHA256_HMAC,
    "sha384-hmac": CKK.SHA384_HMAC, "sha512-hmac": CKK.SHA512_HMAC}

# What objects() tells: member name and attribute
MEMBERS = {
    "class": CKA.CLASS, "key_type": CKA.KEY_TYPE, "label": CKA.LABEL, "id": CKA.ID,
    "private": CKA.PRIVATE, "sensitive": CKA.SENSITIVE, "extractable": CKA.EXTRACTABLE,
    "modifiable": CKA.MODIFIABLE, "copyable": CKA.COPYABLE, "derive": CKA.DERIVE,
    "wrap": CKA.WRAP, "unwrap": CKA.UNWRAP, "encrypt": CKA.ENCRYPT, "decrypt": CKA.DECRYPT,
    "sign": CKA.SIGN, "verify": CKA.VERIFY, "allowed_mechanisms": CKA.ALLOWED_MECHANISMS}

# Shown by the name of their value
NAMED = {"class": (CKO, "CKO_"), "key_type": (CKK, "CKK_")}


def token_label(uri):
    """The token's label in a URI of RFC 7512."""
    scheme, _, path = uri.partition(":")
    attributes = dict(part.partition("=")[::2] for part in path.partition("?")[0].split(";"))
    if scheme != "pkcs11" or "token" not in attributes:
        raise ValueError(f"{uri!r} names no token: pkcs11:token=LABEL is wanted")
    return urllib.parse.unquote(attributes["token"])


def open_token(environ=os.environ):
    """A read-write session, logged in as the user, with the token of the environment."""
    module = Module(environ["KEYFERRY_MODULE"], environ.get("KEYFERRY_NSS_CONFIGDIR"))
    session = module.open_session(module.find_slot(token_label(environ["KEYFERRY_TOKEN_URI"])))
    with open(environ["KEYFERRY_PIN_FILE"], encoding="utf-8") as file:
        session.login(file.read().strip("\r\n"))
    return session


def put(session, label, key_type, value, key_id=None, extractable=True, derive=True):
    """Create a sensitive, private token key of a known value; (handle, CKA_ID).

    key_id None is a random one: NSS replaces a secret key by the next one with the same CKA_ID."""
    if key_id is None:
        key_id = os.urandom(8)
    handle = session.create_object({
        CKA.CLASS: CKO.SECRET_KEY, CKA.KEY_TYPE: KEY_TYPES[key_type], CKA.VALUE: value,
        CKA.TOKEN: True, CKA.PRIVATE: True, CKA.SENSITIVE: True, CKA.EXTRACTABLE: extractable,
        CKA.LABEL: label, CKA.ID: key_id, CKA.DERIVE: derive, CKA.ENCRYPT: False,
        CKA.DECRYPT: False, CKA.SIGN: False, CKA.VERIFY: False, CKA.WRAP: False,
        CKA.UNWRAP: False})
    return handle, key_id


def _name(names, prefix, value):
    try:
        return prefix + names(value).name
    except ValueError:
        return f"0x{value:x}"


def describe(session, handle):
    """A dict of MEMBERS; None where the object has no such attribute or the token hides it."""
    attributes = session.get_attributes(handle, MEMBERS.values())
    told = {member: attributes.get(type_) for member, type_ in MEMBERS.items()}
    for member, (names, prefix) in NAMED.items():
        if told[member] is not None:
            told[member] = _name(names, prefix, told[member])
    if told["label"] is not None:
        told["label"] = told["label"].decode(errors="replace")
    if told["id"] is not None:
        told["id"] = told["id"].hex()
    if told["allowed_mechanisms"] is not None:
        told["allowed_mechanisms"] = [
            _name(CKM, "CKM_", mechanism) for mechanism in told["allowed_mechanisms"]]
    return told


def objects(session):
    """A list of describe() of every object that the user sees."""
    return [describe(session, handle) for handle in session.find()]


def reveal(session, template):
    """Try to read CKA_VALUE of every object that matches: a list of CKR names, never a value."""
    names = []
    for handle in session.find(template):
        try:
            session.get_attribute(handle, CKA.VALUE)
            names.append("CKR_OK")
        except Error as error:
            names.append(error.name)
    return names


def print_object(told):
    # One line: the identity, then the flags that are set
    flags = [member for member, value in told.items() if value is True]
    mechanisms = told["allowed_mechanisms"] or []
    print(" ".join([
        told["class"], told["key_type"] or "-", f"label={told['label']!r}", f"id={told['id']}",
        ",".join(flags) or "-", *mechanisms]))


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="tokentool", description="look at a token from outside")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("put", help="create a key of a known value, print its CKA_ID")
    command.add_argument("--label", required=True)
    command.add_argument("--type", required=True, choices=KEY_TYPES)
    command.add_argument("--hex", required=True, type=bytes.fromhex, metavar="VALUE")
    command.add_argument("--id", type=bytes.fromhex, metavar="HEX")
    command.add_argument("--no-extractable", action="store_true")
    command.add_argument("--no-derive", action="store_true")
    command = commands.add_parser("list", help="show every object")
    command.add_argument("--json", action="store_true")
    commands.add_parser("count", help="print the number of objects")
    command = commands.add_parser("reveal", help="print what reading CKA_VALUE answers")
    which = command.add_mutually_exclusive_group(required=True)
    which.add_argument("--label")
    which.add_argument("--id", type=bytes.fromhex, metavar="HEX")
    return parser.parse_args(arguments)


def main(arguments):
    options = parse_arguments(arguments)
    session = open_token()
    if options.command == "put":
        _, key_id = put(session, options.label, options.type, options.hex, options.id,
                        not options.no_extractable, not options.no_derive)
        print(key_id.hex())
    elif options.command == "list":
        found = objects(session)
        if options.json:
            print(json.dumps(found, indent=2))
        else:
            for told in found:
                print_object(told)
    elif options.command == "count":
        print(len(session.find()))
    else:
        names = reveal(session, {CKA.LABEL: options.label} if options.label is not None
                       else {CKA.ID: options.id})
        if not names:
            print("tokentool: no such object", file=sys.stderr)
            return 1
        print("\n".join(names))
    session.module.finalize()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Error as problem:
        sys.exit(f"tokentool: {problem}")
