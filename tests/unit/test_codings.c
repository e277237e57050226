/* Tests of http/codings. */
#include "config.h"

#include "http/codings.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "parsing.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define AE(value) "Accept-Encoding: " value "\r\n"

/* A head, and the qualities of br, zstd, gzip and identity. */
struct row {
	const char *name;
	const char *head;
	uint16_t quality[HTTP_CODINGS];
};

#define ROW_OF(name, lines, ...) \
 {                               \
  name, FIELDS(lines),           \
  {                              \
   __VA_ARGS__                   \
  }                              \
 }

static const struct row rows[] = {
	ROW_OF("12.5.3 no field", "", 0, 0, 0, 1),
	ROW_OF("12.5.3 empty", AE(""), 0, 0, 0, 1),
	ROW_OF("12.5.3 empty elements", AE(", ,"), 0, 0, 0, 1),
	ROW_OF("12.5.3 br", AE("br"), 1000, 0, 0, 1),
	ROW_OF("12.5.3 zstd", AE("zstd"), 0, 1000, 0, 1),
	ROW_OF("12.5.3 gzip", AE("gzip"), 0, 0, 1000, 1),
	ROW_OF("12.5.3 identity", AE("identity"), 0, 0, 0, 1000),
	ROW_OF("12.5.3 another", AE("compress, deflate"), 0, 0, 0, 1),
	ROW_OF("12.5.3 a longer name", AE("gzipp, bro"), 0, 0, 0, 1),
	ROW_OF("12.5.3 a shorter name", AE("gzi, b"), 0, 0, 0, 1),
	ROW_OF("12.5.3 a browser", AE("gzip, deflate, br, zstd"), 1000, 1000,
	    1000, 1),
	ROW_OF("12.5.3 several lines", AE("gzip;q=0.5") AE("br"), 1000, 0, 500,
	    1),
	ROW_OF("12.5.3 another field", "Accept: gzip\r\n", 0, 0, 0, 1),
	ROW_OF("8.4.1 case", AE("GZip, BR"), 1000, 0, 1000, 1),
	ROW_OF("8.4.1.3 x-gzip", AE("x-gzip;q=0.7"), 0, 0, 700, 1),
	ROW_OF("8.4.1.3 no x-br", AE("x-br"), 0, 0, 0, 1),

	ROW_OF("12.5.3 any", AE("*"), 1000, 1000, 1000, 1000),
	ROW_OF("12.5.3 any other", AE("*;q=0.2, br, gzip;q=0"), 1000, 200, 0,
	    200),
	ROW_OF("12.5.3 any, in another line", AE("br;q=0.1") AE("*"), 100, 1000,
	    1000, 1000),
	ROW_OF("12.5.3 no other", AE("gzip, *;q=0"), 0, 0, 1000, 0),
	ROW_OF("12.5.3 none", AE("*;q=0"), 0, 0, 0, 0),
	ROW_OF("12.5.3 no identity", AE("gzip, identity;q=0"), 0, 0, 1000, 0),
	ROW_OF("12.5.3 identity alone", AE("identity;q=0.5, *;q=0"), 0, 0, 0,
	    500),
	ROW_OF("12.5.3 identity first", AE("identity, gzip;q=0.5"), 0, 0, 500,
	    1000),
	ROW_OF("12.5.3 forbidden", AE("gzip;q=0"), 0, 0, 0, 1),
	ROW_OF("12.5.3 forbidden twice", AE("gzip, x-gzip;q=0"), 0, 0, 0, 1),
	ROW_OF("12.5.3 forbidden first", AE("gzip;q=0, gzip"), 0, 0, 0, 1),

	ROW_OF("12.4.2 1", AE("br;q=1"), 1000, 0, 0, 1),
	ROW_OF("12.4.2 1.", AE("br;q=1."), 1000, 0, 0, 1),
	ROW_OF("12.4.2 1.000", AE("br;q=1.000"), 1000, 0, 0, 1),
	ROW_OF("12.4.2 0.", AE("*, br;q=0."), 0, 1000, 1000, 1000),
	ROW_OF("12.4.2 0.000", AE("*, br;q=0.000"), 0, 1000, 1000, 1000),
	ROW_OF("12.4.2 0.001", AE("br;q=0.001"), 1, 0, 0, 1),
	ROW_OF("12.4.2 0.05", AE("br;q=0.05"), 50, 0, 0, 1),
	ROW_OF("12.4.2 0.999", AE("br;q=0.999"), 999, 0, 0, 1),
	ROW_OF("12.4.2 white space", AE("br \t;\t q=0.3"), 300, 0, 0, 1),
	ROW_OF("12.4.2 case of q", AE("br;Q=0.3"), 300, 0, 0, 1),

	ROW_OF("12.4.2 over 1", AE("br;q=1.001, gzip"), 0, 0, 1000, 1),
	ROW_OF("12.4.2 2", AE("br;q=2, gzip"), 0, 0, 1000, 1),
	ROW_OF("12.4.2 10", AE("br;q=10"), 0, 0, 0, 1),
	ROW_OF("12.4.2 00", AE("*, br;q=00"), 1000, 1000, 1000, 1000),
	ROW_OF("12.4.2 four decimals", AE("br;q=0.1234"), 0, 0, 0, 1),
	ROW_OF("12.4.2 no integer", AE("br;q=.5"), 0, 0, 0, 1),
	ROW_OF("12.4.2 a comma", AE("br;q=0,5"), 0, 0, 0, 1),
	ROW_OF("12.4.2 a minus", AE("br;q=-1"), 0, 0, 0, 1),
	ROW_OF("12.4.2 two points", AE("br;q=0.1."), 0, 0, 0, 1),
	ROW_OF("12.4.2 an exponent", AE("br;q=0.1e"), 0, 0, 0, 1),
	ROW_OF("12.4.2 quoted", AE("br;q=\"1\""), 0, 0, 0, 1),
	ROW_OF("12.4.2 nothing", AE("br;q="), 0, 0, 0, 1),
	ROW_OF("12.4.2 no equals sign", AE("br;q"), 0, 0, 0, 1),
	ROW_OF("12.4.2 no weight", AE("br;"), 0, 0, 0, 1),
	ROW_OF("12.4.2 a space in it", AE("br;q= 1"), 0, 0, 0, 1),
	ROW_OF("12.4.2 another parameter", AE("br;level=1"), 0, 0, 0, 1),
	ROW_OF("12.4.2 one after it", AE("br;q=1;a=b"), 0, 0, 0, 1),
	ROW_OF("12.4.2 no semicolon", AE("br q=1"), 0, 0, 0, 1),
	ROW_OF("12.4.2 no name", AE(";q=1, gzip"), 0, 0, 1000, 1),
	ROW_OF("12.4.2 malformed any", AE("*;q=x"), 0, 0, 0, 1),
};

static void
check_row(struct parsing *p, const struct row *row)
{
	uint16_t quality[HTTP_CODINGS];

	http_codings_accepted(parsing_make_request(p, row->head), quality);
	for (int i = 0; i < HTTP_CODINGS; i++)
		if (quality[i] != row->quality[i])
			fail_msg("%s: %s: %d has %d", row->name, row->head, i,
			    quality[i]);
}

static void
test_accepted(void **state)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		check_row(*state, &rows[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
	};

	return cmocka_run_group_tests_name("codings", tests, parsing_open,
	    parsing_close);
}
