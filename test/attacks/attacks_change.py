# SPDX-License-Identifier: Apache-2.0
"""Attacks that change an object, or take it away. They come last, and in this order."""
import pieces
from attacker import Blocked, check, first, key
from attacks_derive import derive_readable, you_derive_i_encrypt
from attacks_use import decrypt_what_it_wraps
from pkcs11 import CKA, Error
from registry import CIPHERS, KEYS, OBJECTS, attack
from victims import Victim

FLAGS = (CKA.ENCRYPT, CKA.DECRYPT, CKA.SIGN, CKA.WRAP, CKA.UNWRAP, CKA.DERIVE)


def best_use(attacker, victim):
    """What an object gives whose attributes are as the attacker wants, the worst first."""
    ways = [
        lambda: key(victim, attacker.session.get_attribute(victim.handle, CKA.VALUE)),
        lambda: key(victim, attacker.wrap_out(victim)),
        lambda: pieces.cut_to_pieces(attacker, victim, pieces.by_data_and_base),
        lambda: pieces.cut_to_pieces(attacker, victim, pieces.by_cut),
    ]
    if victim.kind == "RSA":
        ways = ways[1:2]
    if victim.kind in CIPHERS:
        ways += [
            lambda: derive_readable(attacker, victim),
            lambda: you_derive_i_encrypt(attacker, victim),
            lambda: decrypt_what_it_wraps(attacker, victim),
        ]
    return first(*ways)


@attack(KEYS)
def copy_with_more(attacker, victim):
    """C_CopyObject to an object of the session that may more."""

    def copy(template):
        made = attacker.session.copy(victim.handle, {CKA.TOKEN: False, **template})
        try:
            check_changed(attacker, made, template)
            again = Victim(victim.column, made, victim.kind, **victim.known())
            return best_use(attacker, again)
        finally:
            attacker.session.destroy(made)

    return first(*[lambda each=each: copy(each) for each in drifts(victim)])


def drifts(victim):
    """Changes of attributes, each by itself."""
    flags = FLAGS if victim.is_secret else (CKA.DECRYPT, CKA.SIGN, CKA.UNWRAP)
    return [
        {CKA.SENSITIVE: False},
        {CKA.EXTRACTABLE: True},
        *[{flag: True} for flag in flags],
    ]


def check_changed(attacker, handle, template):
    """Some tokens take a change and do not make it."""
    for type_, value in template.items():
        if attacker.session.get_attribute(handle, type_) != value:
            raise Blocked("CKA_" + CKA(type_).name)


def has(attacker, handle, template):
    """Whether an object already has these values."""
    found = attacker.session.get_attributes(handle, template)
    return all(found.get(type_) == value for type_, value in template.items())


@attack(KEYS)
def set_attributes(attacker, victim):
    """C_SetAttributeValue, each flag by itself; then what the object gives."""

    def drift(template):
        if has(attacker, victim.handle, template):
            raise Blocked("no change")
        attacker.session.set_attributes(victim.handle, template)
        check_changed(attacker, victim.handle, template)
        return best_use(attacker, victim)

    return first(*[lambda each=each: drift(each) for each in drifts(victim)])


@attack(OBJECTS)
def mark_as_trusted(attacker, victim):
    """CKA_TRUSTED set by the user, who is not the security officer."""
    attacker.session.set_attributes(victim.handle, {CKA.TRUSTED: True})
    check_changed(attacker, victim.handle, {CKA.TRUSTED: True})
    return "trusted"


@attack(OBJECTS)
def edit_the_label(attacker, victim):
    """C_SetAttributeValue of CKA_LABEL, in which Keyferry keeps what it knows of a key."""
    label = attacker.session.get_attribute(victim.handle, CKA.LABEL)
    attacker.session.set_attributes(victim.handle, {CKA.LABEL: label + b"!"})
    check_changed(attacker, victim.handle, {CKA.LABEL: label + b"!"})
    attacker.session.set_attributes(victim.handle, {CKA.LABEL: label})
    return "edited"


@attack(OBJECTS)
def take_its_id(attacker, victim):
    """Another object with the same class and CKA_ID: some tokens replace the first by the
    second."""
    session = attacker.session
    names = session.get_attributes(victim.handle, [CKA.CLASS, CKA.ID, CKA.LABEL])
    made = attacker.like(victim, {CKA.ID: names[CKA.ID], CKA.LABEL: "another"})
    found = session.find({each: names[each] for each in (CKA.CLASS, CKA.ID)})
    labels = [session.get_attribute(handle, CKA.LABEL) for handle in found]
    check(b"another" in labels, "the second is not found")
    if names[CKA.LABEL] in labels:
        session.destroy(made)
        return "twin"
    return "replaced"


@attack(OBJECTS)
def destroy(attacker, victim):
    """C_DestroyObject."""
    attacker.session.destroy(victim.handle)
    try:
        attacker.session.get_attribute(victim.handle, CKA.CLASS)
    except Error:
        return "destroyed"
    raise Blocked("CKA_DESTROYABLE")
