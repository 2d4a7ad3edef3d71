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
import enum
import os

ULONG = ctypes.c_ulong
UNAVAILABLE = ULONG(-1).value


class CKO(enum.IntEnum):
    DATA = 0
    CERTIFICATE = 1
    PUBLIC_KEY = 2
    PRIVATE_KEY = 3
    SECRET_KEY = 4


class CKK(enum.IntEnum):
    RSA = 0x00
    EC = 0x03
    GENERIC_SECRET = 0x10
    DES = 0x13
    DES2 = 0x14
    DES3 = 0x15
    AES = 0x1F


class CKA(enum.IntEnum):
    CLASS = 0x000
    TOKEN = 0x001
    PRIVATE = 0x002
    LABEL = 0x003
    VALUE = 0x011
    CERTIFICATE_TYPE = 0x080
    ISSUER = 0x081
    SERIAL_NUMBER = 0x082
    TRUSTED = 0x086
    CHECK_VALUE = 0x090
    KEY_TYPE = 0x100
    SUBJECT = 0x101
    ID = 0x102
    SENSITIVE = 0x103
    ENCRYPT = 0x104
    DECRYPT = 0x105
    WRAP = 0x106
    UNWRAP = 0x107
    SIGN = 0x108
    VERIFY = 0x10A
    DERIVE = 0x10C
    START_DATE = 0x110
    END_DATE = 0x111
    MODULUS = 0x120
    MODULUS_BITS = 0x121
    PUBLIC_EXPONENT = 0x122
    VALUE_LEN = 0x161
    EXTRACTABLE = 0x162
    LOCAL = 0x163
    NEVER_EXTRACTABLE = 0x164
    ALWAYS_SENSITIVE = 0x165
    KEY_GEN_MECHANISM = 0x166
    MODIFIABLE = 0x170
    COPYABLE = 0x171
    DESTROYABLE = 0x172
    WRAP_WITH_TRUSTED = 0x210
    ALLOWED_MECHANISMS = 0x40000600


class CKM(enum.IntEnum):
    RSA_PKCS_KEY_PAIR_GEN = 0x000
    RSA_PKCS = 0x001
    RSA_PKCS_OAEP = 0x009
    SHA256_RSA_PKCS = 0x040
    DES2_KEY_GEN = 0x130
    DES3_KEY_GEN = 0x131
    DES3_ECB = 0x132
    DES3_CBC = 0x133
    DES3_CBC_PAD = 0x136
    DES3_CMAC = 0x138
    SHA_1 = 0x220
    SHA_1_HMAC = 0x221
    SHA256 = 0x250
    SHA256_HMAC = 0x251
    SHA224 = 0x255
    SHA224_HMAC = 0x256
    SHA384 = 0x260
    SHA384_HMAC = 0x261
    SHA512 = 0x270
    SHA512_HMAC = 0x271
    GENERIC_SECRET_KEY_GEN = 0x350
    CONCATENATE_BASE_AND_KEY = 0x360
    CONCATENATE_BASE_AND_DATA = 0x362
    CONCATENATE_DATA_AND_BASE = 0x363
    XOR_BASE_AND_DATA = 0x364
    EXTRACT_KEY_FROM_KEY = 0x365
    SP800_108_COUNTER_KDF = 0x3AC
    AES_KEY_GEN = 0x1080
    AES_ECB = 0x1081
    AES_CBC = 0x1082
    AES_CBC_PAD = 0x1085
    AES_CMAC = 0x108A
    DES3_ECB_ENCRYPT_DATA = 0x1102
    AES_ECB_ENCRYPT_DATA = 0x1104
    AES_KEY_WRAP = 0x2109
    AES_KEY_WRAP_PAD = 0x210A


class CKG(enum.IntEnum):
    MGF1_SHA1 = 1
    MGF1_SHA256 = 2
    MGF1_SHA384 = 3
    MGF1_SHA512 = 4
    MGF1_SHA224 = 5


class CKF(enum.IntFlag):
    RW_SESSION = 0x2
    SERIAL_SESSION = 0x4
    OS_LOCKING_OK = 0x2
    TOKEN_INITIALIZED = 0x400
    ENCRYPT = 0x100
    DECRYPT = 0x200
    SIGN = 0x800
    GENERATE = 0x8000
    GENERATE_KEY_PAIR = 0x10000
    WRAP = 0x20000
    UNWRAP = 0x40000
    DERIVE = 0x80000


class CKU(enum.IntEnum):
    SO = 0
    USER = 1


