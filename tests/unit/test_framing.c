/* Tests of http/framing: where a message ends, and what then. */
#include "config.h"

#include "http/framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "parsing.h"

static const struct parsing_row framing_rows[] = {
	ROW("9112 6.3 length", FIELDS("Content-Length: 5\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9112 6.3 length 0", FIELDS("Content-Length: 0\r\n"),
	    "GET / @h 1.1 keep length=0"),
	ROW("9110 8.6 leading zeros", FIELDS("content-length: 0005\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9110 8.6 2^64-1",
	    FIELDS("Content-Length: 18446744073709551615\r\n"),
	    "GET / @h 1.1 keep length=18446744073709551615"),
	ROW("9112 6.3 the same twice",
	    FIELDS("Content-Length: 5\r\nContent-Length: 5\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9112 6.3 a list of the same", FIELDS("Content-Length: 5 , 5\r\n"),
	    "GET / @h 1.1 keep length=5"),
	ROW("9112 6.3 different ones",
	    FIELDS("Content-Length: 5\r\nContent-Length: 6\r\n"), "400"),
	ROW("9112 6.3 0 and another",
	    FIELDS("Content-Length: 0\r\nContent-Length: 6\r\n"), "400"),
	ROW("9112 6.3 a list of different ones",
	    FIELDS("Content-Length: 5, 6\r\n"), "400"),
	ROW("9110 8.6 2^64", FIELDS("Content-Length: 18446744073709551616\r\n"),
	    "400"),
	ROW("9110 8.6 2^64+5",
	    FIELDS("Content-Length: 18446744073709551621\r\n"), "400"),
	ROW("9110 8.6 empty", FIELDS("Content-Length:\r\n"), "400"),
	ROW("9110 8.6 a sign", FIELDS("Content-Length: +5\r\n"), "400"),
	ROW("9110 8.6 negative", FIELDS("Content-Length: -5\r\n"), "400"),
	ROW("9110 8.6 hex", FIELDS("Content-Length: 0x5\r\n"), "400"),
	ROW("9110 8.6 one char after", FIELDS("Content-Length: 5x\r\n"), "400"),
	ROW("9110 8.6 a space within", FIELDS("Content-Length: 5 5\r\n"),
	    "400"),
	ROW("9110 8.6 a comma after", FIELDS("Content-Length: 5,\r\n"), "400"),
	ROW("9110 8.6 a comma before", FIELDS("Content-Length: ,5\r\n"), "400"),

	ROW("9112 7.1 chunked", FIELDS("Transfer-Encoding: chunked\r\n"),
	    "GET / @h 1.1 keep chunked"),
	ROW("9112 7 any case", FIELDS("transfer-encoding: CHUNKed\r\n"),
	    "GET / @h 1.1 keep chunked"),
	ROW("9110 5.6.1 empty elements",
	    FIELDS("Transfer-Encoding: , chunked ,\r\n"),
	    "GET / @h 1.1 keep chunked"),
	ROW("9112 6.3 with a length",
	    FIELDS("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
	    "400"),
	ROW("9112 6.3 with a length after",
	    FIELDS("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
	    "400"),
	ROW("9112 6.1 in 1.0", FIELDS10("Transfer-Encoding: chunked\r\n"),
	    "400"),
	ROW("9112 6.1 twice", FIELDS("Transfer-Encoding: chunked, chunked\r\n"),
	    "400"),
	ROW("9112 6.1 twice, in lines",
	    FIELDS("Transfer-Encoding: chunked\r\n"
		   "Transfer-Encoding: chunked\r\n"),
	    "400"),
	ROW("9112 6.3 not last", FIELDS("Transfer-Encoding: chunked, gzip\r\n"),
	    "400"),
	ROW("9112 6.3 not last, in lines",
	    FIELDS("Transfer-Encoding: chunked\r\n"
		   "Transfer-Encoding: identity\r\n"),
	    "400"),
	ROW("9112 6.3 not there", FIELDS("Transfer-Encoding: gzip\r\n"), "400"),
	ROW("9112 6.3 empty", FIELDS("Transfer-Encoding:\r\n"), "400"),
	ROW("9112 6.3 nearly", FIELDS("Transfer-Encoding: xchunked\r\n"),
	    "400"),
	ROW("9112 6.3 quoted", FIELDS("Transfer-Encoding: \"chunked\"\r\n"),
	    "400"),
	ROW("9112 7.1 a parameter", FIELDS("Transfer-Encoding: chunked;a\r\n"),
	    "400"),
	ROW("9112 6.1 unknown before",
	    FIELDS("Transfer-Encoding: gzip, chunked\r\n"), "501"),
	ROW("9112 6.1 unknown before, in lines",
	    FIELDS("Transfer-Encoding: gzip\r\n"
		   "Transfer-Encoding: chunked\r\n"),
	    "501"),
	ROW("9112 5.1 hidden by a space",
	    FIELDS("Transfer-Encoding : chunked\r\n"), "400"),
};

static const struct parsing_row connection_rows[] = {
	ROW("9112 9.3 1.1 persists", FIELDS(""), PLAIN),
	ROW("9112 9.6 close", FIELDS("Connection: close\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9110 7.6.1 any case", FIELDS("cONNECTION: CLOSE\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9110 7.6.1 in a list", FIELDS("Connection: te, close\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9112 9.3 close wins",
	    FIELDS("Connection: close\r\nConnection: keep-alive\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9112 9.3 close wins, last",
	    FIELDS("Connection: keep-alive,close\r\n"),
	    "GET / @h 1.1 close none"),
	ROW("9110 7.6.1 another option", FIELDS("Connection: closed\r\n"),
	    PLAIN),
	ROW("9112 9.3 1.0 closes", FIELDS10("Connection: te\r\n"),
	    "GET / 1.0 close none"),
	ROW("9112 9.3 1.0 keeps alive", FIELDS10("Connection: Keep-Alive\r\n"),
	    "GET / 1.0 keep none"),
	ROW("9112 9.3 1.0 close wins",
	    FIELDS10("Connection: keep-alive, close\r\n"),
	    "GET / 1.0 close none"),

	ROW("9110 10.1.1 continue",
	    FIELDS("Expect: 100-Continue\r\nContent-Length: 1\r\n"),
	    "GET / @h 1.1 keep length=1 expects"),
	ROW("9110 10.1.1 another", FIELDS("Expect: 200-ok\r\n"), "417"),
	ROW("9110 10.1.1 another in the list",
	    FIELDS("Expect: 100-continue, b=c\r\n"), "417"),
	ROW("9110 10.1.1 with a parameter",
	    FIELDS("Expect: 100-continue;a=b\r\n"), "417"),
	ROW("9110 10.1.1 ignored in 1.0", FIELDS10("Expect: 100-continue\r\n"),
	    "GET / 1.0 close none"),
};

static void
test_framing(void **state)
{
	CHECK_ROWS(state, framing_rows);
}

static void
test_connection(void **state)
{
	CHECK_ROWS(state, connection_rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_framing),
		cmocka_unit_test(test_connection),
	};

	return cmocka_run_group_tests_name("framing", tests, parsing_open,
	    parsing_close);
}
