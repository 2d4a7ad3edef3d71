/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutual exclusion by objects that can only be created, listed, labelled and removed.
 *
 * A claim's id is its rank: time, then random bytes; the lower wins. Its label says how far it is.
 *
 *   1. Make a claim ("claiming"). Look: yield to any that is "making", and to any lower one.
 *   2. Label it "making". Look again: yield to a lower one that is making too; wait for lower ones
 *      that are still claiming to become one or the other.
 *
 * Two cannot pass: of two that are making, the higher one's second look either finds the lower one,
 * or came before that one's claim was there, and then the lower one's first look finds it making.
 * One does: of several, a yield is always to a claim that is lower or further on.
 */
#include "p11/store_claim.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "p11/calls.h"
#include "p11/ops.h"
#include "p11/store_index.h"

#define LOOK_AGAIN_MS 10
#define WAIT_MS 2000

#define TIME_BYTES 6

static int64_t wall_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t store_claim_age_ms(const uint8_t id[OBJECT_ID_BYTES])
{
    int64_t made = 0;

    for (size_t i = 0; i < TIME_BYTES; i++)
        made = made << 8 | id[1 + i];
    return llabs(wall_ms() - made);
}

/* What a look at a name's claims found. */
struct rivals {
    bool making, lower_making, lower_claiming;
};

static void note_rivals(const struct object *objects, size_t count, bool making,
                        const struct store_claim *claim, struct rivals *rivals)
{
    for (size_t i = 0; i < count; i++) {
        int order = memcmp(objects[i].id, claim->id, OBJECT_ID_BYTES);

        if (objects[i].id[0] != ROLE_CLAIM || order == 0 ||
            store_claim_age_ms(objects[i].id) > CLAIM_DEAD_MS)
            continue;
        rivals->making |= making;
        rivals->lower_making |= making && order < 0;
        rivals->lower_claiming |= !making && order < 0;
    }
}

/* Those that claim first: one that goes on between the two searches is found by both, never by
 * none. */
static bool look(struct p11_store *store, const char *name, const struct store_claim *claim,
                 struct rivals *rivals, struct kf_error *err)
{
    memset(rivals, 0, sizeof *rivals);
    for (int making = 0; making < 2; making++) {
        struct object *objects = NULL;
        size_t count = 0;
        char label[LABEL_MAX];

        label_write_claim(name, making, label);
        if (!objects_find_label(store->token, label, &objects, &count, err))
            return false;
        note_rivals(objects, count, making, claim, rivals);
        free(objects);
    }
    return true;
}

static bool yield_to(const char *name, struct kf_error *err)
{
    return kf_fail(err, KF_CONFLICT,
                   "%s is being made or changed by somebody else at this moment; look at it, and "
                   "try again.",
                   name);
}

static bool make(struct p11_store *store, const char *name, struct store_claim *claim,
                 struct kf_error *err)
{
    const struct p11_token *token = store->token;
    uint8_t id[KEY_ID_BYTES];
    int64_t now = wall_ms();
    char label[LABEL_MAX];

    if (p11_generate_random(token->session, id, sizeof id, err) != CKR_OK)
        return false;
    for (size_t i = 0; i < TIME_BYTES; i++)
        id[i] = (uint8_t)(now >> 8 * (TIME_BYTES - 1 - i));
    object_id(ROLE_CLAIM, id, claim->id);
    label_write_claim(name, false, label);
    return object_make_card(token, ROLE_CLAIM, id, label, &claim->object, err);
}

static bool go_on(struct p11_store *store, const char *name, const struct store_claim *claim,
                  struct kf_error *err)
{
    struct rivals rivals;
    char label[LABEL_MAX];

    if (!look(store, name, claim, &rivals, err))
        return false;
    if (rivals.making || rivals.lower_claiming)
        return yield_to(name, err);
    label_write_claim(name, true, label);
    if (!object_set_label(store->token, claim->object, label, err))
        return false;
    for (int waited = 0; waited <= WAIT_MS; waited += LOOK_AGAIN_MS) {
        if (!look(store, name, claim, &rivals, err))
            return false;
        if (rivals.lower_making)
            break;
        if (!rivals.lower_claiming)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_AGAIN_MS * 1000000L}, NULL);
    }
    return yield_to(name, err);
}

bool store_claim(struct p11_store *store, const char *name, struct store_claim *claim,
                 struct kf_error *err)
{
    *claim = (struct store_claim){.object = CK_INVALID_HANDLE};
    if (make(store, name, claim, err) && go_on(store, name, claim, err))
        return true;
    store_unclaim(store, claim);
    return false;
}

void store_unclaim(struct p11_store *store, struct store_claim *claim)
{
    if (claim->id[0] == ROLE_CLAIM)
        object_unmake(store->token, ROLE_CLAIM, claim->id + 1, &claim->object);
}
