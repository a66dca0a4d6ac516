/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "../report.h"
#include "surroundings.h"

enum { THREADS = 256, PROCESSES = 64, STACK = 512 << 10, FIRST_PID = 1000 };

static const int64_t BEGINNING_US = 1700000000000000;

typedef enum thread_state { THREAD_NONE, THREAD_READY, THREAD_WAITING, THREAD_ENDED } thread_state;

/* In front of every block that a process has. */
typedef struct block {
    struct block *next;
    struct block *before;
    process *owner;
    size_t size;
} block;

struct process {
    const char *name;
    int32_t pid;
    int32_t threads;
    bool killed;
    int64_t stalled_until_us;
    block blocks; /* the head of the list */
    int64_t count;
    void (*main)(void *data);
    void *data;
};

struct thread {
    thread_state state;
    process *owner;
    ucontext_t context;
    void *stack; /* kept for the next one */
    const void *waits_on;
    int64_t until_us; /* MACHINE_FOREVER: none */
    bool woken;
    bool joinable;
    void *(*main)(void *data);
    void *data;
};

static struct machine {
    uint64_t seed;
    uint64_t hash;
    int64_t now_us;
    int64_t limit_us; /* how much of its time there is */
    bool tells;
    thread threads[THREADS];
    int32_t used; /* of the threads */
    process processes[PROCESSES];
    int32_t started;
    thread *current;
    ucontext_t scheduler;
} m;

/* ---- time, chance, trace ---- */

void
machine_begin(uint64_t seed, bool tells)
{
    m.seed = seed;
    m.hash = 14695981039346656037u;
    m.now_us = BEGINNING_US;
    m.tells = tells;
    m.used = 0;
    m.started = 0;
    m.current = NULL;
}

int64_t
machine_now(void)
{
    return m.now_us;
}

int64_t
machine_elapsed(void)
{
    return m.now_us - BEGINNING_US;
}

int64_t
machine_draw(int64_t below)
{
    return draw_below(&m.seed, below);
}

bool
machine_odds(int64_t share, int64_t from)
{
    return share > 0 && machine_draw(from) < share;
}

uint64_t
machine_hash(void)
{
    return m.hash;
}

static void
mix(uint64_t value)
{
    m.hash = (m.hash ^ value) * 0x9E3779B97F4A7C15u;
    m.hash ^= m.hash >> 29;
}

void
machine_note(const char *what, const char *text, int64_t number)
{
    size_t length = text != NULL ? strlen(text) : 0, at = 0;

    for (; at + sizeof(uint64_t) <= length; at += sizeof(uint64_t)) {
        uint64_t part;
        memcpy(&part, text + at, sizeof part);
        mix(part);
    }
    for (; at < length; at++)
        mix((unsigned char)text[at]);
    mix((uint64_t)(unsigned char)what[0] << 8 | (unsigned char)what[1]);
    mix((uint64_t)m.now_us);
    mix((uint64_t)number);
    if (m.tells)
        printf("%10.3f ms  %-8s%5d.%-3d %-8s %6lld  %s\n", (double)(m.now_us - BEGINNING_US) / 1000,
               m.current != NULL ? m.current->owner->name : "", m.current != NULL ? (int)m.current->owner->pid : 0,
               m.current != NULL ? (int)(m.current - m.threads) : 0, what, (long long)number, text != NULL ? text : "");
}

/* ---- threads ---- */

static bool
can_run(const thread *t)
{
    if (t->owner->stalled_until_us > m.now_us)
        return false;
    return t->state == THREAD_READY
           || (t->state == THREAD_WAITING && t->until_us != MACHINE_FOREVER && t->until_us <= m.now_us);
}

static thread *
drawn_thread(void)
{
    int32_t able[THREADS], count = 0;

    for (int32_t i = 0; i < m.used; i++) {
        if (can_run(&m.threads[i]))
            able[count++] = i;
    }
    if (count == 0)
        return NULL;
    return &m.threads[able[count == 1 ? 0 : machine_draw(count)]];
}

