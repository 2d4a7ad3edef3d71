# SPDX-License-Identifier: Apache-2.0
"""The attacks by name, in the order in which they are run, and the mechanisms by the kind of
key."""
from pkcs11 import CKM

ATTACKS = {}
SECRETS = ("AES", "TDES", "generic")
KEYS = (*SECRETS, "RSA")
OBJECTS = (*KEYS, "certificate")
CBC = {"AES": CKM.AES_CBC, "TDES": CKM.DES3_CBC}
ECB = {"AES": CKM.AES_ECB, "TDES": CKM.DES3_ECB}
CBC_PAD = {"AES": CKM.AES_CBC_PAD, "TDES": CKM.DES3_CBC_PAD}
CMAC = {"AES": CKM.AES_CMAC, "TDES": CKM.DES3_CMAC}
ENCRYPT_DATA = {"AES": CKM.AES_ECB_ENCRYPT_DATA, "TDES": CKM.DES3_ECB_ENCRYPT_DATA}
CBC_ENCRYPT_DATA = {"AES": CKM.AES_CBC_ENCRYPT_DATA, "TDES": CKM.DES3_CBC_ENCRYPT_DATA}
CIPHERS = tuple(ECB)


def attack(kinds):
    """An attack on objects of these kinds. It takes the attacker and the victim, and returns the
    name of what it got, having proven it by the bytes; or it is refused (Error, Blocked)."""

    def register(function):
        ATTACKS[function.__name__.replace("_", "-")] = function, kinds
        return function

    return register
