/* SPDX-License-Identifier: Apache-2.0 */
/* A token of which one call fails: the calls that make, use, read or need something are counted,
 * and one of them answers with an error instead. And one that does not keep what it was asked to.
 */
#ifndef KF_TEST_UNIT_DAEMON_WORKER_FAILING_H
#define KF_TEST_UNIT_DAEMON_WORKER_FAILING_H

#include "p11/session.h"

/* From now on the call with this number, counted from 0, returns rv. */
void failing_start(struct p11_session *session, int number, CK_RV rv);
/* All calls are the token's own again. Whether the failing one was reached. */
bool failing_stop(void);

/* From the unwrapping of this number on, counted from 0, until stopped, every key says that it is
 * readable. */
void readable_start(struct p11_session *session, int number);
void readable_stop(void);

#endif
