/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the unit tests of tr34/ share: tokens written down as text, which an encoder of the tests'
 * own turns into DER, so that the library is never compared with itself.
 */
#ifndef KF_TEST_UNIT_TR34_SUPPORT_H
#define KF_TEST_UNIT_TR34_SUPPORT_H

#include "test/unit/tr31/support.h"

#include "tr34/token_parse.h"

#define TEXT_MAX 8192

/* Made-up identities: CN=CA, serial 5; CN=KRD CA as PrintableString, a serial of five bytes. */
#define KDH "30{30{31{30{0603550403 0C{'CA'}}}} 020105} "
#define KRD "30{30{31{30{0603550403 13{'KRD CA'}}}} 02{8000000001}} "

#define PKCS1 "06092A864886F70D0101"
#define PKCS7 "06092A864886F70D0107"
#define PKCS9 "06092A864886F70D0109"
#define SHA256 "0609608648016503040201 "
#define RANDOM_NONCE "060A2A864886F70D01091903 "
#define CRL "30{30{0101FF} 'not a list'} "
#define HEADER "'A0256K0TB00E0000'"
#define LONG_HEADER "'D0256P0AE00E0200KS18FFFF9876543210E00000LB0Bpartner'"

#define UNTAGGED "30{" SHA256 "0500} 30{" PKCS1 "08 30{" SHA256 "}} 30{" PKCS1 "09 0400} "
#define TAGGED "A0{30{" SHA256 "0500}} A1{30{" PKCS1 "08 30{" SHA256 "0500}}} "

/* The samples' order; DER's order has the same texts. */
#define CONTENT_TYPE "30{" PKCS9 "03 31{" PKCS7 "03}} "
#define NONCE8 "30{" RANDOM_NONCE "31{04{0102030405060708}}} "
#define NONCE16 "30{" RANDOM_NONCE "31{04{4E*16}}} "
#define SIGNING_TIME "30{" PKCS9 "05 31{17{'261122093015Z'}}} "
#define HEADER_ATTRIBUTE(header) "30{" PKCS7 "01 31{04{" header "}}} "

/* Turns text into bytes: pairs of hex digits; a pair and *n, that byte n times; 'text'; a pair and
 * {...}, an element of that tag, its length made here. Returns how many. */
size_t expand(const char *text, uint8_t *out, size_t room);

/* The same into memory of exactly that size, to be freed: reading behind its end is seen. */
struct der_view expand_exact(const char *text);

/* eContent's octets with a TDES or AES content key. The lengths are made up but possible. */
const char *envelope_text(enum tr34_layout layout, enum tr34_cipher cipher);

/* The attribute messageDigest over that eContent. */
void digest_text(const char *envelope, char text[TEXT_MAX]);

/* A whole token; crl is CRL or "". */
void token_text(enum tr34_layout layout, const char *envelope, const char *crl,
                const char *attributes, char text[TEXT_MAX]);

/* The sample token of a layout: two passes, a nonce of eight bytes, TDES. */
void sample_text(enum tr34_layout layout, char text[TEXT_MAX]);

/* text with the first `from` in it made `to`. Fails the test where there is none. */
void replace_text(char text[TEXT_MAX], const char *from, const char *to);

/* Fails the test unless the bytes are those of text. */
void expect_bytes(const uint8_t *bytes, size_t len, const char *text);
void expect_view(struct der_view view, const char *text);

#endif