class CKR(enum.IntEnum):
    OK = 0x000
    HOST_MEMORY = 0x002
    SLOT_ID_INVALID = 0x003
    GENERAL_ERROR = 0x005
    FUNCTION_FAILED = 0x006
    ARGUMENTS_BAD = 0x007
    ATTRIBUTE_READ_ONLY = 0x010
    ATTRIBUTE_SENSITIVE = 0x011
    ATTRIBUTE_TYPE_INVALID = 0x012
    ATTRIBUTE_VALUE_INVALID = 0x013
    ACTION_PROHIBITED = 0x01B
    DATA_INVALID = 0x020
    DATA_LEN_RANGE = 0x021
    DEVICE_ERROR = 0x030
    DEVICE_MEMORY = 0x031
    DEVICE_REMOVED = 0x032
    ENCRYPTED_DATA_INVALID = 0x040
    ENCRYPTED_DATA_LEN_RANGE = 0x041
    FUNCTION_NOT_SUPPORTED = 0x054
    KEY_HANDLE_INVALID = 0x060
    KEY_SIZE_RANGE = 0x062
    KEY_TYPE_INCONSISTENT = 0x063
    KEY_FUNCTION_NOT_PERMITTED = 0x068
    KEY_NOT_WRAPPABLE = 0x069
    KEY_UNEXTRACTABLE = 0x06A
    MECHANISM_INVALID = 0x070
    MECHANISM_PARAM_INVALID = 0x071
    OBJECT_HANDLE_INVALID = 0x082
    OPERATION_ACTIVE = 0x090
    OPERATION_NOT_INITIALIZED = 0x091
    PIN_INCORRECT = 0x0A0
    PIN_INVALID = 0x0A1
    PIN_LEN_RANGE = 0x0A2
    PIN_EXPIRED = 0x0A3
    PIN_LOCKED = 0x0A4
    SESSION_CLOSED = 0x0B0
    SESSION_COUNT = 0x0B1
    SESSION_HANDLE_INVALID = 0x0B3
    SESSION_READ_ONLY = 0x0B5
    SESSION_EXISTS = 0x0B6
    SIGNATURE_INVALID = 0x0C0
    SIGNATURE_LEN_RANGE = 0x0C1
    TEMPLATE_INCOMPLETE = 0x0D0
    TEMPLATE_INCONSISTENT = 0x0D1
    TOKEN_NOT_PRESENT = 0x0E0
    TOKEN_NOT_RECOGNIZED = 0x0E1
    TOKEN_WRITE_PROTECTED = 0x0E2
    UNWRAPPING_KEY_HANDLE_INVALID = 0x0F0
    UNWRAPPING_KEY_SIZE_RANGE = 0x0F1
    UNWRAPPING_KEY_TYPE_INCONSISTENT = 0x0F2
    USER_ALREADY_LOGGED_IN = 0x100
    USER_NOT_LOGGED_IN = 0x101
    USER_PIN_NOT_INITIALIZED = 0x102
    USER_TYPE_INVALID = 0x103
    USER_ANOTHER_ALREADY_LOGGED_IN = 0x104
    WRAPPED_KEY_INVALID = 0x110
    WRAPPED_KEY_LEN_RANGE = 0x112
    WRAPPING_KEY_HANDLE_INVALID = 0x113
    WRAPPING_KEY_SIZE_RANGE = 0x114
    WRAPPING_KEY_TYPE_INCONSISTENT = 0x115
    BUFFER_TOO_SMALL = 0x150
    CRYPTOKI_NOT_INITIALIZED = 0x190
    CRYPTOKI_ALREADY_INITIALIZED = 0x191


# How to read an attribute's value; what is not named here is bytes
BOOLEANS = frozenset({
    CKA.TOKEN, CKA.PRIVATE, CKA.TRUSTED, CKA.SENSITIVE, CKA.ENCRYPT, CKA.DECRYPT, CKA.WRAP,
    CKA.UNWRAP, CKA.SIGN, CKA.VERIFY, CKA.DERIVE, CKA.EXTRACTABLE, CKA.LOCAL,
    CKA.NEVER_EXTRACTABLE, CKA.ALWAYS_SENSITIVE, CKA.MODIFIABLE, CKA.COPYABLE, CKA.DESTROYABLE,
    CKA.WRAP_WITH_TRUSTED})
NUMBERS = frozenset({
    CKA.CLASS, CKA.CERTIFICATE_TYPE, CKA.KEY_TYPE, CKA.MODULUS_BITS, CKA.VALUE_LEN,
    CKA.KEY_GEN_MECHANISM})

