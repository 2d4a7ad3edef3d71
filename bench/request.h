/* SPDX-License-Identifier: Apache-2.0 */
/* The request that is measured: an export as a TR-31 key block. */
#ifndef KF_BENCH_REQUEST_H
#define KF_BENCH_REQUEST_H

#include "wire/keyferry.pb.h"

void bench_request(const char *key, const char *kek, keyferry_ExportKeyRequest *request);

#endif
