/* text_file: files that an operator wrote, read whole. Main thread: it may wait
 * for the disk. */
#ifndef MTASYNC_BASE_TEXT_FILE_H
#define MTASYNC_BASE_TEXT_FILE_H

#include <stddef.h>

/* Bytes of the largest file that is read. */
#define TEXT_FILE_MAX ((size_t)16 << 20)

/*
 * Reads a regular file; anything else, such as a FIFO, could wait for ever.
 * Returns the text, which is the caller's to free, and sets *size; or NULL with
 * errno: EINVAL of what is no regular file, EFBIG of one of more than
 * TEXT_FILE_MAX bytes.
 */
char *text_file_read(const char *path, size_t *size);

#endif
