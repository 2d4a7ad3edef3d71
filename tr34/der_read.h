/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads DER that somebody else wrote, element by element, never behind its end. Lengths are
 * definite and of the shortest form (X.690 10.1) or the document is refused. Every refusal is a
 * ValidationException that starts with the name of the request's member and names the element:
 * "WrappedKeyBlock: SignedData.version must be an INTEGER; byte 19 is tag 04".
 */
#ifndef KF_TR34_DER_READ_H
#define KF_TR34_DER_READ_H

#include "base/error.h"
#include "tr34/der_write.h"

struct der_reader {
    const uint8_t *at; /* the next element */
    size_t left;
    const uint8_t *start; /* of the document: bytes are counted from here in messages */
    const char *document; /* the request's member: "WrappedKeyBlock" */
    struct kf_error *err;
};

/* A reader of the whole document. All readers entered from it use the same name and err. */
struct der_reader der_reader_make(const char *document, struct der_view bytes,
                                  struct kf_error *err);

/* Refuses the document: its name, a colon and the rule. Returns false. */
bool der_refuse(const struct der_reader *reader, const char *rule, ...)
    __attribute__((format(printf, 2, 3)));

/* True where an element of that tag comes next. */
bool der_next_is(const struct der_reader *reader, enum der_tag tag);

/* Each takes the next element, which must have that tag, and refuses any other by name: its
 * content; all of it, tag and length included; a reader of its content. */
bool der_read(struct der_reader *reader, enum der_tag tag, const char *name,
              struct der_view *content);
bool der_read_whole(struct der_reader *reader, enum der_tag tag, const char *name,
                    struct der_view *element);
bool der_enter(struct der_reader *reader, enum der_tag tag, const char *name,
               struct der_reader *inside);

/* Takes the next bytes, which must be those of the element; else refuses with the rule, which is a
 * sentence: "SignerInfo.version must be 1". */
bool der_expect(struct der_reader *reader, struct der_view element, const char *rule);
/* The same for an INTEGER of 0 to 127. */
bool der_expect_small(struct der_reader *reader, uint8_t value, const char *name);

/* Refuses anything that follows inside of the element of that name. */
bool der_end(const struct der_reader *reader, const char *name);

#endif
