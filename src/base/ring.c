/*
 * ring: a lock-free queue of bytes with one producer and one consumer.
 * ring_append() runs in the filling thread, ring_peek() and ring_give_back() in
 * the reading one.
 */
#include "config.h"

#include "base/ring.h"

#include <assert.h>
#include <string.h>

#include "base/stats.h"

void
ring_init(struct ring *ring)
{
	atomic_init(&ring->head, 0);
	atomic_init(&ring->dropped, 0);
	atomic_init(&ring->tail, 0);
}

void
ring_drop(struct ring *ring)
{
	stats_add(&ring->dropped, 1);
}

bool
ring_append(struct ring *ring, struct span line)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_acquire);
	uint64_t at = head % RING_SIZE, first = RING_SIZE - at;

	assert(line.size > 0 && line.data[line.size - 1] == '\n');
	if (line.size > RING_SIZE - (head - tail)) {
		ring_drop(ring);
		return false;
	}
	if (first > line.size)
		first = line.size;
	memcpy(ring->bytes + at, line.data, first);
	memcpy(ring->bytes, line.data + first, line.size - first);
	atomic_store(&ring->head, head + line.size);
	return true;
}

/* Loads `tail` before `head`: a tail never exceeds a head that is loaded later,
 * so that the size is never negative. */
struct ring_text
ring_peek(const struct ring *ring, size_t limit)
{
	uint64_t tail = atomic_load(&ring->tail);
	uint64_t size = atomic_load(&ring->head) - tail;
	uint64_t at = tail % RING_SIZE, first = RING_SIZE - at;

	if (size > limit)
		size = limit;
	if (first > size)
		first = size;
	return (struct ring_text){
		.parts = { { ring->bytes + at, first },
		    { ring->bytes, size - first } },
		.size = size,
	};
}

void
ring_give_back(struct ring *ring, size_t size)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

	atomic_store_explicit(&ring->tail, tail + size, memory_order_release);
}

uint64_t
ring_count_dropped(const struct ring *ring)
{
	return stats_read(&ring->dropped);
}

char
ring_text_byte(const struct ring_text *text, size_t at)
{
	size_t first = text->parts[0].size;

	if (at < first)
		return text->parts[0].data[at];
	return text->parts[1].data[at - first];
}

static size_t
ring_at_most(size_t size, size_t limit)
{
	return size < limit ? size : limit;
}

struct ring_text
ring_text_slice(const struct ring_text *text, size_t begin, size_t end)
{
	size_t border = text->parts[0].size;
	size_t first = ring_at_most(begin, border);
	size_t last = ring_at_most(end, border);

	return (struct ring_text){
		.parts = { { text->parts[0].data + first, last - first },
		    { text->parts[1].data + (begin - first),
			(end - last) - (begin - first) } },
		.size = end - begin,
	};
}

uint64_t
ring_text_count_lines(const struct ring_text *text)
{
	uint64_t lines = 0;

	for (size_t at = 0; at < text->size; at++)
		lines += ring_text_byte(text, at) == '\n';
	return lines;
}
