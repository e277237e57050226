/* Reckons with what one more of each costs; owns nothing; the main thread. */
#include "config.h"

#include "capacity.h"

#include <stddef.h>

#include "server/descriptors.h"

#define CAPACITY_NS_PER_S INT64_C(1000000000)

/* As many descriptors as the server uses at most, see descriptors_raise(). */
#define CAPACITY_DESCRIPTORS_MAX (INT64_C(1) << 30)

/* Of make bench-scale, medians of five rounds. */
const struct capacity_cost capacity_costs[CAPACITY_ITEMS] = {
	[CAPACITY_REST] = { "the program, serving nobody", 5210000, "bytes",
	    "resident" },
	[CAPACITY_PROGRAM] = { "the program, a sleeper", 501, "bytes",
	    "anonymous memory, of 15,000" },
	[CAPACITY_PROGRAM_TLS] = { "the same over TLS", 14400, "bytes",
	    "likewise, of 1,000" },
	[CAPACITY_KERNEL] = { "the kernel, a connection", 4040, "bytes",
	    "its objects in /proc/slabinfo, of 15,000" },
	[CAPACITY_UNREAD] = { "the kernel, an answer not taken yet", 4040,
	    "bytes", "/proc/net/sockstat, of 15,000" },
	[CAPACITY_REQUEST] = { "a request, kept alive", 2470, "ns",
	    "CPU time, 512 connections" },
	[CAPACITY_SLEEP] = { "a sleep, kept alive", 8330, "ns",
	    "CPU time, 1,000 asleep" },
	[CAPACITY_REQUEST_TLS] = { "a request over TLS, kept alive", 5640, "ns",
	    "CPU time, 512 connections" },
	[CAPACITY_ALONE] = { "a request with its connection", 8360, "ns",
	    "CPU time, 64 at once" },
	[CAPACITY_ALONE_TLS] = { "the same with a full handshake", 277000, "ns",
	    "CPU time, EC P-256, 4 at once" },
};

static int64_t
capacity_cost(enum capacity_item item)
{
	return capacity_costs[item].amount;
}

static int64_t
capacity_smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Divides what is not negative, and rounds up. */
static int64_t
capacity_divide_up(int64_t a, int64_t b)
{
	return a / b + (a % b != 0);
}

/* Says what a limit allows; one that nobody tells of is none. */
static int64_t
capacity_known(int64_t limit)
{
	return limit == MACHINE_UNKNOWN ? MACHINE_ENDLESS : limit;
}

/* Adds a row, unless the machine does not tell of that limit. */
static void
capacity_add(struct capacity *capacity, const struct capacity_row *row)
{
	if (row->here != MACHINE_UNKNOWN)
		capacity->rows[capacity->count++] = *row;
}

/* The same for a limit that can be raised to what is needed. */
static void
capacity_add_raisable(struct capacity *capacity, struct capacity_row row)
{
	row.enough_raised = MACHINE_ENDLESS;
	capacity_add(capacity, &row);
}

/* Returns how many connections so many descriptors are enough for. */
static int64_t
capacity_connections(const struct capacity_wish *wish, int64_t descriptors)
{
	if (descriptors == MACHINE_ENDLESS)
		return MACHINE_ENDLESS;
	descriptors = capacity_smaller(capacity_known(descriptors),
	    CAPACITY_DESCRIPTORS_MAX);
	return (int64_t)descriptors_left(wish->config, (uint64_t)descriptors,
	    wish->others);
}

/* Returns how few descriptors are enough for the sleepers. */
static int64_t
capacity_descriptors(const struct capacity_wish *wish)
{
	int64_t few = 0, many = CAPACITY_DESCRIPTORS_MAX;

	while (few < many) {
		int64_t middle = few + (many - few) / 2;

		if (capacity_connections(wish, middle) > 0 &&
		    capacity_connections(wish, middle) >= wish->sleepers)
			many = middle;
		else
			few = middle + 1;
	}
	return few;
}

