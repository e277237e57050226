/*
 * unix_socket: the file by which clients find a unix socket that listens: see
 * unix(7). A socket is bound to a temporary name beside its path, and renamed
 * to the path when it listens, so that whoever finds a file there is let in.
 * Main thread, but for what only reads.
 */
#ifndef MTASYNC_BASE_UNIX_SOCKET_H
#define MTASYNC_BASE_UNIX_SOCKET_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

/* The longest path, without its NUL: sun_path has to hold the temporary name. */
#define UNIX_SOCKET_PATH_MAX 98

/* Who may connect. */
struct unix_socket_rights {
	bool mode_given;
	mode_t mode; /* else what the umask leaves of 0777 */
	bool group_given;
	gid_t group; /* else as the directory or the process has it */
};

/* The file of a socket that this process has bound. */
struct unix_socket {
	bool bound;
	int directory; /* that the file is in, however paths change */
	dev_t device;  /* of the file, by which it is known again */
	ino_t inode;
	/* the file that was at the path before; 0: none */
	dev_t old_device;
	ino_t old_inode;
	bool replaced; /* that one has the temporary name now */
	char name[UNIX_SOCKET_PATH_MAX + 1];
	char temporary[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/*
 * Parses PATH[,mode=OCTAL][,group=NAME], and looks the group up, which may be a
 * number. Returns NULL, or a constant text that says what is wrong.
 */
const char *unix_socket_parse(const char *text, struct sockaddr_un *address,
    struct unix_socket_rights *rights);

/*
 * Binds a socket with these rights to a temporary name, for a zeroed *file, and
 * remembers who is at the path: nobody, a socket that nobody listens on any
 * more, or, where `take_over` allows it, one that somebody listens on. Returns
 * a non-blocking, close-on-exec descriptor that the caller owns; or -1 with
 * errno: EADDRINUSE where somebody listens, also with a full queue; EEXIST
 * where the path is a file of another kind; EPERM where the group can't be
 * given. unix_socket_remove() is right in both cases.
 */
int unix_socket_bind(struct unix_socket *file,
    const struct sockaddr_un *address, const struct unix_socket_rights *rights,
    bool take_over);

/*
 * Renames the socket, which listens by now, to its path, in the place of what
 * unix_socket_bind() found there. Works in a chroot, too. Until it is confirmed,
 * unix_socket_remove() takes that back. Returns 0, or -1 with errno: EADDRINUSE
 * where the path has changed hands meanwhile.
 */
int unix_socket_publish(struct unix_socket *file);

/* Removes the file in whose place the socket was put. */
void unix_socket_confirm(struct unix_socket *file);

/* Removes the file, unless it has another owner by now, or that is not allowed
 * any more: then it is left, and stale. May be called again. */
void unix_socket_remove(struct unix_socket *file);

/* Lets go of the directory, which would be a way out of a chroot: the file is left
 * from now on. */
void unix_socket_leave(struct unix_socket *file);

#endif
