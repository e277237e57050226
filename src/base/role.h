/* role: what a thread is for, and so what it may do. */
#ifndef MTASYNC_BASE_ROLE_H
#define MTASYNC_BASE_ROLE_H

enum role {
	ROLE_WORKER,     /* serves connections, and reads files */
	ROLE_LOG_WRITER, /* writes to what is open */
	ROLE_MAIN,       /* waits for signals, opens ROOT and the log anew */
	ROLE_CREW,       /* a worker that starts threads like itself */
	ROLE_COUNT,
};

#endif
