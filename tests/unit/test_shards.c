/* Tests of base/shards and base/sock_diag: who gets new connections. */
#include "config.h"

#include "base/shards.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sock_diag.h"

#define BACKLOG 256
#define CLIENTS 200 /* one of 6 shards gets none once in 10^15 times */

static struct listener_address
address_of(const char *text)
{
	struct listener_addresses found;
	const char *why;

	assert_return_code(listener_parse(text, &found, &why), 0);
	assert_int_equal(found.count, 1);
	return found.list[0];
}

static int
bind_shards(struct shards *shards, const struct listener_address *address,
    unsigned workers, bool take_over)
{
	return shards_bind(shards, address,
	    &(struct shards_terms){ workers, take_over, false });
}

/* Shards that listen on a free port. */
static struct shards
first_shards(const char *text, unsigned workers)
{
	struct listener_address address = address_of(text);
	struct shards shards;

	assert_return_code(bind_shards(&shards, &address, workers, false), 0);
	assert_int_equal(shards.count, workers);
	assert_return_code(shards_listen(&shards, BACKLOG), 0);
	return shards;
}

/* Takes all connections off the queue of a shard, and returns how many. */
static unsigned
drain(int fd)
{
	unsigned count = 0;
	int client;

	while ((client = accept(fd, NULL, NULL)) != -1) {
		close(client);
		count++;
	}
	assert_int_equal(errno, EAGAIN);
	return count;
}

static void
connect_clients(const struct listener_address *address)
{
	for (int i = 0; i < CLIENTS; i++) {
		int fd = socket(address->socket.ss_family, SOCK_STREAM, 0);

		assert_return_code(connect(fd,
				       (const struct sockaddr *)&address
					   ->socket,
				       address->size),
		    0);
		close(fd);
	}
}

/* Asserts that shards [first, first + count) get new connections, each of them
 * some, and that they get all. */
static void
assert_receivers(const struct shards *shards, unsigned first, unsigned count)
{
	unsigned all = 0;

	connect_clients(&shards->address);
	for (unsigned i = first; i < first + count; i++) {
		unsigned got = drain(shards->fds[i]);

		assert_true(got > 0);
		all += got;
	}
	assert_int_equal(all, CLIENTS);
}

static unsigned
count_surplus(const struct shards *shards, unsigned worker)
{
	unsigned count = 0;

	for (unsigned i = 0; i < shards->count; i++)
		count += shards_are_for(shards, i, worker) &&
			 shards_is_surplus(shards, i);
	return count;
}

/* A hand-over from `before` workers to `after`, which leaves `kept` shards. */
static void
hand_over(struct shards *old, unsigned after, unsigned kept)
{
	struct listener_address address = old->address;
	unsigned before = old->count;
	struct shards new;

	print_message("# %u shards, then %u workers\n", before, after);
	assert_return_code(bind_shards(&new, &address, after, true), 0);
	assert_int_equal(new.before, before);
	assert_return_code(shards_listen(&new, BACKLOG), 0);
	for (unsigned i = 0; i < after; i++)
		assert_int_equal(count_surplus(&new, i), 1);
	assert_receivers(&new, 0, after);
	assert_false(shards_are_alone(&new));
	while (old->count > 0) {
		/* in an order that nobody has promised */
		unsigned last = --old->count;
		unsigned gone = last / 2;

		close(old->fds[gone]);
		old->fds[gone] = old->fds[last];
		assert_receivers(&new, 0, after);
	}
	shards_close(old);
	assert_true(shards_are_alone(&new));
	shards_retire_surplus(&new);
	connect_clients(&new.address);
	for (unsigned i = 0; i < new.count; i++)
		if (shards_is_surplus(&new, i))
			assert_int_equal(drain(new.fds[i]), 0);
		else
			(void)drain(new.fds[i]);
	shards_close_surplus(&new);
	assert_int_equal(new.count, kept);
	assert_int_equal(sock_diag_count_listening(&new.address), kept);
	assert_receivers(&new, 0, new.count);
	*old = new;
}

static void
test_hand_overs(void **state)
{
	static const struct {
		unsigned before, after, kept;
	} rows[] = { { 1, 1, 1 }, { 1, 2, 2 }, { 2, 1, 2 }, { 2, 2, 2 },
		{ 2, 4, 4 }, { 3, 2, 4 }, { 4, 2, 4 }, { 4, 3, 6 } };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct shards shards = first_shards("127.0.0.1:0",
		    rows[i].before);

		hand_over(&shards, rows[i].after, rows[i].kept);
		hand_over(&shards, rows[i].after, rows[i].kept);
		shards_close(&shards);
	}
}

/* A successor that leaves first gives back what it took. */
static void
test_successor_leaves(void **state)
{
	struct shards old = first_shards("127.0.0.1:0", 2), new;

	(void)state;
	assert_return_code(bind_shards(&new, &old.address, 3, true), 0);
	assert_return_code(shards_listen(&new, BACKLOG), 0);
	assert_return_code(shards_shut(&new), errno);
	assert_receivers(&old, 0, 2);
	shards_close(&new);
	assert_receivers(&old, 0, 2);
	shards_close(&old);
}

