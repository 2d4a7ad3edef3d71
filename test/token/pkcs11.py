# SPDX-License-Identifier: Apache-2.0
"""PKCS#11 for tests: a ctypes binding that looks at a token from outside Keyferry.

It opens any module with C_GetFunctionList, NSS softokn included, and says only what the token says:
a failing call raises Error with the CKR code and the function's name, nothing is retried and
nothing is guessed. Clause numbers are those of PKCS#11 v3.0 (base specification).

    module = Module(path)
    session = module.open_session(module.find_slot("my token"))
    session.login("1234")
    key = session.generate(Mechanism(CKM.AES_KEY_GEN), {CKA.VALUE_LEN: 16, CKA.SENSITIVE: True})

A template is a dict (its order is kept, which matters for CKA_MODIFIABLE) or a list of pairs; a
value is bool, int, bytes, str (UTF-8) or a list of mechanism numbers.
"""

import ctypes
import os

from cryptoki import (
    BOOLEANS, CKA, CKF, CKG, CKK, CKM, CKO, CKR, CKU, FUNCTIONS, NUMBERS, TEMPLATES, UNAVAILABLE,
    ULONG,
    Attribute, CMechanism, CounterFormat, CounterKdfParams, FunctionList, InitializeArgs,
    MechanismInfo, OaepParams, StringData, TokenInfo)

__all__ = [
    "CKA", "CKF", "CKG", "CKK", "CKM", "CKO", "CKR", "CKU", "Error", "Mechanism", "Module",
    "Session", "extract", "oaep", "rv_name", "sp800_108", "with_cbc_data", "with_data", "with_key"]


def rv_name(rv):
    """The CKR name of a return value, or its number."""
    try:
        return "CKR_" + CKR(rv).name
    except ValueError:
        return f"CKR_0x{rv:08X}"


class Error(Exception):
    """A PKCS#11 function that did not return CKR_OK: rv, name (CKR_...) and function (C_...)."""

    def __init__(self, function, rv):
        super().__init__(f"C_{function}: {rv_name(rv)} (0x{rv:X})")
        self.function = "C_" + function
        self.rv = rv
        self.name = rv_name(rv)


class Mechanism:
    """A mechanism and its parameter: None, bytes or a ctypes value."""

    def __init__(self, type_, parameter=None):
        if isinstance(parameter, bytes):
            parameter = ctypes.create_string_buffer(parameter, len(parameter))
        self.parameter = parameter
        pointer = None if parameter is None else ctypes.addressof(parameter)
        size = 0 if parameter is None else ctypes.sizeof(parameter)
        self.c = CMechanism(type_, pointer, size)


def with_data(type_, data):
    """ECB_ENCRYPT_DATA, CONCATENATE_*_DATA_* or XOR_BASE_AND_DATA with its data."""
    return Mechanism(type_, StringData(data, len(data)))


def with_key(handle):
    """CKM_CONCATENATE_BASE_AND_KEY with the key that comes second."""
    return Mechanism(CKM.CONCATENATE_BASE_AND_KEY, ULONG(handle))


def extract(first_bit):
    """CKM_EXTRACT_KEY_FROM_KEY from a bit, counted from the top bit of the first byte."""
    return Mechanism(CKM.EXTRACT_KEY_FROM_KEY, ULONG(first_bit))


def oaep(hash_, mgf, source=1):
    """CKM_RSA_PKCS_OAEP without a label; source 1 is CKZ_DATA_SPECIFIED."""
    return Mechanism(CKM.RSA_PKCS_OAEP, OaepParams(hash_, mgf, source, None, 0))


def with_cbc_data(type_, iv, data):
    """CKM_AES_CBC_ENCRYPT_DATA or CKM_DES3_CBC_ENCRYPT_DATA: the initialisation vector stands in the structure itself."""
    class Parameters(ctypes.Structure):
        _fields_ = [("iv", ctypes.c_ubyte * len(iv)), ("data", ctypes.c_char_p), ("length", ULONG)]

    return Mechanism(type_, Parameters((ctypes.c_ubyte * len(iv))(*iv), data, len(data)))


def sp800_108(prf, fixed):
    """CKM_SP800_108_COUNTER_KDF: an 8-bit counter, then the fixed bytes."""
    parameter = CounterKdfParams(prf, [CounterFormat(0, 8), fixed])
    return Mechanism(CKM.SP800_108_COUNTER_KDF, parameter)


def _encode(value):
    if isinstance(value, bool):
        return b"\1" if value else b"\0"
    if isinstance(value, int):
        return bytes(ULONG(value))
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (list, tuple)):
        return b"".join(bytes(ULONG(item)) for item in value)
    return value


def _decode(type_, data):
    if type_ in BOOLEANS:
        return data != b"\0" and data != b""
    if type_ in NUMBERS and len(data) == ctypes.sizeof(ULONG):
        return ULONG.from_buffer_copy(data).value
    if type_ == CKA.ALLOWED_MECHANISMS:
        size = ctypes.sizeof(ULONG)
        return [ULONG.from_buffer_copy(data, at).value for at in range(0, len(data), size)]
    return data


