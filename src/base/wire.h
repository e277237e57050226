/*
 * wire: the only place that touches a client's descriptor.
 *
 * Nothing here blocks. The thread that owns the connection.
 */
#ifndef MTASYNC_BASE_WIRE_H
#define MTASYNC_BASE_WIRE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/span.h"

enum wire_result {
	WIRE_DONE,    /* some bytes went */
	WIRE_BLOCKED, /* none can go just now */
	WIRE_ENDED,   /* recv: the peer's FIN; sendfile: the file's end */
	WIRE_BROKEN,  /* reset, or otherwise lost */
};

/*
 * Takes a connection off the queue of `listener`; `peer` has room for any
 * address. Returns a non-blocking, close-on-exec descriptor, or -1 with errno.
 */
int wire_accept(int listener, struct sockaddr_storage *peer);

/* Room for the name of a peer, its NUL included. */
#define WIRE_NAME_MAX INET6_ADDRSTRLEN

/* Writes the peer's address as text, without its port; empty where it has
 * none. Any thread. */
void wire_name_peer(const struct sockaddr_storage *peer,
    char name[WIRE_NAME_MAX]);

/* Whether nobody waits to be accepted. */
bool wire_is_queue_empty(int listener);

/* Up to `room` bytes, never more; *size says how many with WIRE_DONE. */
enum wire_result wire_recv(int fd, char *data, size_t room, size_t *size);

/*
 * Sends `first` and then `second` (either may be empty, not both), in one
 * system call; *size says how many bytes went with WIRE_DONE. `more` says that
 * bytes follow at once, so that a small packet may wait for them.
 */
enum wire_result wire_send(int fd, struct span first, struct span second,
    bool more, size_t *size);

/* Sends up to `size` bytes of `file` from *offset on, which moves on. */
enum wire_result wire_sendfile(int fd, int file, off_t *offset, size_t size);

/*
 * The least bytes a second that a peer has to take: a slower one holds memory
 * for hours. What counts is what it has acknowledged; what the kernel takes
 * from us would not do, since it takes lumps that an honest slow reader may
 * need longer for.
 */
#define WIRE_RATE_MIN 256

/* How a peer keeps up with what it is sent. */
struct wire_pace {
	uint32_t taken;   /* bytes that it had acknowledged, modulo 2^32, */
	uint32_t kept_up; /* and when, in ms, it last was fast enough */
};

enum wire_pace_state {
	WIRE_TAKEN,   /* the peer has acknowledged all that it was sent */
	WIRE_PENDING, /* not yet */
	WIRE_SLOW,    /* nor has it kept up */
};

/* Begins to look at `now`, as clock_now(). */
void wire_begin_pace(struct wire_pace *pace, int64_t now);

/* Looks again: to keep up is WIRE_RATE_MIN on average over `limit` ns. */
enum wire_pace_state wire_check_pace(int fd, struct wire_pace *pace,
    int64_t now, int64_t limit);

/* Whether there is nothing to receive, neither bytes nor an end. */
bool wire_is_silent(int fd);

/* Whether the peer has reset the connection; takes no bytes off it. */
bool wire_is_broken(int fd);

/* Says with a FIN that nothing more is sent; bytes can still be received. */
void wire_finish(int fd);

/* Gives the descriptor back; what has been sent still arrives. */
void wire_close(int fd);

/* The same with a reset, which also frees what has not been sent. */
void wire_reset(int fd);

#endif
