/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/p11/store_support.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"
#include "p11/profile.h"
#include "p11/store_index.h"

struct fixture fixture;
struct p11_token token;
struct p11_store *store;
_Atomic uint64_t *changes;
struct kf_error err;

static int changes_fd;

static void map_changes(int fd)
{
    changes_fd = fd;
    changes = mmap(NULL, sizeof *changes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    ck_assert_ptr_ne(changes, MAP_FAILED);
}

static void new_changes(void)
{
    int fd = memfd_create("changes", 0); /* peers inherit it */

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, sizeof *changes), 0);
    map_changes(fd);
}

void token_open(const struct p11_settings *settings)
{
    static struct p11_profile profile;

    token.session = p11_session_open(settings, &err);
    expect_good(token.session != NULL);
    expect_good(profile_probe(&token, &profile, &err));
}

void store_setup(void)
{
    ck_assert(fixture_create(TEST_TOKEN, &fixture));
    new_changes();
    token_open(&fixture.settings);
    store = store_open(&token, changes, &err);
    expect_good(store != NULL);
}

void store_teardown(void)
{
    store_close(store);
    p11_session_close(token.session);
    munmap(changes, sizeof *changes);
    close(changes_fd);
    fixture_destroy(&fixture);
}

int64_t wall_ms(void)
{
    return (int64_t)time(NULL) * 1000;
}

struct key_facts facts_of(const char *usage, enum key_algorithm algorithm, char exportability)
{
    struct key_facts facts = {
        .algorithm = algorithm, .version = "00", .exportability = exportability, .kcv = "000000"};

    strcpy(facts.usage, usage);
    for (const char *mode = "BXCGE"; *mode && !facts.mode; mode++)
        if (key_attributes_check(usage, algorithm, *mode, &(struct kf_error){0}))
            facts.mode = *mode;
    ck_assert_int_ne(facts.mode, 0);
    return facts;
}

CK_OBJECT_HANDLE make_source(enum key_algorithm algorithm, bool extractable)
{
    CK_MECHANISM mechanism = {algorithm == KEY_TDES_2KEY   ? CKM_DES2_KEY_GEN
                              : algorithm == KEY_TDES_3KEY ? CKM_DES3_KEY_GEN
                                                           : CKM_AES_KEY_GEN,
                              NULL, 0};
    struct p11_template template = {0};
    CK_OBJECT_HANDLE source = CK_INVALID_HANDLE;

    role_source_template(algorithm, extractable, &template);
    expect_good(p11_generate_key(token.session, &mechanism, template.attributes, template.count,
                                 &source, &err) == CKR_OK);
    return source;
}

const struct key_state enabled = {.enabled = true};

struct p11_key *make_from(CK_OBJECT_HANDLE source, struct key_facts *facts)
{
    struct p11_key *key;

    expect_good(store_check_value(&token, source, facts->algorithm, facts, &err));
    key = store_make(store, source, facts, &enabled, &err);
    expect_good(key != NULL);
    return key;
}

struct p11_key *make_key(const char *usage, enum key_algorithm algorithm, char exportability,
                         char name[KEY_NAME_LEN + 1])
{
    struct key_facts facts = facts_of(usage, algorithm, exportability);
    CK_OBJECT_HANDLE source = make_source(algorithm, exportability != 'N');
    struct p11_key *key = make_from(source, &facts);

    destroy_object(source);
    if (name)
        strcpy(name, key->name);
    return key;
}

static size_t find(enum p11_role role, const uint8_t id[KEY_ID_BYTES], CK_OBJECT_HANDLE *first)
{
    struct object *objects;
    size_t count;

    expect_good(objects_find(&token, role, id, &objects, &count, &err));
    *first = count > 0 ? objects[0].handle : CK_INVALID_HANDLE;
    free(objects);
    return count;
}

size_t count_role(enum p11_role role, const uint8_t id[KEY_ID_BYTES])
{
    CK_OBJECT_HANDLE first;

    return find(role, id, &first);
}

CK_OBJECT_HANDLE find_role(enum p11_role role, const uint8_t id[KEY_ID_BYTES])
{
    CK_OBJECT_HANDLE first;

    ck_assert_uint_eq(find(role, id, &first), 1);
    return first;
}

void read_label(CK_OBJECT_HANDLE object, char label[LABEL_MAX])
{
    CK_ATTRIBUTE attribute = {CKA_LABEL, label, LABEL_MAX - 1};

    expect_good(p11_get_attributes(token.session, object, &attribute, 1, &err) == CKR_OK);
    label[attribute.ulValueLen] = '\0';
}

bool read_flag(CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 2;
    CK_ATTRIBUTE attribute = {type, &value, sizeof value};

    expect_good(p11_get_attributes(token.session, object, &attribute, 1, &err) == CKR_OK);
    ck_assert(value == CK_TRUE || value == CK_FALSE);
    return value;
}

void destroy_object(CK_OBJECT_HANDLE object)
{
    expect_good(p11_destroy_object(token.session, object, &err) == CKR_OK);
}

