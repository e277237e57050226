/* Prints what a plan comes to, the verdict first; the main thread. */
#include "config.h"

#include "capacity_page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "capacity.h"
#include "loop/loop.h"
#include "server/descriptors.h"
#include "settings.h"

/* Room for a number with commas, or with a unit, NUL included. */
#define PAGE_NUMBER_MAX 32

/* Likewise, for a row of the table: four of those. */
#define PAGE_LINE_MAX (4 * PAGE_NUMBER_MAX)

struct page_number {
	char text[PAGE_NUMBER_MAX];
};

/* Writes a whole number, not negative, with a comma before every three digits. */
static struct page_number
page_count(int64_t number)
{
	char digits[PAGE_NUMBER_MAX];
	struct page_number written;
	size_t size, put = 0;

	size = (size_t)snprintf(digits, sizeof digits, "%" PRId64, number);
	for (size_t i = 0; i < size; i++) {
		if (i > 0 && (size - i) % 3 == 0)
			written.text[put++] = ',';
		written.text[put++] = digits[i];
	}
	written.text[put] = '\0';
	return written;
}

/* The same of an estimate: of its digits, the first three count. */
static struct page_number
page_about(int64_t number)
{
	int64_t unit = 1;

	while (number / unit >= 1000)
		unit *= 10;
	return page_count(number / unit * unit);
}

static struct page_number
page_write(int64_t number, enum capacity_unit unit)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	struct page_number written;
	size_t i = 0;

	if (number == MACHINE_ENDLESS)
		return (struct page_number){ "none" };
	switch (unit) {
	case CAPACITY_COUNT:
		return page_count(number);
	case CAPACITY_MILLICORES:
		snprintf(written.text, sizeof written.text,
		    "%" PRId64 ".%" PRId64, number / 1000, number / 100 % 10);
		return written;
	case CAPACITY_BYTES:
		break;
	}
	while (number >= 1000000 && i < 3) {
		number /= 1000;
		i++;
	}
	snprintf(written.text, sizeof written.text,
	    "%" PRId64 ".%" PRId64 " %s", number / 1000, number / 100 % 10,
	    units[i]);
	return written;
}

/* Prints how many machines it takes. */
static void
page_print_machines(const struct capacity *capacity,
    const struct capacity_wish *wish)
{
	printf("%s asleep and %s a second ", page_count(wish->sleepers).text,
	    page_count(wish->rate).text);
	if (capacity->machines == 1) {
		puts("are no more than that.");
		return;
	}
	if (capacity->machines == MACHINE_ENDLESS)
		fputs("are too many for it", stdout);
	else
		printf("take %s machines like it",
		    page_count(capacity->machines).text);
	if (capacity->machines_raised < capacity->machines)
		printf(",\n%s %s with limits raised as below",
		    capacity->machines == MACHINE_ENDLESS ? "but not for"
							  : "or",
		    page_count(capacity->machines_raised).text);
	puts(".");
}

static void
page_print_verdict(const struct capacity *capacity,
    const struct capacity_wish *wish)
{
	const struct capacity_row *asleep = capacity->asleep;
	const struct capacity_row *kept = capacity->kept;

	printf("This machine holds %s sleepers; the first limit is %s (%s).\n",
	    page_count(asleep->enough).text, asleep->name,
	    page_write(asleep->here, asleep->unit).text);
	printf("It serves about %s requests a second; the first limit is its "
	       "%s (%s).\n",
	    page_about(kept->enough).text, kept->name,
	    page_write(kept->here, kept->unit).text);
	page_print_machines(capacity, wish);
}

static void
page_print_line(const char *name, const char *needed, const char *here,
    const char *enough)
{
	char line[PAGE_LINE_MAX];
	size_t size = (size_t)snprintf(line, sizeof line,
	    "  %-22s %15s %15s %15s", name, needed, here, enough);

	while (size > 0 && line[size - 1] == ' ')
		size--;
	printf("%.*s\n", (int)size, line);
}

static void
page_print_row(const struct capacity_row *row)
{
	const struct page_number needed = page_write(row->needed, row->unit);
	const struct page_number here = page_write(row->here, row->unit);
	struct page_number enough = page_about(row->enough);

	if (row->enough == MACHINE_ENDLESS)
		enough = (struct page_number){ "any" };
	else if (row->unit == CAPACITY_COUNT)
		enough = page_count(row->enough);
	page_print_line(row->name, needed.text, here.text, enough.text);
}

/* Prints what a row of memory is made of. */
static void
page_print_memory(const struct capacity *capacity)
{
	page_print_line("  of the program",
	    page_write(capacity->memory_program, CAPACITY_BYTES).text, "", "");
	page_print_line("  of the kernel",
	    page_write(capacity->memory_kernel, CAPACITY_BYTES).text, "", "");
}

