/*
 * document: a content that was made for one answer, whole, in memory. Plain data,
 * allocated, to be freed by free().
 */
#ifndef MTASYNC_APP_DOCUMENT_H
#define MTASYNC_APP_DOCUMENT_H

#include <stddef.h>

struct document {
	const char *type; /* its Content-Type, a constant */
	size_t size;      /* bytes of `data` */
	char data[];
};

#endif
