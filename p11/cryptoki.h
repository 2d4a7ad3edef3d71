/* SPDX-License-Identifier: Apache-2.0 */
/* Cryptoki 2.40 as p11-kit's header has it, and what of version 3.0 Keyferry uses beside it. */
#ifndef KF_P11_CRYPTOKI_H
#define KF_P11_CRYPTOKI_H

#include <p11-kit/pkcs11.h>

/* PKCS#11 v3.0, 2.42 "SP 800-108 key derivation". */
#define KF_CKM_SP800_108_COUNTER_KDF 0x000003ACUL
#define KF_CK_SP800_108_ITERATION_VARIABLE 0x00000001UL
#define KF_CK_SP800_108_BYTE_ARRAY 0x00000004UL

typedef struct {
    CK_BBOOL bLittleEndian;
    CK_ULONG ulWidthInBits;
} kf_sp800_108_counter_format;

typedef struct {
    CK_ULONG type;
    CK_VOID_PTR pValue;
    CK_ULONG ulValueLen;
} kf_prf_data_param;

typedef struct {
    CK_ATTRIBUTE *pTemplate;
    CK_ULONG ulAttributeCount;
    CK_OBJECT_HANDLE *phKey;
} kf_derived_key;

typedef struct {
    CK_MECHANISM_TYPE prfType;
    CK_ULONG ulNumberOfDataParams;
    kf_prf_data_param *pDataParams;
    CK_ULONG ulAdditionalDerivedKeys;
    kf_derived_key *pAdditionalDerivedKeys;
} kf_sp800_108_kdf_params;

#define KF_CKM_DES3_CMAC 0x00000138UL

/* CKM_EXTRACT_KEY_FROM_KEY's parameter, "CK_EXTRACT_PARAMS": the first bit. */
typedef CK_ULONG kf_extract_params;

#endif
