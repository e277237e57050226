/* Tests of tls/names. */
#include "config.h"

#include "tls/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define LABEL_63 \
 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz0123456789-"
#define NAME_255 LABEL_63 "." LABEL_63 "." LABEL_63 "." LABEL_63

static struct guard guard;

static const struct {
	const char *name;
	bool valid;
} valid_rows[] = {
	{ "localhost", true },
	{ "a", true },
	{ "A.Example", true },
	{ "x_y.z-1.example", true },
	{ "*.example", true },
	{ "1.2.3.4", true },
	{ NAME_255, true },
	{ NAME_255 "x", false },
	{ "", false },
	{ ".", false },
	{ "*.", false },
	{ "*", false },
	{ ".example", false },
	{ "example.", false },
	{ "a..b", false },
	{ "*.*.example", false },
	{ "a*.example", false },
	{ "a.*.example", false },
	{ "a b", false },
	{ "a/b", false },
	{ "a\xc3\xa4", false },
	{ "[::1]", false },
};

static void
test_valid(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(valid_rows); i++) {
		struct span name = guard_at_end(&guard,
		    span_of(valid_rows[i].name));

		if (tls_name_is_valid(name) != valid_rows[i].valid)
			fail_msg("%s", valid_rows[i].name);
	}
	assert_false(tls_name_is_valid((struct span){ "a\0b", 3 }));
}

/* Owners are the places in this list; some have more than one. */
static const struct {
	const char *name;
	size_t owner;
} listed[] = {
	{ "example.net", 0 },
	{ "*.Example.net", 1 },
	{ "www.example.net", 2 },
	{ "www.example.net", 0 },
	{ "WWW.example.net", 3 },
	{ "*.a.example", 4 },
	{ "localhost", 5 },
	{ "*.localhost", 5 },
	{ NAME_255, 6 },
	{ "*.www.example.net", 7 },
};

static const struct {
	const char *name;
	int exact; /* the owner; -1: nobody */
	int any;   /* likewise, with `*.` */
} find_rows[] = {
	{ "example.net", 0, 0 },
	{ "EXAMPLE.Net", 0, 0 },
	{ "ftp.example.net", -1, 1 },
	{ "FTP.example.NET", -1, 1 },
	{ "www.example.net", 0, 0 },
	{ "a.www.example.net", -1, 7 },
	{ "a.ftp.example.net", -1, -1 },
	{ "a.example", -1, -1 },
	{ "b.a.example", -1, 4 },
	{ "localhost", 5, 5 },
	{ "x.localhost", -1, 5 },
	{ "x.y.localhost", -1, -1 },
	{ "*.localhost", 5, 5 },
	{ "net", -1, -1 },
	{ ".net", -1, -1 },
	{ "example.netx", -1, -1 },
	{ "example.ne", -1, -1 },
	{ NAME_255, 6, 6 },
	{ NAME_255 "x", -1, -1 },
	{ "", -1, -1 },
	{ ".", -1, -1 },
	{ "x.", -1, -1 },
};

static void
check_found(const char *name, bool found, size_t owner, int expected)
{
	if (found ? expected != (int)owner : expected != -1)
		fail_msg("%s: %d has %zu", name, found, owner);
}

static void
test_find(void **state)
{
	struct tls_names names = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(listed); i++)
		assert_int_equal(tls_names_add(&names, span_of(listed[i].name),
				     listed[i].owner),
		    0);
	tls_names_sort(&names);
	for (size_t i = 0; i < COUNT(find_rows); i++) {
		struct span name = guard_at_end(&guard,
		    span_of(find_rows[i].name));
		size_t owner = 99;
		bool found = tls_names_find_exact(&names, name, &owner);

		check_found(find_rows[i].name, found, owner,
		    find_rows[i].exact);
		found = tls_names_find(&names, name, &owner);
		check_found(find_rows[i].name, found, owner, find_rows[i].any);
	}
	tls_names_fini(&names);
}

static void
test_none(void **state)
{
	struct tls_names names = { 0 };
	size_t owner;

	(void)state;
	tls_names_sort(&names);
	assert_false(tls_names_find(&names, SPAN("localhost"), &owner));
	tls_names_fini(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_none),
	};

	guard_open(&guard, 512);

	int result = cmocka_run_group_tests_name("tls_names", tests, NULL,
	    NULL);

	guard_close(&guard);
	return result;
}
