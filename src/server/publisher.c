/* The child that puts sockets and files at their paths, and what it is told; the main
 * thread of the server, and the only one of the child. */
#include "config.h"

#include "server/publisher.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

/* What the child is told, a byte; the end of the stream is PUBLISHER_ABANDON. */
enum publisher_order {
	PUBLISHER_ABANDON,
	PUBLISHER_PUBLISH,
};

/* What the child says when it has carried that out, a byte. */
enum publisher_answer {
	PUBLISHER_FAILED, /* and it has told the operator why */
	PUBLISHER_DONE,
};

/* What is put at its path: unix sockets, or else a file. */
struct publisher_work {
	struct listeners *listeners; /* NULL: none */
	bool take_over;
	struct pid_file *file;
};

/* ---- in the child ---- */

/* Returns 0; or -1, and has said why. */
static int
publisher_put(const struct publisher_work *work)
{
	if (work->listeners != NULL)
		return listeners_publish(work->listeners, work->take_over);
	if (pid_file_publish(work->file) == 0)
		return 0;
	log_error("the --pid-file can't be put at %.200s: %m",
	    work->file->name);
	pid_file_close(work->file);
	return -1;
}

static void
publisher_remove(const struct publisher_work *work)
{
	if (work->listeners != NULL)
		listeners_close(work->listeners);
	else
		pid_file_close(work->file);
}

/* Waits for an order, carries it out, and ends. */
static _Noreturn void
publisher_run(int fd, const struct publisher_work *work)
{
	char order = PUBLISHER_ABANDON, answer = PUBLISHER_DONE;

	if (read(fd, &order, 1) != 1)
		order = PUBLISHER_ABANDON;
	if (order == PUBLISHER_PUBLISH && publisher_put(work) == -1)
		answer = PUBLISHER_FAILED;
	else if (order == PUBLISHER_ABANDON)
		publisher_remove(work);
	/* fails where the server has been killed: nobody is to be told then */
	(void)!write(fd, &answer, 1);
	_exit(EXIT_SUCCESS);
}

/* ---- in the server ---- */

/* Forks the child. Returns 0, or -1 and has said why. */
static int
publisher_fork(struct publisher *publisher, const struct publisher_work *work)
{
	/* nobody waits for the child: the kernel is to forget it by itself */
	const struct sigaction no_zombie = { .sa_handler = SIG_IGN };
	int ends[2];
	pid_t child;

	(void)sigaction(SIGCHLD, &no_zombie, NULL);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == -1) {
		log_error("no socket for the process that publishes: %m");
		return -1;
	}
	child = fork();
	if (child == 0) {
		close(ends[0]);
		publisher_run(ends[1], work);
	}
	close(ends[1]);
	publisher->fd = ends[0];
	if (child == -1)
		log_error("the process that publishes can't be started: %m");
	return child == -1 ? -1 : 0;
}

int
publisher_start(struct publisher *publisher, struct listeners *listeners,
    bool take_over)
{
	const struct publisher_work work = { listeners, take_over, NULL };

	*publisher = (struct publisher){ .fd = -1 };
	return listeners_have_names(listeners)
		   ? publisher_fork(publisher, &work)
		   : 0;
}

int
publisher_start_pid_file(struct publisher *publisher, struct pid_file *file)
{
	const struct publisher_work work = { .file = file };

	*publisher = (struct publisher){ .fd = -1 };
	return file->directory != -1 ? publisher_fork(publisher, &work) : 0;
}

/* Gives the child its order, and waits for the answer; the child's end is one,
 * too. */
static enum publisher_answer
publisher_tell(struct publisher *publisher, enum publisher_order order)
{
	char said = (char)order, answer = PUBLISHER_FAILED;

	if (write(publisher->fd, &said, 1) != 1 ||
	    read(publisher->fd, &answer, 1) != 1) {
		log_error("the process that publishes has ended before");
		answer = PUBLISHER_FAILED;
	}
	close(publisher->fd);
	publisher->fd = -1;
	return (enum publisher_answer)answer;
}

int
publisher_publish(struct publisher *publisher)
{
	if (publisher->fd == -1)
		return 0;
	return publisher_tell(publisher, PUBLISHER_PUBLISH) == PUBLISHER_DONE
		   ? 0
		   : -1;
}

void
publisher_abandon(struct publisher *publisher)
{
	if (publisher->fd != -1)
		(void)publisher_tell(publisher, PUBLISHER_ABANDON);
}
