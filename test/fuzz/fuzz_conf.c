/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration: taken, or refused by name. */
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "test/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("configuration", MFD_CLOEXEC);
    struct kf_error err = {0};
    struct conf *conf;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    conf = conf_load_fd(fd, "C", &err);
    if (conf)
        FUZZ_HOLDS(conf->token.module[0] == '/' && conf->workers > 0 &&
                   !conf->token.pin_file == !!conf->token.pin_credential);
    else
        FUZZ_HOLDS(strncmp(err.message, "C:", 2) == 0);
    conf_free(conf);
    close(fd);
    return 0;
}
