/*
 * wire: the system calls on a client's descriptor, all of which are here. None
 * of them blocks. For the thread that owns the connection.
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
	WIRE_BLOCKED, /* none could: EAGAIN */
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

/*
 * Writes the peer's address as text, without its port: an IPv4 client of a
 * dual-stack socket as IPv4 (RFC 4291 2.5.5.2), one of a unix socket as `unix`;
 * empty where there is no address. Any thread.
 */
void wire_name_peer(const struct sockaddr_storage *peer,
    char name[WIRE_NAME_MAX]);

/* Reads an IPv4 or IPv6 address as text, into one without a port. Returns false where it
 * is none. Any thread. */
bool wire_read_name(struct span text, struct sockaddr_storage *address);

/* Finds the peer's address: of one that is not connected any more, none. */
void wire_peer(int fd, struct sockaddr_storage *peer);

/* Whether the accept queue of `listener` is empty; false also for a unix socket,
 * of which the kernel does not tell. */
bool wire_is_queue_empty(int listener);

/* Adds how many wait in the accept queue of `listener`, and how many have found it
 * full; of a unix socket, of which the kernel does not tell, none. */
void wire_look_at_queue(int listener, uint64_t *waiting, uint64_t *overflows);

/* Receives up to `room` bytes; *size says how many with WIRE_DONE. */
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
 * The least bytes a second that a peer has to take: a slower one would hold
 * memory for hours. The bytes that count are those that it has acknowledged. What
 * the kernel takes from us would not do: it takes lumps, for each of which an
 * honest slow reader may need longer than the limit.
 */
#define WIRE_RATE_MIN 256

/* How the peer has kept up with what it was sent. */
struct wire_pace {
	uint32_t taken;   /* bytes that it had acknowledged, modulo 2^32, */
	uint32_t kept_up; /* and when, in ms, it last was fast enough */
};

enum wire_pace_state {
	WIRE_TAKEN,   /* the peer has acknowledged all that it was sent */
	WIRE_PENDING, /* not all, but it keeps up */
	WIRE_SLOW,    /* not all, nor has it kept up */
};

/* Begins the looks of wire_check_pace(); `now` as clock_now(). */
void wire_begin_pace(struct wire_pace *pace, int64_t now);

/* Counts bytes that were sent over a unix socket while the peer had to take some:
 * of these the kernel tells only what the peer has yet to take. */
void wire_note_sent(struct wire_pace *pace, size_t size);

/* Looks at what the peer has acknowledged. It keeps up if that is WIRE_RATE_MIN
 * on average over `limit` ns. */
enum wire_pace_state wire_check_pace(int fd, struct wire_pace *pace,
    int64_t now, int64_t limit);

/* Whether the peer has acknowledged all that it was sent; of a unix socket, has
 * taken it. */
bool wire_is_taken(int fd);

/* Whether there is nothing to receive, neither bytes nor an end. */
bool wire_is_silent(int fd);

/* Whether the peer has reset the connection; takes no bytes off it. */
bool wire_is_broken(int fd);

/* Says with a FIN that nothing more is sent; bytes can still be received. */
void wire_finish(int fd);

/* Closes the descriptor; what has been sent still arrives. */
void wire_close(int fd);

/* Closes the descriptor with a reset, and drops what has not been sent. A unix
 * socket knows no reset: its peer reads what was sent, and then the end. */
void wire_reset(int fd);

#endif
