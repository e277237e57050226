/* test_capacity: machines that there are not, and what a plan comes to on each. */
#include "config.h"

#include "capacity.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text_file.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define GB      INT64_C(1000000000)
#define MILLION INT64_C(1000000)
#define ENDLESS MACHINE_ENDLESS

/* One on which a million may sleep; a row changes a part of it. */
static const struct machine large = { .cpus = 64,
	.soft = 1024,
	.hard = 2 * MILLION,
	.nr_open = 4 * MILLION,
	.file_max = ENDLESS,
	.watches = 10 * MILLION,
	.memory = 100 * GB,
	.memory_max = ENDLESS,
	.queue = 4096,
	.syn_queue = 4096,
	.tcp_pages = 10 * MILLION,
	.page = 4096,
	.tracked = 0,
	.tracked_max = 1000,
	.ports_first = 32768,
	.ports_last = 60999 };

static const struct server_config plain = { .workers = 64, .backlog = 4096 };

/* What is not as in `large` and `plain`. */
struct change {
	size_t field; /* of struct machine */
	int64_t value;
};

#define MACHINE(name, value)            \
 {                                      \
  offsetof(struct machine, name), value \
 }
#define AS_IT_IS MACHINE(soft, 1024)

struct row {
	const char *name;
	int64_t sleepers, rate;
	struct change change;
	/* Of the server, 0 where it is not given. */
	unsigned workers, max_conns, max_sleepers;
	bool tls;
	/* What comes of it. */
	const char *asleep;
	int64_t enough;
	int64_t machines, raised;
};

static struct server_config
configure(const struct row *row)
{
	struct server_config config = plain;

	if (row->workers > 0) {
		config.workers = row->workers;
		config.workers_given = true;
	}
	config.max_conns = row->max_conns;
	config.max_sleepers = row->max_sleepers;
	config.tls = row->tls;
	return config;
}

static void
reckon(struct capacity *capacity, const struct row *row)
{
	const struct server_config config = configure(row);
	const struct capacity_wish wish = { row->sleepers, row->rate, &config,
		0 };
	struct machine machine = large;

	*(int64_t *)((char *)&machine + row->change.field) = row->change.value;
	capacity_reckon(capacity, &wish, &machine);
}

/* Each cost is known here by its place, so that these rows hold whatever is measured. */
static int64_t
cost(enum capacity_item item)
{
	return capacity_costs[item].amount;
}

static void
check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct capacity capacity;

		reckon(&capacity, row);
		if (strcmp(capacity.asleep->name, row->asleep) != 0 ||
		    (row->enough > 0 &&
			capacity.asleep->enough != row->enough) ||
		    capacity.machines != row->machines ||
		    capacity.machines_raised != row->raised)
			fail_msg("%s: %s, %" PRId64 "; %" PRId64 ", %" PRId64,
			    row->name, capacity.asleep->name,
			    capacity.asleep->enough, capacity.machines,
			    capacity.machines_raised);
	}
}