/* Prints the rows of a kind, and what belongs to some of them. */
static void
page_print_kind(const struct capacity *capacity, enum capacity_kind kind)
{
	for (unsigned i = 0; i < capacity->count; i++) {
		const struct capacity_row *row = &capacity->rows[i];

		if (row->kind != kind)
			continue;
		page_print_row(row);
		if (row->unit == CAPACITY_BYTES)
			page_print_memory(capacity);
		else if (row->soft != 0 && row->soft != row->here)
			page_print_line("  soft, which it raises", "",
			    page_write(row->soft, row->unit).text, "");
	}
}

/* Prints the table. */
static void
page_print_rows(const struct capacity *capacity,
    const struct capacity_wish *wish)
{
	putchar('\n');
	page_print_line("", "needed", "here", "enough for");
	printf("%s asleep\n", page_count(wish->sleepers).text);
	page_print_kind(capacity, CAPACITY_ASLEEP);
	puts("as many, all answered at once");
	page_print_kind(capacity, CAPACITY_AT_ONCE);
	printf("%s requests a second, on connections that stay\n",
	    page_count(wish->rate).text);
	page_print_kind(capacity, CAPACITY_KEPT);
	puts("as many, with a connection for each");
	page_print_kind(capacity, CAPACITY_ONE_EACH);
	if (capacity->ports != MACHINE_UNKNOWN)
		printf(
		    "One client address reaches one of ours by %s ports, and "
		    "closes at most %s\nconnections a second; so many asleep "
		    "take %s of either.\n",
		    page_count(capacity->ports).text,
		    page_count(capacity->ports / CAPACITY_TIME_WAIT).text,
		    page_count(capacity->addresses).text);
}

/* Prints how a row is raised: each # of the text is the number, and what is behind a
 * newline begins below. */
static void
page_print_raise(const struct capacity_row *row)
{
	printf("  %-22s ", row->name);
	for (const char *p = row->raise; *p != '\0'; p++)
		if (*p == '#')
			printf("%" PRId64, row->raise_to);
		else if (*p == '\n')
			printf("\n  %-22s ", "");
		else
			putchar(*p);
	putchar('\n');
}

/* Whether a row is not enough. */
static bool
page_is_short(const struct capacity_row *row, const struct capacity_wish *wish)
{
	const bool asleep = row->kind == CAPACITY_ASLEEP ||
			    row->kind == CAPACITY_AT_ONCE;

	return row->enough < (asleep ? wish->sleepers : wish->rate);
}

/* Prints how all is raised that is not enough: of cores, once. */
static void
page_print_raises(const struct capacity *capacity,
    const struct capacity_wish *wish)
{
	const struct capacity_row *last = NULL;

	for (unsigned i = 0; i < capacity->count; i++) {
		const struct capacity_row *row = &capacity->rows[i];

		if (!page_is_short(row, wish) ||
		    (last != NULL && strcmp(last->name, row->name) == 0))
			continue;
		if (last == NULL)
			puts("\nTo raise what is not enough:");
		last = row;
		page_print_raise(row);
	}
}

/* Prints a cost in us, with three digits that count. */
static void
page_print_time(enum capacity_item item, const char *what)
{
	int64_t time = capacity_costs[item].amount;

	printf("%.3g us %s", (double)time / 1000, what);
}

static void
page_print_costs(const struct capacity_wish *wish)
{
	const bool tls = wish->config->tls;

	printf("\nCounted with %s + %s bytes for a sleeper, ",
	    page_count(
		capacity_costs[tls ? CAPACITY_PROGRAM_TLS : CAPACITY_PROGRAM]
		    .amount)
		.text,
	    page_count(capacity_costs[CAPACITY_KERNEL].amount).text);
	page_print_time(tls ? CAPACITY_REQUEST_TLS : CAPACITY_REQUEST,
	    "for a request,\n");
	page_print_time(CAPACITY_SLEEP, "for a sleep, ");
	page_print_time(tls ? CAPACITY_ALONE_TLS : CAPACITY_ALONE,
	    "with a connection; cores are busy for ");
	printf("%d %%.\nSee doc/scale.md: how they were measured, and what "
	       "else there is to plan.\n",
	    CAPACITY_BUSY);
}

/* Returns how many descriptors the operator's side takes. */
static unsigned
page_count_others(const struct options *options,
    const struct server_config *config)
{
	struct server_config admin;

	if (options->admin == NULL)
		return 0;
	settings_make_admin(&admin, config, options);
	return listeners_count_addresses(&admin.listen) +
	       descriptors_of_admin(&admin);
}

int
capacity_print(const struct options *options,
    const struct server_config *config)
{
	const struct capacity_wish wish = { options->plan.sleepers,
		options->plan.rate, config,
		page_count_others(options, config) };
	struct capacity capacity;
	struct machine machine;

	if (config->new_worker != loop_new) {
		log_error("--plan: --model=%s has a thread for each that "
			  "sleeps: plan with mtasync or async",
		    options->model->name);
		return -1;
	}
	machine_read(&machine, "");
	capacity_reckon(&capacity, &wish, &machine);
	page_print_verdict(&capacity, &wish);
	page_print_rows(&capacity, &wish);
	page_print_raises(&capacity, &wish);
	page_print_costs(&wish);
	return 0;
}
