/* Takes signals by a descriptor; the main thread. */
#include "config.h"

#include "server/signal_queue.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Those that the server obeys. */
static sigset_t
signal_queue_set(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	return set;
}

void
signal_queue_hold(void)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	const sigset_t set = signal_queue_set();

	/* neither fails for signals that there are */
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)sigaction(SIGPIPE, &ignore, NULL);
}

int
signal_queue_open(struct signal_queue *queue)
{
	const sigset_t set = signal_queue_set();

	queue->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	return queue->fd == -1 ? -1 : 0;
}

void
signal_queue_close(struct signal_queue *queue)
{
	if (queue->fd != -1)
		close(queue->fd);
}

int
signal_queue_next(struct signal_queue *queue)
{
	struct signalfd_siginfo info;
	int noted = queue->noted;

	queue->noted = 0;
	if (noted != 0)
		return noted;
	if (read(queue->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return (int)info.ssi_signo;
}