/* To the next instant at which anything can run. False: there is none. */
static bool
pass_time(void)
{
    int64_t next = INT64_MAX;

    for (int32_t i = 0; i < m.used; i++) {
        const thread *t = &m.threads[i];
        int64_t at = t->state == THREAD_READY ? m.now_us : t->until_us;
        if (t->state != THREAD_READY && (t->state != THREAD_WAITING || at == MACHINE_FOREVER))
            continue;
        if (at < t->owner->stalled_until_us)
            at = t->owner->stalled_until_us;
        if (at < next)
            next = at;
    }
    if (next == INT64_MAX || next > BEGINNING_US + m.limit_us)
        return false;
    m.now_us = next;
    return true;
}

static bool
any_left(void)
{
    for (int32_t i = 0; i < m.used; i++) {
        if (m.threads[i].state == THREAD_READY || m.threads[i].state == THREAD_WAITING)
            return true;
    }
    return false;
}

/* NULL: all have ended, or wait for each other, or time is over. */
static thread *
next_thread(void)
{
    thread *next = drawn_thread();

    while (next == NULL && any_left() && pass_time())
        next = drawn_thread();
    if (next == NULL)
        return NULL;
    if (next->state == THREAD_WAITING)
        next->woken = false;
    next->state = THREAD_READY;
    return next;
}

/* To whoever is drawn, which may be the one that runs. */
static void
switch_away(void)
{
    thread *self = m.current, *next = next_thread();

    m.current = next;
    if (next != self)
        swapcontext(&self->context, next != NULL ? &next->context : &m.scheduler);
}

static void
thread_main(void)
{
    thread *self = m.current;

    self->main(self->data);
    self->state = THREAD_ENDED;
    self->owner->threads--;
    machine_wake(self, true);
    switch_away();
}

static thread *
free_thread(void)
{
    for (int32_t i = 0; i < m.used; i++) {
        if (m.threads[i].state == THREAD_NONE || (m.threads[i].state == THREAD_ENDED && !m.threads[i].joinable))
            return &m.threads[i];
    }
    if (m.used == THREADS)
        report_die("the simulated machine is too small: %d threads", (int)THREADS);
    return &m.threads[m.used++];
}

thread *
machine_start_thread(process *owner, bool joinable, void *(*main)(void *data), void *data)
{
    thread *made = free_thread();

    if (made->stack == NULL) {
        made->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        if (made->stack == MAP_FAILED)
            report_die("no memory for a stack");
    }
    made->state = THREAD_READY;
    made->owner = owner;
    made->waits_on = NULL;
    made->until_us = MACHINE_FOREVER;
    made->woken = false;
    made->joinable = joinable;
    made->main = main;
    made->data = data;
    getcontext(&made->context);
    made->context.uc_stack.ss_sp = made->stack;
    made->context.uc_stack.ss_size = STACK;
    made->context.uc_link = NULL;
    makecontext(&made->context, thread_main, 0);
    owner->threads++;
    return made;
}

void
machine_join(thread *which)
{
    while (which->state != THREAD_ENDED)
        machine_wait(which, MACHINE_FOREVER);
    which->joinable = false;
}

bool
machine_run(int64_t limit_us)
{
    m.limit_us = limit_us;
    m.current = next_thread();
    if (m.current != NULL)
        swapcontext(&m.scheduler, &m.current->context);
    return !any_left();
}

bool
machine_wait(const void *what, int64_t until_us)
{
    thread *self = m.current;

    self->state = THREAD_WAITING;
    self->waits_on = what;
    self->until_us = until_us;
    self->woken = false;
    switch_away();
    self->waits_on = NULL;
    return self->woken;
}

void
machine_sleep(int64_t us)
{
    machine_wait(NULL, m.now_us + us);
}

