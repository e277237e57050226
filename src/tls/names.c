/* Finds server names; constant while it does. */
#include "config.h"

#include "tls/names.h"

#include <stdlib.h>

static char
name_lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		c = (char)(c - 'A' + 'a');
	return c;
}

static bool
name_has(char c)
{
	c = name_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	       c == '_';
}

bool
tls_name_is_valid(struct span name)
{
	size_t label = 0;

	if (name.size > TLS_NAME_MAX)
		return false;
	if (name.size > 2 && name.data[0] == '*' && name.data[1] == '.')
		span_skip(&name, 2);
	for (size_t i = 0; i < name.size; i++) {
		if (name.data[i] == '.' ? label == 0 : !name_has(name.data[i]))
			return false;
		label = name.data[i] == '.' ? 0 : label + 1;
	}
	return label > 0;
}

/* Writes a name in lower case; there is room for it and a NUL. */
static void
name_write(char *out, struct span name)
{
	for (size_t i = 0; i < name.size; i++)
		out[i] = name_lower(name.data[i]);
	out[name.size] = '\0';
}

static int
names_grow(struct tls_names *names)
{
	size_t room = names->room == 0 ? 8 : names->room * 2;
	struct tls_name *list;

	if (names->size < names->room)
		return 0;
	list = reallocarray(names->list, room, sizeof(*list));
	if (list == NULL)
		return -1;
	names->list = list;
	names->room = room;
	return 0;
}

int
tls_names_add(struct tls_names *names, struct span name, size_t owner)
{
	char *text = malloc(name.size + 1);

	if (text == NULL || names_grow(names) == -1) {
		free(text);
		return -1;
	}
	name_write(text, name);
	names->list[names->size++] = (struct tls_name){ text, owner };
	return 0;
}

static int
names_compare(const void *a, const void *b)
{
	const struct tls_name *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order != 0            ? order
	       : x->owner < y->owner ? -1
				     : x->owner > y->owner;
}

void
tls_names_sort(struct tls_names *names)
{
	if (names->size > 0)
		qsort(names->list, names->size, sizeof(names->list[0]),
		    names_compare);
}

/* Returns the first of this text; or NULL. */
static const struct tls_name *
names_search(const struct tls_names *names, const char *text)
{
	size_t first = 0, end = names->size;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(names->list[middle].text, text) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == names->size || strcmp(names->list[first].text, text) != 0)
		return NULL;
	return &names->list[first];
}

bool
tls_names_find_exact(const struct tls_names *names, struct span name,
    size_t *owner)
{
	char text[TLS_NAME_MAX + 1];
	const struct tls_name *found;

	if (name.size > TLS_NAME_MAX || memchr(name.data, '\0', name.size))
		return false;
	name_write(text, name);
	found = names_search(names, text);
	if (found != NULL)
		*owner = found->owner;
	return found != NULL;
}

bool
tls_names_find(const struct tls_names *names, struct span name, size_t *owner)
{
	char text[TLS_NAME_MAX + 2];
	const struct tls_name *found;

	if (tls_names_find_exact(names, name, owner))
		return true;
	span_take(&name, SPAN("."));
	if (name.size < 2 || name.size > TLS_NAME_MAX)
		return false;
	text[0] = '*';
	name_write(text + 1, name);
	found = names_search(names, text);
	if (found != NULL)
		*owner = found->owner;
	return found != NULL;
}

void
tls_names_fini(struct tls_names *names)
{
	for (size_t i = 0; i < names->size; i++)
		free(names->list[i].text);
	free(names->list);
	*names = (struct tls_names){ 0 };
}
