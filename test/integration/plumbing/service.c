/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service without a token, for tests of the processes around it. A request's body is a command in
 * plain text: "sleep MS", "hang", "crash", "module" (a fault that needs a new worker), "fork"
 * (leaves a process behind that keeps the channels open, then crashes), "big BYTES"; anything else
 * is answered at once. The answer's message says which worker gave it. Every PIN that is presented
 * is a line in $FAKE_DIR/logins; the PIN file's word decides: "right" or any other word, "wrong",
 * "late" (wrong, but it takes three seconds to say so), "deadly" (the login crashes), "stuck" (it
 * hangs), "slow" (what follows it does), "config" (there is no token).
 */
#include "daemon/worker/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "daemon/record.h"
#include "daemon/worker/login.h"

struct service {
    unsigned slot;
};

static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&time, NULL);
}

/* Returns which login of the daemon's it is. */
static long note_login(unsigned slot)
{
    char path[512], line[32];
    off_t end;
    int fd;

    snprintf(path, sizeof path, "%s/logins", getenv("FAKE_DIR"));
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    snprintf(line, sizeof line, "worker %u\n", slot);
    if (write(fd, line, strlen(line)) < 0)
        abort();
    end = lseek(fd, 0, SEEK_CUR);
    close(fd);
    return end / (off_t)strlen(line);
}

static void read_pin(const struct conf *conf, char *pin, size_t room)
{
    FILE *file = fopen(conf->token.pin_file, "r");

    if (!file || !fgets(pin, (int)room, file))
        pin[0] = '\0';
    pin[strcspn(pin, "\n")] = '\0';
    if (file)
        fclose(file);
}

/* What C_Login of this token does. */
static bool present(const char *pin, long login, struct kf_error *err)
{
    if (strcmp(pin, "deadly") == 0 || (strcmp(pin, "shaky") == 0 && login % 4 != 1))
        abort();
    if (strcmp(pin, "stuck") == 0)
        sleep_ms(60000);
    if (strcmp(pin, "late") == 0)
        sleep_ms(3000);
    if (strcmp(pin, "late") == 0 || strcmp(pin, "wrong") == 0)
        return kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_PIN, "C_Login", "The PIN is wrong.");
    return true;
}

static bool log_in(const char *pin, unsigned slot, struct login *login, struct kf_error *err)
{
    long which;
    bool good;

    if (!login_begin(login, (const unsigned char *)pin, strlen(pin), err))
        return false;
    which = note_login(slot);
    good = present(pin, which, err);
    login_end(login, good ? PIN_ACCEPTED : PIN_REFUSED);
    return good;
}

struct service *service_open(const struct conf *conf, unsigned slot, struct host_state *host,
                             struct login *login, struct kf_error *err)
{
    struct service *service = calloc(1, sizeof *service);
    char pin[32];

    read_pin(conf, pin, sizeof pin);
    if (strcmp(pin, "config") == 0)
        kf_fail_fault(err, KF_UNAVAILABLE, KF_FAULT_CONFIG, "C_GetSlotList", "No token matches.");
    else if (log_in(pin, slot, login, err) && strcmp(pin, "slow") == 0)
        sleep_ms(60000);
    if (err->status != KF_OK || !service) {
        free(service);
        return NULL;
    }
    service->slot = slot;
    atomic_fetch_add(&host->changes, 1);
    return service;
}

static void leave_somebody_behind(void)
{
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
        sleep_ms(30000);
        _exit(0);
    }
    sleep_ms(50);
    abort();
}

static void obey(const char *command, struct answer *answer)
{
    if (strncmp(command, "sleep ", 6) == 0)
        sleep_ms(strtol(command + 6, NULL, 10));
    else if (strcmp(command, "hang") == 0)
        for (;;)
            pause();
    else if (strcmp(command, "crash") == 0)
        abort();
    else if (strcmp(command, "fork") == 0)
        leave_somebody_behind();
    else if (strcmp(command, "module") == 0)
        answer->fault = KF_FAULT_MODULE;
}

void service_handle(struct service *service, const struct job *job, struct answer *answer)
{
    char command[64], message[KF_MESSAGE_MAX];
    struct record record;
    size_t length = 0;

    snprintf(command, sizeof command, "%.*s", (int)job->request.body_len,
             (const char *)job->request.body);
    obey(command, answer);
    snprintf(message, sizeof message, "worker %u: %s", service->slot, command);
    if (strncmp(command, "big ", 4) == 0)
        length = strtoul(command + 4, NULL, 10);
    if (length > 0) {
        keyferry_ExportKeyReply reply = keyferry_ExportKeyReply_init_zero;

        reply.has_wrapped_key = true;
        memset(reply.wrapped_key.key_material, 'A', length);
        answer->response_len =
            wire_response_encode(job->request.id, KF_OK, message, keyferry_ExportKeyReply_fields,
                                 &reply, answer->response, answer->response_room);
    } else {
        answer->response_len = wire_response_encode(job->request.id, KF_OK, message, NULL, NULL,
                                                    answer->response, answer->response_room);
    }
    record_begin(&record, answer->record, answer->record_room, &job->peer, job->request.operation,
                 job->request.id);
    record_text(&record, "command", command);
    record_result(&record, KF_OK, NULL);
    answer->record_len = record_end(&record);
}

bool service_idle(struct service *service, struct kf_error *err)
{
    (void)service;
    (void)err;
    return true;
}

void service_close(struct service *service)
{
    free(service);
}
