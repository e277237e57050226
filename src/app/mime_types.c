/* Reads mime.types, and keeps it sorted by extension. */
#include "config.h"

#include "app/mime_types.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "http/chars.h"

/* Bounds of a file: what Debian's has, some times over. */
#define MIME_TYPES_MAX      8192 /* extensions */
#define MIME_TYPES_LINE_MAX 4096 /* bytes of a line, its end included */

#define MIME_TYPES_EXTENSION_MAX 48 /* bytes, NUL included */

static const char mime_types_charset[] = "; charset=utf-8";

struct mime_types_row {
	unsigned number; /* in the order of the file */
	char extension[MIME_TYPES_EXTENSION_MAX];
	char type[MIME_TYPE_MAX];
};

struct mime_types {
	_Atomic unsigned owners;
	size_t count;
	struct mime_types_row rows[MIME_TYPES_MAX];
};

/* Says whether the text is `type/subtype`, and no longer than there is room
 * for. */
static bool
mime_types_is_type(const char *text)
{
	const char *end = text + strlen(text);
	const char *slash = http_skip_chars(text, end, HTTP_CHAR_TOKEN);

	if ((size_t)(end - text) >= MIME_TYPE_MAX - sizeof(mime_types_charset))
		return false;
	return slash > text && *slash == '/' && slash + 1 < end &&
	       http_skip_chars(slash + 1, end, HTTP_CHAR_TOKEN) == end;
}

/* Says whether a file's name may end in a dot and this text. */
static bool
mime_types_is_extension(const char *text)
{
	return text[0] != '.' && strchr(text, '/') == NULL &&
	       strlen(text) < MIME_TYPES_EXTENSION_MAX;
}

/* Adds what a line says, of which it makes words. Returns NULL; or what is
 * wrong with it. */
static const char *
mime_types_add_line(struct mime_types *types, char *line)
{
	static const char spaces[] = " \t\r\n\v\f";
	char *rest = NULL, *type, *extension;

	line[strcspn(line, "#")] = '\0';
	type = strtok_r(line, spaces, &rest);
	if (type == NULL)
		return NULL;
	if (!mime_types_is_type(type))
		return "it must begin with a type, such as text/plain";
	while ((extension = strtok_r(NULL, spaces, &rest)) != NULL) {
		struct mime_types_row *row = &types->rows[types->count];

		if (!mime_types_is_extension(extension))
			return "an extension must be as in 'html', without a "
			       "dot in front, and of at most 47 bytes";
		if (types->count == MIME_TYPES_MAX)
			return "there is room for 8192 extensions, and no more";
		row->number = (unsigned)types->count++;
		memcpy(row->extension, extension, strlen(extension) + 1);
		snprintf(row->type, sizeof(row->type), "%s%s", type,
		    strncasecmp(type, "text/", 5) == 0 ? mime_types_charset
						       : "");
	}
	return NULL;
}

/* Adds all lines. Returns 0, or -1 and has said why. */
static int
mime_types_add_lines(struct mime_types *types, FILE *file, const char *path)
{
	char line[MIME_TYPES_LINE_MAX];

	for (unsigned number = 1; fgets(line, sizeof(line), file) != NULL;
	     number++) {
		const char *fault = NULL;

		if (strchr(line, '\n') == NULL && !feof(file))
			fault = "a line has up to 4095 bytes, none of them NUL";
		else
			fault = mime_types_add_line(types, line);
		if (fault == NULL)
			continue;
		log_error("%.200s:%u: %s", path, number, fault);
		return -1;
	}
	if (!ferror(file))
		return 0;
	log_error("can't read the types of %.200s: %m", path);
	return -1;
}

/* Orders rows by extension, those of the same one as in the file. */
static int
mime_types_compare(const void *a, const void *b)
{
	const struct mime_types_row *x = a, *y = b;
	int order = strcasecmp(x->extension, y->extension);

	return order != 0 ? order : (x->number > y->number) * 2 - 1;
}

/* Sorts the rows, and keeps the last one of each extension. */
static void
mime_types_sort(struct mime_types *types)
{
	size_t kept = 0;

	qsort(types->rows, types->count, sizeof(*types->rows),
	    mime_types_compare);
	for (size_t i = 0; i < types->count; i++) {
		if (kept > 0 && strcasecmp(types->rows[kept - 1].extension,
				    types->rows[i].extension) == 0)
			kept--;
		types->rows[kept++] = types->rows[i];
	}
	types->count = kept;
}

/* Opens a regular file: a FIFO would hold the main thread up. Returns NULL with
 * errno. */
static FILE *
mime_types_open(const char *path)
{
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;

	if (fd == -1)
		return NULL;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
		return fdopen(fd, "r");
	close(fd);
	errno = EINVAL;
	return NULL;
}

struct mime_types *
mime_types_read(const char *path)
{
	struct mime_types *types = calloc(1, sizeof(*types));
	FILE *file = mime_types_open(path);
	int result = -1;

	if (types == NULL || file == NULL)
		log_error(
		    "can't read the types of %.200s: %m: name a file that "
		    "mtasync may read",
		    path);
	else
		result = mime_types_add_lines(types, file, path);
	if (file != NULL)
		fclose(file);
	if (result == -1) {
		free(types);
		return NULL;
	}
	mime_types_sort(types);
	atomic_init(&types->owners, 1);
	return types;
}

struct mime_types *
mime_types_hold(struct mime_types *types)
{
	if (types != NULL)
		atomic_fetch_add(&types->owners, 1);
	return types;
}

void
mime_types_release(struct mime_types *types)
{
	if (types != NULL && atomic_fetch_sub(&types->owners, 1) == 1)
		free(types);
}

/* Orders an extension that is looked for among the rows. */
static int
mime_types_seek(const void *key, const void *element)
{
	const struct span *extension = key;
	const struct mime_types_row *row = element;
	int order = strncasecmp(extension->data, row->extension,
	    extension->size);

	if (order != 0)
		return order;
	return row->extension[extension->size] == '\0' ? 0 : -1;
}

const char *
mime_types_find(const struct mime_types *types, struct span extension)
{
	const struct mime_types_row *row;

	if (extension.size >= MIME_TYPES_EXTENSION_MAX)
		return NULL;
	row = bsearch(&extension, types->rows, types->count,
	    sizeof(*types->rows), mime_types_seek);
	return row != NULL ? row->type : NULL;
}
