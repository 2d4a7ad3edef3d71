/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that is another one, but for what its script says (script.h): for tests of what
 * a daemon makes of a module that fails, hangs, crashes or lies. KEYFERRY_MOCK_MODULE is the path
 * of the real one. Each call is a line of the file KEYFERRY_MOCK_LOG, where that is set:
 *
 *   PID FUNCTION ORDINAL RV WHAT   RV in hexadecimal, or what keeps the call from returning; WHAT
 * is "made=HANDLE", "destroyed=HANDLE", or nothing
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "p11/cryptoki.h"
#include "test/token/mock/script.h"

/* A handle that no token has, and a length that no buffer has. */
#define NO_HANDLE 0x7FFFFFFFFFFFFFF1UL
#define NO_LENGTH 0x7FFFFFFFFFFFFFF0UL

static CK_FUNCTION_LIST *real;
static CK_FUNCTION_LIST mock;

struct call {
    const char *name;
    struct script_verdict verdict;
    CK_RV rv;
    CK_ULONG *number;       /* what garbage is put into */
    CK_ULONG nonsense;      /* that garbage; 0: what no handle or length is */
    CK_OBJECT_HANDLE *made; /* where the real call puts a new object's handle */
    CK_OBJECT_HANDLE destroyed;
    const CK_MECHANISM *mechanism; /* what it makes a key by, and of; or none */
    const CK_ATTRIBUTE *template;
    CK_ULONG count;
};

static void write_log(const struct call *call, const char *outcome)
{
    const char *path = getenv("KEYFERRY_MOCK_LOG");
    char line[160];
    size_t len;
    int fd;

    if (!path || (fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600)) < 0)
        return;
    snprintf(line, sizeof line, "%d %s %lu %s", (int)getpid(), call->name, call->verdict.ordinal,
             outcome);
    len = strlen(line);
    if (call->made && call->rv == CKR_OK)
        snprintf(line + len, sizeof line - len, " made=%lu", *call->made);
    else if (call->destroyed)
        snprintf(line + len, sizeof line - len, " destroyed=%lu", call->destroyed);
    strcat(line, "\n");
    len = strlen(line);
    if (write(fd, line, len) != (ssize_t)len)
        abort();
    close(fd);
}

static void nap(unsigned long milliseconds)
{
    struct timespec left = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};

    nanosleep(&left, NULL);
}

static void crash(const struct call *call, int number)
{
    write_log(call, number == SIGSEGV ? "segv" : "abort");
    signal(number, SIG_DFL);
    raise(number);
}

/* As an older token would say, or a newer one. */
static CK_RV not_known(const struct call *call)
{
    CK_RV unknown_mechanism = CKR_MECHANISM_INVALID, unknown_type = CKR_ATTRIBUTE_TYPE_INVALID,
          unknown_value = CKR_ATTRIBUTE_VALUE_INVALID;

    if (call->mechanism &&
        script_lacks(SCRIPT_MECHANISM, call->mechanism->mechanism, &unknown_mechanism))
        return unknown_mechanism;
    for (CK_ULONG i = 0; i < call->count; i++) {
        const CK_ATTRIBUTE *attribute = &call->template[i];
        CK_KEY_TYPE type;

        if (script_lacks(SCRIPT_ATTRIBUTE, attribute->type, &unknown_type))
            return unknown_type;
        if (attribute->type != CKA_KEY_TYPE)
            continue;
        memcpy(&type, attribute->pValue, sizeof type);
        if (script_lacks(SCRIPT_KEY_TYPE, type, &unknown_value))
            return unknown_value;
    }
    return CKR_OK;
}

/* Whether the real call is to be made. */
static bool begin(struct call *call)
{
    call->verdict = script_call(call->name);
    switch (call->verdict.action) {
    case SCRIPT_PASS:
    case SCRIPT_FAIL_AFTER:
    case SCRIPT_GARBAGE:
        break;
    case SCRIPT_FAIL_BEFORE:
        call->rv = call->verdict.value;
        return false;
    case SCRIPT_SLEEP:
        nap(call->verdict.value);
        break;
    case SCRIPT_HANG:
        write_log(call, "hang");
        for (;;)
            pause();
    case SCRIPT_SEGV:
        crash(call, SIGSEGV);
        break;
    case SCRIPT_ABORT:
        crash(call, SIGABRT);
        break;
    }
    call->rv = not_known(call);
    return call->rv == CKR_OK;
}

static CK_RV end(struct call *call)
{
    char outcome[40];

    if (call->verdict.action == SCRIPT_GARBAGE && call->rv == CKR_OK && call->number)
        *call->number = call->nonsense ? call->nonsense : call->made ? NO_HANDLE : NO_LENGTH;
    snprintf(outcome, sizeof outcome,
             call->verdict.action == SCRIPT_FAIL_AFTER ? "0x%lX after" : "0x%lX",
             call->verdict.action == SCRIPT_FAIL_AFTER ? call->verdict.value : call->rv);
    write_log(call, outcome);
    return call->verdict.action == SCRIPT_FAIL_AFTER ? call->verdict.value : call->rv;
}

