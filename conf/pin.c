/* SPDX-License-Identifier: Apache-2.0 */
/* Where the PIN lies: the one thing about it that the configuration knows. */
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf.h"

bool conf_pin_path(const struct conf_token *token, char *path, size_t room, struct kf_error *err)
{
    const char *directory;
    int len;

    if (!token->pin_credential) {
        len = snprintf(path, room, "%s", token->pin_file);
    } else {
        directory = getenv("CREDENTIALS_DIRECTORY");
        if (!directory)
            return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL,
                                 "token.pin-credential: systemd passed no credentials "
                                 "(LoadCredential= in the unit).");
        len = snprintf(path, room, "%s/%s", directory, token->pin_credential);
    }
    if (len < 0 || (size_t)len >= room)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, NULL,
                             "token.pin-file: the path is too long.");
    return true;
}