class _Template:
    """A CK_ATTRIBUTE array that keeps the memory it points to."""

    def __init__(self, template):
        pairs = list(template.items() if isinstance(template, dict) else template)
        self.count = len(pairs)
        self.array = (Attribute * max(self.count, 1))()
        self.buffers = []
        for slot, (type_, value) in zip(self.array, pairs):
            if isinstance(value, dict):  # CKA_DERIVE_TEMPLATE and its like
                inner = _Template(value)
                self.buffers.append(inner)
                data = bytes(inner.array) if inner.count else b""
            else:
                data = _encode(value)
            buffer = ctypes.create_string_buffer(data, len(data)) if data else None
            self.buffers.append(buffer)
            slot.type = type_
            slot.value = ctypes.addressof(buffer) if buffer else None
            slot.length = len(data)


class Module:
    """A loaded and initialised PKCS#11 module. nss_configdir opens NSS softokn on that database
    (a directory); it must stay None for every other module."""

    def __init__(self, path, nss_configdir=None):
        self.path = path
        library = ctypes.CDLL(path)
        library.C_GetFunctionList.restype = ULONG
        pointer = ctypes.POINTER(FunctionList)()
        self._check("GetFunctionList", library.C_GetFunctionList(ctypes.byref(pointer)))
        prototype = ctypes.CFUNCTYPE(ULONG)
        self._functions = {
            name: ctypes.cast(getattr(pointer.contents, name), prototype) for name in FUNCTIONS}
        args = InitializeArgs(flags=CKF.OS_LOCKING_OK)
        if nss_configdir is not None:
            # Key use would otherwise run a costly PBKDF2 each time
            os.environ.setdefault("NSS_MAX_MP_PBE_ITERATION_COUNT", "1")
            args.library_parameters = f"configDir='sql:{nss_configdir}' flags=".encode()
        self.call("Initialize", ctypes.byref(args))

    @staticmethod
    def _check(name, rv):
        if rv != CKR.OK:
            raise Error(name, rv)

    def call(self, name, *args):
        """Call C_<name>; raise Error unless it returns CKR_OK. Whole numbers go as CK_ULONG."""
        converted = [ULONG(arg) if isinstance(arg, int) else arg for arg in args]
        self._check(name, self._functions[name](*converted))

    def finalize(self):
        self.call("Finalize", None)

    def slots(self, token_present=True):
        count = ULONG()
        self.call("GetSlotList", ctypes.c_ubyte(token_present), None, ctypes.byref(count))
        slots = (ULONG * max(count.value, 1))()
        self.call("GetSlotList", ctypes.c_ubyte(token_present), slots, ctypes.byref(count))
        return list(slots[:count.value])

    def token_info(self, slot):
        info = TokenInfo()
        self.call("GetTokenInfo", slot, ctypes.byref(info))
        return info

    def find_slot(self, label, initialised=True):
        """The slot of the one token with this label; LookupError otherwise. initialised=False
        takes one that has no PIN yet, which NSS shows as not initialised."""
        found = []
        for slot in self.slots():
            info = self.token_info(slot)
            name = bytes(info)[:32].decode(errors="replace").rstrip(" \0")
            if name == label and (info.flags & CKF.TOKEN_INITIALIZED or not initialised):
                found.append(slot)
        if len(found) != 1:
            raise LookupError(f"{len(found)} tokens are labelled {label!r}")
        return found[0]

    def mechanisms(self, slot):
        count = ULONG()
        self.call("GetMechanismList", slot, None, ctypes.byref(count))
        types = (ULONG * max(count.value, 1))()
        self.call("GetMechanismList", slot, types, ctypes.byref(count))
        return list(types[:count.value])

    def mechanism_info(self, slot, type_):
        # Filled with ones, so that a module which ORs into the caller's memory is seen
        info = MechanismInfo(UNAVAILABLE, UNAVAILABLE, UNAVAILABLE)
        self.call("GetMechanismInfo", slot, type_, ctypes.byref(info))
        return info

    def init_token(self, slot, so_pin, label):
        pin = so_pin.encode()
        self.call("InitToken", slot, pin, len(pin), label.encode().ljust(32))

    def open_session(self, slot, read_write=True):
        flags = CKF.SERIAL_SESSION | (CKF.RW_SESSION if read_write else 0)
        handle = ULONG()
        self.call("OpenSession", slot, int(flags), None, None, ctypes.byref(handle))
        return Session(self, handle.value)