/* A wrapper's body: call says what is to be known of it, the arguments follow. */
#define PASS(function, call, ...)                    \
    do {                                             \
        if (begin(&(call)))                          \
            (call).rv = real->function(__VA_ARGS__); \
        return end(&(call));                         \
    } while (0)

#define PLAIN(function, ...)                    \
    do {                                        \
        struct call call = {.name = #function}; \
        PASS(function, call, __VA_ARGS__);      \
    } while (0)

#define MAKES(function, handle, ...)                                              \
    do {                                                                          \
        struct call call = {.name = #function, .number = handle, .made = handle}; \
        PASS(function, call, __VA_ARGS__);                                        \
    } while (0)

#define MAKES_KEY(function, handle, mechanism_, template_, count_, ...) \
    do {                                                                \
        struct call call = {.name = #function,                          \
                            .number = handle,                           \
                            .made = handle,                             \
                            .mechanism = mechanism_,                    \
                            .template = template_,                      \
                            .count = count_};                           \
        PASS(function, call, __VA_ARGS__);                              \
    } while (0)

#define COUNTS(function, number_, ...)                             \
    do {                                                           \
        struct call call = {.name = #function, .number = number_}; \
        PASS(function, call, __VA_ARGS__);                         \
    } while (0)

static CK_RV mock_initialize(void *args)
{
    PLAIN(C_Initialize, args);
}

static CK_RV mock_finalize(void *reserved)
{
    PLAIN(C_Finalize, reserved);
}

static CK_RV mock_get_info(CK_INFO *info)
{
    PLAIN(C_GetInfo, info);
}

static CK_RV mock_get_slot_list(unsigned char present, CK_SLOT_ID *list, CK_ULONG *count)
{
    COUNTS(C_GetSlotList, count, present, list, count);
}

static void pad(CK_UTF8CHAR *field, size_t len, const char *text)
{
    if (!text)
        return;
    memset(field, ' ', len);
    memcpy(field, text, strlen(text) < len ? strlen(text) : len);
}

static CK_RV mock_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
    struct call call = {.name = "C_GetTokenInfo"};

    if (begin(&call))
        call.rv = real->C_GetTokenInfo(slot, info);
    if (call.rv == CKR_OK) {
        pad(info->serialNumber, sizeof info->serialNumber, script_serial());
        pad(info->label, sizeof info->label, script_label());
    }
    return end(&call);
}

static CK_RV mock_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *application, CK_NOTIFY notify,
                               CK_SESSION_HANDLE *session)
{
    PLAIN(C_OpenSession, slot, flags, application, notify, session);
}

static CK_RV mock_close_session(CK_SESSION_HANDLE session)
{
    PLAIN(C_CloseSession, session);
}

static CK_RV mock_get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
    PLAIN(C_GetSessionInfo, session, info);
}

static CK_RV mock_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
                        CK_ULONG len)
{
    PLAIN(C_Login, session, user, pin, len);
}

static CK_RV mock_create_object(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count,
                                CK_OBJECT_HANDLE *object)
{
    MAKES_KEY(C_CreateObject, object, NULL, template, count, session, template, count, object);
}

static CK_RV mock_copy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE source,
                              CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *object)
{
    MAKES(C_CopyObject, object, session, source, template, count, object);
}

static CK_RV mock_destroy_object(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
    struct call call = {.name = "C_DestroyObject", .destroyed = object};

    PASS(C_DestroyObject, call, session, object);
}

static CK_RV mock_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE *template, CK_ULONG count)
{
    COUNTS(C_GetAttributeValue, count > 0 ? &template[count - 1].ulValueLen : NULL, session, object,
           template, count);
}

static CK_RV mock_set_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                      CK_ATTRIBUTE *template, CK_ULONG count)
{
    PLAIN(C_SetAttributeValue, session, object, template, count);
}

static CK_RV mock_find_objects_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template,
                                    CK_ULONG count)
{
    PLAIN(C_FindObjectsInit, session, template, count);
}

static CK_RV mock_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *objects, CK_ULONG room,
                               CK_ULONG *count)
{
    struct call call = {.name = "C_FindObjects", .number = count, .nonsense = room + 1};

    PASS(C_FindObjects, call, session, objects, room, count);
}

static CK_RV mock_find_objects_final(CK_SESSION_HANDLE session)
{
    PLAIN(C_FindObjectsFinal, session);
}

static CK_RV mock_encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_OBJECT_HANDLE key)
{
    PLAIN(C_EncryptInit, session, mechanism, key);
}

static CK_RV mock_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE key)
{
    PLAIN(C_SignInit, session, mechanism, key);
}

typedef CK_RV (*one_part)(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);

/* An operation that fails is over, as the standard has it, unless the room was too small: so what
 * is told to fail before it began is done, and its result taken back. */
