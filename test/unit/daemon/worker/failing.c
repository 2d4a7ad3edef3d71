/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/daemon/worker/failing.h"

static CK_FUNCTION_LIST *functions, original;
static int calls, fail_at;
static CK_RV fail_with;

static bool failing(void)
{
    return calls++ == fail_at;
}

static CK_RV derive_or_fail(CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE b,
                            CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_OBJECT_HANDLE_PTR k)
{
    return failing() ? fail_with : original.C_DeriveKey(s, m, b, t, n, k);
}

static CK_RV wrap_or_fail(CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE w,
                          CK_OBJECT_HANDLE k, CK_BYTE_PTR o, CK_ULONG_PTR n)
{
    return failing() ? fail_with : original.C_WrapKey(s, m, w, k, o, n);
}

static CK_RV unwrap_or_fail(CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE u,
                            CK_BYTE_PTR w, CK_ULONG l, CK_ATTRIBUTE_PTR t, CK_ULONG n,
                            CK_OBJECT_HANDLE_PTR k)
{
    return failing() ? fail_with : original.C_UnwrapKey(s, m, u, w, l, t, n, k);
}

static CK_RV generate_or_fail(CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR t,
                              CK_ULONG n, CK_OBJECT_HANDLE_PTR k)
{
    return failing() ? fail_with : original.C_GenerateKey(s, m, t, n, k);
}

static CK_RV create_or_fail(CK_SESSION_HANDLE s, CK_ATTRIBUTE_PTR t, CK_ULONG n,
                            CK_OBJECT_HANDLE_PTR o)
{
    return failing() ? fail_with : original.C_CreateObject(s, t, n, o);
}

static CK_RV encrypt_or_fail(CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE k)
{
    return failing() ? fail_with : original.C_EncryptInit(s, m, k);
}

static CK_RV sign_or_fail(CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE k)
{
    return failing() ? fail_with : original.C_SignInit(s, m, k);
}

static CK_RV random_or_fail(CK_SESSION_HANDLE s, CK_BYTE_PTR o, CK_ULONG n)
{
    return failing() ? fail_with : original.C_GenerateRandom(s, o, n);
}

static CK_RV read_or_fail(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR t, CK_ULONG n)
{
    return failing() ? fail_with : original.C_GetAttributeValue(s, o, t, n);
}

void failing_start(struct p11_session *session, int number, CK_RV rv)
{
    functions = p11_session_functions(session);
    original = *functions;
    calls = 0;
    fail_at = number;
    fail_with = rv;
    functions->C_DeriveKey = derive_or_fail;
    functions->C_WrapKey = wrap_or_fail;
    functions->C_UnwrapKey = unwrap_or_fail;
    functions->C_GenerateKey = generate_or_fail;
    functions->C_CreateObject = create_or_fail;
    functions->C_EncryptInit = encrypt_or_fail;
    functions->C_SignInit = sign_or_fail;
    functions->C_GenerateRandom = random_or_fail;
    functions->C_GetAttributeValue = read_or_fail;
}

bool failing_stop(void)
{
    *functions = original;
    return calls > fail_at;
}

static int to_spare;

static CK_RV read_as_readable(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                              CK_ATTRIBUTE *template, CK_ULONG count)
{
    CK_RV rv = original.C_GetAttributeValue(session, object, template, count);

    if (to_spare < 0 && rv == CKR_OK && count == 1 && template[0].type == CKA_SENSITIVE)
        *(CK_BBOOL *)template[0].pValue = CK_FALSE;
    return rv;
}

static CK_RV unwrap_counted(CK_SESSION_HANDLE session, CK_MECHANISM *mechanism,
                            CK_OBJECT_HANDLE unwrapping, CK_BYTE *wrapped, CK_ULONG len,
                            CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    to_spare--;
    return original.C_UnwrapKey(session, mechanism, unwrapping, wrapped, len, template, count, key);
}

void readable_start(struct p11_session *session, int number)
{
    functions = p11_session_functions(session);
    original = *functions;
    to_spare = number;
    functions->C_UnwrapKey = unwrap_counted;
    functions->C_GetAttributeValue = read_as_readable;
}

void readable_stop(void)
{
    *functions = original;
}
