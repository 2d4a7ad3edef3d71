/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/front/allowance.h"

bool allowance_take(struct allowance *allowance, uint64_t now_ms)
{
    uint64_t whole = allowance->whole_ms > now_ms ? allowance->whole_ms : now_ms;

    if (whole + ALLOWANCE_MS > now_ms + (uint64_t)ALLOWANCE_BURST * ALLOWANCE_MS)
        return false;
    allowance->whole_ms = whole + ALLOWANCE_MS;
    return true;
}
