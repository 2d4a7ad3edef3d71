/* SPDX-License-Identifier: Apache-2.0 */
/* What the front decides without a socket: who may, who is next, which jobs there are. */
#include <string.h>

#include "daemon/front/allowance.h"
#include "daemon/front/jobs.h"
#include "daemon/front/policy.h"
#include "daemon/front/scheduler.h"
#include "daemon/ipc.h"
#include "test/unit/suite.h"
#include "wire/keyferry.pb.h"

/* How many are allowed of so many that are asked for in one moment. */
static unsigned taken(struct allowance *allowance, uint64_t now_ms, unsigned asked)
{
    unsigned count = 0;

    while (asked-- > 0)
        count += allowance_take(allowance, now_ms);
    return count;
}

START_TEST(an_allowance_comes_back_with_time)
{
    const uint64_t day = 24 * 3600 * 1000, start = 5;
    struct allowance allowance = {0};

    ck_assert_uint_eq(taken(&allowance, start, 1000), ALLOWANCE_BURST);
    ck_assert_uint_eq(taken(&allowance, start + ALLOWANCE_MS - 1, 10), 0);
    ck_assert_uint_eq(taken(&allowance, start + ALLOWANCE_MS, 10), 1);
    ck_assert_uint_eq(taken(&allowance, start + 5 * ALLOWANCE_MS, 10), 4);
    ck_assert_uint_eq(taken(&allowance, start + day, 1000), ALLOWANCE_BURST);
}
END_TEST

START_TEST(every_operation_has_its_class)
{
    static const struct {
        uint32_t number;
        enum operation_class class;
        bool makes_keys;
    } wanted[] = {
        {keyferry_Operation_OPERATION_CREATE_KEY, CLASS_MANAGE, true},
        {keyferry_Operation_OPERATION_GET_KEY, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_LIST_KEYS, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_DELETE_KEY, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_CREATE_ALIAS, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_UPDATE_ALIAS, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_DELETE_ALIAS, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_GET_ALIAS, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_LIST_ALIASES, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_EXPORT_KEY, CLASS_EXPORT, false},
        {keyferry_Operation_OPERATION_ADOPT_KEY, CLASS_MANAGE, true},
        {keyferry_Operation_OPERATION_TOKEN, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_STATUS, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_IMPORT_KEY, CLASS_MANAGE, true},
        {keyferry_Operation_OPERATION_START_KEY_USAGE, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_STOP_KEY_USAGE, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_RESTORE_KEY, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_TAG_RESOURCE, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_UNTAG_RESOURCE, CLASS_MANAGE, false},
        {keyferry_Operation_OPERATION_LIST_TAGS_FOR_RESOURCE, CLASS_VIEW, false},
        {keyferry_Operation_OPERATION_INIT_CA, CLASS_TRUST, true},
        {keyferry_Operation_OPERATION_GET_PARAMETERS_FOR_EXPORT, CLASS_TRUST, true},
        {keyferry_Operation_OPERATION_GET_PARAMETERS_FOR_IMPORT, CLASS_TRUST, true},
        {keyferry_Operation_OPERATION_GET_PUBLIC_KEY_CERTIFICATE, CLASS_TRUST, false},
        {keyferry_Operation_OPERATION_GET_CERTIFICATE_SIGNING_REQUEST, CLASS_TRUST, false},
    };

    ck_assert_uint_eq(sizeof wanted / sizeof *wanted, _keyferry_Operation_MAX);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct operation *operation = operation_find(wanted[i].number);

        ck_assert_ptr_nonnull(operation);
        ck_assert_uint_eq(operation->number, wanted[i].number);
        ck_assert_int_eq(operation->class, wanted[i].class);
        ck_assert_int_eq(operation->makes_keys, wanted[i].makes_keys);
    }
    ck_assert_ptr_null(operation_find(0));
    ck_assert_ptr_null(operation_find(_keyferry_Operation_MAX + 1));
    ck_assert_ptr_null(operation_find(UINT32_MAX));
}
END_TEST

