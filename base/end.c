/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "base/end.h"

#include <unistd.h>

#ifdef KF_COVERAGE
/* libgcov's, in gcc and clang; only gcc has a header of it */
void __gcov_dump(void);
#endif

void end_process(int status)
{
#ifdef KF_COVERAGE
    __gcov_dump();
#endif
    _exit(status);
}
