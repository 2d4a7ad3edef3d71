# SPDX-License-Identifier: Apache-2.0
"""The constants and structures of PKCS#11 that the tests use; names and values as in the standard's
header, without their prefix: CKA.LABEL is CKA_LABEL. Version 2.40 structures hold for 3.x too."""

import ctypes
import enum

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
    SHA256_HMAC = 0x2B
    SHA384_HMAC = 0x2C
    SHA512_HMAC = 0x2D
    SHA224_HMAC = 0x2E


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
    PRIVATE_EXPONENT = 0x123
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
    WRAP_TEMPLATE = 0x40000211
    UNWRAP_TEMPLATE = 0x40000212
    DERIVE_TEMPLATE = 0x40000213
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
    SHA256_KEY_DERIVATION = 0x393
    AES_KEY_GEN = 0x1080
    AES_ECB = 0x1081
    AES_CBC = 0x1082
    AES_CBC_PAD = 0x1085
    AES_CMAC = 0x108A
    DES3_ECB_ENCRYPT_DATA = 0x1102
    DES3_CBC_ENCRYPT_DATA = 0x1103
    AES_ECB_ENCRYPT_DATA = 0x1104
    AES_CBC_ENCRYPT_DATA = 0x1105
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
TEMPLATES = frozenset({CKA.WRAP_TEMPLATE, CKA.UNWRAP_TEMPLATE, CKA.DERIVE_TEMPLATE})
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


class CounterFormat(ctypes.Structure):
    """CK_SP800_108_COUNTER_FORMAT: how the counter is written."""
    _fields_ = [("little_endian", ctypes.c_ubyte), ("width", ULONG)]


class LengthFormat(ctypes.Structure):
    """CK_SP800_108_DKM_LENGTH_FORMAT: which length is written, 1 the key's, and how."""
    _fields_ = [("method", ULONG), ("little_endian", ctypes.c_ubyte), ("width", ULONG)]


class PrfDataParam(ctypes.Structure):
    _fields_ = [("type", ULONG), ("value", ctypes.c_void_p), ("length", ULONG)]


class CounterKdfParams(ctypes.Structure):
    """CK_SP800_108_KDF_PARAMS; each part of the input a CounterFormat, a LengthFormat or bytes."""
    _fields_ = [("prf", ULONG), ("count", ULONG), ("data", ctypes.POINTER(PrfDataParam)),
                ("more_count", ULONG), ("more", ctypes.c_void_p)]
    TYPES = {CounterFormat: 1, LengthFormat: 3}

    def __init__(self, prf, parts, more_count=0):
        self.kept = [ctypes.create_string_buffer(part, len(part)) if isinstance(part, bytes)
                     else part for part in parts]
        self.input = (PrfDataParam * max(len(parts), 1))(*[
            (self.TYPES.get(type(part), 4), ctypes.addressof(part), ctypes.sizeof(part))
            for part in self.kept])
        super().__init__(prf, len(parts), self.input, more_count, None)
