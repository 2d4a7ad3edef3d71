/* SPDX-License-Identifier: Apache-2.0 */
/* What a PIN file must be, and what of it is the PIN. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "p11/pin.h"
#include "test/unit/p11/support.h"

static char directory[64], path[96];
static struct pin pin;
static struct kf_error err;

static void setup(void)
{
    snprintf(directory, sizeof directory, "/tmp/keyferry-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/pin", directory);
    memset(&err, 0, sizeof err);
}

static void teardown(void)
{
    pin_wipe(&pin);
    ck_assert_ptr_null(pin.text);
    remove(path);
    rmdir(directory);
}

static void write_pin(const void *bytes, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
    ck_assert_int_eq(fchmod(fd, mode), 0);
    close(fd);
}

static void refused(const char *why)
{
    ck_assert(!pin_read(path, &pin, &err));
    ck_assert_int_eq(err.fault, KF_FAULT_PIN);
    ck_assert_msg(strstr(err.message, why), "\"%s\" is not in: %s", why, err.message);
    ck_assert_ptr_nonnull(strstr(err.message, path));
}

static void accepted(const char *expected, size_t len)
{
    ck_assert_msg(pin_read(path, &pin, &err), "%s", err.message);
    ck_assert_uint_eq(pin.len, len);
    ck_assert_mem_eq(pin.text, expected, len);
}

static const struct {
    const char *file, *pin;
} contents[] = {
    {"1234", "1234"},       {"1234\n", "1234"},     {"1234\r\n", "1234"},
    {"1234\n\n", "1234\n"}, {" 12 34 ", " 12 34 "}, {"pass\nword", "pass\nword"},
};

START_TEST(one_line_end_is_not_part_of_it)
{
    write_pin(contents[_i].file, strlen(contents[_i].file), 0600);
    accepted(contents[_i].pin, strlen(contents[_i].pin));
}
END_TEST

START_TEST(its_length_is_bounded)
{
    char text[PIN_MAX + 3];

    memset(text, '7', sizeof text);
    memcpy(text + PIN_MAX, "\r\n", 2);
    write_pin(text, PIN_MAX + 2, 0600);
    accepted(text, PIN_MAX);
    pin_wipe(&pin);
    write_pin(text, PIN_MAX + 3, 0600);
    refused("1 to 256 characters");
    memset(&err, 0, sizeof err);
    text[PIN_MAX] = '7';
    write_pin(text, PIN_MAX + 1, 0600);
    refused("1 to 256 characters");
}
END_TEST

START_TEST(an_empty_one_is_refused)
{
    write_pin("\r\n", (size_t)_i, 0600);
    refused("1 to 256 characters");
}
END_TEST

static const mode_t open_modes[] = {0604, 0602, 0601, 0620, 0660, 0777};

START_TEST(one_open_to_others_is_refused)
{
    write_pin("1234\n", 5, open_modes[_i]);
    refused("must not be more than 640");
}
END_TEST

START_TEST(the_group_may_read_it)
{
    write_pin("1234\n", 5, 0640);
    accepted("1234", 4);
}
END_TEST

START_TEST(a_pipe_is_refused_at_once)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    refused("not a regular file");
}
END_TEST

START_TEST(a_folder_is_refused)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    refused("not a regular file");
}
END_TEST

START_TEST(a_missing_one_is_named)
{
    refused("No such file");
}
END_TEST

/* The flags that the kernel shows for the memory at an address, as in proc(5), smaps, VmFlags. */
static void memory_flags(const void *at, char *flags, size_t room)
{
    FILE *smaps = fopen("/proc/self/smaps", "re");
    char line[512];
    unsigned long from, to;
    bool here = false;

    ck_assert_ptr_nonnull(smaps);
    flags[0] = '\0';
    while (!flags[0] && fgets(line, sizeof line, smaps)) {
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = from == (unsigned long)at;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, room, "%s", line + 8);
    }
    fclose(smaps);
}

START_TEST(its_memory_goes_nowhere)
{
    char flags[512];

    write_pin("1234", 4, 0600);
    accepted("1234", 4);
    memory_flags(pin.text, flags, sizeof flags);
#ifndef KF_SANITIZERS /* which make mlock() do nothing */
    ck_assert_msg(strstr(flags, " lo "), "not locked:%s", flags);
#endif
    ck_assert_msg(strstr(flags, " dd "), "in core dumps:%s", flags);
    ck_assert_msg(strstr(flags, " wf "), "in child processes:%s", flags);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("pin");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, one_line_end_is_not_part_of_it, 0, COUNT(contents));
    tcase_add_test(tcase, its_length_is_bounded);
    tcase_add_loop_test(tcase, an_empty_one_is_refused, 0, 3);
    tcase_add_loop_test(tcase, one_open_to_others_is_refused, 0, COUNT(open_modes));
    tcase_add_test(tcase, the_group_may_read_it);
    tcase_add_test(tcase, a_pipe_is_refused_at_once);
    tcase_add_test(tcase, a_folder_is_refused);
    tcase_add_test(tcase, a_missing_one_is_named);
    tcase_add_test(tcase, its_memory_goes_nowhere);
    return run_case(tcase, "pin");
}