static void
capacity_add_descriptors(struct capacity *capacity,
    const struct capacity_wish *wish, const struct machine *machine)
{
	const int64_t needed = capacity_descriptors(wish);
	const struct {
		const char *name;
		int64_t here, soft;
		const char *raise;
	} limits[] = {
		/* the first two bound the third, and are to be raised before */
		{ "fs.file-max", machine->file_max, 0,
		    "sysctl -w fs.file-max=#" },
		{ "fs.nr_open", machine->nr_open, 0, "sysctl -w fs.nr_open=#" },
		{ "RLIMIT_NOFILE", machine->hard, machine->soft,
		    "ulimit -Hn #; systemd: LimitNOFILE=#\n"
		    "container: --ulimit nofile=#:#" },
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		capacity_add_raisable(capacity,
		    (struct capacity_row){ .name = limits[i].name,
			.needed = needed,
			.here = limits[i].here,
			.soft = limits[i].soft,
			.enough = capacity_connections(wish, limits[i].here),
			.raise = limits[i].raise,
			.raise_to = needed });
}

/* Returns how many sleepers so many bytes are enough for. */
static int64_t
capacity_fill(int64_t bytes, int64_t each)
{
	const int64_t rest = capacity_cost(CAPACITY_REST);

	if (bytes == MACHINE_ENDLESS)
		return MACHINE_ENDLESS;
	return bytes < rest ? 0 : (bytes - rest) / each;
}

static void
capacity_add_memory(struct capacity *capacity, const struct capacity_wish *wish,
    const struct machine *machine)
{
	const int64_t program = capacity_cost(
	    wish->config->tls ? CAPACITY_PROGRAM_TLS : CAPACITY_PROGRAM);
	const int64_t kernel = capacity_cost(CAPACITY_KERNEL);
	const int64_t free = capacity_known(machine->memory);
	const bool bounded = machine->memory_max < free;
	const int64_t here = bounded ? machine->memory_max : free;

	capacity->memory_kernel = wish->sleepers * kernel;
	capacity->memory_program = capacity_cost(CAPACITY_REST) +
				   wish->sleepers * program;
	capacity_add(capacity,
	    &(struct capacity_row){ .name = bounded ? "memory of the cgroup"
						    : "memory",
		.unit = CAPACITY_BYTES,
		.needed = capacity->memory_program + capacity->memory_kernel,
		.here = here,
		.enough = capacity_fill(here, program + kernel),
		.enough_raised = capacity_fill(free, program + kernel),
		.raise = bounded ? "systemd: MemoryMax=#; container: --memory=#"
				 : "more of it, or more machines",
		.raise_to = capacity->memory_program +
			    capacity->memory_kernel });
}

/* Adds the limits of which each sleeper takes one. */
static void
capacity_add_counts(struct capacity *capacity, const struct capacity_wish *wish,
    const struct machine *machine)
{
	const struct server_config *config = wish->config;
	/* where the firewall tracks, there is a connection already */
	const int64_t tracked = machine->tracked > 0 ? machine->tracked_max
						     : MACHINE_UNKNOWN;
	const struct {
		const char *name;
		int64_t here;
		const char *raise;
	} limits[] = {
		{ "epoll watches", machine->watches,
		    "sysctl -w fs.epoll.max_user_watches=#" },
		{ "nf_conntrack_max", tracked,
		    "sysctl -w net.netfilter.nf_conntrack_max=#" },
		{ "--max-conns",
		    config->max_conns > 0 ? config->max_conns : MACHINE_UNKNOWN,
		    "--max-conns=#" },
		{ "--max-sleepers",
		    config->max_sleepers > 0 ? config->max_sleepers
					     : MACHINE_UNKNOWN,
		    "--max-sleepers=#" },
	};

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
		capacity_add_raisable(capacity,
		    (struct capacity_row){ .name = limits[i].name,
			.needed = wish->sleepers,
			.here = limits[i].here,
			.enough = limits[i].here,
			.raise = limits[i].raise,
			.raise_to = wish->sleepers });
}

/* Adds the kernel's pages for all answers, where all sleepers get theirs at once. */
static void
capacity_add_pages(struct capacity *capacity, const struct capacity_wish *wish,
    const struct machine *machine)
{
	const int64_t each = capacity_cost(CAPACITY_UNREAD);
	const int64_t needed = capacity_divide_up(wish->sleepers * each,
	    machine->page);
	const int64_t here = machine->tcp_pages;

	capacity_add_raisable(capacity,
	    (struct capacity_row){ .name = "tcp_mem, in pages",
		.kind = CAPACITY_AT_ONCE,
		.needed = needed,
		.here = here,
		.enough = here < MACHINE_ENDLESS / machine->page
			      ? here * machine->page / each
			      : MACHINE_ENDLESS,
		.raise = "sysctl -w net.ipv4.tcp_mem='# # #'",
		.raise_to = needed });
}

/* Returns the ns of CPU that a request takes. */
static int64_t
capacity_find_time(const struct capacity_wish *wish, enum capacity_kind kind)
{
	static const enum capacity_item items[2][2] = {
		{ CAPACITY_REQUEST, CAPACITY_REQUEST_TLS },
		{ CAPACITY_ALONE, CAPACITY_ALONE_TLS },
	};
	int64_t time = capacity_cost(
	    items[kind == CAPACITY_ONE_EACH][wish->config->tls]);

	if (wish->sleepers > 0)
		time += capacity_cost(CAPACITY_SLEEP) -
			capacity_cost(CAPACITY_REQUEST);
	return time;
}

/* Where nobody said --workers, it is the model that has fewer than there are CPUs. */
static const char *
capacity_raise_cores(const struct server_config *config,
    const struct machine *machine)
{
	if (config->workers >= machine->cpus)
		return "more of them, or more machines";
	return config->workers_given ? "--workers=#" : "--model=mtasync";
}

static void
capacity_add_cores(struct capacity *capacity, const struct capacity_wish *wish,
    const struct machine *machine, enum capacity_kind kind)
{
	const int64_t cores = capacity_smaller(machine->cpus,
	    wish->config->workers);
	const int64_t each = capacity_find_time(wish, kind);
	const int64_t busy = CAPACITY_NS_PER_S / 100 * CAPACITY_BUSY;

	capacity_add(capacity,
	    &(struct capacity_row){ .name = "cores",
		.kind = kind,
		.unit = CAPACITY_MILLICORES,
		/* up to a tenth, which is what is shown */
		.needed = 100 *
			  capacity_divide_up(wish->rate * each * 10, busy),
		.here = 1000 * cores,
		.enough = cores * busy / each,
		.enough_raised = machine->cpus * busy / each,
		.raise = capacity_raise_cores(wish->config, machine),
		.raise_to = machine->cpus });
}

/* Adds the queues of the listening sockets, of which each worker has one. */
static void
capacity_add_queues(struct capacity *capacity, const struct capacity_wish *wish,
    const struct machine *machine)
{
	const int64_t workers = wish->config->workers;
	const int64_t needed = capacity_divide_up(wish->rate *
						      CAPACITY_QUEUED_MS,
	    1000);
	const int64_t backlog = wish->config->backlog;
	const struct {
		const char *name;
		int64_t each;
		const char *raise;
	} queues[] = {
		{ "queue for accept",
		    machine->queue == MACHINE_UNKNOWN
			? backlog
			: capacity_smaller(machine->queue, backlog),
		    backlog < machine->queue
			? "--backlog=#\nsysctl -w net.core.somaxconn=#"
			: "sysctl -w net.core.somaxconn=#" },
		{ "tcp_max_syn_backlog", machine->syn_queue,
		    "sysctl -w net.ipv4.tcp_max_syn_backlog=#" },
	};

	for (size_t i = 0; i < sizeof queues / sizeof queues[0]; i++)
		capacity_add_raisable(capacity,
		    (struct capacity_row){ .name = queues[i].name,
			.kind = CAPACITY_ONE_EACH,
			.needed = needed,
			.here = queues[i].each == MACHINE_UNKNOWN
				    ? MACHINE_UNKNOWN
				    : queues[i].each * workers,
			.enough = queues[i].each * workers * 1000 /
				  CAPACITY_QUEUED_MS,
			.raise = queues[i].raise,
			.raise_to = capacity_divide_up(needed, workers) });
}

/* Returns the row of this kind that is enough for the fewest; of several, the first. */
static const struct capacity_row *
capacity_find_first(const struct capacity *capacity, enum capacity_kind kind)
{
	const struct capacity_row *first = NULL;

	for (unsigned i = 0; i < capacity->count; i++) {
		const struct capacity_row *row = &capacity->rows[i];

		if (row->kind == kind &&
		    (first == NULL || row->enough < first->enough))
			first = row;
	}
	return first;
}

/* Returns how many machines it takes by a row that is enough for so many, and by those
 * before; MACHINE_ENDLESS: no number does. */
static int64_t
capacity_count_machines(int64_t before, int64_t enough, int64_t wanted)
{
	int64_t machines = 1;

	if (wanted > 0)
		machines = enough > 0 ? capacity_divide_up(wanted, enough)
				      : MACHINE_ENDLESS;
	return machines > before ? machines : before;
}

/* Counts how many machines it takes, as they are, and raised; by what bounds every use
 * of them. */
static void
capacity_find_machines(struct capacity *capacity,
    const struct capacity_wish *wish)
{
	int64_t now = 1, raised = 1;

	for (unsigned i = 0; i < capacity->count; i++) {
		const struct capacity_row *row = &capacity->rows[i];
		const int64_t wanted = row->kind == CAPACITY_ASLEEP
					   ? wish->sleepers
					   : wish->rate;

		if (row->kind != CAPACITY_ASLEEP && row->kind != CAPACITY_KEPT)
			continue;
		now = capacity_count_machines(now, row->enough, wanted);
		raised = capacity_count_machines(raised, row->enough_raised,
		    wanted);
	}
	capacity->machines = now;
	capacity->machines_raised = raised;
}

/* Whether clients may come by TCP: all do whom a service manager's socket brings. */
static bool
capacity_has_ports(const struct listeners_wanted *wanted)
{
	for (unsigned i = 0; i < wanted->count; i++)
		if (!listener_is_unix(&wanted->places[i].addresses.list[0]))
			return true;
	return wanted->count == 0;
}

/* One client address reaches one of ours by each of its ports once. */
static void
capacity_count_ports(struct capacity *capacity,
    const struct capacity_wish *wish, const struct machine *machine)
{
	capacity->ports = MACHINE_UNKNOWN;
	if (!capacity_has_ports(&wish->config->listen) ||
	    machine->ports_first == MACHINE_UNKNOWN ||
	    machine->ports_last < machine->ports_first)
		return;
	capacity->ports = machine->ports_last - machine->ports_first + 1;
	capacity->addresses = capacity_divide_up(wish->sleepers,
	    capacity->ports);
}

void
capacity_reckon(struct capacity *capacity, const struct capacity_wish *wish,
    const struct machine *machine)
{
	*capacity = (struct capacity){ .count = 0 };
	capacity_add_descriptors(capacity, wish, machine);
	capacity_add_memory(capacity, wish, machine);
	capacity_add_pages(capacity, wish, machine);
	capacity_add_counts(capacity, wish, machine);
	capacity_add_cores(capacity, wish, machine, CAPACITY_KEPT);
	capacity_add_cores(capacity, wish, machine, CAPACITY_ONE_EACH);
	capacity_add_queues(capacity, wish, machine);
	capacity->asleep = capacity_find_first(capacity, CAPACITY_ASLEEP);
	capacity->kept = capacity_find_first(capacity, CAPACITY_KEPT);
	capacity_find_machines(capacity, wish);
	capacity_count_ports(capacity, wish, machine);
}
