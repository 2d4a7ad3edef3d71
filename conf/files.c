/* SPDX-License-Identifier: Apache-2.0 */
/* The files that the configuration names, as whoever asks can see them. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"

/* False, and said why, where path is no file that can be read by anybody. */
static bool look(const struct conf *conf, const char *key, const char *path, FILE *report)
{
    struct kf_error err = {0};
    struct stat st;
    int problem = stat(path, &st) == 0 ? 0 : errno;

    if (problem != 0 && problem != EACCES)
        conf_fail(conf, key, &err, "%s is \"%s\": %s", key, path, strerror(problem));
    else if (problem == 0 && !S_ISREG(st.st_mode))
        conf_fail(conf, key, &err, "%s is \"%s\", which is not a regular file", key, path);
    else if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0)
        fprintf(report, "note: %s: %s cannot be read by this user; the daemon's user must\n", key,
                path);
    if (err.status == KF_OK)
        return true;
    fprintf(report, "%s\n", err.message);
    return false;
}

bool conf_check_files(const struct conf *conf, FILE *report)
{
    bool good = look(conf, "token.module", conf->token.module, report);

    for (size_t i = 0; i < conf->certificates.anchors_count; i++)
        if (conf->certificates.anchors[i].crl)
            good = look(conf, "certificates.anchors", conf->certificates.anchors[i].crl, report) &&
                   good;
    if (conf->token.pin_file)
        return look(conf, "token.pin-file", conf->token.pin_file, report) && good;
    fprintf(report, "note: token.pin-credential: systemd passes it; it was not looked at\n");
    return good;
}
