/* SPDX-License-Identifier: Apache-2.0 */
#include "test/unit/daemon/worker/support.h"

#include <pb_decode.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "p11/calls.h"
#include "p11/objects.h"
#include "p11/ops.h"

struct fixture fixture;
struct host_state host;
struct conf conf;
struct service *service;
struct wire_response response;
json_t *record;
enum kf_fault fault;

static void open_service(void)
{
    struct kf_error err = {0};

    service = service_open(&conf, 0, &host, NULL, &err);
    ck_assert_msg(service != NULL, "%s (%s)", err.message, err.detail);
}

void service_setup(void)
{
    ck_assert(fixture_create(TEST_TOKEN, &fixture));
    conf = (struct conf){
        .token = {.module = fixture.module,
                  .uri = fixture.uri,
                  .pin_file = fixture.pin_file,
                  .init_args = fixture.settings.init_args,
                  .accept_untrusted = TEST_TOKEN == FIXTURE_NSS},
        .workers = 1,
        .identity = {"xx-local-1", "000000000000"},
    };
    open_service();
}

void service_teardown(void)
{
    json_decref(record);
    record = NULL;
    service_close(service);
    fixture_destroy(&fixture);
}

void service_again(void)
{
    service_close(service);
    open_service();
}

static void read_record(const struct answer *answer)
{
    json_error_t error;

    json_decref(record);
    record = json_loadb(answer->record, answer->record_len, 0, &error);
    ck_assert_msg(json_is_object(record), "%s: %.*s", error.text, (int)answer->record_len,
                  answer->record);
    ck_assert_ptr_null(memchr(answer->record, '\n', answer->record_len));
}

void send_request(uint32_t operation, const pb_msgdesc_t *request_type, const void *request,
                  const pb_msgdesc_t *reply_type, void *reply)
{
    static uint8_t frame[WIRE_FRAME_DEFAULT], encoded[WIRE_FRAME_DEFAULT];
    static char text[RECORD_MAX];
    static uint64_t number;
    struct job job = {.number = ++number, .peer = {1000, 1000, 4711}};
    struct answer answer = {.response = encoded,
                            .response_room = sizeof encoded,
                            .record = text,
                            .record_room = sizeof text};
    size_t len = wire_request_encode(number, (keyferry_Operation)operation, request_type, request,
                                     frame, sizeof frame);
    pb_istream_t stream;

    ck_assert_uint_gt(len, 0);
    ck_assert(wire_request_decode(frame, len, &job.request));
    service_handle(service, &job, &answer);
    ck_assert(wire_response_decode(encoded, answer.response_len, &response));
    ck_assert_uint_eq(response.id, number);
    read_record(&answer);
    fault = answer.fault;
    stream = pb_istream_from_buffer(response.body, response.body_len);
    if (response.status == KF_OK && reply)
        ck_assert(pb_decode(&stream, reply_type, reply));
    if (response.status != KF_OK)
        ck_assert_uint_eq(response.body_len, 0);
}

const char *recorded(const char *member)
{
    return json_string_value(json_object_get(record, member));
}

bool answered(enum kf_status status, const char *part)
{
    const char *message = recorded("message");

    return response.status == status && strstr(response.message, part) &&
           strcmp(recorded("result"), kf_status_name(status)) == 0 &&
           (status == KF_OK ? !message : message && strcmp(message, response.message) == 0) &&
           json_integer_value(json_object_get(json_object_get(record, "peer"), "uid")) == 1000;
}

void set_attributes(keyferry_KeyAttributes *out, const char *usage, const char *algorithm,
                    char mode)
{
    struct key_modes modes = {0};
    keyferry_KeyModesOfUse *to = &out->key_modes_of_use;

    set_text(out, key_usage, usage);
    set_text(out, key_class, "SYMMETRIC_KEY");
    set_text(out, key_algorithm, algorithm);
    ck_assert(key_modes_from_letter(mode, &modes));
    out->has_key_modes_of_use = true;
    *to = (keyferry_KeyModesOfUse){
        true, modes.encrypt, true, modes.decrypt,    true, modes.wrap,
        true, modes.unwrap,  true, modes.generate,   true, modes.sign,
        true, modes.verify,  true, modes.derive_key, true, modes.no_restrictions,
    };
}