void
machine_yield(void)
{
    switch_away();
}

/* Of several the first that came is as good as any: who runs first is drawn. */
void
machine_wake(const void *what, bool all)
{
    for (int32_t i = 0; i < m.used; i++) {
        thread *t = &m.threads[i];
        if (t->state != THREAD_WAITING || t->waits_on != what)
            continue;
        t->state = THREAD_READY;
        t->woken = true;
        if (!all)
            return;
    }
}

/* ---- processes ---- */

static void *
process_main(void *data)
{
    process *self = data;

    self->main(self->data);
    return NULL;
}

process *
machine_start(const char *name, void (*main)(void *data), void *data)
{
    if (m.started == PROCESSES)
        report_die("the simulated machine is too small: %d processes", (int)PROCESSES);
    process *made = &m.processes[m.started];
    *made = (process){ .name = name, .pid = FIRST_PID + m.started, .main = main, .data = data };
    made->blocks.next = made->blocks.before = &made->blocks;
    m.started++;
    machine_start_thread(made, false, process_main, made);
    return made;
}

process *
machine_process(void)
{
    return m.current != NULL ? m.current->owner : NULL;
}

thread *
machine_thread(void)
{
    return m.current;
}

const char *
process_name(const process *which)
{
    return which->name;
}

int32_t
process_pid(const process *which)
{
    return which->pid;
}

bool
process_lives(int32_t pid)
{
    int32_t at = pid - FIRST_PID;

    return at >= 0 && at < m.started && m.processes[at].threads > 0;
}

void
process_stall(process *which, int64_t us)
{
    machine_note("stall", which->name, us);
    which->stalled_until_us = m.now_us + us;
    if (machine_process() == which)
        switch_away();
}

static void
forget_memory(process *which)
{
    while (which->blocks.next != &which->blocks) {
        block *gone = which->blocks.next;
        which->blocks.next = gone->next;
        real_free(gone);
    }
    which->blocks.next = which->blocks.before = &which->blocks;
    which->count = 0;
}

void
process_kill(process *which)
{
    bool self = machine_process() == which;

    if (which->killed || which->threads == 0)
        return;
    machine_note("killed", which->name, which->pid);
    which->killed = true;
    which->threads = 0;
    for (int32_t i = 0; i < m.used; i++) {
        if (m.threads[i].owner != which)
            continue;
        m.threads[i].state = THREAD_ENDED;
        m.threads[i].joinable = false;
    }
    forget_memory(which);
    if (self)
        switch_away();
}

int64_t
process_blocks(const process *which)
{
    return which->count;
}

void
machine_end(void)
{
    for (int32_t i = 0; i < m.started; i++)
        forget_memory(&m.processes[i]);
    for (int32_t i = 0; i < m.used; i++)
        m.threads[i].state = THREAD_NONE;
    m.used = 0;
    m.started = 0;
}

/* ---- memory ---- */

static void
link_block(block *made, process *owner)
{
    made->owner = owner;
    made->next = owner->blocks.next;
    made->before = &owner->blocks;
    made->next->before = made;
    made->before->next = made;
}

void *
process_allocate(size_t size)
{
    process *owner = machine_process();
    block *made = real_malloc(sizeof *made + size);

    if (made == NULL)
        return NULL;
    made->size = size;
    link_block(made, owner);
    owner->count++;
    return made + 1;
}

void *
process_reallocate(void *old, size_t size)
{
    void *made = process_allocate(size);
    size_t before = old != NULL ? ((block *)old)[-1].size : 0;

    if (made == NULL || old == NULL)
        return made;
    memcpy(made, old, before < size ? before : size);
    process_release(old);
    return made;
}

void
process_release(void *old)
{
    if (old == NULL)
        return;
    block *gone = (block *)old - 1;
    gone->next->before = gone->before;
    gone->before->next = gone->next;
    gone->owner->count--;
    real_free(gone);
}
