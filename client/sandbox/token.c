/* SPDX-License-Identifier: Apache-2.0 */
/* Finding the modules, and what each token needs around it. */
#include "client/sandbox/token.h"

#include <dlfcn.h>
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/end.h"
#include "base/hex.h"
#include "client/sandbox/initialise.h"

#define FAIL(err, ...) kf_fail(err, KF_UNAVAILABLE, __VA_ARGS__)
#define SOFTHSM_LABEL "keyferry-sandbox"
#define PIN_BYTES 8

/* The patched SoftHSM that tests and demonstration need, else the distribution's. */
static char *find_softhsm(void)
{
    static const char stock[] = "/usr/lib/softhsm/libsofthsm2.so";
    static const char installed[] = PKGLIBDIR "/libsofthsm2.so";
    const char *named = getenv("KEYFERRY_SOFTHSM");
    char *built;

    if (named && *named)
        return sandbox_text("%s", named);
    built = sandbox_beside("../token/libsofthsm2.so");
    if (built)
        return built;
    if (access(installed, F_OK) == 0)
        return sandbox_text("%s", installed);
    if (access(stock, F_OK) != 0)
        return NULL;
    fprintf(
        stderr,
        "keyferry-sandbox: using %s, which lacks the joins of key and data that TR-31 needs: "
        "exports will be\n"
        "refused. test/token/softhsm/build makes one that has them; KEYFERRY_SOFTHSM names it.\n",
        stock);
    return sandbox_text("%s", stock);
}

/* Softokn lies where libc does, or in a folder of its own there, on every distribution. */
static char *find_softokn(void)
{
    Dl_info libc;
    const char *slash;

    if (!dladdr((void *)(uintptr_t)gnu_get_libc_version, &libc))
        return NULL;
    slash = strrchr(libc.dli_fname, '/');
    if (!slash)
        return NULL;
    for (int in_folder = 0; in_folder < 2; in_folder++) {
        char *path = sandbox_text("%.*s/%slibsoftokn3.so", (int)(slash - libc.dli_fname),
                                  libc.dli_fname, in_folder ? "nss/" : "");
        char *whole = realpath(path, NULL);

        free(path);
        if (whole)
            return whole;
    }
    return NULL;
}

static bool set_up_softhsm(const struct sandbox_places *places, struct sandbox_token *token,
                           struct kf_error *err)
{
    char *conf = sandbox_text("%s/softhsm2.conf", places->token_dir);
    char *tokens = sandbox_text("%s/tokens", places->token_dir);
    char *text = sandbox_text("directories.tokendir = %s\n"
                              "objectstore.backend = file\n"
                              "log.level = ERROR\n"
                              "slots.removable = false\n",
                              tokens);
    bool good = true;

    token->uri = "pkcs11:token=" SOFTHSM_LABEL;
    if (mkdir(tokens, 0700) < 0 && errno != EEXIST)
        good = FAIL(err, "%s cannot be made: %s.", tokens, strerror(errno));
    good = good && sandbox_write_file(conf, text, err);
    setenv("SOFTHSM2_CONF", conf, 1);
    free(text);
    free(tokens);
    free(conf);
    return good;
}

static bool set_up_nss(const struct sandbox_places *places, struct sandbox_token *token,
                       struct kf_error *err)
{
    (void)err;
    token->uri = "pkcs11:token=" SANDBOX_NSS_LABEL_URI;
    token->init_args = sandbox_text("configDir='sql:%s' flags=", places->token_dir);
    token->untrusted = true;
    setenv("KEYFERRY_NSS_CONFIGDIR", places->token_dir, 1);
    /* Each use of a key stored under a password repeats the password's derivation; one round serves
     * a test. */
    setenv("NSS_MAX_MP_PBE_ITERATION_COUNT", "1", 1);
    return true;
}

static const struct kind {
    const char *name;
    const char *package; /* Debian's, for whoever lacks it */
    char *(*find)(void);
    bool (*set_up)(const struct sandbox_places *places, struct sandbox_token *token,
                   struct kf_error *err);
    bool (*initialise)(const char *module, const char *init_args, const char *pin,
                       struct kf_error *err);
} kinds[] = {
    {"softhsm", "softhsm2", find_softhsm, set_up_softhsm, sandbox_initialise_blank},
    {"nss", "libnss3", find_softokn, set_up_nss, sandbox_initialise_nss},
};

static bool choose_module(const struct kind *kind, const char *named, struct sandbox_token *token,
                          struct kf_error *err)
{
    char *found = named ? NULL : kind->find();

    if (!named && !found)
        return FAIL(err,
                    "No module for --token %s is installed (Debian: %s); name one by --module.",
                    kind->name, kind->package);
    token->module = realpath(named ? named : found, NULL);
    if (!token->module)
        FAIL(err, "The module %s cannot be used: %s.", named ? named : found, strerror(errno));
    free(found);
    return token->module != NULL;
}

static bool make_pin(char pin[2 * PIN_BYTES + 1], struct kf_error *err)
{
    uint8_t bytes[PIN_BYTES];

    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return FAIL(err, "No random bytes for a PIN: %s.", strerror(errno));
    hex_encode(bytes, sizeof bytes, pin);
    explicit_bzero(bytes, sizeof bytes);
    return true;
}

/* In a child: a module keeps threads, locks and files that a later fork must not inherit. */
static bool initialise(const struct kind *kind, const struct sandbox_token *token, const char *pin,
                       struct kf_error *err)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        return FAIL(err, "fork: %s.", strerror(errno));
    if (child == 0) {
        struct kf_error why = {0};
        bool good = kind->initialise(token->module, token->init_args, pin, &why);

        if (!good)
            sandbox_complain(&why);
        end_process(good ? 0 : 1);
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    if (status != 0)
        return FAIL(err, "The module %s did not initialise a token.", token->module);
    return true;
}

static bool make_token(const struct kind *kind, const struct sandbox_token *token,
                       struct kf_error *err)
{
    char pin[2 * PIN_BYTES + 1];
    bool good = make_pin(pin, err) && initialise(kind, token, pin, err) &&
                /* Last: a PIN file says that there is a token. */
                sandbox_write_file(token->pin_file, pin, err);

    explicit_bzero(pin, sizeof pin);
    return good;
}

bool sandbox_token_prepare(const struct sandbox_options *options,
                           const struct sandbox_places *places, bool shared,
                           struct sandbox_token *token, struct kf_error *err)
{
    const struct kind *kind = kinds;

    while (strcmp(kind->name, options->token) != 0)
        kind++;
    if (!choose_module(kind, options->module, token, err))
        return false;
    if (mkdir(places->token_dir, 0700) < 0 && errno != EEXIST)
        return FAIL(err, "%s cannot be made: %s.", places->token_dir, strerror(errno));
    token->pin_file = sandbox_text("%s/pin", places->token_dir);
    if (!kind->set_up(places, token, err))
        return false;
    if (access(token->pin_file, F_OK) == 0)
        return true;
    if (shared)
        return FAIL(err, "Another sandbox is making its token in %s; try again when it runs.",
                    places->token_dir);
    return make_token(kind, token, err);
}

void sandbox_token_free(struct sandbox_token *token)
{
    free(token->module);
    free(token->init_args);
    free(token->pin_file);
}
