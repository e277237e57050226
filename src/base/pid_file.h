/*
 * pid_file: the file by which others find the process. It is written under a temporary
 * name beside its path, and renamed to the path when the server serves, so that nobody
 * finds half a number, or one of a server that does not start. Main thread.
 */
#ifndef MTASYNC_BASE_PID_FILE_H
#define MTASYNC_BASE_PID_FILE_H

#include <limits.h>
#include <sys/types.h>

struct pid_file {
	int directory; /* that it is in; -1: there is no file of ours */
	dev_t device;  /* of the file, by which it is known again */
	ino_t inode;
	char name[NAME_MAX + 1];
	char temporary[NAME_MAX + 1];
};

/*
 * Writes the number of this process under a temporary name, with the rights that it has
 * now. Returns 0; or -1 with errno: EISDIR where the path is a directory,
 * EEXIST where it is anything else but a regular file. pid_file_close() is right in both cases.
 */
int pid_file_open(struct pid_file *file, const char *path);

/* Renames it to its path, in the place of what is there. Returns 0, or -1 with errno.
 * Works in a child of the process, and in a chroot, too. */
int pid_file_publish(const struct pid_file *file);

/* Removes the file, unless it has been replaced by another one, or that is not allowed any
 * more; and lets go of the directory. May be called again. */
void pid_file_close(struct pid_file *file);

/* Lets go of the directory, which would be a way out of a chroot: the file is left
 * from now on. */
void pid_file_leave(struct pid_file *file);

#endif