/* It is told to stop right after its successor has begun to listen. Who comes is
 * the successor's, and who is queued is still there. */
static void
test_predecessor_is_shut(void **state)
{
	struct shards old = first_shards("127.0.0.1:0", 2), new;

	(void)state;
	assert_return_code(bind_shards(&new, &old.address, 3, true), 0);
	connect_clients(&old.address);
	assert_return_code(shards_listen(&new, BACKLOG), 0);
	assert_return_code(shards_shut(&old), errno);
	assert_receivers(&new, 0, 3);
	assert_false(shards_are_alone(&new));
	assert_int_equal(drain(old.fds[0]) + drain(old.fds[1]), CLIENTS);
	shards_close(&old);
	assert_receivers(&new, 0, 3);
	shards_close(&new);
}

/* It is told to stop, and is slow to end, before its successor binds (0) or
 * listens (1). There is nothing to take over, but the address is not free. */
static void
test_predecessor_was_shut(void **state)
{
	(void)state;
	for (int when = 0; when < 2; when++) {
		struct shards old = first_shards("127.0.0.1:0", 2), new;

		if (when == 0)
			assert_return_code(shards_shut(&old), errno);
		errno = 0;
		assert_int_equal(bind_shards(&new, &old.address, 2, false), -1);
		assert_int_equal(errno, EADDRINUSE);
		assert_return_code(bind_shards(&new, &old.address, 2, true), 0);
		if (when == 1)
			assert_return_code(shards_shut(&old), errno);
		assert_return_code(shards_listen(&new, BACKLOG), 0);
		assert_int_equal(new.before, 0);
		assert_receivers(&new, 0, new.count);
		shards_close(&old);
		assert_receivers(&new, 0, new.count);
		shards_close(&new);
	}
}

/* Both are told to stop: nobody is let in any more. */
static void
test_both_are_shut(void **state)
{
	struct shards old = first_shards("127.0.0.1:0", 2), new;
	int client = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_return_code(bind_shards(&new, &old.address, 2, true), 0);
	assert_return_code(shards_listen(&new, BACKLOG), 0);
	assert_return_code(shards_shut(&old), errno);
	assert_return_code(shards_shut(&new), errno);
	assert_int_equal(connect(client,
			     (const struct sockaddr *)&old.address.socket,
			     old.address.size),
	    -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(client);
	shards_close(&new);
	shards_close(&old);
}

static void
test_nobody_to_take_over_from(void **state)
{
	struct listener_address any = address_of("127.0.0.1:0");
	struct shards shards;

	(void)state;
	assert_return_code(bind_shards(&shards, &any, 2, true), 0);
	assert_int_equal(shards.count, 2);
	assert_int_equal(shards.before, 0);
	assert_false(listener_has_any_port(&shards.address));
	shards_close(&shards);
}

/* Without being asked to, nobody is joined, though SO_REUSEPORT lets us. */
static void
test_taken(void **state)
{
	struct shards old = first_shards("127.0.0.1:0", 1), new;

	(void)state;
	errno = 0;
	assert_int_equal(bind_shards(&new, &old.address, 1, false), -1);
	assert_int_equal(errno, EADDRINUSE);
	shards_close(&old);
}

/* Nor is somebody who does not take part, even when asked to. */
static void
test_not_to_be_joined(void **state)
{
	struct listener_address address = address_of("127.0.0.1:0");
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct shards shards;

	(void)state;
	assert_return_code(listener_claim(&address, false), 0);
	assert_return_code(bind(fd, (struct sockaddr *)&address.socket,
			       address.size),
	    0);
	assert_return_code(listen(fd, 1), 0);
	errno = 0;
	assert_int_equal(bind_shards(&shards, &address, 1, true), -1);
	assert_int_equal(errno, EADDRINUSE);
	close(fd);
}

static void
test_inherit(void **state)
{
	struct shards old = first_shards("127.0.0.1:0", 1), new;
	int flags;

	(void)state;
	assert_return_code(shards_inherit(&new, dup(old.fds[0]), 2), 0);
	assert_true(shards_are_for(&new, 0, 0) && shards_are_for(&new, 0, 1));
	assert_return_code(shards_listen(&new, 1), 0);
	flags = fcntl(new.fds[0], F_GETFL);
	assert_true(flags != -1 && (flags & O_NONBLOCK));
	assert_return_code(shards_shut(&new), errno);
	shards_close(&new);
	assert_receivers(&old, 0, 1); /* nothing of it has been shut */
	shards_close(&old);
}

static void
test_inherit_refuses(void **state)
{
	struct shards shards;
	int fds[] = { socket(AF_INET, SOCK_STREAM, 0),
		socket(AF_INET, SOCK_DGRAM, 0), socket(AF_UNIX, SOCK_STREAM, 0),
		open("/dev/null", O_RDONLY) };

	(void)state;
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		assert_return_code(fds[i], 0);
		assert_int_equal(shards_inherit(&shards, fds[i], 1), -1);
		close(fds[i]);
		assert_int_equal(shards_inherit(&shards, fds[i], 1), -1);
		assert_int_equal(errno, EBADF);
	}
}

