/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/worker/random.h"

#include <string.h>

#include "p11/calls.h"

bool random_take(struct random_pool *pool, const struct p11_token *token, uint8_t *out, size_t len,
                 struct kf_error *err)
{
    while (len > 0) {
        size_t some;
        uint8_t *from;

        if (pool->left == 0) {
            if (p11_generate_random(token->session, pool->bytes, RANDOM_POOL, err) != CKR_OK)
                return false;
            pool->left = RANDOM_POOL;
        }
        some = len < pool->left ? len : pool->left;
        from = pool->bytes + RANDOM_POOL - pool->left;
        memcpy(out, from, some);
        explicit_bzero(from, some);
        pool->left -= some;
        out += some;
        len -= some;
    }
    return true;
}

void random_wipe(struct random_pool *pool)
{
    explicit_bzero(pool, sizeof *pool);
}