static CK_RV one_part_call(const char *name, one_part function, CK_SESSION_HANDLE session,
                           CK_BYTE *data, CK_ULONG len, CK_BYTE *out, CK_ULONG *out_len)
{
    struct call call = {.name = name, .number = out_len};

    if (begin(&call)) {
        call.rv = function(session, data, len, out, out_len);
    } else if (call.rv == CKR_BUFFER_TOO_SMALL) {
        *out_len += 1;
    } else {
        function(session, data, len, out, out_len);
        memset(out, 0, *out_len);
    }
    return end(&call);
}

static CK_RV mock_encrypt(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *out,
                          CK_ULONG *out_len)
{
    return one_part_call("C_Encrypt", real->C_Encrypt, session, data, len, out, out_len);
}

static CK_RV mock_sign(CK_SESSION_HANDLE session, CK_BYTE *data, CK_ULONG len, CK_BYTE *out,
                       CK_ULONG *out_len)
{
    return one_part_call("C_Sign", real->C_Sign, session, data, len, out, out_len);
}

static CK_RV mock_generate_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                               CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    MAKES_KEY(C_GenerateKey, key, mechanism, template, count, session, mechanism, template, count,
              key);
}

static CK_RV mock_generate_key_pair(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                                    CK_ATTRIBUTE *public_template, CK_ULONG public_count,
                                    CK_ATTRIBUTE *private_template, CK_ULONG private_count,
                                    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
    MAKES(C_GenerateKeyPair, private_key, session, mechanism, public_template, public_count,
          private_template, private_count, public_key, private_key);
}

static CK_RV mock_wrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                           CK_OBJECT_HANDLE wrapping, CK_OBJECT_HANDLE key, CK_BYTE *out,
                           CK_ULONG *len)
{
    COUNTS(C_WrapKey, len, session, mechanism, wrapping, key, out, len);
}

static CK_RV mock_unwrap_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                             CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    MAKES_KEY(C_UnwrapKey, key, mechanism, template, count, session, mechanism, unwrapping, wrapped,
              len, template, count, key);
}

static CK_RV mock_derive_key(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                             CK_OBJECT_HANDLE base, CK_ATTRIBUTE *template, CK_ULONG count,
                             CK_OBJECT_HANDLE *key)
{
    MAKES_KEY(C_DeriveKey, key, mechanism, template, count, session, mechanism, base, template,
              count, key);
}

static CK_RV mock_generate_random(CK_SESSION_HANDLE session, CK_BYTE *out, CK_ULONG len)
{
    PLAIN(C_GenerateRandom, session, out, len);
}

static void wrap(void)
{
    mock = *real;
    mock.C_Initialize = mock_initialize;
    mock.C_Finalize = mock_finalize;
    mock.C_GetInfo = mock_get_info;
    mock.C_GetSlotList = mock_get_slot_list;
    mock.C_GetTokenInfo = mock_get_token_info;
    mock.C_OpenSession = mock_open_session;
    mock.C_CloseSession = mock_close_session;
    mock.C_GetSessionInfo = mock_get_session_info;
    mock.C_Login = mock_login;
    mock.C_CreateObject = mock_create_object;
    mock.C_CopyObject = mock_copy_object;
    mock.C_DestroyObject = mock_destroy_object;
    mock.C_GetAttributeValue = mock_get_attribute_value;
    mock.C_SetAttributeValue = mock_set_attribute_value;
    mock.C_FindObjectsInit = mock_find_objects_init;
    mock.C_FindObjects = mock_find_objects;
    mock.C_FindObjectsFinal = mock_find_objects_final;
    mock.C_EncryptInit = mock_encrypt_init;
    mock.C_Encrypt = mock_encrypt;
    mock.C_SignInit = mock_sign_init;
    mock.C_Sign = mock_sign;
    mock.C_GenerateKey = mock_generate_key;
    mock.C_GenerateKeyPair = mock_generate_key_pair;
    mock.C_WrapKey = mock_wrap_key;
    mock.C_UnwrapKey = mock_unwrap_key;
    mock.C_DeriveKey = mock_derive_key;
    mock.C_GenerateRandom = mock_generate_random;
}

static CK_RV load(void)
{
    const char *path = getenv("KEYFERRY_MOCK_MODULE");
    void *library = path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    CK_C_GetFunctionList get = NULL;

    if (library)
        *(void **)&get = dlsym(library, "C_GetFunctionList");
    if (!get || get(&real) != CKR_OK) {
        fprintf(stderr, "mock: KEYFERRY_MOCK_MODULE names no module: %s\n", path ? path : "");
        return CKR_GENERAL_ERROR;
    }
    wrap();
    return CKR_OK;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **list)
{
    struct call call = {.name = "C_GetFunctionList"};

    if (begin(&call))
        call.rv = real ? CKR_OK : load();
    *list = &mock;
    return end(&call);
}