/* Just this address, whoever listens on the port at another. */
static void
test_count_listening(void **state)
{
	struct shards here = first_shards("127.0.0.1:0", 3), there;
	struct listener_address address = here.address;

	(void)state;
	((struct sockaddr_in *)&address.socket)->sin_addr.s_addr = htonl(
	    INADDR_LOOPBACK + 1);
	assert_return_code(bind_shards(&there, &address, 2, false), 0);
	assert_int_equal(sock_diag_count_listening(&there.address), 0);
	assert_return_code(shards_listen(&there, BACKLOG), 0);
	assert_int_equal(sock_diag_count_listening(&here.address), 3);
	assert_int_equal(sock_diag_count_listening(&there.address), 2);
	assert_int_equal(sock_diag_count_handshakes(&here.address), 0);
	assert_return_code(shards_shut(&here), errno);
	assert_int_equal(sock_diag_count_open(&here.address), 0);
	assert_int_equal(sock_diag_count_open(&there.address), 2);
	assert_int_equal(sock_diag_count_listening(&here.address), 3);
	shards_close(&here);
	shards_close(&there);
	assert_int_equal(sock_diag_count_listening(&address), 0);
}

/* With TCP_DEFER_ACCEPT, a handshake goes on until its client sends something. */
static void
test_count_handshakes(void **state)
{
	struct shards shards = first_shards("127.0.0.1:0", 1);
	const struct sockaddr *to = (struct sockaddr *)&shards.address.socket;
	int clients[CLIENTS];

	(void)state;
	assert_false(shards_are_shaking_hands(&shards));
	assert_return_code(setsockopt(shards.fds[0], IPPROTO_TCP,
			       TCP_DEFER_ACCEPT, &(int){ 60 }, sizeof(int)),
	    errno);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		assert_return_code(connect(clients[i], to, shards.address.size),
		    errno);
	}
	assert_int_equal(sock_diag_count_handshakes(&shards.address), CLIENTS);
	assert_true(shards_are_shaking_hands(&shards));
	assert_int_equal(drain(shards.fds[0]), 0);
	assert_return_code(shards_shut(&shards), errno);
	assert_true(shards_are_shaking_hands(&shards));
	for (int i = 0; i < CLIENTS; i++)
		assert_int_equal(write(clients[i], "x", 1), 1);
	assert_false(shards_are_shaking_hands(&shards));
	assert_int_equal(drain(shards.fds[0]), CLIENTS);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
	shards_close(&shards);
}

/* Asserts that nobody is let in at the path. */
static void
assert_shut(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address,
			     sizeof(address)),
	    -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
}

/* One for all workers. Who is queued when it is shut is accepted; who comes then
 * is refused, even where the file has not been removed, as by its other name. */
static void
test_unix_socket(void **state)
{
	char directory[] = "/tmp/mtasync-shards-XXXXXX";
	char path[64], other[64], text[64];
	struct listener_address address;
	struct shards shards;
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/x", directory);
	snprintf(other, sizeof(other), "%s/y", directory);
	snprintf(text, sizeof(text), "unix:%s/x", directory);
	address = address_of(text);
	assert_return_code(bind_shards(&shards, &address, 3, false), 0);
	assert_return_code(shards_listen(&shards, BACKLOG), 0);
	assert_return_code(unix_socket_publish(&shards.file), 0);
	assert_int_equal(shards.count, 1);
	for (unsigned i = 0; i < 3; i++)
		assert_true(shards_are_for(&shards, 0, i));
	assert_false(shards_are_shaking_hands(&shards));
	assert_return_code(link(path, other), 0);
	assert_return_code(connect(client,
			       (const struct sockaddr *)&address.socket,
			       address.size),
	    0);
	assert_return_code(shards_shut(&shards), errno);
	assert_int_equal(access(path, F_OK), -1);
	assert_shut(other);
	assert_int_equal(drain(shards.fds[0]), 1);
	shards_close(&shards);
	close(client);
	unlink(other);
	assert_return_code(rmdir(directory), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hand_overs),
		cmocka_unit_test(test_successor_leaves),
		cmocka_unit_test(test_predecessor_is_shut),
		cmocka_unit_test(test_predecessor_was_shut),
		cmocka_unit_test(test_both_are_shut),
		cmocka_unit_test(test_nobody_to_take_over_from),
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_not_to_be_joined),
		cmocka_unit_test(test_inherit),
		cmocka_unit_test(test_inherit_refuses),
		cmocka_unit_test(test_unix_socket),
		cmocka_unit_test(test_count_listening),
		cmocka_unit_test(test_count_handshakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
