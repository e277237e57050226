/* test_wire: peers' names, and how a peer of a unix socket keeps up. */
#include "config.h"

#include "base/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct sockaddr_storage
peer_of(int family, const char *text)
{
	struct sockaddr_storage peer = { .ss_family = (sa_family_t)family };

	if (family == AF_INET6)
		inet_pton(family, text,
		    &((struct sockaddr_in6 *)&peer)->sin6_addr);
	else if (family == AF_INET)
		inet_pton(family, text,
		    &((struct sockaddr_in *)&peer)->sin_addr);
	return peer;
}

static void
test_names(void **state)
{
	static const struct {
		int family;
		const char *address, *name;
	} rows[] = {
		{ AF_INET, "127.0.0.1", "127.0.0.1" },
		{ AF_INET, "255.255.255.255", "255.255.255.255" },
		{ AF_INET6, "::1", "::1" },
		{ AF_INET6, "2001:db8::7f00:1", "2001:db8::7f00:1" },
		{ AF_INET6, "::ffff:127.0.0.1", "127.0.0.1" },
		{ AF_INET6, "::ffff:198.51.100.7", "198.51.100.7" },
		{ AF_INET6, "::fffe:c633:6407", "::fffe:c633:6407" },
		{ AF_INET6, "::1:ffff:1.2.3.4", "::1:ffff:102:304" },
		{ AF_UNIX, "", "unix" },
		{ AF_UNSPEC, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sockaddr_storage peer = peer_of(rows[i].family,
		    rows[i].address);
		char name[WIRE_NAME_MAX];

		wire_name_peer(&peer, name);
		assert_string_equal(name, rows[i].name);
	}
}

/* Sends until the kernel takes no more; returns how many bytes it took. */
static size_t
fill(int fd)
{
	static const char bytes[4096];
	size_t all = 0, size;

	while (wire_send(fd, (struct span){ bytes, sizeof(bytes) },
		   (struct span){ NULL, 0 }, false, &size) == WIRE_DONE)
		all += size;
	return all;
}

static void
take(int fd, size_t size)
{
	static char bytes[4096];

	for (size_t taken = 0; taken < size; taken += sizeof(bytes))
		assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
}

/* Of 10 s, in which 2,560 bytes have to be taken. */
static void
test_pace_of_a_unix_socket(void **state)
{
	const int64_t limit = 10 * CLOCK_S;
	struct wire_pace pace;
	int ends[2];
	size_t sent;

	(void)state;
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			       ends),
	    0);
	wire_begin_pace(&pace, 0);
	assert_int_equal(wire_check_pace(ends[0], &pace, 0, limit), WIRE_TAKEN);
	sent = fill(ends[0]);
	assert_int_equal(wire_check_pace(ends[0], &pace, CLOCK_S, limit),
	    WIRE_PENDING);
	/* nothing is taken */
	assert_int_equal(wire_check_pace(ends[0], &pace, 11 * CLOCK_S, limit),
	    WIRE_PENDING);
	assert_int_equal(wire_check_pace(ends[0], &pace, 12 * CLOCK_S, limit),
	    WIRE_SLOW);
	/* a buffer is taken, and then none */
	take(ends[1], 4096);
	assert_int_equal(wire_check_pace(ends[0], &pace, 20 * CLOCK_S, limit),
	    WIRE_PENDING);
	assert_int_equal(wire_check_pace(ends[0], &pace, 30 * CLOCK_S, limit),
	    WIRE_PENDING);
	assert_int_equal(wire_check_pace(ends[0], &pace, 31 * CLOCK_S, limit),
	    WIRE_SLOW);
	/* as much is sent as was taken: the queue looks as it did before */
	take(ends[1], sent - 4096);
	assert_int_equal(wire_check_pace(ends[0], &pace, 40 * CLOCK_S, limit),
	    WIRE_TAKEN);
	sent = fill(ends[0]);
	wire_note_sent(&pace, sent);
	assert_int_equal(wire_check_pace(ends[0], &pace, 41 * CLOCK_S, limit),
	    WIRE_PENDING);
	take(ends[1], sent);
	assert_int_equal(fill(ends[0]), sent);
	wire_note_sent(&pace, sent);
	assert_int_equal(wire_check_pace(ends[0], &pace, 60 * CLOCK_S, limit),
	    WIRE_PENDING);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_pace_of_a_unix_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