START_TEST(who_may_do_what)
{
    enum { OWNER = 900, SOMEBODY = 1000 };

    for (int class = CLASS_VIEW; class <= CLASS_TRUST; class ++) {
        ck_assert(policy_allows(0, false, OWNER, (enum operation_class) class));
        ck_assert(policy_allows(OWNER, false, OWNER, (enum operation_class) class));
        ck_assert(!policy_allows(SOMEBODY, false, OWNER, (enum operation_class) class));
        ck_assert_int_eq(policy_allows(SOMEBODY, true, OWNER, (enum operation_class) class),
                         class == CLASS_VIEW || class == CLASS_EXPORT);
    }
}
END_TEST

START_TEST(turns_go_round)
{
    struct circle circle = {0}, other = {0};
    struct turn a = {0}, b = {0}, c = {0};

    circle_join(&circle, &a);
    circle_join(&circle, &b);
    circle_join(&circle, &a); /* waits already */
    circle_join(&other, &a);
    circle_join(&circle, &c);
    ck_assert_ptr_eq(circle_take(&circle), &a);
    circle_join(&circle, &a);
    circle_leave(&c);
    circle_leave(&c);
    ck_assert_ptr_eq(circle_take(&circle), &b);
    ck_assert_ptr_eq(circle_take(&circle), &a);
    ck_assert_ptr_null(circle_take(&circle));
    ck_assert_ptr_null(circle_take(&other));
    circle_join(&circle, &c);
    ck_assert_ptr_eq(circle_take(&circle), &c);
}
END_TEST

START_TEST(users_go_round_and_their_connections)
{
    struct scheduler scheduler = {0};
    struct share many = {0}, one = {0};
    struct turn a = {0}, b = {0}, c = {0}, single = {0};

    ck_assert(!scheduler_any_waits(&scheduler));
    scheduler_wait(&scheduler, &many, &a);
    scheduler_wait(&scheduler, &many, &b);
    scheduler_wait(&scheduler, &many, &c);
    scheduler_wait(&scheduler, &one, &single);
    ck_assert_ptr_eq(scheduler_next(&scheduler), &a);
    scheduler_wait(&scheduler, &many, &a); /* has more */
    ck_assert_ptr_eq(scheduler_next(&scheduler), &single);
    ck_assert_ptr_eq(scheduler_next(&scheduler), &b);
    scheduler_wait(&scheduler, &one, &single);
    ck_assert_ptr_eq(scheduler_next(&scheduler), &c);
    ck_assert_ptr_eq(scheduler_next(&scheduler), &single);
    scheduler_leave(&one, &single); /* waits no more */
    scheduler_leave(&many, &a);
    ck_assert(!scheduler_any_waits(&scheduler));
    ck_assert_ptr_null(scheduler_next(&scheduler));
}
END_TEST

START_TEST(workers_get_their_share)
{
    struct scheduler scheduler = {0};
    unsigned counts[WORKER_SLOTS] = {0};
    int slot;

    ck_assert(!scheduler_any_up(&scheduler));
    ck_assert_int_eq(scheduler_give(&scheduler, 0), -1);
    scheduler_worker_up(&scheduler, 0);
    scheduler_worker_up(&scheduler, 63);
    while ((slot = scheduler_give(&scheduler, 0)) >= 0)
        counts[slot]++;
    ck_assert_uint_eq(counts[0], WORKER_WINDOW_MIN); /* nobody knows yet how fast they are */
    ck_assert_uint_eq(counts[63], WORKER_WINDOW_MIN);
    ck_assert(scheduler_done(&scheduler, 63, 1, 5000));
    ck_assert_int_eq(scheduler_give(&scheduler, 5000), 63);
    ck_assert(!scheduler_done(&scheduler, 0, WORKER_WINDOW_MIN + 1, 5000));
    scheduler_worker_down(&scheduler, 63);
    ck_assert_int_eq(scheduler_give(&scheduler, 5000), -1);
    ck_assert(scheduler_any_up(&scheduler));
    scheduler_worker_up(&scheduler, 63); /* a new one has been given nothing */
    ck_assert_int_eq(scheduler_give(&scheduler, 5000), 63);
}
END_TEST

