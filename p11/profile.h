/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token profile: know the token before trusting it. At start each operation is proven with
 * known answers, whatever the mechanism list says, and the token's own protections are tried on
 * throw-away keys. The only key values that are ever read here are throw-away ones made for the
 * test from public data.
 */
#ifndef KF_P11_PROFILE_H
#define KF_P11_PROFILE_H

#include "p11/token.h"

#define PROFILE_REASON_MAX 200

enum profile_result { PROFILE_PASSED, PROFILE_FAILED, PROFILE_NOT_APPLICABLE };

/* What a trustworthy token refuses. */
enum profile_check {
    CHECK_REVEAL_SENSITIVE,   /* reading CKA_VALUE of a sensitive key */
    CHECK_WRAP_UNEXTRACTABLE, /* wrapping a key that is not extractable */
    CHECK_WRAP_JOIN,          /* wrapping a join of one; revealing a join of a sensitive one */
    CHECK_USAGE_FLAGS,        /* using a key against its CKA_ENCRYPT, CKA_WRAP, CKA_DERIVE */
    CHECK_ALLOWED_MECHANISMS, /* using a key with a mechanism that is not in its list */
    CHECK_WEAKEN, /* clearing CKA_SENSITIVE or setting CKA_EXTRACTABLE, by setting or copying */
    PROFILE_CHECKS,
};

struct p11_profile {
    /* why no mechanism was proven; empty where one was */
    char reasons[P11_OPERATIONS][PROFILE_REASON_MAX];
    /* P11_SEAL was not proven by a fault, twice: the token may seal all the same */
    bool seal_doubtful;
    enum profile_result checks[PROFILE_CHECKS];
    char details[PROFILE_CHECKS][PROFILE_REASON_MAX];
};

/* Fills in token->ways and token->rungs, and the profile. False only where the token failed as a
 * whole (session lost and the like); what it cannot do, or does not refuse, is in the profile.
 * Leaves no object behind. */
bool profile_probe(struct p11_token *token, struct p11_profile *profile, struct kf_error *err);

/* Whether no check failed; else the names of those that did, in text. */
bool profile_trusted(const struct p11_profile *profile, char *text, size_t room);
/* "reading the value of a sensitive key" and so on. Static text. */
const char *profile_check_name(enum profile_check check);

/* The formats Keyferry writes and reads and the keys it derives. */
enum profile_format {
    FORMAT_TR31_B,
    FORMAT_TR31_D,
    FORMAT_DUKPT_TDES, /* the making of an initial key, which then travels in one of the others */
    FORMAT_DUKPT_AES,
    FORMAT_TR31_IMPORT_B,
    FORMAT_TR31_IMPORT_D,
    FORMAT_TR31_IMPORT_AC, /* what LegacyImport is for */
    FORMAT_TR34,
    FORMAT_TR34_IMPORT,
    FORMAT_KEY_CRYPTOGRAM, /* with either hash */
    FORMAT_KEY_CRYPTOGRAM_IMPORT,
    PROFILE_FORMATS
};
const char *profile_format_name(enum profile_format format);
/*
 * Whether this token can do the format for a key with that algorithm letter ('T', 'A', 'H'; X9.143
 * table 2), which is the key that travels: a token without TDES can do version D for all others. 0:
 * for any key. If not, text names the missing operations and the mechanisms that would do them.
 */
bool profile_can(const struct p11_token *token, enum profile_format format, char algorithm,
                 char *text, size_t room);

#endif