static void
test_counts(void **state)
{
	static const struct row rows[] = {
		{ "all is enough", MILLION, 1000, AS_IT_IS, .machines = 1,
		    .raised = 1, .asleep = "RLIMIT_NOFILE" },
		{ "a lower limit", MILLION, 1000, MACHINE(nr_open, 1048576),
		    .machines = 2, .raised = 1, .asleep = "fs.nr_open" },
		{ "watches", MILLION, 1000, MACHINE(watches, 250000),
		    .machines = 4, .raised = 1, .asleep = "epoll watches",
		    .enough = 250000 },
		{ "a firewall that tracks", 3000, 1000, MACHINE(tracked, 1),
		    .machines = 3, .raised = 1, .asleep = "nf_conntrack_max",
		    .enough = 1000 },
		{ "too little for the program itself", 1, 1,
		    MACHINE(memory_max, 1000), .machines = ENDLESS, .raised = 1,
		    .asleep = "memory of the cgroup" },
		{ "too few descriptors to start", 1, 1, MACHINE(hard, 10),
		    .machines = ENDLESS, .raised = 1,
		    .asleep = "RLIMIT_NOFILE" },
		{ "--max-conns", 1000, 1, AS_IT_IS, .max_conns = 300,
		    .machines = 4, .raised = 1, .asleep = "--max-conns",
		    .enough = 300 },
		{ "--max-sleepers", 1000, 1, AS_IT_IS, .max_sleepers = 500,
		    .machines = 2, .raised = 1, .asleep = "--max-sleepers",
		    .enough = 500 },
		{ "pages bound nobody who sleeps", MILLION, 1,
		    MACHINE(tcp_pages, 10), .machines = 1, .raised = 1,
		    .asleep = "RLIMIT_NOFILE" },
		{ "nor do queues, where connections stay", 1, MILLION,
		    MACHINE(queue, 1), .machines = 1, .raised = 1,
		    .asleep = "RLIMIT_NOFILE" },
		{ "nobody, and nothing", 0, 0, AS_IT_IS, .machines = 1,
		    .raised = 1, .asleep = "RLIMIT_NOFILE" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_memory(void **state)
{
	const int64_t each = cost(CAPACITY_PROGRAM) + cost(CAPACITY_KERNEL);
	const int64_t sealed = cost(CAPACITY_PROGRAM_TLS) +
			       cost(CAPACITY_KERNEL);
	const int64_t rest = cost(CAPACITY_REST);
	const struct row rows[] = {
		{ "memory", MILLION, 1000, MACHINE(memory, GB), .machines = 5,
		    .raised = 5, .asleep = "memory",
		    .enough = (GB - rest) / each },
		{ "memory, over TLS", MILLION, 1000, MACHINE(memory, 4 * GB),
		    .machines = 5, .raised = 5, .asleep = "memory", .tls = true,
		    .enough = (4 * GB - rest) / sealed },
		{ "a cgroup", MILLION, 1000, MACHINE(memory_max, GB),
		    .machines = 5, .raised = 1,
		    .asleep = "memory of the cgroup",
		    .enough = (GB - rest) / each },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static void
test_cores(void **state)
{
	/* that 10^8 requests a second take, in thousandths */
	const int64_t cores = 100 * MILLION * cost(CAPACITY_SLEEP) /
			      (MILLION * CAPACITY_BUSY / 100);
	const struct row rows[] = {
		{ "a rate is a matter of cores", 10, 100 * MILLION, AS_IT_IS,
		    .machines = cores / 64000 + 1, .raised = cores / 64000 + 1,
		    .asleep = "RLIMIT_NOFILE" },
		{ "few workers", 10, 100 * MILLION, AS_IT_IS, .workers = 2,
		    .machines = cores / 2000 + 1, .raised = cores / 64000 + 1,
		    .asleep = "RLIMIT_NOFILE" },
	};

	(void)state;
	check(rows, COUNT(rows));
}

static const struct capacity_row *
find(const struct capacity *capacity, const char *name, enum capacity_kind kind)
{
	for (unsigned i = 0; i < capacity->count; i++)
		if (capacity->rows[i].kind == kind &&
		    strcmp(capacity->rows[i].name, name) == 0)
			return &capacity->rows[i];
	return NULL;
}

/* What is raised to the number that is asked for is enough, and no less would be. */
static void
test_descriptors_needed(void **state)
{
	(void)state;
	for (int64_t sleepers = 1; sleepers < 2 * MILLION; sleepers *= 3) {
		struct row row = { .sleepers = sleepers, .change = AS_IT_IS };
		struct capacity capacity;
		const struct capacity_row *found;

		reckon(&capacity, &row);
		found = find(&capacity, "RLIMIT_NOFILE", CAPACITY_ASLEEP);
		assert_non_null(found);
		row.change = (struct change)MACHINE(hard, found->raise_to);
		reckon(&capacity, &row);
		found = find(&capacity, "RLIMIT_NOFILE", CAPACITY_ASLEEP);
		assert_true(found->enough >= sleepers);
		row.change = (struct change)MACHINE(hard, found->raise_to - 1);
		reckon(&capacity, &row);
		found = find(&capacity, "RLIMIT_NOFILE", CAPACITY_ASLEEP);
		assert_true(found->enough < sleepers);
	}
}

static void
test_queues(void **state)
{
	const struct row row = { .sleepers = 1,
		.rate = 50000,
		.workers = 2,
		.change = MACHINE(queue, 1000) };
	const struct capacity_row *queue, *syns;
	struct capacity capacity;

	(void)state;
	reckon(&capacity, &row);
	queue = find(&capacity, "queue for accept", CAPACITY_ONE_EACH);
	syns = find(&capacity, "tcp_max_syn_backlog", CAPACITY_ONE_EACH);
	assert_int_equal(queue->needed, 50000 * CAPACITY_QUEUED_MS / 1000);
	assert_int_equal(queue->here, 2 * 1000);
	assert_int_equal(queue->raise_to, queue->needed / 2);
	assert_int_equal(syns->here, 2 * 4096);
}

static void
test_ports(void **state)
{
	const struct row all = { .sleepers = MILLION, .change = AS_IT_IS };
	const struct row none = { .sleepers = MILLION,
		.change = MACHINE(ports_first, MACHINE_UNKNOWN) };
	struct capacity capacity;

	(void)state;
	reckon(&capacity, &all);
	assert_int_equal(capacity.ports, 28232);
	assert_int_equal(capacity.addresses, 36);
	reckon(&capacity, &none);
	assert_int_equal(capacity.ports, MACHINE_UNKNOWN);
}

/* What a system does not tell is no row, and bounds nobody. */
static void
test_unknown(void **state)
{
	static const struct change changes[] = { MACHINE(watches,
						     MACHINE_UNKNOWN),
		MACHINE(tcp_pages, MACHINE_UNKNOWN),
		MACHINE(memory, MACHINE_UNKNOWN),
		MACHINE(nr_open, MACHINE_UNKNOWN) };

	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		const struct row row = { .sleepers = MILLION,
			.change = changes[i] };
		struct capacity capacity;

		reckon(&capacity, &row);
		assert_int_equal(capacity.machines, 1);
		for (unsigned j = 0; j < capacity.count; j++)
			assert_true(capacity.rows[j].here >= 0);
	}
}

/* The document has a line for each cost, and none for others. */
static void
test_document(void **state)
{
	const char *source = getenv("CHECK_SRCDIR"); /* NOLINT: one thread */
	char path[4096], *text, line[256], unit[6];
	unsigned count = 0;
	const char *told;
	size_t size;

	(void)state;
	snprintf(path, sizeof path, "%s/doc/scale.md",
	    source != NULL ? source : ".");
	text = text_file_read(path, &size);
	assert_non_null(text);
	for (size_t i = 0; i < CAPACITY_ITEMS; i++) {
		snprintf(line, sizeof line, "\n| %s | %" PRId64 " %s | %s |\n",
		    capacity_costs[i].name, capacity_costs[i].amount,
		    capacity_costs[i].unit, capacity_costs[i].how);
		if (strstr(text, line) == NULL)
			fail_msg("not in doc/scale.md: %s", line);
	}
	told = strstr(text, "\n<!-- costs -->\n");
	assert_non_null(told);
	for (told += 1; (told = strstr(told, "\n| ")) != NULL; told++)
		if (sscanf(told, "\n| %*[^|]| %*d %5[a-z] |", unit) == 1)
			count += strcmp(unit, "bytes") == 0 ||
				 strcmp(unit, "ns") == 0;
	assert_int_equal(count, CAPACITY_ITEMS);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_cores),
		cmocka_unit_test(test_descriptors_needed),
		cmocka_unit_test(test_queues),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_document),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
