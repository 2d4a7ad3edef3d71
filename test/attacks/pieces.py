# SPDX-License-Identifier: Apache-2.0
"""Ways to cut a key into bytes. Each gives what derives the whole value, with how many bytes stand
before it, and the steps of Attacker.search."""
from attacker import first, key
from pkcs11 import CKK, CKM, extract, with_data, with_key


def by_data_and_base(_, victim):
    def join(data):
        return with_data(CKM.CONCATENATE_DATA_AND_BASE, data)

    def step(known):
        zeros = bytes(63 - len(known))
        return join(zeros), victim.handle, 64, zeros + known

    return (join(b"\0"), victim.handle, 1), step


def by_base_and_data(_, victim):
    mechanism = with_data(CKM.CONCATENATE_BASE_AND_DATA, b"\0")
    return (mechanism, victim.handle, 0), lambda known: (
        mechanism,
        victim.handle,
        len(known) + 1,
        known,
    )


def by_key_and_base(attacker, victim):
    """The victim comes second, behind a key of one's own."""

    def base(length):
        return attacker.secret(CKK.GENERIC_SECRET, bytes(length), DERIVE=True, EXTRACTABLE=True)

    def step(known):
        before = 63 - len(known)
        return with_key(victim.handle), base(before), 64, bytes(before) + known

    return (with_key(victim.handle), base(1), 1), step


def by_xor(_, victim):
    def mechanism(length):
        return with_data(CKM.XOR_BASE_AND_DATA, bytes(length))

    length = len(victim.value or b"\0")
    return (mechanism(length), victim.handle, 0), lambda known: (
        mechanism(len(known) + 1),
        victim.handle,
        len(known) + 1,
        known,
    )


def by_cut(_, victim):
    return (extract(0), victim.handle, 0), lambda known: (
        extract(8 * len(known)),
        victim.handle,
        1,
        b"",
    )


def cut_to_pieces(attacker, victim, way):
    """A key's value by a mechanism that joins, xors or cuts: read in one call, wrapped, or searched
    byte by byte."""
    whole, step = way(attacker, victim)
    mechanism, base, before = whole
    length = len(victim.value or b"\0")
    return key(
        victim,
        first(
            lambda: attacker.readable(mechanism, base, before + length)[before : before + length],
            lambda: attacker.search(step, length),
        ),
    )
