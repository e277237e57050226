/*
 * writer_thread: the start of a thread that writes. writer_thread_main() runs
 * in it, the rest in the main thread.
 */
#include "config.h"

#include "base/writer_thread.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/log.h"

/* What the new thread has to know. It lies on the stack of the one who starts
 * it, until `begun` is posted. */
struct writer_thread {
	const struct sandbox *sandbox;
	void (*run)(void *argument);
	void *argument;
	bool confined; /* else it has said why not, and ends */
	sem_t begun;
};

static void *
writer_thread_main(void *start)
{
	struct writer_thread *thread = start;
	void (*run)(void *) = thread->run;
	void *argument = thread->argument;
	bool confined = sandbox_enter(thread->sandbox, ROLE_LOG_WRITER) == 0;

	thread->confined = confined;
	sem_post(&thread->begun);
	if (confined)
		run(argument);
	return NULL;
}

/* Returns 0, or an error number. */
static int
writer_thread_create(struct writer_thread *thread)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t id;
	int error = pthread_attr_init(&attributes);

	if (error != 0)
		return error;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&id, &attributes, writer_thread_main, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

int
writer_thread_start(const struct sandbox *sandbox, void (*run)(void *argument),
    void *argument)
{
	struct writer_thread thread = { .sandbox = sandbox,
		.run = run,
		.argument = argument };

	if (sem_init(&thread.begun, 0, 0) == -1)
		errno = ENOMEM;
	else
		errno = writer_thread_create(&thread);
	if (errno != 0) {
		log_error("a thread that writes the log can't be started: %m");
		return -1;
	}
	while (sem_wait(&thread.begun) == -1)
		; /* a signal that somebody handles */
	sem_destroy(&thread.begun);
	return thread.confined ? 0 : -1;
}
