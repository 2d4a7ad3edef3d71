/* SPDX-License-Identifier: Apache-2.0 */
/* The index: sorted arrays, and how old an entry is. */
#include "p11/store_index.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct store_moment store_moment(const struct p11_store *store)
{
    return (struct store_moment){(int64_t)clock_ms(), atomic_load(store->changes)};
}

bool store_fresh(const struct p11_store *store, const struct store_moment *read)
{
    struct store_moment now = store_moment(store);

    return read->ms != 0 && read->change == now.change && now.ms - read->ms < STORE_FRESH_MS;
}

void store_changed(struct p11_store *store)
{
    atomic_fetch_add(store->changes, 1);
}

/* Where item of the given order is, or belongs, in a sorted array of pointers. */
static size_t place(void *const *items, size_t count, const void *item,
                    int (*order)(const void *, const void *))
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (order(items[middle], item) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool insert(void ***items, size_t *count, void *item,
                   int (*order)(const void *, const void *), struct kf_error *err)
{
    size_t at = place(*items, *count, item, order);
    void **grown = realloc(*items, (*count + 1) * sizeof **items);

    if (!grown) {
        free(item);
        return kf_fail(err, KF_UNAVAILABLE, "Out of memory.");
    }
    *items = grown;
    memmove(grown + at + 1, grown + at, (*count - at) * sizeof *grown);
    grown[at] = item;
    (*count)++;
    return true;
}

static void cut_out(void **items, size_t *count, void *item,
                    int (*order)(const void *, const void *))
{
    size_t at = place(items, *count, item, order);

    free(items[at]);
    (*count)--;
    memmove(items + at, items + at + 1, (*count - at) * sizeof *items);
}

static int key_order(const void *a, const void *b)
{
    return memcmp(((const struct p11_key *)a)->id, ((const struct p11_key *)b)->id, KEY_ID_BYTES);
}

static int alias_order(const void *a, const void *b)
{
    return strcmp(((const struct p11_alias *)a)->name, ((const struct p11_alias *)b)->name);
}

struct p11_key *store_index_key(const struct p11_store *store, const uint8_t id[KEY_ID_BYTES])
{
    struct p11_key wanted;
    size_t at;

    memcpy(wanted.id, id, KEY_ID_BYTES);
    at = place((void *const *)store->keys, store->key_count, &wanted, key_order);
    if (at == store->key_count || key_order(store->keys[at], &wanted) != 0)
        return NULL;
    return store->keys[at];
}

bool store_insert_key(struct p11_store *store, struct p11_key *key, struct kf_error *err)
{
    return insert((void ***)&store->keys, &store->key_count, key, key_order, err);
}

void store_remove_key(struct p11_store *store, struct p11_key *key)
{
    cut_out((void **)store->keys, &store->key_count, key, key_order);
}

struct p11_alias *store_index_alias(const struct p11_store *store, const char *name)
{
    struct p11_alias wanted;
    size_t at;

    strcpy(wanted.name, name);
    at = place((void *const *)store->aliases, store->alias_count, &wanted, alias_order);
    if (at == store->alias_count || alias_order(store->aliases[at], &wanted) != 0)
        return NULL;
    return store->aliases[at];
}

bool store_insert_alias(struct p11_store *store, struct p11_alias *alias, struct kf_error *err)
{
    return insert((void ***)&store->aliases, &store->alias_count, alias, alias_order, err);
}

void store_remove_alias(struct p11_store *store, struct p11_alias *alias)
{
    cut_out((void **)store->aliases, &store->alias_count, alias, alias_order);
}