# CK_FUNCTION_LIST in the order of the standard's header (A.4); version 2.40 and later
FUNCTIONS = """
    Initialize Finalize GetInfo GetFunctionList GetSlotList GetSlotInfo GetTokenInfo
    GetMechanismList GetMechanismInfo InitToken InitPIN SetPIN OpenSession CloseSession
    CloseAllSessions GetSessionInfo GetOperationState SetOperationState Login Logout CreateObject
    CopyObject DestroyObject GetObjectSize GetAttributeValue SetAttributeValue FindObjectsInit
    FindObjects FindObjectsFinal EncryptInit Encrypt EncryptUpdate EncryptFinal DecryptInit Decrypt
    DecryptUpdate DecryptFinal DigestInit Digest DigestUpdate DigestKey DigestFinal SignInit Sign
    SignUpdate SignFinal SignRecoverInit SignRecover VerifyInit Verify VerifyUpdate VerifyFinal
    VerifyRecoverInit VerifyRecover DigestEncryptUpdate DecryptDigestUpdate SignEncryptUpdate
    DecryptVerifyUpdate GenerateKey GenerateKeyPair WrapKey UnwrapKey DeriveKey SeedRandom
    GenerateRandom GetFunctionStatus CancelFunction WaitForSlotEvent
""".split()


class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_ubyte), ("minor", ctypes.c_ubyte)]


class FunctionList(ctypes.Structure):
    _fields_ = [("version", Version)] + [(name, ctypes.c_void_p) for name in FUNCTIONS]


class Attribute(ctypes.Structure):
    _fields_ = [("type", ULONG), ("value", ctypes.c_void_p), ("length", ULONG)]


class CMechanism(ctypes.Structure):
    _fields_ = [("type", ULONG), ("parameter", ctypes.c_void_p), ("length", ULONG)]


class MechanismInfo(ctypes.Structure):
    _fields_ = [("min_key_size", ULONG), ("max_key_size", ULONG), ("flags", ULONG)]


class TokenInfo(ctypes.Structure):
    _fields_ = [
        ("label", ctypes.c_char * 32), ("manufacturer", ctypes.c_char * 32),
        ("model", ctypes.c_char * 16), ("serial", ctypes.c_char * 16), ("flags", ULONG),
        ("max_sessions", ULONG), ("sessions", ULONG), ("max_rw_sessions", ULONG),
        ("rw_sessions", ULONG), ("max_pin", ULONG), ("min_pin", ULONG),
        ("total_public", ULONG), ("free_public", ULONG), ("total_private", ULONG),
        ("free_private", ULONG), ("hardware", Version), ("firmware", Version),
        ("utc_time", ctypes.c_char * 16)]


class InitializeArgs(ctypes.Structure):
    """CK_C_INITIALIZE_ARGS as NSS has it: one pointer longer, its parameter string where the
    standard has pReserved. Other modules see the standard's structure with pReserved NULL."""
    _fields_ = [
        ("create_mutex", ctypes.c_void_p), ("destroy_mutex", ctypes.c_void_p),
        ("lock_mutex", ctypes.c_void_p), ("unlock_mutex", ctypes.c_void_p), ("flags", ULONG),
        ("library_parameters", ctypes.c_char_p), ("reserved", ctypes.c_void_p)]


class StringData(ctypes.Structure):
    _fields_ = [("data", ctypes.c_char_p), ("length", ULONG)]


class OaepParams(ctypes.Structure):
    _fields_ = [("hash", ULONG), ("mgf", ULONG), ("source", ULONG),
                ("source_data", ctypes.c_void_p), ("source_length", ULONG)]


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

    def find_slot(self, label):
        """The slot of the one initialised token with this label; LookupError otherwise."""
        found = []
        for slot in self.slots():
            info = self.token_info(slot)
            name = bytes(info)[:32].decode(errors="replace").rstrip(" \0")
            if info.flags & CKF.TOKEN_INITIALIZED and name == label:
                found.append(slot)
        if len(found) != 1:
            raise LookupError(f"{len(found)} initialised tokens are labelled {label!r}")
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
        attribute = Attribute(type_, None, 0)
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        buffer = ctypes.create_string_buffer(max(attribute.length, 1))
        attribute.value = ctypes.addressof(buffer)
        self._call("GetAttributeValue", handle, ctypes.byref(attribute), 1)
        return _decode(type_, buffer.raw[:attribute.length])

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
