/* SPDX-License-Identifier: Apache-2.0 */
/* C_InitToken and C_InitPIN in a child process, and the folder around them. */
#include "test/token/fixture.h"

#include <dlfcn.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "p11/ckr.h"
#include "p11/module.h"

#define USER_PIN "123456"
#define SO_PIN "12345678"
#define LABEL "Keyferry test"

struct kind {
    const char *name, *variable, *module, *uri;
    bool nss;
};

static const struct kind kinds[FIXTURE_TOKENS] = {
    [FIXTURE_SOFTHSM] = {"patched SoftHSM", "KEYFERRY_TEST_SOFTHSM", NULL,
                         "pkcs11:token=Keyferry%20test", false},
    [FIXTURE_NSS] = {"NSS softokn", "KEYFERRY_TEST_NSS", "/usr/lib/x86_64-linux-gnu/libsoftokn3.so",
                     "pkcs11:token=NSS%20Certificate%20DB", true},
    [FIXTURE_STOCK_SOFTHSM] = {"unpatched SoftHSM", "KEYFERRY_TEST_STOCK_SOFTHSM",
                               "/usr/lib/softhsm/libsofthsm2.so", "pkcs11:token=Keyferry%20test",
                               false},
};

/* What the modules of NSS leave behind is not ours to report. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libsoftokn3\nleak:libnssutil3\nleak:libnspr4\nleak:libfreebl\n"
           "leak:libsqlite3\nleak:libsofthsm2\n";
}

const char *fixture_name(enum fixture_token token)
{
    return kinds[token].name;
}

static const char *module_path(enum fixture_token token)
{
    const char *path = getenv(kinds[token].variable);

    return path && *path ? path : kinds[token].module;
}

bool fixture_available(enum fixture_token token)
{
    const char *path = module_path(token);

    if (path && access(path, R_OK) == 0)
        return true;
    fprintf(stderr, "skipped: no %s (%s): set %s\n", kinds[token].name, path ? path : "no default",
            kinds[token].variable);
    return false;
}

static bool write_file(const char *path, mode_t mode, const char *text)
{
    FILE *file = fopen(path, "w");
    bool good;

    if (!file)
        return false;
    good = fputs(text, file) >= 0;
    good = fclose(file) == 0 && good;
    return good && chmod(path, mode) == 0;
}

static bool write_environment(const struct fixture *fixture)
{
    char path[128], text[256];

    setenv("NSS_MAX_MP_PBE_ITERATION_COUNT", "1", 1);
    if (kinds[fixture->token].nss)
        return true;
    snprintf(path, sizeof path, "%s/softhsm2.conf", fixture->directory);
    snprintf(text, sizeof text,
             "directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n",
             fixture->directory);
    setenv("SOFTHSM2_CONF", path, 1);
    return write_file(path, 0600, text);
}

static CK_RV init_pin(CK_FUNCTION_LIST *functions, CK_SLOT_ID slot, const char *so_pin)
{
    CK_SESSION_HANDLE session;
    CK_RV rv =
        functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &session);

    if (rv == CKR_OK)
        rv = functions->C_Login(session, CKU_SO, (CK_UTF8CHAR_PTR)so_pin, strlen(so_pin));
    if (rv == CKR_OK)
        rv = functions->C_InitPIN(session, (CK_UTF8CHAR_PTR)USER_PIN, strlen(USER_PIN));
    return rv;
}

/* SoftHSM offers one empty slot and, once that is initialised, another; NSS has the slot of its
 * database beside that of its session-only crypto services, and an empty SO PIN. */
static CK_RV initialise(CK_FUNCTION_LIST *functions, bool nss)
{
    CK_UTF8CHAR label[32];
    CK_SLOT_ID slots[4];
    CK_ULONG count = 4;
    CK_RV rv = functions->C_GetSlotList(CK_TRUE, slots, &count);

    if (rv != CKR_OK)
        return rv;
    if (nss)
        return init_pin(functions, slots[count - 1], "");
    memset(label, ' ', sizeof label);
    memcpy(label, LABEL, strlen(LABEL));
    rv = functions->C_InitToken(slots[0], (CK_UTF8CHAR_PTR)SO_PIN, strlen(SO_PIN), label);
    count = 4;
    if (rv == CKR_OK)
        rv = functions->C_GetSlotList(CK_TRUE, slots, &count);
    return rv == CKR_OK ? init_pin(functions, slots[0], SO_PIN) : rv;
}

/* The child's exit status. */
static int child(const struct fixture *fixture)
{
    struct kf_error err = {0};
    struct p11_module *module = p11_module_open(fixture->module, fixture->settings.init_args, &err);
    CK_RV rv;

    if (!module) {
        fprintf(stderr, "%s: %s %s\n", fixture->module, err.message, err.detail);
        return 1;
    }
    rv = initialise(p11_module_functions(module), kinds[fixture->token].nss);
    if (rv != CKR_OK)
        fprintf(stderr, "%s: the test token cannot be initialised: %s (0x%lX)\n", fixture->module,
                ckr_name(rv) ? ckr_name(rv) : "unknown CKR", rv);
    p11_module_close(module);
    return rv == CKR_OK ? 0 : 1;
}

/* Keeps the module mapped after it is closed, so that a leak report can name it. */
static void keep_mapped(const char *module)
{
    void *library = dlopen(module, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);

    if (library)
        dlclose(library);
}

static bool initialise_in_child(const struct fixture *fixture)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0)
        _exit(child(fixture));
    return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

bool fixture_create(enum fixture_token token, struct fixture *fixture)
{
    const struct kind *kind = &kinds[token];

    memset(fixture, 0, sizeof *fixture);
    fixture->token = token;
    snprintf(fixture->directory, sizeof fixture->directory, "/tmp/keyferry-test-XXXXXX");
    if (!mkdtemp(fixture->directory)) {
        fixture->directory[0] = '\0';
        perror("mkdtemp");
        return false;
    }
    snprintf(fixture->module, sizeof fixture->module, "%s", module_path(token));
    snprintf(fixture->uri, sizeof fixture->uri, "%s", kind->uri);
    snprintf(fixture->pin_file, sizeof fixture->pin_file, "%s/pin", fixture->directory);
    snprintf(fixture->init_args, sizeof fixture->init_args,
             "configDir='sql:%s' flags=", fixture->directory);
    fixture->settings = (struct p11_settings){
        .module = fixture->module,
        .uri = fixture->uri,
        .init_args = kind->nss ? fixture->init_args : NULL,
        .pin_path = fixture->pin_file,
    };
    if (!write_environment(fixture) || !write_file(fixture->pin_file, 0600, USER_PIN "\n")) {
        perror(fixture->directory);
        return false;
    }
    if (!initialise_in_child(fixture))
        return false;
    keep_mapped(fixture->module);
    return true;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

void fixture_destroy(struct fixture *fixture)
{
    if (fixture->directory[0])
        nftw(fixture->directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    fixture->directory[0] = '\0';
}
