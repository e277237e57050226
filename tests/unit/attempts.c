/* Attempts at what confined threads may not do. */
#include "config.h"

#include "attempts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/syscalls.h"
#include "tree.h"

/* Made before anything is refused. */
static int tcp, pair[2];

long
try_exec(void)
{
	char program[] = "true", *arguments[] = { program, NULL };

	return execv("/bin/true", arguments);
}

long
try_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child;
}

static void *
attempts_thread(void *arg)
{
	return arg;
}

long
try_thread(void)
{
	pthread_t thread;

	errno = pthread_create(&thread, NULL, attempts_thread, NULL);
	if (errno != 0)
		return -1;
	errno = pthread_join(thread, NULL);
	return errno == 0 ? 0 : -1;
}

long
try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

long
try_signal_another(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), SIGTERM);
}

long
try_signal_oneself(void)
{
	return syscall(SYS_tgkill, getpid(), gettid(), SIGABRT);
}

long
try_tcp_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

long
try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0);
}

long
try_netlink_socket(void)
{
	return socket(AF_NETLINK, SOCK_DGRAM, 0);
}

long
try_tcp_bind(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };

	return bind(tcp, (const struct sockaddr *)&any, sizeof(any));
}

long
try_tcp_connect(void)
{
	const struct sockaddr_in port = { .sin_family = AF_INET,
		.sin_port = htons(9) };

	return connect(tcp, (const struct sockaddr *)&port, sizeof(port));
}

long
try_send(void)
{
	return send(pair[0], "x", 1, MSG_NOSIGNAL | MSG_MORE);
}

long
try_finish(void)
{
	return shutdown(pair[0], SHUT_WR);
}

long
try_refuse(void)
{
	return shutdown(pair[0], SHUT_RD);
}

long
try_shut_down(void)
{
	return shutdown(pair[0], SHUT_RDWR);
}

static long
try_socket_option(int option, const void *value, socklen_t size)
{
	return setsockopt(tcp, SOL_SOCKET, option, value, size);
}

long
try_reset(void)
{
	const struct linger now = { .l_onoff = 1 };

	return try_socket_option(SO_LINGER, &now, sizeof(now));
}

long
try_share_port(void)
{
	const int yes = 1;

	return try_socket_option(SO_REUSEPORT, &yes, sizeof(yes));
}

long
try_receive(void)
{
	char byte;

	return recv(pair[0], &byte, 1, 0);
}

long
try_look(void)
{
	struct stat status;

	return stat("file", &status);
}

long
try_read(void)
{
	return openat(AT_FDCWD, "file", O_RDONLY);
}

long
try_write(void)
{
	return open("file", O_WRONLY | O_APPEND);
}

long
try_create(void)
{
	return open("new", O_WRONLY | O_CREAT, 0600);
}

static long
open_beneath(uint64_t flags, uint64_t mode)
{
	struct open_how how = { .flags = flags, .mode = mode };

	return syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how));
}

long
try_read_beneath(void)
{
	return open_beneath(O_RDONLY, 0);
}

long
try_list(void)
{
	char records[1024];
	int fd = openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
	long result = syscall(SYS_getdents64, fd, records, sizeof(records));

	return result > 0 ? 0 : result;
}

long
try_write_beneath(void)
{
	return open_beneath(O_WRONLY, 0);
}

long
try_truncate(void)
{
	return open_beneath(O_WRONLY | O_TRUNC, 0);
}

long
try_mkdir(void)
{
	return mkdir("new", 0700);
}

long
try_unlink(void)
{
	return unlinkat(AT_FDCWD, "file", 0);
}

long
try_rename(void)
{
	return rename("file", "new");
}

long
try_symlink(void)
{
	return symlink("file", "new");
}

long
try_chmod(void)
{
	return chmod("file", 0777);
}

/* musl's mmap(2) has another error for a refusal. */
static long
try_map(int protection)
{
	return syscall(SYS_mmap, NULL, 4096, protection,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

long
try_map_memory(void)
{
	return try_map(PROT_READ | PROT_WRITE);
}

long
try_map_code(void)
{
	return try_map(PROT_READ | PROT_EXEC);
}

long
try_make_code(void)
{
	static _Alignas(65536) char page[65536];

	return mprotect(page, sizeof(page), PROT_READ | PROT_EXEC);
}

long
try_sleep(void)
{
	const struct timespec moment = { .tv_nsec = 1 };

	return clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

long
try_setuid(void)
{
	return setuid(getuid());
}

long
try_chroot(void)
{
	return chroot(".");
}

void
attempts_enter(void)
{
	tree_enter();
	tree_write("file", 'x', 1);
	tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_return_code(tcp, errno);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			       pair),
	    errno);
	assert_int_equal(write(pair[1], "x", 1), 1);
}

void
attempts_leave(void)
{
	close(tcp);
	close(pair[0]);
	close(pair[1]);
	tree_leave();
}
