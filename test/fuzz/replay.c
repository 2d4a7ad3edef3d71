/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a target over files, in the place of libFuzzer: the corpus in `make check`, or one input
 * that a search found. */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

#include "test/fuzz/fuzz.h"

#define INPUT_MAX (1024 * 1024)

static int run_file(const char *path)
{
    FILE *file = fopen(path, "re");
    uint8_t *data = malloc(INPUT_MAX);
    size_t size;

    if (!file || !data) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        exit(1);
    }
    size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    /* In a block of its own length, so that a sanitizer sees what is read behind it. */
    data = realloc(data, size > 0 ? size : 1);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    char name[4096];
    int count = 0;

    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' &&
            snprintf(name, sizeof name, "%s/%s", path, entry->d_name) < (int)sizeof name)
            count += run_file(name);
    if (folder)
        closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int count = 0;

    for (int i = 1; i < argc; i++) {
        struct stat st;

        count += stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode) ? run_folder(argv[i])
                                                                : run_file(argv[i]);
    }
    printf("%d inputs\n", count);
    return count > 0 ? 0 : 1;
}