/* How many jobs a worker gets ahead that has done some in so much time each. */
static unsigned jobs_ahead(uint64_t job_us)
{
    struct scheduler scheduler = {0};
    unsigned count = 0;
    uint64_t now = 1000000;

    scheduler_worker_up(&scheduler, 5);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(scheduler_give(&scheduler, now), 5);
        now += job_us;
        ck_assert(scheduler_done(&scheduler, 5, 1, now));
        now += 50000; /* idle: does not count */
    }
    while (scheduler_give(&scheduler, now) >= 0)
        count++;
    return count;
}

START_TEST(a_slow_worker_gets_few_jobs_ahead)
{
    ck_assert_uint_eq(jobs_ahead(5), WORKER_WINDOW);
    ck_assert_uint_eq(jobs_ahead(WORKER_QUEUE_US / 5), 4);
    ck_assert_uint_eq(jobs_ahead(100000), WORKER_WINDOW_MIN);
}
END_TEST

START_TEST(job_numbers_are_never_used_twice)
{
    struct jobs jobs;
    struct front_job *one, *two, *list = NULL;
    uint64_t first;

    ck_assert(jobs_init(&jobs, 2));
    one = jobs_take(&jobs);
    two = jobs_take(&jobs);
    first = one->number;
    ck_assert(first != 0 && first != two->number);
    ck_assert_ptr_null(jobs_take(&jobs));
    ck_assert_ptr_eq(jobs_find(&jobs, first, ORIGIN_FRONT), one);
    job_link(one, &list);
    job_link(two, &list);
    jobs_release(&jobs, one);
    ck_assert_ptr_eq(list, two);
    ck_assert_ptr_null(two->next);
    ck_assert_ptr_null(jobs_find(&jobs, first, ORIGIN_FRONT));
    one = jobs_take(&jobs);
    ck_assert(one->number != first);
    ck_assert_ptr_null(jobs_find(&jobs, first, ORIGIN_FRONT));
    ck_assert_ptr_null(jobs_find(&jobs, 0, ORIGIN_FRONT));
    ck_assert_ptr_null(jobs_find(&jobs, UINT64_MAX, ORIGIN_FRONT));
    ck_assert_uint_eq(jobs.used, 2);
    job_unlink(two);
    ck_assert_ptr_null(list);
    jobs_free(&jobs);
}
END_TEST

START_TEST(fewer_jobs_may_be_allowed_than_there_are)
{
    struct jobs jobs;
    struct front_job *one, *two;

    ck_assert(jobs_init(&jobs, 2));
    one = jobs_take(&jobs);
    two = jobs_take(&jobs);
    jobs.capacity = 1;
    ck_assert(jobs_full(&jobs));
    ck_assert_ptr_eq(jobs_find(&jobs, two->number, ORIGIN_FRONT), two);
    jobs_release(&jobs, one);
    ck_assert(jobs_full(&jobs));
    ck_assert_ptr_null(jobs_take(&jobs));
    jobs_release(&jobs, two);
    ck_assert_ptr_nonnull(jobs_take(&jobs));
    jobs.capacity = JOBS_MAX;
    for (size_t i = 1; i < JOBS_MAX; i++)
        ck_assert_ptr_nonnull(jobs_take(&jobs));
    ck_assert_ptr_null(jobs_take(&jobs));
    jobs_free(&jobs);
}
END_TEST

START_TEST(a_job_is_answered_by_who_has_it)
{
    struct jobs jobs;
    struct front_job *job;

    ck_assert(jobs_init(&jobs, 1));
    job = jobs_take(&jobs);
    job->origin = worker_key(1, 3);
    ck_assert_ptr_eq(jobs_find(&jobs, job->number, worker_key(1, 3)), job);
    ck_assert_ptr_null(jobs_find(&jobs, job->number, worker_key(1, 2)));
    ck_assert_ptr_null(jobs_find(&jobs, job->number, worker_key(0, 3)));
    ck_assert_ptr_null(jobs_find(&jobs, job->number, ORIGIN_FRONT));
    jobs_free(&jobs);
}
END_TEST

SUITE_MAIN("front", an_allowance_comes_back_with_time, every_operation_has_its_class,
           who_may_do_what, turns_go_round, users_go_round_and_their_connections,
           workers_get_their_share, a_slow_worker_gets_few_jobs_ahead,
           job_numbers_are_never_used_twice, fewer_jobs_may_be_allowed_than_there_are,
           a_job_is_answered_by_who_has_it)