class Session:
    """An open session; objects are plain handles (int)."""

    def __init__(self, module, handle):
        self.module = module
        self.handle = handle

    def _call(self, name, *args):
        self.module.call(name, self.handle, *args)

    def close(self):
        self._call("CloseSession")

    def login(self, pin, user=CKU.USER):
        data = pin.encode()
        self._call("Login", int(user), data, len(data))

    def logout(self):
        self._call("Logout")

    def init_pin(self, pin):
        data = pin.encode()
        self._call("InitPIN", data, len(data))

    def set_pin(self, old, new):
        before, after = old.encode(), new.encode()
        self._call("SetPIN", before, len(before), after, len(after))

    # Objects

    def _new(self, name, *args):
        handle = ULONG()
        self._call(name, *args, ctypes.byref(handle))
        return handle.value

    def create_object(self, template):
        t = _Template(template)
        return self._new("CreateObject", t.array, t.count)

    def copy(self, handle, template):
        t = _Template(template)
        return self._new("CopyObject", handle, t.array, t.count)

    def destroy(self, handle):
        self._call("DestroyObject", handle)

    def find(self, template=()):
        """The handles of all objects that match, in the token's order."""
        t = _Template(template)
        self._call("FindObjectsInit", t.array, t.count)
        found = []
        batch = (ULONG * 64)()
        count = ULONG()
        try:
            while True:
                self._call("FindObjects", batch, len(batch), ctypes.byref(count))
                if count.value == 0:
                    return found
                found.extend(batch[:count.value])
        finally:
            self._call("FindObjectsFinal")

    def get_attribute(self, handle, type_):
        """One attribute's value; Error where the token does not give it."""
        if type_ in TEMPLATES:
            return self._get_template(handle, type_)
        attribute = Attribute(type_, None, 0)
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        buffer = ctypes.create_string_buffer(max(attribute.length, 1))
        attribute.value = ctypes.addressof(buffer)
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        return _decode(type_, buffer.raw[:attribute.length])

    def _get_template(self, handle, type_):
        """An attribute that is a template: how many members, their types and lengths, their
        values."""
        attribute = Attribute(type_, None, 0)
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        members = (Attribute * max(attribute.length // ctypes.sizeof(Attribute), 1))()
        attribute.value = ctypes.addressof(members)
        if attribute.length == 0:
            return {}
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        buffers = [ctypes.create_string_buffer(max(member.length, 1)) for member in members]
        for member, buffer in zip(members, buffers):
            member.value = ctypes.addressof(buffer)
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        return {member.type: _decode(member.type, buffer.raw[:member.length])
                for member, buffer in zip(members, buffers)}

    def get_attributes(self, handle, types):
        """A dict of the attributes that the object has and the token shows."""
        values = {}
        for type_ in types:
            try:
                values[type_] = self.get_attribute(handle, type_)
            except Error as error:
                if error.rv not in (CKR.ATTRIBUTE_TYPE_INVALID, CKR.ATTRIBUTE_SENSITIVE):
                    raise
        return values

    def set_attributes(self, handle, template):
        t = _Template(template)
        self._call("SetAttributeValue", handle, t.array, t.count)

    # Keys

    def generate(self, mechanism, template):
        t = _Template(template)
        return self._new("GenerateKey", ctypes.byref(mechanism.c), t.array, t.count)

    def generate_pair(self, mechanism, public, private):
        """(public handle, private handle)"""
        a, b = _Template(public), _Template(private)
        handle = ULONG()
        other = self._new("GenerateKeyPair", ctypes.byref(mechanism.c), a.array, a.count,
                          b.array, b.count, ctypes.byref(handle))
        return handle.value, other

    def derive(self, mechanism, base, template):
        t = _Template(template)
        return self._new("DeriveKey", ctypes.byref(mechanism.c), base, t.array, t.count)

    def unwrap(self, mechanism, unwrapping_key, wrapped, template):
        t = _Template(template)
        return self._new("UnwrapKey", ctypes.byref(mechanism.c), unwrapping_key, wrapped,
                         len(wrapped), t.array, t.count)

    def _output(self, name, *args):
        # One size for all: length queries are not to be trusted (NSS overstates them)
        buffer = ctypes.create_string_buffer(65536)
        length = ULONG(len(buffer))
        self._call(name, *args, buffer, ctypes.byref(length))
        return buffer.raw[:length.value]

    def wrap(self, mechanism, wrapping_key, key):
        return self._output("WrapKey", ctypes.byref(mechanism.c), wrapping_key, key)

    def encrypt(self, mechanism, key, data):
        self._call("EncryptInit", ctypes.byref(mechanism.c), key)
        return self._output("Encrypt", data, len(data))

    def decrypt(self, mechanism, key, data):
        self._call("DecryptInit", ctypes.byref(mechanism.c), key)
        return self._output("Decrypt", data, len(data))

    def sign(self, mechanism, key, data):
        self._call("SignInit", ctypes.byref(mechanism.c), key)
        return self._output("Sign", data, len(data))

    def verify(self, mechanism, key, data, signature):
        self._call("VerifyInit", ctypes.byref(mechanism.c), key)
        self._call("Verify", data, len(data), signature, len(signature))

    def random(self, count):
        buffer = ctypes.create_string_buffer(count)
        self._call("GenerateRandom", buffer, count)
        return buffer.raw
