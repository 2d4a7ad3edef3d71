/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A key block as a whole: how long each part will be, which must be settled before the MAC because
 * the header states the total; the final text; and a received text taken apart. Payload: key length
 * in bits (2 bytes, big-endian), key, random padding. Text: header, ciphertext in hex, MAC in hex.
 */
#ifndef KF_TR31_KEYBLOCK_H
#define KF_TR31_KEYBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tr31/header.h"

#define TR31_PAYLOAD_PREFIX 2
#define TR31_MAC_MAX 16
#define TR31_CIPHERTEXT_MAX ((TR31_KEYBLOCK_MAX - TR31_HEADER_SIZE) / 2)

struct tr31_layout {
    size_t pb_size;     /* characters of the PB to add, 0 for none */
    size_t filler_len;  /* random bytes that the PB takes, at most TR31_FILLER_MAX */
    size_t header_size; /* characters, with optional blocks and PB: whole cipher blocks */
    size_t payload_len; /* bytes: prefix, key, padding */
    size_t padding_len; /* bytes at the payload's end, to be random */
    size_t mac_len;     /* bytes */
    size_t total_size;  /* characters: the header's length field */
    /* The payload's last cipher block holds padding only, so K1 of the MAC can go into the padding
     * before the payload is joined, instead of being xored into the payload itself. */
    bool last_block_is_padding;
};

/* Lays out the block for a key of key_len bytes. With hide_length the payload is as long as the
 * longest key of the algorithm needs (T 24 bytes, A 32; other letters have no rule), so that its
 * length says nothing about the key. Refuses a header with a field out of its rules, a 100th
 * optional block and a total of more than TR31_KEYBLOCK_MAX. */
bool tr31_layout_make(const struct tr31_header *header, size_t key_len, bool hide_length,
                      struct tr31_layout *layout, struct kf_error *err);

/* The two bytes in front of the key: its length in bits. */
void tr31_payload_prefix(size_t key_len, uint8_t out[TR31_PAYLOAD_PREFIX]);

/* Writes the header's text, layout->header_size characters and a NUL: what the MAC starts with.
 * filler is layout->filler_len random bytes. */
void tr31_layout_header(const struct tr31_header *header, const struct tr31_layout *layout,
                        const uint8_t *filler, char *out);

/* Writes the whole block, layout->total_size characters and a NUL, from the text that
 * tr31_layout_header wrote (which may be in out already), layout->payload_len bytes of ciphertext
 * and layout->mac_len bytes of MAC. */
void tr31_keyblock_write(const struct tr31_layout *layout, const char *header,
                         const uint8_t *ciphertext, const uint8_t *mac, char *out);

/* A received block; the header's optional blocks point into the text that was parsed. */
struct tr31_keyblock {
    struct tr31_header header;
    size_t header_size; /* the first characters of the text: what the MAC starts with */
    size_t ciphertext_len, mac_len;
    uint8_t ciphertext[TR31_CIPHERTEXT_MAX];
    uint8_t mac[TR31_MAC_MAX];
};

/* Takes the block in text (len characters, no NUL needed) apart: everything that can be refused
 * without a key is. Versions A to E. The MAC is not checked, nor that the version fits the KBPK,
 * nor the key length inside the payload. After a refusal block holds nothing of use. */
bool tr31_keyblock_parse(const char *text, size_t len, struct tr31_keyblock *block,
                         struct kf_error *err);

#endif
