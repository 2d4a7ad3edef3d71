/* SPDX-License-Identifier: Apache-2.0 */
/* Landlock first: the filter leaves no way to call it. */
#include "config.h"

#include "daemon/confine/confine.h"

#include <time.h>

#include "base/log.h"
#include "daemon/confine/filter.h"
#include "daemon/confine/landlock.h"

#ifdef KF_INSTRUMENTED

static bool confine(enum filter_role role, struct kf_error *err)
{
    (void)role;
    (void)err;
    log_warning("Not confined: this build is for sanitizers or coverage, whose run-time code opens "
                "files.");
    return true;
}

#else

static bool confine(enum filter_role role, struct kf_error *err)
{
    enum confine_part files, calls;
    unsigned version;

    /* gmtime_r() looks at the system's time zone once, in a file. */
    tzset();
    files = landlock_enter(&version, err);
    calls = filter_load(role, err);
    if (files == PART_FAILED || calls == PART_FAILED)
        return false;
    if (files == PART_ABSENT && calls == PART_ABSENT)
        return kf_fail(err, KF_INTERNAL,
                       "This kernel has neither seccomp nor Landlock, and what clients send is not "
                       "read without either.");
    if (files == PART_ABSENT)
        log_warning("Confined by seccomp alone: this kernel has no Landlock.");
    else if (calls == PART_ABSENT)
        log_warning("Confined by Landlock (version %u) alone: this kernel has no seccomp filters.",
                    version);
    else
        log_info("Confined by seccomp and Landlock (version %u).", version);
    return true;
}

#endif

bool confine_front(struct kf_error *err)
{
    return confine(FILTER_FRONT, err);
}

bool confine_auditor(struct kf_error *err)
{
    return confine(FILTER_AUDITOR, err);
}
