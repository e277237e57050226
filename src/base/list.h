/*
 * list: things in an order. A place is a member of what is listed, so that
 * adding and removing need no memory and no search; the list itself is a place
 * between its last thing and its first. Only one thread at a time.
 */
#ifndef MTASYNC_BASE_LIST_H
#define MTASYNC_BASE_LIST_H

#include <stddef.h>

struct list {
	struct list *next;
	struct list *previous;
};

/* What has this place as its member of that name; the place is not NULL. */
#define LIST_OWNER(place, type, member) \
 ((type *)((char *)(place)-offsetof(type, member)))

static inline void
list_init(struct list *list)
{
	list->next = list;
	list->previous = list;
}

/* The first place, or the last; NULL: there is none. */
static inline struct list *
list_first(const struct list *list)
{
	return list->next != list ? list->next : NULL;
}

static inline struct list *
list_last(const struct list *list)
{
	return list->previous != list ? list->previous : NULL;
}

/* Adds a place before another; before the list itself, as the last one. */
static inline void
list_add_before(struct list *other, struct list *place)
{
	place->next = other;
	place->previous = other->previous;
	other->previous->next = place;
	other->previous = place;
}

static inline void
list_add_first(struct list *list, struct list *place)
{
	list_add_before(list->next, place);
}

static inline void
list_add_last(struct list *list, struct list *place)
{
	list_add_before(list, place);
}

/* Takes a place out of the list that it is in. */
static inline void
list_remove(const struct list *place)
{
	place->previous->next = place->next;
	place->next->previous = place->previous;
}

#endif
