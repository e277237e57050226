/* test_listener: addresses as text, and who may have a port. */
#include "config.h"

#include "base/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static void
test_parse_and_format(void **state)
{
	static const struct {
		const char *text, *back;
	} rows[] = {
		{ "7878", "127.0.0.1:7878" },
		{ "0", "127.0.0.1:0" },
		{ "65535", "127.0.0.1:65535" },
		{ "00080", "127.0.0.1:80" },
		{ "0.0.0.0:80", "0.0.0.0:80" },
		{ "255.255.255.255:1", "255.255.255.255:1" },
		{ "[::]:80", "[::]:80" },
		{ "[::1]:0", "[::1]:0" },
		{ "[0:0:0:0:0:0:0:1]:8080", "[::1]:8080" },
		{ "[::ffff:1.2.3.4]:80", "[::ffff:1.2.3.4]:80" },
		{ "[fe80::1%lo]:80", "[fe80::1%lo]:80" },
		{ "[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
		    "[1111:2222:3333:4444:5555:6666:7777:8888]:65535" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listener_addresses found;
		char text[LISTENER_TEXT_MAX];
		const char *why;

		if (listener_parse(rows[i].text, &found, &why) < 0)
			fail_msg("'%s': %s", rows[i].text, why);
		assert_int_equal(found.count, 1);
		listener_format(text, &found.list[0]);
		assert_string_equal(text, rows[i].back);
	}
}

static void
test_parse_refuses(void **state)
{
	static const char form[] = "must be HOST:PORT, [V6]:PORT or PORT",
			  port[] = "the port must be a number from 0 to 65535",
			  open[] = "must be [V6]:PORT where it begins with '['",
			  bare[] =
			      "an IPv6 address needs brackets, as in [::1]:80",
			  v4[] = "not an IPv4 address",
			  v6[] = "not an IPv6 address";
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", port },
		{ "65536", port },
		{ "70000", port },
		{ "99999999999999999999", port },
		{ "-1", port },
		{ "+1", port },
		{ "80 ", port },
		{ "http", port },
		{ "127.0.0.1", port },
		{ "127.0.0.1:", port },
		{ "127.0.0.1:http", port },
		{ "127.0.0.1:70000", port },
		{ "[::1]:", port },
		{ "[::1]:65536", port },
		{ ":80", form },
		{ "[]:80", form },
		{ "::1:80", bare },
		{ "::1", bare },
		{ "::", bare },
		{ "fe80::1%lo:80", bare },
		{ "[::1]", open },
		{ "[::1]80", open },
		{ "[::1:80", open },
		{ "[::1]x:80", open },
		{ "127.1:80", v4 },
		{ "80:80", v4 },
		{ "300.0.0.1:80", v4 },
		{ "1.2.3.4.5:80", v4 },
		{ "*:80", "every address is 0.0.0.0 or [::]" },
		{ "[127.0.0.1]:80", v6 },
		{ "[localhost]:80", v6 },
		{ "[1:2:3]:80", v6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listener_addresses found;
		const char *why = "";

		if (listener_parse(rows[i].text, &found, &why) == 0)
			fail_msg("'%s' was taken", rows[i].text);
		assert_string_equal(why, rows[i].why);
	}
}

/* Asserts all addresses that a text means, in their order. */
static void
assert_addresses(const char *text, const char *first, const char *second)
{
	const char *const expected[] = { first, second };
	struct listener_addresses found;
	const char *why;

	if (listener_parse(text, &found, &why) < 0)
		fail_msg("'%s': %s", text, why);
	assert_int_equal(found.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		char back[LISTENER_TEXT_MAX];

		listener_format(back, &found.list[i]);
		assert_string_equal(back, expected[i]);
	}
}

/* RFC 6761 6.3, whatever the databases of this machine say. */
static void
test_parse_localhost(void **state)
{
	static const char *const rows[] = { "localhost:80", "LocalHost:80",
		"localhost.:80", "app.localhost:80" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_addresses(rows[i], "127.0.0.1:80", "[::1]:80");
	assert_addresses("localhost:0", "127.0.0.1:0", "[::1]:0");
}

static void
test_parse_names(void **state)
{
	static const char *const rows[] = { "notlocalhost:80",
		"localhost.invalid:80", ".invalid:80" };
	struct listener_addresses found;
	const char *why;
	char long_name[2000];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(listener_parse(rows[i], &found, &why), -1);
	for (size_t i = 0; i < sizeof(long_name); i++)
		long_name[i] = 'a';
	snprintf(long_name + sizeof(long_name) - 4, 4, ":80");
	assert_int_equal(listener_parse(long_name, &found, &why), -1);
}

static void
parse(const char *text, struct listener_address *address)
{
	struct listener_addresses found;
	const char *why;

	assert_int_equal(listener_parse(text, &found, &why), 0);
	*address = found.list[0];
}

static int
option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

/* A connection to the address, and its other end, accepted from `listening`. */
static void
connect_pair(int listening, const struct listener_address *address, int ends[2])
{
	ends[0] = socket(address->socket.ss_family, SOCK_STREAM, 0);
	assert_true(ends[0] >= 0);
	assert_int_equal(connect(ends[0],
			     (const struct sockaddr *)&address->socket,
			     address->size),
	    0);
	ends[1] = accept(listening, NULL, NULL);
	assert_true(ends[1] >= 0);
}

/* Two sockets of one address, of which the free port is known before. */
static void
check_shards(const char *any_port)
{
	struct listener_address address;
	char text[LISTENER_TEXT_MAX];
	int first, second, unsent, ends[2];

	parse(any_port, &address);
	assert_int_equal(listener_claim(&address, false), 0);
	listener_format(text, &address);
	assert_string_not_equal(text, any_port);
	first = listener_bind(&address, false);
	second = listener_bind(&address, false);
	assert_true(first >= 0 && second >= 0);
	assert_int_equal(option(first, SOL_SOCKET, SO_ACCEPTCONN), 0);
	assert_return_code(listener_tune(first), 0);
	assert_int_equal(listen(first, 8), 0);
	assert_true(fcntl(first, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(first, F_GETFD) & FD_CLOEXEC);
	connect_pair(first, &address, ends);
	assert_int_equal(option(ends[1], IPPROTO_TCP, TCP_NODELAY), 1);
	unsent = option(ends[1], IPPROTO_TCP, TCP_NOTSENT_LOWAT);
	assert_true(unsent >= 1 && unsent <= 1 << 20);
	assert_int_equal(listen(second, 8), 0);
	close(ends[0]);
	close(ends[1]);
	close(first);
	close(second);
}

static void
test_shards_v4(void **state)
{
	(void)state;
	check_shards("127.0.0.1:0");
}

/* A system without IPv6 shows as a skipped test. */
static void
skip_without_v6(void)
{
	const struct sockaddr_in6 loopback = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool usable = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback,
				     sizeof(loopback)) == 0;

	if (fd >= 0)
		close(fd);
	if (!usable)
		skip();
}

static void
test_shards_v6(void **state)
{
	(void)state;
	skip_without_v6();
	check_shards("[::1]:0");
}

/* [::] and 0.0.0.0 are two addresses: both can have the same port. */
static void
test_v6_is_v6_only(void **state)
{
	struct listener_address v6, v4;
	int six, four;

	(void)state;
	skip_without_v6();
	parse("[::]:0", &v6);
	assert_int_equal(listener_claim(&v6, false), 0);
	six = listener_bind(&v6, false);
	assert_true(six >= 0);
	assert_int_equal(listen(six, 8), 0);
	parse("0.0.0.0:0", &v4);
	((struct sockaddr_in *)&v4.socket)->sin_port =
	    ((struct sockaddr_in6 *)&v6.socket)->sin6_port;
	assert_int_equal(listener_claim(&v4, false), 0);
	four = listener_bind(&v4, false);
	assert_true(four >= 0);
	assert_int_equal(listen(four, 8), 0);
	close(six);
	close(four);
}

/* A shard of another server of the same user would let us in: claim does not.
 */
static void
test_claim_sees_who_listens(void **state)
{
	struct listener_address address;
	int other;

	(void)state;
	parse("127.0.0.1:0", &address);
	assert_int_equal(listener_claim(&address, false), 0);
	other = listener_bind(&address, false);
	assert_true(other >= 0);
	assert_int_equal(listener_claim(&address, false), 0);
	assert_int_equal(listen(other, 8), 0);
	errno = 0;
	assert_int_equal(listener_claim(&address, false), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(other);
	assert_int_equal(listener_claim(&address, false), 0);
}

/* Who closes first is left in TIME_WAIT: here, the server. A plain socket
 * shows that it is. */
static void
test_claim_is_let_past_time_wait(void **state)
{
	struct listener_address address;
	int listening, plain, ends[2];
	char byte;

	(void)state;
	parse("127.0.0.1:0", &address);
	assert_int_equal(listener_claim(&address, false), 0);
	listening = listener_bind(&address, false);
	assert_int_equal(listen(listening, 8), 0);
	connect_pair(listening, &address, ends);
	close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	close(ends[0]);
	close(listening);

	plain = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(plain, (struct sockaddr *)&address.socket, address.size) ==
	    0) {
		close(plain);
		skip(); /* net.ipv4.tcp_max_tw_buckets are taken: none is left */
	}
	assert_int_equal(errno, EADDRINUSE);
	close(plain);
	assert_int_equal(listener_claim(&address, false), 0);
	listening = listener_bind(&address, false);
	assert_true(listening >= 0);
	assert_int_equal(listen(listening, 8), 0);
	close(listening);
}

static void
test_claim_of_no_address_of_ours(void **state)
{
	struct listener_address address;

	(void)state;
	parse("192.0.2.1:80", &address); /* RFC 5737: nobody's */
	assert_int_equal(listener_claim(&address, false), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
	assert_int_equal(listener_bind(&address, false), -1);
	assert_int_equal(errno, EADDRNOTAVAIL);
}

/* Of an address that may come later, without which it is refused. */
static void
test_freebind(void **state)
{
	static const char *const rows[] = { "192.0.2.1:0", "[2001:db8::1]:0" };

	(void)state;
	skip_without_v6();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct listener_address address;
		int fd;

		parse(rows[i], &address);
		assert_int_equal(listener_bind(&address, false), -1);
		assert_int_equal(errno, EADDRNOTAVAIL);
		assert_return_code(listener_claim(&address, true), 0);
		fd = listener_bind(&address, true);
		assert_return_code(fd, 0);
		assert_return_code(listen(fd, 1), 0);
		close(fd);
	}
}

/* Asserts that this client is accepted, and that bytes get through to it; even
 * those that it has sent already. */
static void
assert_served(int listening, int client)
{
	int accepted;

	assert_int_equal(write(client, "x", 1), 1);
	accepted = accept(listening, NULL, NULL);
	assert_true(accepted >= 0);
	assert_int_equal(read(accepted, &(char){ 0 }, 1), 1);
	assert_int_equal(write(accepted, "x", 1), 1);
	assert_int_equal(read(client, &(char){ 0 }, 1), 1);
	close(accepted);
	close(client);
}

/* What is queued stays; a handshake that is under way may end; who comes then is
 * not let in. */
static void
check_shut(const char *any_port)
{
	struct listener_address address;
	const struct sockaddr *to = (const struct sockaddr *)&address.socket;
	const struct timeval patience = { 0, 200000 };
	int listening, queued, begun, late;

	parse(any_port, &address);
	assert_int_equal(listener_claim(&address, false), 0);
	listening = listener_bind(&address, false);
	assert_int_equal(listen(listening, 8), 0);
	queued = socket(to->sa_family, SOCK_STREAM, 0);
	assert_int_equal(connect(queued, to, address.size), 0);
	/* from now on, a handshake goes on until its client sends something */
	assert_return_code(setsockopt(listening, IPPROTO_TCP, TCP_DEFER_ACCEPT,
			       &(int){ 60 }, sizeof(int)),
	    errno);
	begun = socket(to->sa_family, SOCK_STREAM, 0);
	assert_int_equal(connect(begun, to, address.size), 0);

	assert_return_code(listener_shut(listening), errno);
	late = socket(to->sa_family, SOCK_STREAM, 0);
	assert_return_code(setsockopt(late, SOL_SOCKET, SO_SNDTIMEO, &patience,
			       sizeof(patience)),
	    errno);
	assert_int_equal(connect(late, to, address.size), -1);
	/* where a filter has to do, it hears nothing */
	assert_true(errno == ECONNREFUSED || errno == EINPROGRESS);
	assert_served(listening, queued);
	assert_int_equal(accept(listening, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_served(listening, begun);
	close(late);
	close(listening);
}

static void
test_shut_v4(void **state)
{
	(void)state;
	check_shut("127.0.0.1:0");
}

static void
test_shut_v6(void **state)
{
	(void)state;
	skip_without_v6();
	check_shut("[::1]:0");
}

/* As it is after --user, also where the test is run by root. */
static void
test_shut_without_privileges(void **state)
{
	const bool is_root = geteuid() == 0;

	(void)state;
	if (is_root)
		assert_return_code(seteuid(65534), errno);
	check_shut("127.0.0.1:0");
	if (is_root)
		assert_return_code(seteuid(0), errno);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_and_format),
		cmocka_unit_test(test_parse_refuses),
		cmocka_unit_test(test_parse_localhost),
		cmocka_unit_test(test_parse_names),
		cmocka_unit_test(test_shards_v4),
		cmocka_unit_test(test_shards_v6),
		cmocka_unit_test(test_v6_is_v6_only),
		cmocka_unit_test(test_claim_sees_who_listens),
		cmocka_unit_test(test_claim_is_let_past_time_wait),
		cmocka_unit_test(test_claim_of_no_address_of_ours),
		cmocka_unit_test(test_freebind),
		cmocka_unit_test(test_shut_v4),
		cmocka_unit_test(test_shut_v6),
		cmocka_unit_test(test_shut_without_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
