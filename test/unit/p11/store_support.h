/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of roles and of the key store share: a proven token, keys, and objects that
 * another program would make. */
#ifndef KF_TEST_UNIT_P11_STORE_SUPPORT_H
#define KF_TEST_UNIT_P11_STORE_SUPPORT_H

#include "p11/store.h"
#include "test/unit/p11/support.h"

/* Of the test that runs: made by store_setup, destroyed by store_teardown (checked fixtures). */
extern struct fixture fixture;
extern struct p11_token token;
extern struct p11_store *store;
extern _Atomic uint64_t *changes; /* shared with peers */
extern struct kf_error err;

void store_setup(void);
void store_teardown(void);
/* A session and what it can do, without a fixture's being made: for a peer. */
void token_open(const struct p11_settings *settings);

int64_t wall_ms(void);

/* Fails the test where the call failed; expects a failure of this status with this in its message.
 */
#define expect_good(result) ck_assert_msg((result), "%s (%s)", err.message, err.detail)
#define expect_error(result, expected, part)                                                \
    do {                                                                                    \
        ck_assert(!(result));                                                               \
        ck_assert_msg(err.status == (expected) && strstr(err.message, part), "%s: %s (%s)", \
                      kf_status_name(err.status), err.message, err.detail);                 \
        kf_error_clear(&err);                                                               \
    } while (0)

/* "K1", exportability 'S' or 'N', the first mode that the usage takes. */
struct key_facts facts_of(const char *usage, enum key_algorithm algorithm, char exportability);
/* Of most keys that are made. */
extern const struct key_state enabled;
/* A session object with a new value, as a new key's is. */
CK_OBJECT_HANDLE make_source(enum key_algorithm algorithm, bool extractable);
/* A key made from a source, whose check value is written to the facts. */
struct p11_key *make_from(CK_OBJECT_HANDLE source, struct key_facts *facts);
/* A key made from a new value. Its name is written to name where that is not NULL. */
struct p11_key *make_key(const char *usage, enum key_algorithm algorithm, char exportability,
                         char name[KEY_NAME_LEN + 1]);

/* Gives the key this state. */
bool set_state(struct p11_key *key, const struct key_state *state);

/* The token objects with this key's id under this role. */
size_t count_role(enum p11_role role, const uint8_t id[KEY_ID_BYTES]);
CK_OBJECT_HANDLE find_role(enum p11_role role, const uint8_t id[KEY_ID_BYTES]);
void read_label(CK_OBJECT_HANDLE object, char label[LABEL_MAX]);
bool read_flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
void destroy_object(CK_OBJECT_HANDLE object);

/* An object with the role's id, label and template, but for the attributes given, which take the
 * place of the template's (a NULL value leaves one out). From source by the identity mechanism. */
CK_OBJECT_HANDLE forge(const struct p11_key *key, enum p11_role role, CK_OBJECT_HANDLE source,
                       const CK_ATTRIBUTE *others, size_t count);

/* Before this process writes its next object with this role, what happens in the token. */
void before_object(enum p11_role role, void (*what)(void));
/* Somebody else's claim on a name, made so long ago; fails the test where there is one. */
CK_OBJECT_HANDLE add_claim(const char *name, int64_t age_ms, bool making);
void expect_no_claim(const char *name);

/* Runs this program again as another process with a session of its own ("peer" and arguments), and
 * waits. shared: with this process's change counter, as another worker of this host; else as
 * another host. */
void run_peer(bool shared, const char *command, const char *first, const char *second);
/* main's first line: whether this process is a peer, and its exit status. */
bool be_peer(int argc, char **argv, int *status);

#endif