void create_key(const char *usage, enum key_algorithm algorithm, char mode, bool exportable,
                char arn[ARN_MAX])
{
    keyferry_CreateKeyRequest request = {
        .has_key_attributes = true, .has_exportable = true, .exportable = exportable};
    keyferry_CreateKeyReply reply;

    set_attributes(&request.key_attributes, key_usage_name(usage), key_algorithm_name(algorithm),
                   mode);
    SEND(CREATE_KEY, CreateKey, &request, &reply);
    expect_ok();
    strcpy(arn, reply.key.key_arn);
    ck_assert_str_eq(recorded("KeyArn"), arn);
}

static const keyferry_ExportKeyReply *export_with(const char *key, const char *wrapping,
                                                  const char *ksn)
{
    static keyferry_ExportKeyReply reply;
    keyferry_ExportKeyRequest request = {.has_key_material = true,
                                         .has_export_attributes = ksn != NULL};

    request.export_attributes.has_export_dukpt_initial_key = ksn != NULL;
    if (ksn)
        set_text(&request.export_attributes.export_dukpt_initial_key, key_serial_number, ksn);
    request.key_material.which_material = keyferry_ExportKeyMaterial_tr31_key_block_tag;
    if (key)
        set_text(&request, export_key_identifier, key);
    if (wrapping)
        set_text(&request.key_material.tr31_key_block, wrapping_key_identifier, wrapping);
    SEND(EXPORT_KEY, ExportKey, &request, &reply);
    return &reply;
}

const keyferry_ExportKeyReply *export_key(const char *key, const char *wrapping)
{
    return export_with(key, wrapping, NULL);
}

const keyferry_ExportKeyReply *export_initial_key(const char *bdk, const char *wrapping,
                                                  const char *ksn)
{
    return export_with(bdk, wrapping, ksn);
}

void delete_key(const char *key)
{
    keyferry_DeleteKeyRequest request = {0};

    set_text(&request, key_identifier, key);
    SEND(DELETE_KEY, DeleteKey, &request, NULL);
}

const char *id_of(const char *arn)
{
    return strrchr(arn, '/') + 1;
}

CK_OBJECT_HANDLE put_foreign(const struct foreign *object)
{
    struct kf_error err = {0};
    struct p11_template template = {0};
    CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;

    template_number(&template, CKA_CLASS, CKO_SECRET_KEY);
    template_number(&template, CKA_KEY_TYPE, object->type);
    template_flag(&template, CKA_TOKEN, true);
    template_flag(&template, CKA_PRIVATE, true);
    template_flag(&template, CKA_SENSITIVE, true);
    template_flag(&template, CKA_EXTRACTABLE, !object->not_extractable);
    template_flag(&template, CKA_DERIVE, !object->not_derivable);
    if (object->not_destroyable)
        template_flag(&template, CKA_DESTROYABLE, false);
    template_bytes(&template, CKA_LABEL, object->label, strlen(object->label));
    template_bytes(&template, CKA_ID, object->label,
                   strlen(object->label) < 8 ? strlen(object->label) : 8);
    template_bytes(&template, CKA_VALUE, object->value, object->len);
    if (object->not_modifiable)
        template_flag(&template, CKA_MODIFIABLE, false);
    ck_assert_msg(p11_create_object(service->session, template.attributes, template.count, &made,
                                    &err) == CKR_OK,
                  "%s", err.detail);
    return made;
}

void write_card(const char *arn, const struct key_state *state)
{
    struct kf_error err = {0};
    const struct p11_key *key = store_key_any(service->store, id_of(arn), &err);
    char label[LABEL_MAX];

    ck_assert_ptr_nonnull(key);
    label_write_card(&key->facts, state, label);
    ck_assert(object_set_label(&service->token, key->card, label, &err));
    atomic_fetch_add(&host.changes, 1);
}

keyferry_CreateKeyRequest good_create(void)
{
    keyferry_CreateKeyRequest request = {
        .has_key_attributes = true, .has_exportable = true, .exportable = true};

    set_attributes(&request.key_attributes, "TR31_K1_KEY_BLOCK_PROTECTION_KEY", "AES_128", 'B');
    return request;
}

keyferry_GetKeyReply shown_key;

void get_key(const char *identifier)
{
    keyferry_GetKeyRequest request = {0};

    if (identifier)
        set_text(&request, key_identifier, identifier);
    SEND(GET_KEY, GetKey, &request, &shown_key);
}