CK_OBJECT_HANDLE forge(const struct p11_key *key, enum p11_role role, CK_OBJECT_HANDLE source,
                       const CK_ATTRIBUTE *others, size_t count)
{
    char label[LABEL_MAX];
    struct role_object object = {.role = role,
                                 .algorithm = key->facts.algorithm,
                                 .kdf = key->kdf,
                                 .seal = key->seal,
                                 .label = label};
    struct p11_template template = {0};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
    CK_ULONG kept = 0;

    object_id(role, key->id, object.id);
    label_write_object(role_name(role), &key->facts, label);
    role_token_template(&token, &object, &template);
    for (CK_ULONG i = 0; i < template.count; i++) {
        CK_ATTRIBUTE attribute = template.attributes[i];

        for (size_t k = 0; k < count; k++)
            if (others[k].type == attribute.type)
                attribute = others[k];
        if (attribute.pValue)
            template.attributes[kept++] = attribute;
    }
    template.count = kept;
    expect_good(op_identity(&token, source, key_algorithm_bytes(key->facts.algorithm), &template,
                            &made, &err));
    return made;
}

void run_peer(bool shared, const char *command, const char *first, const char *second)
{
    char fd[12];
    int status = 0;
    pid_t pid;

    snprintf(fd, sizeof fd, "%d", shared ? changes_fd : -1);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        execl("/proc/self/exe", "peer", "peer", fixture.settings.module, fixture.settings.uri,
              fixture.settings.init_args ? fixture.settings.init_args : "",
              fixture.settings.pin_path, fd, command, first, second, (char *)NULL);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "peer %s %s: status 0x%x", command,
                  first, status);
}

static bool take_state(void *context, const struct p11_key *key, struct key_state *state,
                       struct kf_error *unused)
{
    (void)key;
    (void)unused;
    *state = *(const struct key_state *)context;
    return true;
}

bool set_state(struct p11_key *key, const struct key_state *state)
{
    return store_change_state(store, key, take_state, (void *)state, &err);
}

static CK_C_GenerateKey original_generate;
static enum p11_role before_role;
static void (*happens)(void);

static CK_RV generate_after(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
                            CK_ATTRIBUTE_PTR template, CK_ULONG count, CK_OBJECT_HANDLE_PTR key)
{
    for (CK_ULONG i = 0; i < count; i++)
        if (template[i].type == CKA_ID && ((const uint8_t *)template[i].pValue)[0] == before_role) {
            p11_session_functions(token.session)->C_GenerateKey = original_generate;
            happens();
        }
    return original_generate(session, mechanism, template, count, key);
}

void before_object(enum p11_role role, void (*what)(void))
{
    before_role = role;
    happens = what;
    original_generate = p11_session_functions(token.session)->C_GenerateKey;
    p11_session_functions(token.session)->C_GenerateKey = generate_after;
}

CK_OBJECT_HANDLE add_claim(const char *name, int64_t age_ms, bool making)
{
    int64_t made = wall_ms() - age_ms;
    uint8_t id[KEY_ID_BYTES] = {0};
    char label[LABEL_MAX];
    CK_OBJECT_HANDLE claim;

    for (size_t i = 0; i < 6; i++)
        id[i] = (uint8_t)(made >> 8 * (5 - i));
    label_write_claim(name, making, label);
    expect_good(object_make_card(&token, ROLE_CLAIM, id, label, &claim, &err));
    return claim;
}

void expect_no_claim(const char *name)
{
    char label[LABEL_MAX];
    struct object *objects;
    size_t count;

    for (int making = 0; making < 2; making++) {
        label_write_claim(name, making, label);
        expect_good(objects_find_label(&token, label, &objects, &count, &err));
        free(objects);
        ck_assert_uint_eq(count, 0);
    }
}

static bool peer_enables(const char *name, bool on)
{
    struct p11_key *key = store_key(store, name, &err);

    return key && set_state(key, &(struct key_state){.enabled = on});
}

static bool destroy_working(const char *name)
{
    struct p11_key *key = store_key(store, name, &err);

    return key && p11_destroy_object(token.session, key->working, &err) == CKR_OK;
}

static bool peer_command(const char *command, const char *first, const char *second)
{
    struct p11_alias *alias;

    if (strcmp(command, "disable") == 0)
        return peer_enables(first, false);
    if (strcmp(command, "enable") == 0)
        return peer_enables(first, true);
    if (strcmp(command, "destroy-working") == 0)
        return destroy_working(first);
    if (strcmp(command, "expect-key") == 0)
        return store_key(store, first, &err) != NULL;
    if (strcmp(command, "create-alias") == 0)
        return store_alias_create(store, first, second, &err) != NULL;
    alias = store_alias(store, first, &err);
    if (alias && strcmp(command, "point-alias") == 0)
        return store_alias_point(store, alias, second, &err);
    if (alias && strcmp(command, "delete-alias") == 0)
        return store_alias_delete(store, alias, &err);
    return alias && strcmp(command, "expect-alias") == 0 && strcmp(alias->key_name, second) == 0;
}

static char **peer_arguments;

START_TEST(peer)
{
    char **arguments = peer_arguments;

    token_open(&(struct p11_settings){.module = arguments[2],
                                      .uri = arguments[3],
                                      .init_args = arguments[4][0] ? arguments[4] : NULL,
                                      .pin_path = arguments[5]});
    if (atoi(arguments[6]) >= 0)
        map_changes(atoi(arguments[6]));
    else
        new_changes();
    store = store_open(&token, changes, &err);
    expect_good(store != NULL);
    expect_good(peer_command(arguments[7], arguments[8], arguments[9]));
    store_close(store);
    /* The session stays open until the process ends: a module that is unloaded cannot be named by a
     * leak report. */
}
END_TEST

bool be_peer(int argc, char **argv, int *status)
{
    TCase *tests;

    if (argc != 10 || strcmp(argv[1], "peer") != 0)
        return false;
    peer_arguments = argv;
    tests = tcase_create("peer");
    tcase_add_test(tests, peer);
    *status = run_case(tests, argv[7]);
    return true;
}
